import { Transform, type TransformCallback } from 'node:stream'
import type { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Receipt, Report, Telemetry } from '../core/items.ts'
import type { Messages } from '../core/levels.ts'
import { type Stage, stage } from '../core/stage.ts'
import { type AcceptedIdLimits, AcceptedIds } from './accepted-ids.ts'

/** Options of {@link dedupe}. */
export interface DedupeOptions {
  /** How long an accepted message id is remembered, 1 to 604800000 (a week); default 600000, ten minutes. */
  readonly windowMs?: number
  /** Accepted ids remembered of one device, 1 to 1000000; default 1000. */
  readonly maxPerDevice?: number
  /**
   * Devices of which ids are remembered, 1 to 1000000; default 10000. An id costs about 120 bytes: what the hub accepts within `windowMs`
   * is what memory must hold, at the defaults at most 1.2 GB.
   */
  readonly maxDevices?: number
}

/**
 * Sends what a device repeats to the hub once. Stands behind `authenticate`, one for each pipeline: what it remembers outlives
 * connections, since a device that was not answered connects again and says again what it said.
 *
 * A reading is known by its message id, which a codec makes of what the device numbered or dated and of the bytes; one without an id
 * always passes. A device that numbers anew after a reboot must date its readings as well: an equal frame under an equal number is a repeat,
 * for nobody can tell it from one. One whose id the hub has accepted within `windowMs` gets its receipt in its turn, and is not sent. One whose original is
 * still on its way, on this connection or another of that device, holds its lane until the hub has answered that, or that connection has
 * ended: it is a repeat if the hub took the original, and goes itself if not. So nothing that was not accepted is ever swallowed; where
 * a connection breaks while the hub is asked, nobody knows whether it was, and the hub may get it twice.
 *
 * Stages further in must leave message ids as they are, and pass the item itself on, changed or not: what comes back under another id is not
 * known again, and a repeat of it holds its lane until that connection ends.
 *
 * Repeats are counted as `stage_repeats_total`. Errors: `CONFIGURATION` for options out of range.
 */
export function dedupe(options: DedupeOptions = {}): Stage<Messages, Messages> {
  const { windowMs = 600_000, maxPerDevice = 1000, maxDevices = 10_000 } = options
  const limits = {
    windowMs: inRange('windowMs', windowMs, 604_800_000),
    maxPerDevice: inRange('maxPerDevice', maxPerDevice, 1_000_000),
    maxDevices: inRange('maxDevices', maxDevices, 1_000_000),
  }
  const memory = new DeviceMemory(limits)
  return stage<Messages, Messages>('dedupe', (connection) => {
    const underway = new Underway(memory, connection)
    return {
      // A stream, since a step that waits would hold back what came before it in the same chunk as well.
      up: new Repeats(memory, underway, connection),
      down(item, out) {
        if (item.kind === 'receipt' && item.of.kind === 'telemetry') underway.settle(item as Receipt<Telemetry>)
        out.emit(item)
      },
    }
  })
}

function inRange(name: string, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= max) return value
  throw new GatewayError('CONFIGURATION', `dedupe: ${name} must be an integer from 1 to ${max}, not ${value}`)
}

/** A message that was sent on and has no receipt yet. */
interface Original {
  readonly settled: Promise<void>
  settle(): void
}

/** What one `dedupe` knows of all devices. */
class DeviceMemory {
  readonly accepted: AcceptedIds
  /** By device and message id. */
  readonly originals = new Map<string, Original>()

  constructor(limits: AcceptedIdLimits) {
    this.accepted = new AcceptedIds(limits)
  }
}

function keyOf(deviceId: string, messageId: string): string {
  return `${deviceId} ${messageId}`
}

/** The originals of one connection: they end with it. */
class Underway {
  readonly #memory: DeviceMemory
  readonly #connection: Connection
  readonly #mine = new Map<string, Original>()
  #watching = false

  constructor(memory: DeviceMemory, connection: Connection) {
    this.#memory = memory
    this.#connection = connection
  }

  begin(deviceId: string, messageId: string): void {
    const key = keyOf(deviceId, messageId)
    let settle = () => {}
    const settled = new Promise<void>((resolve) => {
      settle = resolve
    })
    const original = { settled, settle }
    this.#mine.set(key, original)
    this.#memory.originals.set(key, original)
    if (this.#watching) return
    this.#watching = true
    this.#connection.signal.addEventListener('abort', () => this.#end(), { once: true })
  }

  settle({ of, outcome }: Receipt<Telemetry>): void {
    const { messageId, alreadyAccepted } = of
    const deviceId = this.#connection.identity?.deviceId
    if (messageId === undefined || deviceId === undefined || alreadyAccepted) return
    if (outcome === 'complete') this.#memory.accepted.add(deviceId, messageId, performance.now())
    this.#release(keyOf(deviceId, messageId))
  }

  #end(): void {
    for (const key of this.#mine.keys()) this.#release(key)
  }

  #release(key: string): void {
    const original = this.#mine.get(key)
    if (original === undefined) return
    this.#mine.delete(key)
    this.#memory.originals.delete(key)
    original.settle()
  }
}

/** Marks readings that the hub has, and holds those that it may be about to have. */
class Repeats extends Transform {
  readonly #memory: DeviceMemory
  readonly #underway: Underway
  readonly #connection: Connection

  constructor(memory: DeviceMemory, underway: Underway, connection: Connection) {
    super({ objectMode: true })
    this.#memory = memory
    this.#underway = underway
    this.#connection = connection
  }

  override _transform(item: Messages['up'], _encoding: BufferEncoding, done: TransformCallback): void {
    const deviceId = this.#connection.identity?.deviceId
    if (deviceId === undefined || !isNumbered(item)) {
      done(null, item)
      return
    }
    const original = this.#memory.originals.get(keyOf(deviceId, item.messageId))
    if (original !== undefined) {
      void original.settled.then(() => this._transform(item, _encoding, done))
      return
    }
    if (this.#memory.accepted.has(deviceId, item.messageId, performance.now())) {
      item.alreadyAccepted = true
      this.#connection.meter.stage('dedupe', 'up').repeats++
    } else if (!this.destroyed) {
      this.#underway.begin(deviceId, item.messageId)
    }
    done(null, item)
  }
}

/** A reading with an id that no stage has refused; what was refused is not the original of anything. */
function isNumbered(item: Messages['up'] | Report): item is Telemetry & { readonly messageId: string } {
  return (
    item.kind === 'telemetry' && item.messageId !== undefined && item.refused === undefined && !item.alreadyAccepted
  )
}
