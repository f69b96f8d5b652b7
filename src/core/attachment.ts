import type { Duplex } from 'node:stream'
import type { Boundary } from './backpressure.ts'
import type { Unread } from './connection.ts'
import type { PipelineMeter } from './meter.ts'

/** How long a device may go on sending after our FIN. */
const lingerMs = 1000

/**
 * How much of a read goes to the ring at once; the rest stays with the socket, which reads no more meanwhile. Given all 64 KiB of a read, it would read
 * as much again ahead.
 */
const pieceBytes = 16_384

/** What an attachment joins. */
export interface AttachmentParts {
  /** Opened with allowHalfOpen. */
  readonly socket: Duplex
  readonly stream: Duplex
  /** The stream of the ring that gives bytes for the device: `stream`, or the last within it. */
  readonly last: Duplex
  /** Is told of what is about to be written to `stream`, where there is something to prepare. */
  readonly entry: { expect(): void } | undefined
  readonly meter: PipelineMeter
  /** Held while the socket takes no more. */
  readonly boundary: Boundary
  /** The socket failed, or closed before both sides had ended it. */
  readonly lost: (cause: Error) => void
  /** Socket and ring are both gone. */
  readonly done: () => void
}

const attached: unique symbol = Symbol('attached')

/** A socket or a ring knows what joins it, so that all share their listeners, where each connection would have nine closures. */
type Attached = Duplex & { [attached]: Attachment }

/**
 * A socket and a ring joined into a circle: the device's FIN travels through all stages and comes back as ours. Written out rather than
 * `stream.pipeline(socket, ring, socket)`, whose listeners on every end cost more memory than the ring, and which takes a ring that has
 * ended in order while the device has not for one that broke.
 */
export class Attachment {
  // Each at hand, rather than together in an object: of many connections every step aside is one into memory that is cold.
  readonly #socket: Duplex
  readonly #stream: Duplex
  readonly #last: Duplex
  readonly #entry: { expect(): void } | undefined
  readonly #meter: PipelineMeter
  readonly #boundary: Boundary
  readonly #lost: (cause: Error) => void
  readonly #done: () => void
  #noneAt = Date.now()
  /** All that was said until then was given to the socket. */
  #givenAt = this.#noneAt
  #linger: NodeJS.Timeout | undefined
  #halted = false
  /** Of socket and ring. */
  #open = 2

  constructor({ socket, stream, last, entry, meter, boundary, lost, done }: AttachmentParts) {
    this.#socket = socket
    this.#stream = stream
    this.#last = last
    this.#entry = entry
    this.#meter = meter
    this.#boundary = boundary
    this.#lost = lost
    this.#done = done
    ;(socket as Attached)[attached] = this
    ;(stream as Attached)[attached] = this
    socket.on('data', onSocketData)
    socket.on('end', onSocketEnd)
    socket.on('drain', onSocketDrain)
    socket.on('finish', onSocketFinish)
    socket.on('error', onSocketError)
    socket.on('close', onSocketClose)
    stream.on('drain', onStreamDrain)
    stream.on('data', onStreamData)
    stream.on('end', onStreamEnd)
    socket.resume()
  }

  /** The device's FIN. */
  socketEnded(): void {
    if (!this.#halted) this.#stream.end()
  }

  /** The socket failed. */
  socketFailed(error: Error): void {
    this.#lost(error)
  }

  /** The ring takes more again. */
  ringDrained(): void {
    this.#readOn()
  }

  /** The ring has said all. */
  ringEnded(): void {
    this.#socket.end()
  }

  /** Nothing more is taken from the socket. */
  halt(): void {
    this.#halted = true
    this.#socket.pause()
  }

  /** The ring is gone. */
  ringClosed(inOrder: boolean): void {
    if (!inOrder) this.#socket.destroy()
    this.#closed()
  }

  /** What the device has not taken of what was said to it. */
  get unread(): Unread {
    const bytes = this.#inLane() + this.#socket.writableLength
    if (bytes === 0) this.#noneAt = this.#givenAt = Date.now()
    return { bytes, noneAt: this.#noneAt }
  }

  #inLane(): number {
    return this.#last.readableLength + (this.#last === this.#stream ? 0 : this.#stream.readableLength)
  }

  /** The device said something. */
  up(chunk: Buffer): void {
    if (this.#halted) {
      this.#meter.bytesUp += chunk.length
      return
    }
    let piece = chunk
    if (chunk.length > pieceBytes) {
      this.#socket.pause()
      this.#socket.unshift(chunk.subarray(pieceBytes))
      piece = chunk.subarray(0, pieceBytes)
    }
    this.#entry?.expect()
    this.#meter.bytesUp += piece.length
    if (!this.#stream.write(piece)) this.#socket.pause()
    if (piece !== chunk) this.#readOn()
  }

  /** The rest of a large read in pieces, each of which comes to {@link up}, then what the device says next; until the ring keeps something. */
  #readOn(): void {
    // Of what it has taken at once it may still ask to be drained.
    while (!this.#halted && this.#stream.writableLength === 0) {
      if (this.#socket.readableLength > pieceBytes && this.#socket.read(pieceBytes) !== null) continue
      this.#socket.resume()
      return
    }
  }

  /** The ring has something for the device. */
  down(chunk: Buffer): void {
    this.#meter.bytesDown += chunk.length
    const { meter } = this.#boundary
    if (meter !== undefined) meter.items++
    // It has left all that came before this chunk. Of this one, and what lies behind it, nothing is known yet.
    if (this.#socket.writableLength === 0) this.#noneAt = this.#givenAt
    if (this.#inLane() === 0) this.#givenAt = Date.now()
    if (this.#socket.write(chunk)) return
    this.#boundary.hold()
    this.#stream.pause()
  }

  /** The socket takes more again. */
  socketDrained(): void {
    this.#boundary.release()
    this.#stream.resume()
  }

  /**
   * The socket has taken all: our FIN is out. Where it is before theirs, what they still send is read and thrown away for a while: closing at once
   * would make the system answer it with a reset, which can overtake the last lines that we sent.
   */
  socketFinished(): void {
    this.#boundary.release()
    if (!this.#halted) return
    this.#socket.resume()
    this.#linger = setTimeout(() => this.#socket.destroy(), lingerMs)
  }

  /** The socket is gone. */
  socketClosed(): void {
    if (!this.#socket.readableEnded || !this.#socket.writableFinished) {
      this.#lost(new Error('the connection closed before both sides had ended it'))
      this.#stream.destroy()
    }
    this.#closed()
  }

  #closed(): void {
    if (--this.#open > 0) return
    clearTimeout(this.#linger)
    this.#done()
  }
}

function onSocketData(this: Attached, chunk: Buffer): void {
  this[attached].up(chunk)
}

function onSocketEnd(this: Attached): void {
  this[attached].socketEnded()
}

function onSocketDrain(this: Attached): void {
  this[attached].socketDrained()
}

function onSocketFinish(this: Attached): void {
  this[attached].socketFinished()
}

function onSocketError(this: Attached, error: Error): void {
  this[attached].socketFailed(error)
}

function onSocketClose(this: Attached): void {
  this[attached].socketClosed()
}

function onStreamDrain(this: Attached): void {
  this[attached].ringDrained()
}

function onStreamData(this: Attached, chunk: Buffer): void {
  this[attached].down(chunk)
}

function onStreamEnd(this: Attached): void {
  this[attached].ringEnded()
}
