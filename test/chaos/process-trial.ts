import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CommandState, type Emulator, startEmulator } from '../../src/emulator/index.ts'
import { type CommandEnd, Conservation, type ConservationVerdict } from '../../src/testing/conservation.ts'
import { type GatewayProcess, gatewayProcess } from '../../src/testing/gateway-process.ts'
import { jsonLinesSpeech } from '../../src/testing/json-lines-speech.ts'
import type { Harm, Schedule } from '../../src/testing/schedule.ts'
import { Trial, trialDeviceIds } from '../../src/testing/trial.ts'
import { Program, programFile } from '../e2e/program.ts'

/** Options of {@link processTrial}. */
export interface ProcessTrialOptions {
  /** Name of one of the mutants. */
  readonly mutant?: string
  /** Puts a spool between gateway and hub: receipts mean durable, and what is left at the end is drained by `headgate spool drain`. */
  readonly spool?: boolean
  /** Makes the spool's store fail now and then. */
  readonly storeFaults?: boolean
  /** Serves in so many worker processes. */
  readonly workers?: number
  /** As {@link TrialOptions.deadlineMs}. */
  readonly deadlineMs?: number
}

/** What came of a schedule. */
export interface ProcessTrialResult {
  readonly verdict: ConservationVerdict
  /** What went wrong beside what the oracle judges; empty if nothing did. */
  readonly faults: readonly string[]
}

const module = fileURLToPath(new URL('./gateway-module.js', import.meta.url))

/** Made once: a certificate takes longer than a schedule. */
let certificate: Promise<Emulator['certificate']> | undefined

/** Plays a schedule against a gateway in a process of its own; the hub is an emulator in this one, and outlives it. */
export async function processTrial(schedule: Schedule, options: ProcessTrialOptions = {}): Promise<ProcessTrialResult> {
  const [result] = await processTrials([schedule], options)
  return result as ProcessTrialResult
}

/**
 * As {@link processTrial}, several schedules of different seeds at once on one gateway and one hub: harm that one of them does to either strikes
 * all, and each is judged by itself. Starting a process costs more than a schedule does.
 */
export async function processTrials(
  schedules: readonly Schedule[],
  options: ProcessTrialOptions = {},
): Promise<readonly ProcessTrialResult[]> {
  certificate ??= startEmulator().then(async (first) => {
    await first.close()
    return first.certificate
  })
  const devices = schedules.flatMap(trialDeviceIds).map((deviceId) => ({ deviceId }))
  const emulator = await startEmulator({ devices, certificate: await certificate })
  const folder = await mkdtemp(join(tmpdir(), 'headgate-chaos-'))
  const speech = jsonLinesSpeech()
  const receiptMeans = options.spool ? 'durable' : 'hub'
  const oracles = new Map<string, Conservation>()
  const judged = schedules.map((schedule) => {
    const conservation = new Conservation({ seed: schedule.seed, receiptMeans })
    for (const deviceId of trialDeviceIds(schedule)) oracles.set(deviceId, conservation)
    return { schedule, conservation }
  })
  emulator.hub.subscribe(({ deviceId, body }) => oracles.get(deviceId)?.atHub(deviceId, speech.originOf(body)))
  let gateway: GatewayProcess | undefined
  try {
    gateway = await gatewayProcess(module, {
      programFile,
      args: ['--drain-ms', '3000', ...(options.workers === undefined ? [] : ['--workers', String(options.workers)])],
      environment: {
        HEADGATE_HUB: emulator.connectionString,
        HEADGATE_LOG_LEVEL: 'error',
        CHAOS_CA: emulator.ca,
        ...(options.mutant !== undefined && { CHAOS_MUTANT: options.mutant }),
        ...(options.spool && { CHAOS_SPOOL: join(folder, 'spool') }),
        ...(options.storeFaults && { CHAOS_STORE_SEED: String(schedules[0]?.seed ?? 1) }),
      },
    })
    const trials: Trial[] = []
    const harms = new Harms(emulator, gateway, (port) => {
      for (const trial of trials) trial.aim(port)
    })
    for (const { schedule, conservation } of judged) {
      trials.push(
        new Trial({
          schedule,
          conservation,
          speech,
          gatewayPort: gateway.port,
          harm: (harm) => harms.inflict(harm),
          queueCommand: (deviceId, { id }, expiresAtMs) =>
            emulator.hub.queueCommand(deviceId, {
              body: Buffer.from(JSON.stringify({ id })),
              messageId: id,
              expiryTimeUtc: new Date(expiresAtMs).toISOString(),
            }),
          ...(options.deadlineMs !== undefined && { deadlineMs: options.deadlineMs }),
        }),
      )
    }
    const through = await Promise.all(trials.map((trial) => trial.play()))
    const common: string[] = []
    const exitCode = await gateway.term()
    if (exitCode !== 0) common.push(`the gateway ended with exit code ${exitCode}`)
    if (gateway.errors !== '') common.push(`the gateway said: ${gateway.errors}`)
    if (options.spool) {
      const spool = join(folder, 'spool')
      const workers = Array.from({ length: options.workers ?? 0 }, (_, index) => join(spool, `worker-${index + 1}`))
      for (const dir of workers.length > 0 ? workers : [spool])
        common.push(...(await drainSpool(dir, folder, emulator)))
    }
    for (const [deviceId, conservation] of oracles) {
      for (const { messageId, state } of emulator.hub.commandStates(deviceId)) {
        conservation.commandSettled(messageId, endOf[state])
      }
    }
    return judged.map(({ conservation }, index) => ({
      verdict: conservation.verdict(),
      faults: through[index] ? common : ['some devices never got through', ...common],
    }))
  } finally {
    await gateway?.kill()
    await emulator.close()
    await rm(folder, { recursive: true })
  }
}

