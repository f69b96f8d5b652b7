import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { TlsOptions } from '../../src/gateway/listener.ts'

/** Serves connections without a gateway, over TLS where a certificate is given; resolves with the port, which the system chose. */
export async function listenPlain(serve: (socket: Socket) => void, tls?: TlsOptions): Promise<number> {
  const server: Server =
    tls === undefined
      ? createServer({ noDelay: true }, serve)
      : createTlsServer({ noDelay: true, key: tls.key, cert: tls.cert }, serve)
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 2000 }, resolve))
  return (server.address() as AddressInfo).port
}
