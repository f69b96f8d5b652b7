// 280 lines: the words of the verdict are the specification, and they are most of it.
import type { Outcome } from '../core/items.ts'
import { NumberRuns } from './number-runs.ts'
import { wholeInRange } from './option-range.ts'

/** What the hub has of a command at the end; `open` waits or is locked. */
export type CommandEnd = 'completed' | 'deadlettered' | 'expired' | 'open'

/** Options of {@link Conservation}. */
export interface ConservationOptions {
  /** Copied into the verdict, so that it names the run; default 1. */
  readonly seed?: number
  /**
   * What a receipt promises: `hub` (default), that the hub has the reading, or `durable`, that the gateway has it and the hub will. Say
   * `durable` too where {@link Conservation.atHub} is not told at once, as from a stream of events.
   */
  readonly receiptMeans?: 'hub' | 'durable'
  /**
   * How much later than its expiry a command may be seen, 0 to 60000: what clocks are coarse by, and how long the observer's process and the
   * gateway's may be kept from running. Default 250.
   */
  readonly expiryToleranceMs?: number
  /** How many offenders the verdict names, 0 to 1000; all are counted. Default 20. */
  readonly maxDetails?: number
}

/** A command as it was queued at the hub. */
export interface QueuedCommand {
  readonly id: string
  readonly deviceId: string
  /** Milliseconds of `Date.now()`; Infinity (default) never. */
  readonly expiresAtMs?: number
}

/** What {@link Conservation.verdict} says. All counts are of readings or commands, each counted once, but for `duplicated`. */
export interface ConservationVerdict {
  /** True where all of `lost`, `reordered`, `crossed`, `lateCommands`, `unconfirmedCommands`, `strange`, `early` are 0. */
  readonly holds: boolean
  readonly seed: number
  /** Different readings that devices wrote at least once. */
  readonly sent: number
  /** Different readings whose receipt `complete` their device has seen. */
  readonly acked: number
  /** Different readings that the hub has. */
  readonly delivered: number
  /**
   * `ackedButMissing`, and readings that are neither at the hub nor refused for good though their device went on until the end of the run:
   * those it never got through.
   */
  readonly lost: number
  /** Acknowledged, and not at the hub at the end. */
  readonly ackedButMissing: number
  /** Arrivals at the hub beyond the first of their reading. Allowed: a device whose receipt was lost sends again. */
  readonly duplicated: number
  /**
   * Readings whose first arrival came after that of a reading with a greater number of the same device. One that its device had seen refused
   * for now is `overtaken` instead, since then the device knew. So is none whose refusal was lost on the way: a gateway that refuses for now
   * and takes the next must count on that.
   */
  readonly reordered: number
  /** As `reordered`, of readings that their device had seen refused for now; allowed. */
  readonly overtaken: number
  /** Refused for good in the device's eyes, and yet at the hub; allowed, as where the hub took a message and its answer was lost. */
  readonly nackedButPresent: number
  /** Acknowledged when the hub did not have it yet; 0 where receipts mean `durable`. */
  readonly early: number
  /** Readings at the hub under another device's name, and commands that were written to another device than theirs. */
  readonly crossed: number
  /** At the hub, and sent by nobody, or not to be read; commands at a device that nobody queued. */
  readonly strange: number
  readonly commands: number
  /** Commands of which a device saw at least one delivery. */
  readonly commandsDelivered: number
  /** Commands that were written to a device after their expiry and the tolerance. */
  readonly lateCommands: number
  /** Completed at the hub, and their device had not confirmed them by then. */
  readonly unconfirmedCommands: number
  /** Commands completed at the hub. */
  readonly commandsCompleted: number
  /** The first offenders by name, such as `lost: d3/17 (acked)`. */
  readonly details: readonly string[]
}

interface DeviceStory {
  readonly sent: NumberRuns
  readonly acked: NumberRuns
  readonly refused: NumberRuns
  /** Refused for now, as their device saw it; forgotten when they arrive. */
  readonly deferred: NumberRuns
  readonly atHub: NumberRuns
  highest: number
}