/** Sends on what the last process left behind; resolves with what went wrong. */
async function drainSpool(dir: string, folder: string, emulator: Emulator): Promise<string[]> {
  const ca = join(folder, 'ca.pem')
  await writeFile(ca, emulator.ca)
  const environment = { HEADGATE_HUB: emulator.connectionString, HEADGATE_HUB_CA: ca, HEADGATE_LOG_LEVEL: 'error' }
  const drained = new Program(['spool', 'drain', dir], environment)
  const exitCode = await drained.exited()
  return exitCode === 0 ? [] : [`the spool was drained with exit code ${exitCode}: ${drained.stderr}`]
}

const endOf: Readonly<Record<CommandState['state'], CommandEnd>> = {
  enqueued: 'open',
  invisible: 'open',
  completed: 'completed',
  deadlettered: 'deadlettered',
  expired: 'expired',
}

/** Does harm to hub and process; what is done to the process one after the other. */
class Harms {
  readonly #emulator: Emulator
  readonly #gateway: GatewayProcess
  readonly #aim: (port: number) => void
  #free: Promise<unknown> = Promise.resolve()

  constructor(emulator: Emulator, gateway: GatewayProcess, aim: (port: number) => void) {
    this.#emulator = emulator
    this.#gateway = gateway
    this.#aim = aim
  }

  async inflict(harm: Exclude<Harm, { to: 'link' }>): Promise<() => unknown> {
    if (harm.to === 'hub') {
      this.#emulator.hub.faults.put(harm.fault)
      return () => this.#emulator.hub.faults.clear()
    }
    const before = this.#free
    let release: () => void = () => undefined
    this.#free = new Promise<void>((resolve) => {
      release = resolve
    })
    await before
    const heal = await this.#strike(harm.act)
    return async () => {
      await heal()
      release()
    }
  }

  async #strike(act: 'kill' | 'restart' | 'freeze'): Promise<() => unknown> {
    const gateway = this.#gateway
    if (act === 'freeze') {
      gateway.freeze()
      return () => gateway.thaw()
    }
    if (act === 'kill') await gateway.kill()
    else {
      const exitCode = await gateway.term()
      if (exitCode !== 0) throw new Error(`the gateway ended with exit code ${exitCode}: ${gateway.errors}`)
    }
    return async () => {
      // On a port of the system's choice: the old one may have gone to somebody else meanwhile.
      await gateway.start(0)
      this.#aim(gateway.port)
    }
  }
}
