import { type AddressInfo, createServer, type Socket } from 'node:net'

/** The reference: lines found and parsed by a plain loop, without stages, limits, receipts or errors. */
export async function listenByHand(arrived: (messages: number) => void): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => takeLines(socket, arrived))
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 2000 }, resolve))
  return (server.address() as AddressInfo).port
}

function takeLines(socket: Socket, arrived: (messages: number) => void): void {
  let greeted = false
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    if (!greeted && lines.shift() !== undefined) {
      greeted = true
      socket.write('{"$welcome":"by hand"}\n')
    }
    const values: object[] = []
    for (const line of lines) values.push(JSON.parse(line))
    if (values.length > 0) arrived(values.length)
  })
}
