import { isOver } from '../../core/command-expiry.ts'
import type { Connection } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import { type Command, failedReceipt, receipt } from '../../core/items.ts'
import type { Messages } from '../../core/levels.ts'
import { type AskedCommand, askedBy } from './asked-command.ts'
import { ByteSearch, type SeenFrame, type SeenPacket, type SeenReply } from './byte-search.ts'
import { Conversation, type Partner } from './conversation.ts'
import { DtuBytes } from './dtu-bytes.ts'
import { type Body, packetBody, polledBody, said } from './dtu-readings.ts'
import { busyCode } from './exception-names.ts'
import type { LineEnds } from './line-ends.ts'
import { exceptionError, silenceError } from './line-errors.ts'
import type { ModbusSettings } from './modbus-options.ts'
import { Overheard } from './overheard.ts'
import type { CheckedPlan } from './poll-plan.ts'
import { Registrar } from './registrar.ts'
import { Poll } from './request-queue.ts'
import { type DecodedResponse, decodeResponse } from './rtu-response.ts'
import { guardedTimers, type Timers } from './timers.ts'

/** A command that waits for its turn or for its reply. */
interface CommandJob extends AskedCommand {
  readonly command: Command
}

const nothingPlanned: CheckedPlan = { polls: [], readable: new Map(), points: new Map() }

