import { isExpired } from '../core/command-expiry.ts'
import { GatewayError } from '../core/errors.ts'
import {
  type Command,
  type CommandOptions,
  command,
  type Identity,
  type Outcome,
  type Receipt,
  type Report,
  type Telemetry,
} from '../core/items.ts'
import type { Hub, HubSession, HubSessionContext } from './port.ts'

/** Options of {@link memoryHub}. */
export interface MemoryHubOptions {
  /** Holds every send until {@link MemoryHub.release}; default false. */
  readonly hold?: boolean
  /** Device keys; a device that is not named is unknown. Without this every hello is believed. */
  readonly keys?: Readonly<Record<string, string>>
}

/** A message as the memory hub accepted it. */
export interface AcceptedMessage {
  readonly deviceId: string
  readonly message: Telemetry
}

/** How a command ended. */
export interface SettledCommand {
  readonly deviceId: string
  readonly command: Command
  readonly outcome: Outcome
  readonly response: Receipt<Command>['response']
}

/** A hub in process, for tests: holds, releases, fails, queues commands, and remembers everything in order. */
export class MemoryHub implements Hub {
  readonly can = { batch: true, outcomes: ['complete', 'abandon', 'reject'], methods: true, twin: true } as const
  readonly accepted: AcceptedMessage[] = []
  readonly reports: { readonly deviceId: string; readonly report: Report }[] = []
  readonly settled: SettledCommand[] = []
  /** Sessions that are open now. */
  readonly sessions = new Set<HubSession>()
  readonly #keys: Readonly<Record<string, string>> | undefined
  /** Commands as they were queued, by those that were given out: a device's connection writes into its own. */
  readonly #given = new Map<string, Command>()
  /** Ids of commands whose time was over before a session asked for them. */
  readonly expired: string[] = []
  readonly #queues = new Map<string, DeviceQueue>()
  readonly #failures: GatewayError[] = []
  readonly #held = new Set<() => void>()
  #holding: boolean
  #watchers: (() => void)[] = []
  #commandCount = 0

  constructor(options: MemoryHubOptions = {}) {
    this.#holding = options.hold ?? false
    this.#keys = options.keys
  }

  /** From now on sends wait. */
  hold(): void {
    this.#holding = true
  }

  /** Lets go what was held, and holds no more. */
  release(): void {
    this.#holding = false
    for (const resume of this.#held) resume()
    this.#held.clear()
  }

  /** The next sends fail with these errors, one each. */
  fail(...errors: GatewayError[]): void {
    this.#failures.push(...errors)
  }

  /** Queues a command for a device, connected or not; returns its id. */
  queueCommand(deviceId: string, body: Buffer | string, options: CommandOptions = {}): string {
    const id = `command-${++this.#commandCount}`
    this.#enqueue(deviceId, command(id, Buffer.from(body), options))
    return id
  }

  /** Resolves when `condition` holds; looked at after every change in the hub. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#watchers.push(resolve))
  }

  async open(device: Identity, context: HubSessionContext): Promise<HubSession> {
    const key = this.#keys?.[device.deviceId]
    if (this.#keys !== undefined && key === undefined) {
      throw new GatewayError('DEVICE_NOT_FOUND', 'the hub knows no such device')
    }
    if (key !== undefined && (device.credentials.type !== 'key' || device.credentials.key.reveal() !== key)) {
      throw new GatewayError('UNAUTHORIZED', 'the hub refused the credentials')
    }
    if (context.signal.aborted) throw new GatewayError('HUB_SESSION_CLOSED', 'the connection is gone')
    const session = this.#session(device.deviceId)
    this.sessions.add(session)
    this.#changed()
    return session
  }

  #session(deviceId: string): HubSession {
    let closed = false
    let resumeOwn: (() => void) | undefined
    const assertOpen = () => {
      if (closed) throw new GatewayError('HUB_SESSION_CLOSED', 'the hub session is closed')
    }
    const session: HubSession = {
      send: async (messages) => {
        if (this.#holding && !closed) {
          await new Promise<void>((resolve) => {
            resumeOwn = resolve
            this.#held.add(resolve)
          })
        }
        assertOpen()
        const failure = this.#failures.shift()
        if (failure !== undefined) throw failure
        for (const message of messages) this.accepted.push({ deviceId, message })
        this.#changed()
      },
      report: async (report) => {
        assertOpen()
        this.reports.push({ deviceId, report })
        this.#changed()
      },
      commands: (stopped) => this.#commands(deviceId, () => closed || stopped?.aborted === true, stopped),
      settle: async ({ of, outcome, response }) => {
        assertOpen()
        this.settled.push({ deviceId, command: of, outcome, response })
        const queued = this.#given.get(of.id)
        this.#given.delete(of.id)
        if (outcome === 'abandon' && queued !== undefined)
          this.#enqueue(deviceId, { ...queued, deliveryCount: queued.deliveryCount + 1 })
        this.#changed()
      },
      close: async () => {
        closed = true
        resumeOwn?.()
        this.sessions.delete(session)
        this.#queueOf(deviceId).wake()
        this.#changed()
      },
    }
    return session
  }

  async *#commands(deviceId: string, ended: () => boolean, stopped: AbortSignal | undefined): AsyncGenerator<Command> {
    const queue = this.#queueOf(deviceId)
    stopped?.addEventListener('abort', () => queue.wake(), { once: true })
    for (;;) {
      while (!ended() && queue.commands.length === 0) await queue.woken()
      if (ended()) return
      const next = queue.commands.shift() as Command
      if (isExpired(next)) this.expired.push(next.id)
      else {
        this.#given.set(next.id, next)
        yield { ...next }
      }
    }
  }

  #enqueue(deviceId: string, added: Command): void {
    const queue = this.#queueOf(deviceId)
    queue.commands.push(added)
    queue.wake()
    this.#changed()
  }

  #queueOf(deviceId: string): DeviceQueue {
    let queue = this.#queues.get(deviceId)
    if (queue === undefined) {
      queue = new DeviceQueue()
      this.#queues.set(deviceId, queue)
    }
    return queue
  }

  #changed(): void {
    const watchers = this.#watchers
    this.#watchers = []
    for (const look of watchers) look()
  }
}

/** Commands of one device; only its own sessions are woken, so that thousands of idle ones cost nothing. */
class DeviceQueue {
  readonly commands: Command[] = []
  #sleepers: (() => void)[] = []

  woken(): Promise<void> {
    return new Promise((resolve) => this.#sleepers.push(resolve))
  }

  wake(): void {
    const sleepers = this.#sleepers
    this.#sleepers = []
    for (const resolve of sleepers) resolve()
  }
}

/** Makes a hub in process. */
export function memoryHub(options: MemoryHubOptions = {}): MemoryHub {
  return new MemoryHub(options)
}
