import type { Socket } from 'node:net'
import { crc16 } from './crc16.ts'
import { frameCount } from './frame-loops.ts'
import { listenPlain } from './plain-server.ts'
import { frameOverhead, frameType, helloSequence, longestFrame, wireFrame } from './wire-frame.ts'

/** Told of readings that have reached the end. */
type Arrived = (readings: number) => void

const noBody = Buffer.alloc(0)

/** What the socket allows: frames are found by their length and counted, the first is the hello. */
export function listenAndCountFrames(arrived: Arrived): Promise<number> {
  return listenPlain((socket) => {
    let greeted = false
    const count = frameCount((frames) => {
      arrived(greeted ? frames : frames - 1)
      if (!greeted) socket.write(wireFrame(frameType.ack, helloSequence, noBody))
      greeted = true
    })
    socket.on('data', count)
  })
}

/** The same work as the pipeline's, in a loop by somebody who knows what he does; what a batch acknowledges is one write. */
export function listenForFrames(arrived: Arrived): Promise<number> {
  return listenPlain((socket) => new PlainFrames(socket, arrived))
}

const batchCount = 100
const batchBytes = 180_000
const lingerMs = 50
const messageOverheadBytes = 384
const noProperties = Object.freeze({})

interface Message {
  readonly body: Buffer
  readonly sequence: number
  readonly properties: Readonly<Record<string, string>>
  readonly contentType: string
}

class PlainFrames {
  readonly #socket: Socket
  readonly #arrived: Arrived
  #rest: Buffer | undefined
  #deviceId: string | undefined
  #batch: Message[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(socket: Socket, arrived: Arrived) {
    this.#socket = socket
    this.#arrived = arrived
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    while (bytes.length - at >= 2) {
      const length = bytes.readUInt16BE(at)
      if (length < frameOverhead - 2 || length + 2 > longestFrame) throw new Error(`a frame of ${length} bytes`)
      const end = at + 2 + length
      if (end > bytes.length) break
      if (crc16(bytes, at + 2, end - 2) !== bytes.readUInt16LE(end - 2)) throw new Error('a frame is damaged')
      this.#decode(bytes, at + 2, end - 2)
      at = end
    }
    this.#rest = at === bytes.length ? undefined : bytes.subarray(at)
  }

  #decode(bytes: Buffer, from: number, to: number): void {
    const type = bytes[from]
    const sequence = bytes.readUInt16BE(from + 1)
    if (type === frameType.hello) {
      this.#deviceId = bytes.toString('latin1', from + 3, to)
      this.#socket.write(wireFrame(frameType.ack, sequence, noBody))
      return
    }
    if (type !== frameType.reading) throw new Error(`a frame of type ${type}`)
    if (this.#deviceId === undefined) throw new Error('there was no hello')
    // A copy: the message must not keep the whole read alive.
    const body = Buffer.from(bytes.subarray(from + 3, to))
    this.#collect({ body, sequence, properties: noProperties, contentType: 'application/octet-stream' })
  }

  #collect(message: Message): void {
    const bytes = message.body.length + messageOverheadBytes
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
    this.#acknowledge(full)
  }

  #acknowledge(messages: readonly Message[]): void {
    const acks = Buffer.allocUnsafe(messages.length * frameOverhead)
    let at = 0
    for (const { sequence } of messages) {
      acks.writeUInt16BE(frameOverhead - 2, at)
      acks[at + 2] = frameType.ack
      acks.writeUInt16BE(sequence, at + 3)
      acks.writeUInt16LE(crc16(acks, at + 2, at + 5), at + 5)
      at += frameOverhead
    }
    this.#socket.write(acks)
  }
}
