import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Emulator, startEmulator } from '../../src/emulator/index.ts'
import { Conservation, type ConservationVerdict } from '../../src/testing/conservation.ts'
import { FaultyLink, type LinkDirection } from '../../src/testing/faulty-link.ts'
import { GatewayProcess } from '../../src/testing/gateway-process.ts'
import { ChaosDevice } from './device.ts'
import type { ChaosGateway } from './gateway.ts'
import type { Mutation } from './mutants.ts'
import type { CommandAnswer, Incident, Schedule } from './schedule.ts'

/** How a group of schedules is run. */
export interface GroupOptions {
  readonly spool: boolean
  /** The gateway holds the credentials of all devices; else each brings its key. */
  readonly policy: boolean
  readonly mutation?: Mutation
  /** How long devices may take to finish once everything is healed. Milliseconds. */
  readonly patienceMs: number
}

/** What became of a schedule. */
export interface ScheduleOutcome {
  readonly schedule: Schedule
  readonly verdict: ConservationVerdict
  /** What else was wrong, such as a gateway that ended by itself. */
  readonly faults: readonly string[]
}

/** What lies between a gateway's write and the moment at which the link sees it, on two cores that everything here shares. */
const lateToleranceMs = 400

const program = fileURLToPath(new URL('./gateway.js', import.meta.url))

/**
 * Runs schedules side by side on one gateway process and one emulator: each has devices, links and an oracle of its own, and all suffer
 * what happens to the process. Everything is healed in the end, devices finish, the gateway drains; then the oracles are asked.
 */
export async function runGroup(
  schedules: readonly Schedule[],
  options: GroupOptions,
): Promise<readonly ScheduleOutcome[]> {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-chaos-'))
  const emulator = await startEmulator()
  const gateway = new KilledGateway(emulator, dir, options)
  const running: RunningSchedule[] = []
  try {
    await gateway.start()
    for (const schedule of schedules) running.push(await RunningSchedule.start(schedule, emulator, gateway, options))
    await Promise.all(running.map((each) => each.suffer()))
    await gateway.healed()
    emulator.hub.faults.clear()
    await Promise.all(running.map((each) => each.finish(options.patienceMs)))
    const faults = await gateway.drain()
    return running.map((each) => each.outcome(faults))
  } finally {
    for (const each of running) await each.close()
    await gateway.end()
    await emulator.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The gateway's process, which comes back on the same port each time that it is killed. */
class KilledGateway {
  readonly #emulator: Emulator
  readonly #options: GroupOptions
  readonly #dir: string
  #process: GatewayProcess | undefined
  #port = 0
  /** One thing at a time happens to it. */
  #last: Promise<void> = Promise.resolve()
  #faults: string[] = []

  constructor(emulator: Emulator, dir: string, options: GroupOptions) {
    this.#emulator = emulator
    this.#dir = dir
    this.#options = options
    writeFileSync(join(dir, 'ca.pem'), emulator.ca)
  }

  get port(): number {
    return this.#port
  }

  async start(): Promise<void> {
    const { policy, spool, mutation } = this.#options
    const chaos: ChaosGateway = {
      port: this.#port,
      policy,
      ...(spool && { spool: join(this.#dir, 'spool') }),
      ...(mutation !== undefined && { mutation }),
    }
    this.#process = await GatewayProcess.start({
      args: ['--enable-source-maps', program],
      env: {
        HEADGATE_HUB: this.#emulator.connectionString,
        HEADGATE_HUB_CA: join(this.#dir, 'ca.pem'),
        CHAOS: JSON.stringify(chaos),
      },
    })
    this.#port = this.#process.announcement.port as number
  }

  /** SIGKILL, then a start. */
  kill(): void {
    this.#then(async () => {
      await this.#process?.kill()
      await this.start()
    })
  }

  /** SIGSTOP for a while. */
  pause(forMs: number): void {
    this.#then(async () => {
      this.#process?.pause()
      await delay(forMs)
      this.#process?.resume()
    })
  }

  /** Resolves when nothing more happens to it. */
  healed(): Promise<void> {
    return this.#last
  }

  /** SIGTERM; what was not right about its end. */
  async drain(): Promise<readonly string[]> {
    const process = this.#process
    this.#process = undefined
    const exit = await process?.terminate()
    if (exit?.code !== 0)
      this.#faults.push(`the gateway ended by ${exit?.signal ?? exit?.code}: ${process?.errors.join('\n')}`)
    return this.#faults
  }

  async end(): Promise<void> {
    await this.#process?.kill()
  }

  #then(what: () => Promise<void>): void {
    this.#last = this.#last.then(what).catch((thrown) => {
      this.#faults.push(String(thrown))
    })
  }
}

class RunningSchedule {
  readonly #schedule: Schedule
  readonly #emulator: Emulator
  readonly #gateway: KilledGateway
  readonly #oracle: Conservation
  readonly #links: FaultyLink[] = []
  readonly #devices: ChaosDevice[] = []
  readonly #answers = new Map<string, CommandAnswer>()
  readonly #heals: Promise<void>[] = []
  readonly #faults: string[] = []
  readonly #unsubscribe: () => void

