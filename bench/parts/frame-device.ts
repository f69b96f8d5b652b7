import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { DeviceLink } from './device-link.ts'
import { frameOverhead, frameType, helloSequence, wireFrame } from './wire-frame.ts'

const blockBytes = 65_536
const noBody = Buffer.alloc(0)

/** Frames that devices send again and again, and what they are answered. */
export interface FrameBlock {
  readonly frameBytes: number
  readonly frames: Buffer
  /** The acknowledgements of all of them. */
  readonly acks: Buffer
  readonly count: number
}

/** About 64 KiB of readings of so many bytes on the wire, the values drawn from the seed, numbered from 0. */
export function frameBlock(seed: number, frameBytes: number): FrameBlock {
  const count = Math.floor(blockBytes / frameBytes)
  const bodyOf = (sequence: number) => {
    const random = createHash('sha256').update(`${seed}:${sequence}`).digest()
    return Buffer.alloc(frameBytes - frameOverhead, random)
  }
  const numbers = Array.from({ length: count }, (_, sequence) => sequence)
  return {
    frameBytes,
    frames: Buffer.concat(numbers.map((sequence) => wireFrame(frameType.reading, sequence, bodyOf(sequence)))),
    acks: Buffer.concat(numbers.map((sequence) => wireFrame(frameType.ack, sequence, noBody))),
    count,
  }
}

/** One device of binary frames. It writes what was made before and compares what it hears with what was made before. */
export class FrameDevice {
  readonly #block: FrameBlock
  readonly #link: DeviceLink
  /** Bytes of the answer to the hello that have not come; what follows it acknowledges readings. */
  #welcome = wireFrame(frameType.ack, helloSequence, noBody)
  #sent = 0
  /** Bytes of acknowledgements that have come. */
  #heard = 0
  #changed: (() => void) | undefined

  constructor(port: number, block: FrameBlock) {
    this.#block = block
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.#link = new DeviceLink(socket, 'server', (chunk) => this.#hear(chunk))
  }

  /** Readings whose acknowledgement came, in order. */
  get acknowledged(): number {
    return this.#heard / frameOverhead
  }

  /** Resolves when its hello is acknowledged. */
  async greet(deviceId: string): Promise<void> {
    this.#link.socket.write(wireFrame(frameType.hello, helloSequence, Buffer.from(deviceId)))
    await this.#until(() => this.#welcome.length === 0)
  }

  /** Writes so many readings; resolves when the server has read enough to want more. */
  async write(count: number): Promise<void> {
    const { frames, frameBytes } = this.#block
    for (let left = count; left > 0; ) {
      const from = this.#sent % this.#block.count
      const taken = Math.min(left, this.#block.count - from)
      left -= taken
      this.#sent += taken
      const part = frames.subarray(from * frameBytes, (from + taken) * frameBytes)
      if (!this.#link.socket.write(part)) await Promise.race([once(this.#link.socket, 'drain'), this.#link.failed])
    }
  }

  /** Resolves when every reading is acknowledged. */
  async answered(): Promise<void> {
    await this.#until(() => this.acknowledged === this.#sent)
  }

  /** Sends FIN; resolves when the server has closed too. */
  async close(): Promise<void> {
    await this.#link.close()
  }

  async #until(done: () => boolean): Promise<void> {
    while (!done()) {
      const changed = new Promise<void>((resolve) => {
        this.#changed = resolve
      })
      await Promise.race([changed, this.#link.failed])
    }
  }

  #hear(chunk: Buffer): void {
    const greeting = Math.min(chunk.length, this.#welcome.length)
    let right = chunk.compare(this.#welcome, 0, greeting, 0, greeting) === 0
    this.#welcome = this.#welcome.subarray(greeting)
    const { acks } = this.#block
    for (let at = greeting; at < chunk.length && right; ) {
      const from = this.#heard % acks.length
      const bytes = Math.min(chunk.length - at, acks.length - from)
      right = chunk.compare(acks, from, from + bytes, at, at + bytes) === 0
      at += bytes
      this.#heard += bytes
    }
    if (!right)
      this.#link.fail(new Error(`something else came than acknowledgements, by the ${Math.ceil(this.acknowledged)}th`))
    this.#changed?.()
  }
}
