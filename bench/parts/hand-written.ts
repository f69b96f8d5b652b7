import type { Socket } from 'node:net'
import { listenPlain } from './plain-server.ts'

/** Told of messages that have reached the end. */
type Arrived = (messages: number) => void

/** What the socket allows: newlines are found and counted, the first line is the hello. */
export function listenAndCount(arrived: Arrived): Promise<number> {
  return listenPlain((socket) => {
    let greeted = false
    socket.on('data', (chunk: Buffer) => {
      let found = 0
      for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) found++
      if (!greeted && found > 0) {
        greeted = true
        found--
        socket.write('{"$welcome":"by hand"}\n')
      }
      if (found > 0) arrived(found)
    })
  })
}

/** The same work as the pipeline's, in a loop by somebody who knows what he does: no streams, no stages, no receipts. */
export function listenByHand(arrived: Arrived): Promise<number> {
  return listenPlain((socket) => new HandWritten(socket, arrived))
}

const newline = 0x0a
const longestLine = 8192
const batchCount = 100
const batchBytes = 180_000
const lingerMs = 50
const messageOverheadBytes = 384
const properties = Object.freeze({ site: 'turin' })
const propertyBytes = 'site'.length + 'turin'.length + 16

interface Message {
  readonly body: Buffer
  readonly value: object
  readonly properties: Readonly<Record<string, string>>
  readonly contentType: string
  readonly contentEncoding: string
}

class HandWritten {
  readonly #socket: Socket
  readonly #arrived: Arrived
  #rest = ''
  #deviceId: string | undefined
  #batch: Message[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(socket: Socket, arrived: Arrived) {
    this.#socket = socket
    this.#arrived = arrived
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => this.#take(text))
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() as string
    if (this.#rest.length > longestLine) throw new Error('a line is too long')
    for (const line of lines) this.#decode(line.endsWith('\r') ? line.slice(0, -1) : line)
  }

  #decode(line: string): void {
    if (line.length * 3 > longestLine && Buffer.byteLength(line) > longestLine) throw new Error('a line is too long')
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('a line is no object')
    for (const key in value) {
      if (key.charCodeAt(0) === 0x24) {
        this.#protocol(value as { $hello?: { deviceId: string } })
        return
      }
    }
    if (this.#deviceId === undefined) throw new Error('there was no hello')
    const body = Buffer.from(line)
    this.#collect({ body, value, properties, contentType: 'application/json', contentEncoding: 'utf-8' })
  }

  #protocol({ $hello }: { $hello?: { deviceId: string } }): void {
    if ($hello === undefined) throw new Error('another member of the protocol')
    this.#deviceId = $hello.deviceId
    this.#socket.write(`{"$welcome":"${this.#deviceId}"}\n`)
  }

  #collect(message: Message): void {
    const bytes = message.body.length + messageOverheadBytes + propertyBytes
    if (this.#bytes + bytes > batchBytes) this.#flush()
    this.#bytes += bytes
    this.#batch.push(message)
    if (this.#batch.length >= batchCount) this.#flush()
    else this.#timer ??= setTimeout(() => this.#flush(), lingerMs)
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const full = this.#batch
    this.#batch = []
    this.#bytes = 0
    this.#arrived(full.length)
  }
}
