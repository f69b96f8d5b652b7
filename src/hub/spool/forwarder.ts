// More than 250 lines: what a turn may lead to (accepted, refused, later, nobody to ask) is one decision, and reads badly in pieces.
import { setMaxListeners } from 'node:events'
import type { Log } from '../../core/connection.ts'
import { type ErrorCode, GatewayError } from '../../core/errors.ts'
import type { Identity, Telemetry } from '../../core/items.ts'
import { maxSendBytes } from '../../core/message-size.ts'
import { type HubMeter, isPowerOfTwo, unmeteredHub } from '../../core/meter.ts'
import { type Hub, type HubSession, PartialSendError } from '../port.ts'
import { DeviceQueue, type Way } from './device-queue.ts'
import type { KnownDevices } from './known-devices.ts'
import { Pauses } from './pauses.ts'
import type { SpoolSession } from './session.ts'
import type { SpoolStore, StoredMessage } from './store.ts'

/** What a {@link Forwarder} works with. */
export interface ForwarderParts {
  readonly hub: Hub
  readonly store: SpoolStore
  readonly known: KnownDevices
  readonly log: Log
  /** Devices that are sent for at once. */
  readonly maxForwarders: number
  readonly minDelayMs: number
  readonly maxDelayMs: number
  /** How long a device that the hub refuses waits, unless it connects. */
  readonly refusedDelayMs: number
  readonly random: () => number
  /** True: everything goes under the gateway's policy, whatever the devices brought. */
  readonly underPolicy: boolean
  readonly onGivenUp: (deviceId: string, message: Telemetry, error: GatewayError) => void | Promise<void>
  /** Something was taken out of the store. */
  readonly onRemoved: () => void
  /** A device has had its turn. */
  readonly onTurn?: () => void
}

/** Messages of one send at most; the hub counts bytes, the meter of a memory counts messages. */
const maxBatch = 500

/** How long sends may go on after {@link Forwarder.close}, before their sessions are closed under them. */
const farewellMs = 5000

const sessionCodes: ReadonlySet<ErrorCode> = new Set(['UNAUTHORIZED', 'DEVICE_NOT_FOUND', 'CONFIGURATION'])

/** What follows from an error: the message is given up, the device waits for better credentials, or it is tried again. */
function consequence(error: GatewayError): 'giveUp' | 'refused' | 'later' {
  if (sessionCodes.has(error.code)) return 'refused'
  // A defect says nothing against the message: it stays, and is told about.
  return error.retryable || error.code === 'BUG' ? 'later' : 'giveUp'
}

/** Takes messages out of the store to the hub: each device in order, many devices side by side, each of them a batch at a time in turn. */
export class Forwarder {
  readonly #parts: ForwarderParts
  readonly #queues = new Map<string, DeviceQueue>()
  /** Devices that wait for their turn, in its order. */
  readonly #ready = new Set<DeviceQueue>()
  readonly #turns = new Set<Promise<void>>()
  readonly #closing = new AbortController()
  #sweep: NodeJS.Timeout | undefined
  #meter: HubMeter = unmeteredHub
  #started = false
  forwarded = 0
  givenUp = 0