  private constructor(schedule: Schedule, emulator: Emulator, gateway: KilledGateway) {
    this.#schedule = schedule
    this.#emulator = emulator
    this.#gateway = gateway
    this.#oracle = new Conservation({ seed: schedule.seed, lateToleranceMs })
    const own = `s${schedule.seed}-`
    this.#unsubscribe = emulator.hub.subscribe(({ deviceId, body }) => {
      if (!deviceId.startsWith(own)) return
      const { d, n } = JSON.parse(Buffer.from(body).toString()) as { d: string; n: number }
      this.#oracle.arrived(deviceId, n, d)
    })
  }

  static async start(
    schedule: Schedule,
    emulator: Emulator,
    gateway: KilledGateway,
    { policy }: GroupOptions,
  ): Promise<RunningSchedule> {
    const running = new RunningSchedule(schedule, emulator, gateway)
    for (let index = 0; index < schedule.devices; index++) {
      const deviceId = running.#nameOf(index)
      const { symmetricKey } = emulator.hub.createDevice({ deviceId }).authentication
      const spoken = new Map<number, string>()
      const tap = (direction: LinkDirection, chunk: Buffer, connection: number) => {
        if (direction === 'down') running.#overhear(deviceId, spoken, connection, chunk)
      }
      const link = await FaultyLink.listen(gateway.port, { tap })
      running.#links.push(link)
      running.#devices.push(
        new ChaosDevice({
          deviceId,
          key: policy ? undefined : symmetricKey.primaryKey,
          port: link.port,
          window: schedule.window,
          burst: schedule.burst,
          oracle: running.#oracle,
          answerTo: (id) => running.#answers.get(id),
        }),
      )
    }
    return running
  }

  /** Lets everything happen that the schedule has. */
  async suffer(): Promise<void> {
    const startedAt = Date.now()
    for (const incident of this.#schedule.incidents) {
      await delay(Math.max(0, startedAt + incident.at - Date.now()))
      this.#happen(incident)
    }
    await delay(Math.max(0, startedAt + this.#schedule.lengthMs - Date.now()))
    await Promise.all(this.#heals)
  }

  /** Heals the network, and waits until its devices are content and the hub has what they were told that it has. */
  async finish(patienceMs: number): Promise<void> {
    for (const link of this.#links) link.heal()
    const until = Date.now() + patienceMs
    const content = Promise.all(this.#devices.map((device) => device.finished()))
    const over = new AbortController()
    const { signal } = over
    await Promise.race([content, delay(patienceMs, undefined, { signal }).catch(() => {})])
    over.abort()
    while (this.#oracle.missing > 0 && Date.now() < until) await delay(20)
    if (this.#oracle.open > 0)
      this.#faults.push(`${this.#oracle.open} readings were not answered within ${patienceMs} ms`)
  }

  outcome(faults: readonly string[]): ScheduleOutcome {
    for (const deviceId of this.#devices.map((device) => device.deviceId)) {
      for (const { messageId, state } of this.#emulator.hub.commandStates(deviceId)) {
        if (state === 'completed') this.#oracle.commandSettled(messageId, 'complete')
      }
    }
    return { schedule: this.#schedule, verdict: this.#oracle.verdict(), faults: [...faults, ...this.#faults] }
  }

  async close(): Promise<void> {
    this.#unsubscribe()
    for (const device of this.#devices) device.stop()
    for (const link of this.#links) await link.close()
  }

  #nameOf(device: number): string {
    return `s${this.#schedule.seed}-d${device}`
  }

  #happen(incident: Incident): void {
    if (incident.kind === 'process') {
      if (incident.fault === 'kill') this.#gateway.kill()
      else this.#gateway.pause(incident.forMs)
      return
    }
    const deviceId = this.#nameOf(incident.device)
    if (incident.kind === 'command') {
      this.#command(deviceId, incident.ttlMs, incident.answer)
      return
    }
    if (incident.kind === 'hub') {
      const { faults } = this.#emulator.hub
      faults.put({ ...incident.fault, device: deviceId })
      // One that strikes nothing takes its place.
      const over = () =>
        faults.put({ device: deviceId, operation: incident.fault.operation ?? 'all', latencyMs: 1, probability: 0 })
      this.#heals.push(delay(incident.forMs).then(over))
      return
    }
    const link = this.#links[incident.device] as FaultyLink
    const heal = () => this.#heals.push(delay(incident.forMs).then(() => link.heal()))
    const happen = {
      cut: () => link.cut(),
      reset: () => link.reset(),
      resetMidFrame: () => link.resetAfter(17),
      vanish: () => link.vanish(),
      stallUp: () => link.stall('up'),
      stallDown: () => link.stall('down'),
      split: () => link.split(),
    }
    happen[incident.fault]()
    heal()
  }

  #command(deviceId: string, ttlMs: number, answer: CommandAnswer): void {
    const expiresAt = Date.now() + ttlMs
    const id = `${deviceId}-c${this.#answers.size}`
    this.#answers.set(id, answer)
    this.#oracle.commandQueued(id, deviceId, expiresAt)
    const command = { messageId: id, body: Buffer.from('1'), expiryTimeUtc: new Date(expiresAt).toISOString() }
    this.#emulator.hub.queueCommand(deviceId, command)
  }

  /** What the gateway writes is seen at the link, before the network has its way with it. */
  #overhear(deviceId: string, spoken: Map<number, string>, connection: number, chunk: Buffer): void {
    const lines = ((spoken.get(connection) ?? '') + chunk.toString()).split('\n')
    spoken.set(connection, lines.pop() ?? '')
    for (const line of lines) {
      const { $command } = JSON.parse(line) as { $command?: { id: string } }
      if ($command !== undefined) this.#oracle.commandWritten($command.id, deviceId)
    }
  }
}
