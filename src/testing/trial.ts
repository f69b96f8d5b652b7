import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Outcome } from '../core/items.ts'
import type { Conservation } from './conservation.ts'
import { type FaultyLink, faultyLink } from './faulty-link.ts'
import { NumberedDevice } from './numbered-device.ts'
import type { NumberedSpeech } from './numbered-speech.ts'
import { wholeInRange } from './option-range.ts'
import type { Harm, Schedule, ScheduledCommand, Step } from './schedule.ts'

/** Options of {@link Trial}. */
export interface TrialOptions {
  readonly schedule: Schedule
  readonly conservation: Conservation
  readonly speech: NumberedSpeech
  /** Where the gateway listens, on 127.0.0.1; {@link Trial.aim} changes it. */
  readonly gatewayPort: number
  /** Queues a command at the hub, to expire at `expiresAtMs` of `Date.now()`; returns the id under which the hub has it. */
  readonly queueCommand: (deviceId: string, command: ScheduledCommand, expiresAtMs: number) => string
  /** Does harm to hub or gateway; resolves with what heals it. Without it such steps throw. */
  readonly harm?: (harm: Exclude<Harm, { to: 'link' }>) => Promise<() => unknown>
  /**
   * When no device gets a receipt for so long, they are given up: 100 to 600000, default 30000. Time in which this process was kept from running does
   * not count.
   */
  readonly deadlineMs?: number
  /** As {@link NumberedDeviceOptions.patienceMs}; default 500. */
  readonly patienceMs?: number
}

const ticksOfDeadline = 50

/** Ids of a schedule's devices: those of schedules with different seeds differ, so that these may share a gateway. */
export function trialDeviceIds({ seed, devices }: Pick<Schedule, 'seed' | 'devices'>): string[] {
  return Array.from({ length: devices }, (_, index) => `s${seed}-d${index + 1}`)
}

/** Plays a schedule: each device over a link of its own, steps as readings are acknowledged, then heals everything and lets them finish. */
export class Trial {
  readonly #options: TrialOptions
  readonly #links: FaultyLink[] = []
  readonly #devices: NumberedDevice[] = []
  readonly #steps: Step[]
  readonly #harms = new Set<Promise<void>>()
  readonly #over = new AbortController()
  #gatewayPort: number
  #acked = 0

  constructor(options: TrialOptions) {
    wholeInRange('Trial', 'deadlineMs', options.deadlineMs ?? 30_000, 100, 600_000)
    this.#options = options
    this.#steps = [...options.schedule.steps]
    this.#gatewayPort = options.gatewayPort
  }

  /** Connections that devices opened so far. */
  get connections(): number {
    return this.#devices.reduce((sum, { connections }) => sum + connections, 0)
  }

  /** The gateway listens elsewhere from now on. */
  aim(gatewayPort: number): void {
    this.#gatewayPort = gatewayPort
    for (const link of this.#links) link.aim(gatewayPort)
  }

  /**
   * Plays it to the end. Resolves with true when all devices are through and have closed, false when some were given up. Rejects with what
   * doing harm threw.
   */
  async play(): Promise<boolean> {
    const { schedule, deadlineMs = 30_000 } = this.#options
    try {
      for (const deviceId of trialDeviceIds(schedule)) this.#devices.push(await this.#device(deviceId))
      for (const device of this.#devices) device.start()
      this.#advance()
      const through = Promise.all(this.#devices.map((device) => device.finished())).then(() => true)
      const late = this.#noProgress(deadlineMs).then(() => false)
      const failed = new Promise<never>((_, reject) => {
        this.#fail = reject
      })
      const isThrough = await Promise.race([through, late, failed])
      await this.#heal()
      if (isThrough) await Promise.all(this.#devices.map((device) => device.end()))
      return isThrough
    } finally {
      this.#over.abort()
      for (const device of this.#devices) device.destroy()
      await Promise.all(this.#links.map((link) => link.close()))
    }
  }

  #fail: (reason: unknown) => void = () => undefined

  /** Resolves when nothing was acknowledged for so long; never once playing is over. Ticks are counted: a process that stands still has none. */
  #noProgress(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      let [ticks, acked] = [0, this.#acked]
      const ticker = setInterval(() => {
        if (this.#acked !== acked) [ticks, acked] = [0, this.#acked]
        else if (++ticks >= ticksOfDeadline) resolve()
      }, deadlineMs / ticksOfDeadline)
      this.#over.signal.addEventListener('abort', () => clearInterval(ticker))
    })
  }

  async #device(deviceId: string): Promise<NumberedDevice> {
    const { schedule, conservation, speech, patienceMs = 500 } = this.#options
    const link = await faultyLink({ targetPort: this.#gatewayPort })
    this.#links.push(link)
    this.#tellOfCommands(link, deviceId)
    const device = new NumberedDevice({
      deviceId,
      speech,
      conservation,
      connect: () => connect({ port: link.port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true }),
      readings: schedule.readings,
      window: schedule.window,
      answerTo: answerOf,
      patienceMs,
      tellsOfCommands: false,
    })
    device.on('acked', () => {
      this.#acked++
      this.#advance()
    })
    return device
  }

  /** The link sees a command when the gateway has written it; the device only when the link lets it. */
  #tellOfCommands(link: FaultyLink, deviceId: string): void {
    const { conservation, speech } = this.#options
    const ears = new Map<number, ReturnType<NumberedSpeech['listen']>>()
    link.on('down', (bytes, { connection, notBeforeMs }) => {
      let listen = ears.get(connection)
      if (listen === undefined) {
        listen = speech.listen()
        ears.set(connection, listen)
      }
      for (const heard of listen(bytes)) {
        if (heard.said === 'command') conservation.commandWritten(heard.id, deviceId, notBeforeMs)
      }
    })
  }

  #advance(): void {
    for (let step = this.#steps[0]; step !== undefined && step.afterAcked <= this.#acked; step = this.#steps[0]) {
      this.#steps.shift()
      if ('command' in step) this.#queue(step.command)
      else this.#doHarm(step.harm, step.forMs)
    }
  }

  #queue(command: ScheduledCommand): void {
    const deviceId = trialDeviceIds(this.#options.schedule)[command.device] as string
    const expiresAtMs = Date.now() + command.ttlMs
    const id = this.#options.queueCommand(deviceId, command, expiresAtMs)
    this.#options.conservation.commandQueued({ id, deviceId, expiresAtMs })
  }

  #doHarm(harm: Harm, forMs: number): void {
    const healed = this.#inflict(harm).then(async (heal) => {
      // Playing may be over before.
      await delay(forMs, undefined, { signal: this.#over.signal }).catch(() => undefined)
      await heal()
    })
    const done = healed.catch((thrown) => this.#fail(thrown)).then(() => void this.#harms.delete(done))
    this.#harms.add(done)
  }

  async #inflict(harm: Harm): Promise<() => unknown> {
    if (harm.to === 'link') return this.#links[harm.device]?.inflict(harm.fault) ?? (() => undefined)
    const { harm: inflict } = this.#options
    if (inflict === undefined) throw new Error(`the schedule does harm to the ${harm.to}, and nobody knows how`)
    return inflict(harm)
  }

  async #heal(): Promise<void> {
    await Promise.all(this.#harms)
    for (const link of this.#links) link.heal()
  }
}

/** Of ten commands, seven are completed, two rejected, and one is never answered; by its id, so that each delivery fares the same. */
export function answerOf(commandId: string): Outcome | undefined {
  let sum = 0
  for (const character of commandId) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003
  const tenth = sum % 10
  if (tenth === 0) return undefined
  return tenth <= 2 ? 'reject' : 'complete'
}