  constructor(parts: ForwarderParts) {
    this.#parts = parts
    // Each opening that is under way listens to it.
    setMaxListeners(0, this.#closing.signal)
  }

  /** Devices whose messages wait because the hub refuses them, or because nobody has credentials for them. */
  get stuck(): number {
    let count = 0
    for (const { state, refused } of this.#queues.values()) if (refused || state === 'parked') count++
    return count
  }

  /** True where no device has a turn or waits for one: what is left waits for time to pass, or for a device. */
  get isIdle(): boolean {
    return this.#ready.size === 0 && this.#turns.size === 0
  }

  /** Begins with what is stored. */
  start(): void {
    if (this.#closing.signal.aborted) return
    this.#started = true
    for (const { deviceId } of this.#parts.store.backlogs()) this.#makeReady(this.#queueOf(deviceId))
    const { maxAgeMs } = this.#parts.store
    if (!Number.isFinite(maxAgeMs)) return
    this.#sweep = setInterval(() => this.#sweepExpired(), Math.min(60_000, Math.max(1000, maxAgeMs / 4)))
    this.#sweep.unref()
  }

  /** A device was welcomed. */
  attach(session: SpoolSession): void {
    const queue = this.#queueOf(session.device.deviceId)
    queue.sessions.push(session)
    queue.credentials = session.device.credentials
    this.#meter = session.context.meter
    this.connected(session)
  }

  /** There is a new way to send a device's messages. */
  connected(session: SpoolSession): void {
    const queue = this.#queueOf(session.device.deviceId)
    if (session.inner !== undefined) {
      queue.notBefore = 0
      queue.refused = false
    }
    this.#makeReady(queue)
  }

  /** A device is gone; its session within is closed, at once if nothing is on its way through it. */
  async detach(session: SpoolSession): Promise<void> {
    const inner = session.opened
    const queue = this.#queues.get(session.device.deviceId)
    const at = queue?.sessions.indexOf(session) ?? -1
    if (queue !== undefined && at >= 0) {
      queue.sessions.splice(at, 1)
      if (queue.state === 'idle') this.#forget(queue)
      else this.#makeReady(queue)
      if (inner !== undefined && queue.inUse === inner) {
        queue.leaving.add(inner)
        return
      }
    }
    await this.#closeSession(inner)
  }

  /** There are messages of this session's device, which may have gone meanwhile. */
  stored({ device }: SpoolSession): void {
    const queue = this.#queueOf(device.deviceId)
    queue.credentials ??= device.credentials
    if (queue.state === 'idle' || queue.state === 'running') this.#makeReady(queue)
  }

  /** Begins nothing more, gives what is on its way five seconds, then closes every session of its own. */
  async close(): Promise<void> {
    this.#closing.abort()
    clearInterval(this.#sweep)
    for (const queue of this.#queues.values()) clearTimeout(queue.timer)
    this.#ready.clear()
    const done = Promise.all(this.#turns)
    let timer: NodeJS.Timeout | undefined
    const timeUp = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, farewellMs)
    })
    await Promise.race([done, timeUp])
    clearTimeout(timer)
    // A send that still hangs is ended; what it sent may be sent again after the next start.
    for (const { inUse } of this.#queues.values()) await this.#closeSession(inUse)
    await done
    for (const queue of this.#queues.values()) await this.#closeOwn(queue)
  }

  #queueOf(deviceId: string): DeviceQueue {
    let queue = this.#queues.get(deviceId)
    if (queue === undefined) {
      const { minDelayMs, maxDelayMs, random } = this.#parts
      queue = new DeviceQueue(deviceId, maxBatch, new Pauses(minDelayMs, maxDelayMs, random))
      this.#queues.set(deviceId, queue)
    }
    return queue
  }

  #forget(queue: DeviceQueue): void {
    if (queue.isForgettable && this.#queues.get(queue.deviceId) === queue) this.#queues.delete(queue.deviceId)
  }

  #makeReady(queue: DeviceQueue): void {
    if (queue.state === 'running') queue.again = true
    else if (queue.state !== 'ready') {
      clearTimeout(queue.timer)
      queue.state = 'ready'
      this.#ready.add(queue)
    }
    this.#giveTurns()
  }

  #giveTurns(): void {
    if (!this.#started || this.#closing.signal.aborted) return
    while (this.#turns.size < this.#parts.maxForwarders) {
      const [queue] = this.#ready
      if (queue === undefined) return
      this.#ready.delete(queue)
      queue.state = 'running'
      queue.again = false
      const turn: Promise<void> = this.#run(queue).finally(() => {
        this.#turns.delete(turn)
        this.#giveTurns()
        this.#parts.onTurn?.()
      })
      this.#turns.add(turn)
    }
  }

  async #run(queue: DeviceQueue): Promise<void> {
    let next: DeviceQueue['state']
    try {
      next = await this.#turn(queue)
    } catch (thrown) {
      next = this.#later(queue, GatewayError.from(thrown, 'spool'))
    }
    queue.state = 'idle'
    if (this.#closing.signal.aborted) return
    if (next === 'waiting' && queue.notBefore > performance.now()) {
      queue.state = 'waiting'
      queue.timer = setTimeout(() => this.#makeReady(queue), queue.notBefore - performance.now())
      // What is queued stays; it is no reason for a process to live.
      queue.timer.unref()
    } else if (queue.again || next === 'ready' || next === 'waiting') this.#makeReady(queue)
    else queue.state = next
    this.#forget(queue)
  }

  async #turn(queue: DeviceQueue): Promise<DeviceQueue['state']> {
    const { store, known } = this.#parts
    const stored = await store.oldest(queue.deviceId, queue.limit, maxSendBytes)
    if (stored.length === 0) {
      await this.#closeOwn(queue)
      return 'idle'
    }
    const expired = stored.filter(({ storedAt }) => Date.now() - storedAt > store.maxAgeMs)
    if (expired.length > 0) {
      await this.#giveUp(
        queue,
        expired,
        ({ storedAt }) =>
          new GatewayError(
            'SPOOL_EXPIRED',
            `a message waited ${Date.now() - storedAt} ms in the spool, of at most ${store.maxAgeMs}`,
            { stage: 'spool' },
          ),
      )
      return 'ready'
    }
    if (queue.notBefore > performance.now()) return 'waiting'
    const owner = queue.sessions.at(-1)
    const identity = owner?.device ?? (await this.#identityFor(queue))
    if (identity === undefined) return 'parked'
    let way: Way | undefined
    try {
      way = await this.#wayFor(queue, identity, owner)
    } catch (thrown) {
      return this.#failed(queue, { identity, owner }, GatewayError.from(thrown, 'spool'))
    }
    if (way === undefined) return 'parked'
    if (this.#closing.signal.aborted) return 'idle'
    if (!this.#parts.underPolicy) {
      const doubtful = await known.unconfirmed(queue.deviceId, stored, known.digest(way.identity))
      if (doubtful.length > 0) {
        const words = 'taken while the hub could not be asked, under credentials that it has not accepted since'
        await this.#giveUp(queue, doubtful, () => new GatewayError('UNAUTHORIZED', words, { stage: 'spool' }))
        return 'ready'
      }
    }
    return this.#send(queue, way, stored)
  }

  async #send(queue: DeviceQueue, way: Way, stored: readonly StoredMessage[]): Promise<DeviceQueue['state']> {
    let thrown: unknown
    queue.inUse = way.session
    try {
      await way.session.send(stored.map(({ message }) => message))
    } catch (error) {
      thrown = error
    } finally {
      queue.inUse = undefined
      for (const session of queue.leaving) await this.#closeSession(session)
      queue.leaving.clear()
    }
    if (thrown === undefined) {
      await this.#accepted(queue, stored)
      return 'ready'
    }
    if (!(thrown instanceof PartialSendError))
      return this.#allFailed(queue, way, stored, GatewayError.from(thrown, 'spool'))
    const { failures } = thrown
    const accepted = stored.filter(({ message }) => !failures.has(message))
    const errorOf = ({ message }: StoredMessage) => failures.get(message) as GatewayError
    const failed = stored.filter(({ message }) => failures.has(message))
    if (accepted.length > 0) await this.#accepted(queue, accepted)
    const refused = failed.filter((each) => consequence(errorOf(each)) === 'giveUp')
    if (refused.length > 0) await this.#giveUp(queue, refused, errorOf)
    const left = failed.find((each) => consequence(errorOf(each)) !== 'giveUp')
    return left === undefined ? 'ready' : this.#failed(queue, way, errorOf(left))
  }

  async #allFailed(
    queue: DeviceQueue,
    way: Way,
    stored: readonly StoredMessage[],
    error: GatewayError,
  ): Promise<DeviceQueue['state']> {
    if (consequence(error) !== 'giveUp') return this.#failed(queue, way, error)
    if (stored.length > 1) queue.limit = Math.ceil(stored.length / 2)
    else await this.#giveUp(queue, stored, () => error)
    return 'ready'
  }

  async #failed(queue: DeviceQueue, way: Omit<Way, 'session'>, error: GatewayError): Promise<DeviceQueue['state']> {
    if (consequence(error) === 'refused') return this.#refused(queue, way.identity, error, way.owner)
    if (error.code === 'HUB_SESSION_CLOSED') {
      await this.#closeOwn(queue)
      // Its device has gone: there is another way, and nothing is wrong with the hub.
      if (way.owner !== undefined && !queue.sessions.includes(way.owner)) return 'ready'
    }
    return this.#later(queue, error)
  }

