import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import findMyWay from 'find-my-way'
import type { Answer } from './answer.ts'
import { asHubError, errorAnswer, writeAnswer } from './answer.ts'
import type { Clock } from './clock.ts'
import type { Counters, Operation, RequestOutcome } from './counters.ts'
import { HubError, PeerGone } from './errors.ts'
import { discardRest } from './request-body.ts'

/** One request on its way through a route. */
export interface Call {
  readonly request: IncomingMessage
  /** For streaming answers only; all others are returned. */
  readonly response: ServerResponse
  /** Decoded segments of the path; '' for one that the route does not have. */
  param(name: 'id' | 'lockToken'): string
  /** Decoded query parameters, '' for one without a value. */
  readonly query: Readonly<Record<string, string>>
  /** Aborts when the peer leaves before it is answered. */
  readonly gone: AbortSignal
}

/** What comes of a call: an answer, a cut connection, or a stream that the route writes by itself. */
export type Reply = Answer | 'reset' | 'streaming'

/** A path that the server knows. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** In find-my-way's syntax; matched without regard to case. */
  readonly path: string
  readonly operation: Operation
  /** Throws {@link HubError} to refuse. */
  handle(call: Call): Reply | Promise<Reply>
}

/** What to listen with. */
export interface ListenOptions {
  readonly host: string
  readonly port: number
  /** PEM. */
  readonly certificate: string
  /** PEM. */
  readonly privateKey: string
  readonly clock: Clock
  readonly counters: Counters
  readonly routes: readonly Route[]
}

/** A server that listens. */
export interface ListeningServer {
  readonly port: number
  /** Cuts every connection and stops listening. */
  close(): Promise<void>
}

/** How long an idle connection stays; hubs behind Azure's load balancers keep it for minutes, so pools rely on it. */
const keepAliveMs = 120_000

/** Serves routes over HTTPS. Rejects with the listener's error, such as `EADDRINUSE`. */
export async function listen(options: ListenOptions): Promise<ListeningServer> {
  const server = createServer({
    cert: options.certificate,
    key: options.privateKey,
    keepAliveTimeout: keepAliveMs,
  })
  server.on('request', requestHandler(options))
  server.on('secureConnection', () => options.counters.connected())
  // Sockets in the middle of a handshake are not yet known to the HTTP server, so it could not cut them.
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      for (const socket of sockets) socket.destroy()
      return closed
    },
  }
}

function requestHandler(options: ListenOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const refuse = (request: IncomingMessage, response: ServerResponse, error: HubError) => {
    writeAnswer(response, errorAnswer(error, options.clock))
    discardRest(request)
  }
  const router = findMyWay({
    caseSensitive: false,
    ignoreTrailingSlash: true,
    // Device ids have up to 128 characters, of which each may be percent-encoded.
    maxParamLength: 3 * 128,
    defaultRoute: (request, response) => refuse(request, response, new HubError(404000, 'no such path')),
    onBadUrl: (_path, request, response) => refuse(request, response, new HubError(400004, 'the path is malformed')),
  })
  for (const route of options.routes) {
    router.on(route.method, route.path, (request, response, params, _store, query) => {
      const peer = new AbortController()
      response.once('close', () => {
        if (!response.writableFinished) peer.abort()
      })
      const param = (name: string) => params[name] ?? ''
      void serve(options, route, { request, response, param, query, gone: peer.signal })
    })
  }
  return (request, response) => router.lookup(request, response)
}

async function serve({ clock, counters }: ListenOptions, route: Route, call: Call): Promise<void> {
  const reply = await replyTo(route, call, clock)
  const outcome: RequestOutcome = typeof reply === 'object' ? reply.status : reply === 'streaming' ? 200 : reply
  counters.ended(route.operation, outcome)
  if (typeof reply === 'object') {
    writeAnswer(call.response, reply)
    discardRest(call.request)
  } else if (reply === 'reset') call.request.socket.destroy()
}

async function replyTo(route: Route, call: Call, clock: Clock): Promise<Reply | 'gone'> {
  try {
    const reply = await route.handle(call)
    return call.gone.aborted && reply !== 'reset' && reply !== 'streaming' ? 'gone' : reply
  } catch (error) {
    if (error instanceof PeerGone) return 'gone'
    if (!(error instanceof HubError)) process.emitWarning(error instanceof Error ? error : String(error))
    return errorAnswer(asHubError(error), clock)
  }
}
