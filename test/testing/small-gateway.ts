/** A script that behaves as a gateway process does: announces a port in one line of JSON, counts connections, ends at SIGTERM. */

import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'

if (process.env.SMALL_GATEWAY_FAILS !== undefined) {
  process.stderr.write('there is nothing to serve\n')
  process.exit(3)
}
const server = createServer((socket) => socket.end(`${process.pid}\n`))
server.listen(Number(process.env.HEADGATE_PORT), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ gateway: [{ pipeline: 'small', port }] })}\nmore\n`)
})
process.on('SIGTERM', () => server.close())
