import type { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Batch, BatchReceipt, Command, Receipt, Report, Telemetry } from '../core/items.ts'
import type { Batches } from '../core/levels.ts'
import type { ActiveContext, ActiveHalf, Endpoint } from '../core/stage.ts'
import { type Hub, type HubSession, PartialSendError } from '../hub/port.ts'
import { CommandDesk } from './command-desk.ts'
import { asMessageError } from './lost-session.ts'

/** Options of {@link hub}. */
export interface HubOptions {
  /** Batches of one connection taken and not yet answered; then it holds. One is on the wire at a time: that keeps order. Default 2: the next is
   * ready when the hub has answered, and what waits for longer is only older memory. */
  readonly maxInFlight?: number
  /** Commands given to a device and not yet answered; no more are fetched. Default 8. */
  readonly maxCommands?: number
  /** How long a device may take to answer a command before it is abandoned; default 50000, within the hub's lock of one minute. */
  readonly answerTimeoutMs?: number
}

/** The endpoint: one hub session a connection, opened when the device is known. Sends batches in order, brings commands, settles them. */
export function hub(to: Hub, options: HubOptions = {}): Endpoint<Batches> {
  const limits: Required<HubOptions> = { maxInFlight: 2, maxCommands: 8, answerTimeoutMs: 50_000, ...options }
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isInteger(value) || value < 1 || value > 3_600_000) {
      throw new GatewayError('CONFIGURATION', `hub: ${name} must be an integer from 1 to 3600000, not ${value}`)
    }
  }
  return {
    name: 'hub',
    prepare: async () => to.prepare?.(),
    close: async () => to.close?.(),
    ...(to.gauges !== undefined && { gauges: to.gauges }),
    open: (connection) => new HubEndpoint(to, limits, connection),
  }
}

/** Up turns into down here: batches go in, their receipts come out, in order, among the commands. */
class HubEndpoint implements ActiveHalf<Batch | Receipt<Command>, BatchReceipt | Command> {
  readonly #limits: Required<HubOptions>
  readonly #connection: Connection
  readonly #queue: Batch[] = []
  #context: ActiveContext<BatchReceipt | Command> | undefined
  #session: HubSession | undefined
  #desk: CommandDesk | undefined
  #sending = false
  #gone = false
  /** The push that waits for a place in flight. */
  #held: (() => void) | undefined
  /** Resolves when what was given last has room behind it. */
  #room: Promise<void> | undefined
  #sent: (() => void) | undefined

  constructor(to: Hub, limits: Required<HubOptions>, connection: Connection) {
    this.#limits = limits
    this.#connection = connection
    connection.onIdentify(async (identity) => {
      const { meter, log } = connection
      const session = await to.open(identity, {
        // Made for those who ask: many hubs need none, and a signal is a twentieth of what a connection costs.
        get signal() {
          return connection.signal
        },
        meter: meter.hub,
        log,
      })
      if (this.#gone) {
        await session.close()
        throw new GatewayError('HUB_SESSION_CLOSED', 'the connection ended while its hub session was opened')
      }
      this.#session = session
      this.#desk = new CommandDesk(
        session,
        connection,
        limits,
        (command) => this.#give(command),
        () => this.#held !== undefined,
        (failure) => this.#context?.fail(failure),
      )
      connection.onHalt(() => this.#desk?.stop())
    })
  }

  start(context: ActiveContext<BatchReceipt | Command>): void {
    this.#context = context
  }