/** What one DTU says and is told, and what of it goes up. */
export class DtuLine {
  readonly #connection: Connection
  readonly #settings: ModbusSettings
  readonly #ends: LineEnds
  readonly #timers: Timers
  readonly #search: ByteSearch
  readonly #bytes: DtuBytes
  readonly #registrar: Registrar
  readonly #overheard: Overheard
  readonly #conversation: Conversation<CommandJob>
  #plan: CheckedPlan | undefined
  #quietTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(connection: Connection, settings: ModbusSettings, ends: LineEnds) {
    this.#connection = connection
    this.#settings = settings
    this.#ends = ends
    this.#timers = guardedTimers((thrown) => ends.failed(thrown))
    this.#search = new ByteSearch([...settings.registration.map(({ packet }) => packet), ...settings.heartbeat])
    this.#bytes = new DtuBytes(this.#search, connection.meter.stage('modbus', 'up'), {
      found: (seen, bytes) => this.#found(seen, bytes),
      refused: (error, bytes) => this.#refuse(error, 'up', [bytes]),
    })
    this.#registrar = new Registrar(settings, connection)
    this.#overheard = new Overheard(settings.envelope)
    this.#conversation = new Conversation(settings, this.#timers, this.#partner())
  }

  /** Bytes that wait for others. */
  get heldBytes(): number {
    return this.#bytes.heldBytes
  }

  /** The connection is there. */
  open(): void {
    try {
      const hello = this.#registrar.byConnection()
      if (hello !== undefined) this.#ends.up(hello)
    } catch (thrown) {
      this.#ends.failed(thrown)
    }
    this.#lookForFrames()
  }

  /** Bytes from the DTU. */
  heard(chunk: Buffer): void {
    if (this.#closed) return
    this.#startIfKnown()
    clearTimeout(this.#quietTimer)
    this.#listen(() => this.#bytes.push(chunk))
    if (!this.#closed && this.#bytes.heldBytes > 0 && this.#conversation.pending === undefined) {
      this.#quietTimer = this.#timers.after(this.#settings.quietMs, () => this.#listen(() => this.#bytes.giveUp()))
    }
  }

  /** The DTU says nothing more: nothing will be asked, and what was asked is given up. */
  ended(): void {
    if (this.#closed) return
    this.#look(() => this.#bytes.end())
    this.close()
  }

  /** Nothing is left: no timer, no request. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#quietTimer)
    this.#conversation.close()
  }

  /** An item on its way down. A reading's receipt says nothing to a device that was asked for it. */
  told(item: Messages['down']): void {
    if (this.#closed) return
    this.#startIfKnown()
    if (item.kind === 'command') this.#command(item)
    this.kick()
  }

  /** Asks what is next, where that has become possible. */
  kick(): void {
    this.#conversation.goOn()
  }

  #partner(): Partner<CommandJob> {
    const ends = this.#ends
    return {
      get takesRequests() {
        return !ends.downIsFull && !ends.upIsHeld
      },
      get takesReadings() {
        return !ends.upIsFull
      },
      get hears() {
        return !ends.upIsHeld
      },
      isOver: ({ command }) => isOver(command, (error) => this.#fail(command, error)),
      ask: ({ exchange }) => ends.down(exchange.request),
      giveUp: () => this.#listen(() => this.#bytes.giveUp()),
      silent: (job, tries) => this.#silent(job, tries),
      sent: (job) => this.#answered(job, undefined),
    }
  }

  #found(seen: SeenPacket | SeenReply | SeenFrame, bytes: Buffer): void {
    if (seen.kind === 'packet') this.#packet(seen, bytes)
    else if (seen.kind === 'frame') this.#sayUnasked(this.#overheard.decode(bytes, seen.isRequest, seen.isResponse))
    else {
      const job = this.#conversation.replied()
      this.#search.awaited = undefined
      const { asked } = job.exchange
      const bits = 'quantity' in asked ? asked.quantity : undefined
      this.#answered(job, decodeResponse(bytes, { envelope: this.#settings.envelope, bits }))
    }
  }

  #packet(seen: SeenPacket, bytes: Buffer): void {
    try {
      const hello = this.#registrar.byPacket(seen, bytes)
      if (hello !== undefined) this.#ends.up(hello)
      else if (this.#settings.heartbeats) this.#sayUnasked(packetBody(seen, bytes, this.#settings))
    } catch (thrown) {
      this.#refuse(GatewayError.from(thrown), 'up', [Buffer.from(bytes)])
    }
    this.#lookForFrames()
  }

  /** Sends up what was not asked for, once something may go up. */
  #sayUnasked(body: Body): void {
    const hello = this.#registrar.byDefault()
    if (hello !== undefined) this.#ends.up(hello)
    if (this.#registrar.isKnown) this.#ends.up(said(body))
  }

  /** `response` is undefined where unit 0 was told something. */
  #answered(job: CommandJob | Poll, response: DecodedResponse | undefined): void {
    if (!(job instanceof Poll)) this.#obeyed(job, response)
    else if (response !== undefined) this.#polled(job, response)
  }

  #polled(job: Poll, response: DecodedResponse): void {
    // An exception answers a request of ours: there is nothing of the device's to set aside.
    if (response.kind === 'exception') this.#refuse(exceptionError(job, response), 'up', [])
    if (response.kind === 'response' || this.#settings.exceptions)
      this.#ends.up(said(polledBody(job.planned, response)))
  }

  #obeyed(job: CommandJob, response: DecodedResponse | undefined): void {
    const { command, poll } = job
    if (response?.kind === 'exception') {
      const error = exceptionError(job, response)
      this.#refuse(error, 'up', [])
      const outcome = response.exception_code === busyCode ? 'abandon' : 'reject'
      this.#ends.up(receipt(command, outcome, error, { status: 502, body: response }))
      return
    }
    const body = poll === undefined || response === undefined ? response : polledBody(poll, response)
    // A message from the cloud has no answer of its own in which a reading could go back.
    if (body !== undefined && command.via === 'c2d' && body.function <= 4) this.#ends.up(said(body))
    this.#ends.up(receipt(command, 'complete', undefined, { status: 200, body: body ?? null }))
  }

  #silent(job: CommandJob | Poll, tries: number): void {
    const error = silenceError(job, tries, this.#settings.replyTimeoutMs)
    if (job instanceof Poll) this.#refuse(error, 'down', [])
    else this.#fail(job.command, error)
  }

  #command(command: Command): void {
    try {
      const asked = askedBy(command, this.#plan ?? nothingPlanned)
      // One that comes again while it waits is not obeyed twice.
      this.#conversation.add({ ...asked, command }, (other) => other.command.id === command.id)
    } catch (thrown) {
      this.#fail(command, GatewayError.from(thrown))
    }
  }

  #fail(command: Command, error: GatewayError): void {
    this.#refuse(error, 'down', [command])
    this.#ends.up(failedReceipt(command, error))
  }

  /** The device is known when its hello was answered, or from the start where the connection was told who it is. */
  #startIfKnown(): void {
    const { identity } = this.#connection
    if (identity === undefined || this.#plan !== undefined) return
    this.#lookForFrames()
    try {
      this.#plan = this.#settings.planFor(identity.deviceId)
    } catch (thrown) {
      this.#plan = nothingPlanned
      this.#refuse(GatewayError.from(thrown), 'down', [])
    }
    this.#conversation.start(this.#plan.polls)
  }

  #lookForFrames(): void {
    const { unsolicited, defaultId } = this.#settings
    this.#search.anyFrame = unsolicited === 'telemetry' && (this.#registrar.isKnown || defaultId !== undefined)
  }

  #listen(look: () => void): void {
    this.#look(look)
    this.kick()
  }

  /** What lies behind a reply in the same read cannot answer what is asked after it: whose reply is looked for stays as it is. */
  #look(look: () => void): void {
    this.#search.awaited = this.#conversation.pending?.exchange
    look()
  }

  #refuse(error: GatewayError, direction: 'up' | 'down', items: readonly unknown[]): void {
    error.stage ??= `modbus.${direction}`
    this.#connection.refused(error, items)
  }
}