interface CommandStory {
  readonly deviceId: string
  readonly expiresAtMs: number
  delivered: boolean
  late: boolean
  confirmed: boolean
  completed: boolean
  unconfirmed: boolean
}

/** Offences that are counted as they happen. */
interface Counts {
  duplicated: number
  reordered: number
  overtaken: number
  early: number
  crossed: number
  strange: number
  lateCommands: number
  unconfirmedCommands: number
}

/**
 * The oracle: is told what devices, gateway and hub do, in the order in which it happens, and judges whether anything was lost, mixed up or
 * claimed too soon. It knows no protocol. Readings are numbered by each device from any number upwards; for each device it keeps runs of
 * numbers, so that a run without gaps takes the same memory for ten readings and ten million. Of commands it keeps each.
 */
export class Conservation {
  readonly #seed: number
  readonly #receiptMeans: 'hub' | 'durable'
  readonly #toleranceMs: number
  readonly #maxDetails: number
  readonly #devices = new Map<string, DeviceStory>()
  readonly #commands = new Map<string, CommandStory>()
  readonly #details: string[] = []
  readonly #counts: Counts = {
    duplicated: 0,
    reordered: 0,
    overtaken: 0,
    early: 0,
    crossed: 0,
    strange: 0,
    lateCommands: 0,
    unconfirmedCommands: 0,
  }

  /** Throws `CONFIGURATION` where an option is out of range. */
  constructor(options: ConservationOptions = {}) {
    this.#seed = options.seed ?? 1
    this.#receiptMeans = options.receiptMeans ?? 'hub'
    this.#toleranceMs = wholeInRange('Conservation', 'expiryToleranceMs', options.expiryToleranceMs ?? 250, 0, 60_000)
    this.#maxDetails = wholeInRange('Conservation', 'maxDetails', options.maxDetails ?? 20, 0, 1000)
  }

  /** A device is about to write reading `number`, for the first time or again. Told before it writes. */
  sent(deviceId: string, number: number): void {
    this.#device(deviceId).sent.add(number)
  }

  /** A device saw the receipt of a reading: `complete`, `abandon` where it is to send it again, `reject` where it never should. */
  received(deviceId: string, number: number, outcome: Outcome): void {
    const device = this.#device(deviceId)
    if (outcome === 'abandon') {
      if (!device.atHub.has(number)) device.deferred.add(number)
    } else if (outcome === 'reject') device.refused.add(number)
    else if (device.acked.add(number) && this.#receiptMeans === 'hub' && !device.atHub.has(number)) {
      this.#offend('early', `${deviceId}/${number} was acknowledged before the hub had it`)
    }
  }

  /**
   * The hub took a message under the name of `deviceId`. `origin` is what the message itself says of the device that sent it and of its
   * number; undefined where it says nothing that can be read.
   */
  atHub(deviceId: string, origin: { readonly deviceId: string; readonly number: number } | undefined): void {
    if (origin === undefined) {
      this.#offend('strange', `a message of ${deviceId} at the hub says nothing of its origin`)
      return
    }
    const { number } = origin
    if (origin.deviceId !== deviceId) {
      this.#offend('crossed', `${origin.deviceId}/${number} is at the hub as a reading of ${deviceId}`)
      return
    }
    const device = this.#device(deviceId)
    if (!device.sent.has(number)) {
      this.#offend('strange', `${deviceId}/${number} is at the hub, and nobody sent it`)
      return
    }
    if (!device.atHub.add(number)) {
      this.#counts.duplicated++
      return
    }
    const deferred = device.deferred.delete(number)
    if (number > device.highest) device.highest = number
    else if (deferred) this.#counts.overtaken++
    else this.#offend('reordered', `${deviceId}/${number} arrived first after ${deviceId}/${device.highest}`)
  }

  /** A command was queued at the hub. */
  commandQueued({ id, deviceId, expiresAtMs = Number.POSITIVE_INFINITY }: QueuedCommand): void {
    const fresh = { delivered: false, late: false, confirmed: false, completed: false, unconfirmed: false }
    this.#commands.set(id, { deviceId, expiresAtMs, ...fresh })
  }

  /**
   * The gateway wrote a command to a device, at `atMs` of `Date.now()`. Where the moment is not known, the earliest at which it can have been:
   * a link that did not read cannot tell.
   */
  commandWritten(id: string, deviceId: string, atMs: number): void {
    const command = this.#commands.get(id)
    if (command === undefined) {
      this.#offend('strange', `command ${id} came to ${deviceId}, and nobody queued it`)
      return
    }
    if (command.deviceId !== deviceId) {
      this.#offend('crossed', `command ${id} of ${command.deviceId} came to ${deviceId}`)
      return
    }
    command.delivered = true
    const lateMs = atMs - command.expiresAtMs
    if (lateMs <= this.#toleranceMs || command.late) return
    command.late = true
    this.#offend('lateCommands', `command ${id} came to ${deviceId} ${Math.round(lateMs)} ms after its expiry`)
  }

  /** A device is about to write its answer to a command. Told before it writes. */
  commandAnswered(id: string, deviceId: string, outcome: Outcome): void {
    const command = this.#commands.get(id)
    if (command?.deviceId === deviceId && outcome === 'complete') command.confirmed = true
  }

  /** What became of a command at the hub: told when it happens, or once for each at the end. */
  commandSettled(id: string, end: CommandEnd): void {
    const command = this.#commands.get(id)
    if (command === undefined || end !== 'completed') return
    command.completed = true
    if (command.confirmed || command.unconfirmed) return
    command.unconfirmed = true
    this.#offend('unconfirmedCommands', `command ${id} is completed, and ${command.deviceId} had not confirmed it`)
  }

  /** Judges what was told so far; to be asked when devices have finished and the gateway has forwarded all that it had. */
  verdict(): ConservationVerdict {
    const details = [...this.#details]
    const sums = { sent: 0, acked: 0, delivered: 0, lost: 0, ackedButMissing: 0, nackedButPresent: 0 }
    for (const [deviceId, { sent, acked, refused, atHub }] of this.#devices) {
      sums.sent += sent.size
      sums.acked += acked.size
      sums.delivered += atHub.size
      for (const number of refused) if (atHub.has(number)) sums.nackedButPresent++
      for (const number of sent) {
        if (atHub.has(number) || (refused.has(number) && !acked.has(number))) continue
        sums.lost++
        if (acked.has(number)) sums.ackedButMissing++
        if (details.length < this.#maxDetails)
          details.push(`lost: ${deviceId}/${number} (${acked.has(number) ? 'acked' : 'never got through'})`)
      }
    }
    const commands = [...this.#commands.values()]
    const { lost } = sums
    const { reordered, crossed, strange, early, lateCommands, unconfirmedCommands } = this.#counts
    return {
      holds: lost + reordered + crossed + strange + early + lateCommands + unconfirmedCommands === 0,
      seed: this.#seed,
      ...sums,
      ...this.#counts,
      commands: commands.length,
      commandsDelivered: commands.filter(({ delivered }) => delivered).length,
      commandsCompleted: commands.filter(({ completed }) => completed).length,
      details,
    }
  }

  #device(deviceId: string): DeviceStory {
    let device = this.#devices.get(deviceId)
    if (device === undefined) {
      const [sent, acked, refused] = [new NumberRuns(), new NumberRuns(), new NumberRuns()]
      device = { sent, acked, refused, deferred: new NumberRuns(), atHub: new NumberRuns(), highest: -Infinity }
      this.#devices.set(deviceId, device)
    }
    return device
  }

  #offend(kind: keyof Counts, text: string): void {
    this.#counts[kind]++
    if (this.#details.length < this.#maxDetails) this.#details.push(`${kind}: ${text}`)
  }
}