  push(item: Batch | Receipt<Command>): Promise<void> | undefined {
    if (item.kind === 'receipt') {
      this.#desk?.answered(item)
      return undefined
    }
    this.#queue.push(item)
    this.#connection.countInFlight(item.messages.length)
    if (!this.#sending) void this.#sendAll()
    if (this.#queue.length < this.#limits.maxInFlight) return undefined
    return new Promise((resolve) => {
      this.#held = resolve
    })
  }

  /** The device has finished: what is in flight is answered, what it can no longer answer is given back. */
  async end(): Promise<void> {
    if (this.#sending) {
      await new Promise<void>((resolve) => {
        this.#sent = resolve
      })
    }
    await this.#closeSession()
  }

  destroy(): void {
    this.#gone = true
    for (const left of this.#queue) this.#connection.countInFlight(-left.messages.length)
    this.#queue.length = 0
    this.#held?.()
    void this.#closeSession(farewellMs)
  }

  /** The lock of a command that the device will not answer is given back at once rather than after its minute. */
  async #closeSession(withinMs?: number): Promise<void> {
    const session = this.#session
    const settled = this.#desk?.close()
    await (withinMs === undefined ? settled : within(withinMs, settled))
    // An end that was waiting for the hub may have been overtaken by a reset.
    if (this.#session === undefined) return
    this.#session = undefined
    try {
      await session?.close()
    } catch (thrown) {
      this.#connection.refused(GatewayError.from(thrown, 'hub.up'), [])
    }
  }

  async #sendAll(): Promise<void> {
    this.#sending = true
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const answer = await this.#send(next)
      if (this.#gone) break
      this.#queue.shift()
      this.#connection.countInFlight(-next.messages.length)
      await this.#give(answer)
      const held = this.#held
      this.#held = undefined
      held?.()
    }
    this.#sending = false
    this.#sent?.()
  }

  /** Resolves when what comes next wants more: an unread receipt holds the next send. */
  async #give(item: BatchReceipt | Command): Promise<void> {
    while (this.#room !== undefined && !this.#gone) await this.#room
    if (this.#gone) return
    const room = this.#context?.give(item)
    if (room === undefined) return
    this.#room = room
    await room
    if (this.#room === room) this.#room = undefined
  }

  async #send(batch: Batch): Promise<BatchReceipt> {
    const { messages } = batch
    if (messages.every(isToSend)) {
      const exceptions = new Map<Telemetry | Report, GatewayError>()
      await this.#attempt(messages, exceptions, (session) => session.send(messages))
      return { kind: 'receipt', of: batch, outcome: 'complete', error: undefined, response: undefined, exceptions }
    }
    return this.#sendMixed(batch)
  }

  /** Of reports, which go singly, and of what needs no sending, beside telemetry. */
  async #sendMixed(batch: Batch): Promise<BatchReceipt> {
    const exceptions = new Map<Telemetry | Report, GatewayError>()
    let together: Telemetry[] = []
    for (const message of batch.messages) {
      if (message.refused !== undefined) {
        exceptions.set(message, message.refused)
      } else if (message.kind === 'telemetry' && message.alreadyAccepted) {
        // Its receipt is all that is owed.
      } else if (message.kind === 'telemetry') {
        together.push(message)
      } else {
        await this.#attempt(together, exceptions, (session) => session.send(together))
        together = []
        await this.#attempt([message], exceptions, (session) => session.report(message))
      }
    }
    await this.#attempt(together, exceptions, (session) => session.send(together))
    return { kind: 'receipt', of: batch, outcome: 'complete', error: undefined, response: undefined, exceptions }
  }

  async #attempt(
    messages: readonly (Telemetry | Report)[],
    exceptions: Map<Telemetry | Report, GatewayError>,
    send: (session: HubSession) => Promise<void>,
  ): Promise<void> {
    if (messages.length === 0) return
    try {
      if (this.#connection.identity === undefined) {
        throw new GatewayError('BUG', 'no authenticate stage has opened a hub session')
      }
      if (this.#session === undefined) throw new GatewayError('HUB_SESSION_CLOSED', 'there is no hub session')
      await send(this.#session)
    } catch (thrown) {
      if (this.#gone) return
      const failures =
        thrown instanceof PartialSendError
          ? thrown.failures
          : new Map(messages.map((message) => [message, GatewayError.from(thrown, 'hub.up')]))
      this.#refuse(failures, exceptions)
    }
  }

  #refuse(
    failures: ReadonlyMap<Telemetry | Report, GatewayError>,
    exceptions: Map<Telemetry | Report, GatewayError>,
  ): void {
    const byError = new Map<GatewayError, (Telemetry | Report)[]>()
    for (const [message, error] of failures) {
      error.stage ??= 'hub.up'
      const alike = byError.get(error)
      if (alike === undefined) byError.set(error, [message])
      else alike.push(message)
      exceptions.set(message, asMessageError(error))
    }
    for (const [error, messages] of byError) this.#connection.refused(error, messages)
  }
}

function isToSend(message: Telemetry | Report): message is Telemetry {
  return message.kind === 'telemetry' && message.refused === undefined && !message.alreadyAccepted
}

/** How long settling may go on after a connection broke, before its session is closed under it: a hub that hangs holds nothing. */
const farewellMs = 5000

/** Resolves with the promise, or when the time is up. */
async function within(timeMs: number, promise: Promise<void> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeMs)
  })
  await Promise.race([promise, timeUp])
  clearTimeout(timer)
}
