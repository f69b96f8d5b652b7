import { Duplex } from 'node:stream'
import type { Connection } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import type { Bytes, Messages } from '../../core/levels.ts'
import type { Stage } from '../../core/stage.ts'
import { DtuLine } from './dtu-line.ts'
import type { LineEnds } from './line-ends.ts'
import { type ModbusOptions, type ModbusSettings, settingsOf } from './modbus-options.ts'

/** Messages that wait to be taken before polls stop. */
const readableItems = 16

/**
 * Messages that wait before bytes are not looked at any more: beyond those of polls there are answers to commands, of which some are
 * outstanding, and what DTUs say without having been asked.
 */
const heldItems = 64

/** Bytes looked at before it is seen whether the next stage still wants more; other connections have their turn in between. */
const sliceBytes = 4096

/**
 * Modbus RTU over TCP from DTUs that dial in: the gateway polls, the device replies. Registration packets make hellos, replies to the
 * poll plan become readings with named values, commands write and read, and their replies settle them.
 *
 * ```
 * device → gateway                                             gateway → device
 * 4C4F47494E3A31303031                  ("LOGIN:1001")
 *                                                              01 04 000E 0001 5009
 * 01 04 02 04B6 3A46                                           unit, function, address, quantity, CRC
 * 70696E67                              ("ping")
 * ```
 * Both halves are streams, since polls come by the clock. Polls stop while the way up or the way down is full, and for good when the
 * device sends its FIN or the ring is gone.
 *
 * Errors: `FRAME_NOISE` for a run of bytes that is nothing, also for late replies and for all that comes before the registration;
 * `CHECKSUM_MISMATCH` for one that is a frame but for its CRC; `FRAME_UNTERMINATED`; `BAD_HELLO` for a registration that makes no device
 * id; `BAD_CONTENT` for exceptions and for commands that mean nothing; `COMMAND_TIMEOUT` where a unit does not reply; `NOT_SUPPORTED`
 * for desired properties; `CONFIGURATION` for options, and for the plan of a device, that cannot work.
 */
export function modbus(options: ModbusOptions): Stage<Bytes, Messages> {
  const settings = settingsOf(options)
  return {
    name: 'modbus',
    speaksFirst: settings.identity !== undefined,
    open: (connection) => openHalves(settings, connection),
  }
}

function openHalves(settings: ModbusSettings, connection: Connection): { up: Duplex; down: Duplex } {
  const ends: LineEnds = {
    up: (item) => up.give(item),
    down: (request) => down.give(request),
    get upIsFull() {
      return up.isFull
    },
    get upIsHeld() {
      return up.isHeld
    },
    get downIsFull() {
      return down.isFull
    },
    failed: (thrown) => up.destroy(GatewayError.from(thrown, 'modbus.up')),
  }
  const line = new DtuLine(connection, settings, ends)
  const up = new UpHalf(line)
  const down = new DownHalf(line)
  line.open()
  return { up, down }
}

/** Bytes in, items out. */
class UpHalf extends Duplex {
  readonly #line: DtuLine
  /** The reader has asked for more than was pushed. Not the length of what waits: `_read` comes before the reader has taken. */
  #wanted = false
  /** Goes on with what was written when there is room again. */
  #held: (() => void) | undefined

  constructor(line: DtuLine) {
    super({ readableObjectMode: true, readableHighWaterMark: readableItems, writableHighWaterMark: 16_384 })
    this.#line = line
  }

  /** Bytes that wait for others; for those who look on. */
  get heldBytes(): number {
    return this.#line.heldBytes
  }

  get isFull(): boolean {
    return !this.#wanted
  }

  get isHeld(): boolean {
    return this.#held !== undefined
  }

  give(item: Messages['up']): void {
    this.#wanted = this.push(item)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#take(chunk, 0, done)
  }

  override _read(): void {
    this.#wanted = true
    const held = this.#held
    this.#held = undefined
    held?.()
    this.#line.kick()
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#line.ended()
    this.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#line.close()
    done(error)
  }

  #take(chunk: Buffer, from: number, done: () => void): void {
    const to = Math.min(chunk.length, from + sliceBytes)
    this.#line.heard(chunk.subarray(from, to))
    const goOn = to < chunk.length ? () => this.#take(chunk, to, done) : done
    if (this.readableLength >= heldItems) this.#held = goOn
    else if (to < chunk.length) setImmediate(() => this.#takeMore(goOn))
    else done()
  }

  #takeMore(goOn: () => void): void {
    if (this.destroyed) return
    try {
      goOn()
    } catch (thrown) {
      this.destroy(GatewayError.from(thrown, 'modbus.up'))
    }
  }
}

/** Commands and receipts in, requests out. */
class DownHalf extends Duplex {
  readonly #line: DtuLine
  /** As in the up half. */
  #wanted = false

  constructor(line: DtuLine) {
    super({ objectMode: true, readableHighWaterMark: 1, writableHighWaterMark: 16 })
    this.#line = line
  }

  get isFull(): boolean {
    return !this.#wanted
  }

  give(request: Buffer): void {
    this.#wanted = this.push(request)
  }

  override _write(item: Messages['down'], _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#line.told(item)
    done()
  }

  override _read(): void {
    this.#wanted = true
    this.#line.kick()
  }

  override _final(done: (error?: Error | null) => void): void {
    this.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#line.close()
    done(error)
  }
}