  #later(queue: DeviceQueue, error: GatewayError): 'waiting' {
    const pauseMs = queue.pauses.nextMs(error.retryAfterMs)
    queue.notBefore = performance.now() + pauseMs
    const { failures: tries } = queue.pauses
    if (isPowerOfTwo(tries) && !this.#closing.signal.aborted) {
      const { deviceId } = queue
      const fields = { deviceId, code: error.code, error: error.message, tries, pauseMs: Math.round(pauseMs) }
      this.#parts.log.warn(fields, 'the spool cannot forward; trying again')
    }
    return 'waiting'
  }

  async #refused(
    queue: DeviceQueue,
    identity: Identity,
    error: GatewayError,
    owner: SpoolSession | undefined,
  ): Promise<'waiting' | 'ready'> {
    const { log, refusedDelayMs } = this.#parts
    const { deviceId } = queue
    const latest = queue.sessions.at(-1)
    if (latest !== owner && latest?.inner !== undefined) {
      // It has connected meanwhile, and the hub has accepted that: only the way that was tried is of no use any more.
      await this.#noteRefusal(queue, identity, error, owner)
      return 'ready'
    }
    if (!queue.refused) {
      const fields = { deviceId, code: error.code, error: error.message, delayMs: refusedDelayMs }
      log.error(
        fields,
        'the hub refuses a device: the spool keeps its messages until it connects, or tries again later',
      )
    }
    queue.refused = true
    queue.notBefore = performance.now() + refusedDelayMs * (0.5 + this.#parts.random() / 2)
    await this.#noteRefusal(queue, identity, error, owner)
    return 'waiting'
  }

  async #noteRefusal(
    queue: DeviceQueue,
    identity: Identity,
    error: GatewayError,
    owner: SpoolSession | undefined,
  ): Promise<void> {
    await this.#closeOwn(queue)
    if (owner !== undefined) await owner.refuse(error)
    else if (error.code !== 'CONFIGURATION') await this.#parts.known.refuse(identity, error)
  }

  async #accepted(queue: DeviceQueue, stored: readonly StoredMessage[]): Promise<void> {
    this.forwarded += stored.length
    queue.pauses.succeeded()
    queue.refused = false
    queue.limit = Math.min(maxBatch, queue.limit * 2)
    await this.#remove(queue, stored)
  }

  /** Told first and removed then: a crash between the two tells twice, never not at all. */
  async #giveUp(
    queue: DeviceQueue,
    stored: readonly StoredMessage[],
    reason: (each: StoredMessage) => GatewayError,
  ): Promise<void> {
    const { deviceId } = queue
    for (const each of stored) {
      const error = reason(each)
      if (isPowerOfTwo(++this.givenUp)) {
        const fields = { deviceId, code: error.code, error: error.message, givenUp: this.givenUp }
        this.#parts.log.warn(fields, 'the spool gave a message up')
      }
      try {
        await this.#parts.onGivenUp(deviceId, each.message, error)
      } catch (thrown) {
        this.#parts.log.error(
          { deviceId, error: String(thrown) },
          'onGivenUp failed: a message that was given up is lost',
        )
      }
    }
    await this.#remove(queue, stored)
  }

  async #remove(queue: DeviceQueue, stored: readonly StoredMessage[]): Promise<void> {
    await this.#parts.store.remove(queue.deviceId, stored)
    this.#parts.onRemoved()
  }

  /** Who a device that is gone was; undefined where nobody has credentials for it until it connects. */
  async #identityFor({ deviceId, credentials }: DeviceQueue): Promise<Identity | undefined> {
    const { known, underPolicy } = this.#parts
    if (underPolicy) return { deviceId, credentials: { type: 'policy' } }
    if (credentials !== undefined) return { deviceId, credentials }
    const kind = await known.credentialsOf(deviceId)
    return kind === 'policy' ? { deviceId, credentials: { type: 'policy' } } : undefined
  }

  /** Undefined for a connected device that the hub has yet to accept. */
  async #wayFor(queue: DeviceQueue, identity: Identity, owner: SpoolSession | undefined): Promise<Way | undefined> {
    // Under the gateway's own policy nothing is to be learnt from the connection's session, which may stand in line for the poll that opens it.
    if (owner !== undefined && (owner.inner !== undefined || identity.credentials.type !== 'policy')) {
      await this.#closeOwn(queue)
      return owner.inner && { session: owner.inner, identity, owner }
    }
    if (queue.own === undefined) {
      const { hub, log } = this.#parts
      const context = { signal: this.#closing.signal, meter: this.#meter, log, sendOnly: true }
      queue.own = { session: await hub.open(identity, context), identity, owner: undefined }
    }
    return queue.own
  }

  async #closeOwn(queue: DeviceQueue): Promise<void> {
    const own = queue.own
    queue.own = undefined
    await this.#closeSession(own?.session)
  }

  async #closeSession(session: HubSession | undefined): Promise<void> {
    try {
      await session?.close()
    } catch (thrown) {
      this.#parts.log.warn({ error: String(thrown) }, 'a hub session could not be closed')
    }
  }

  #sweepExpired(): void {
    const { store } = this.#parts
    const before = Date.now() - store.maxAgeMs
    for (const { deviceId, oldestAt } of store.backlogs()) {
      if (oldestAt < before) this.#makeReady(this.#queueOf(deviceId))
    }
  }
}
