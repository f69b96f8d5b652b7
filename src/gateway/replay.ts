import { type Log, silentLog } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Telemetry } from '../core/items.ts'
import { messageBytes } from '../core/message-size.ts'
import { unmeteredHub } from '../core/meter.ts'
import { type Hub, type HubSession, PartialSendError } from '../hub/port.ts'
import { type ReadFrame, type ReadLetter, readDeadLetter } from './read-dead-letter.ts'

/** A line of a source, counted from 1. */
export interface LetterPlace {
  readonly source: string
  readonly line: number
}

/** Lines that a dead-letter sink wrote, the oldest first. */
export interface LetterSource {
  /** Names it in reports, as a path does. */
  readonly name: string
  readonly lines: AsyncIterable<string> | Iterable<string>
}

/** Options of {@link replayDeadLetters}. */
export interface ReplayOptions {
  /** Letters of this code only. */
  readonly code?: string
  /** Reads and counts, sends nothing, and asks for no hub. */
  readonly dryRun?: boolean
  /** The line of the first source to begin with, from 1: where a replay before this one stopped. Default 1. */
  readonly from?: number
  /** Called with every frame or line, which only its own pipeline understands. */
  readonly onFrame?: (frame: ReadFrame, place: LetterPlace) => void
  /** Called with every line that is damaged (`BAD_CONTENT` of stage `replay`) and every reading that the hub refused. */
  readonly onProblem?: (error: GatewayError, place: LetterPlace) => void
  /** Ends the replay at the next letter, and what is being sent at once. */
  readonly signal?: AbortSignal
  readonly log?: Log
}

/** What became of the lines that were read. */
export interface ReplayReport {
  /** Readings that the hub has accepted; in a dry run, those that would have been sent. */
  accepted: number
  /** Readings that the hub will never accept. */
  refused: number
  /** Readings that were not sent, since something was taken out of them or cut off. */
  altered: number
  frames: number
  /** Reports, commands, receipts, hellos, and readings of nobody. */
  others: number
  /** Letters of another code than the one asked for. */
  otherCodes: number
  damaged: number
  /** The first letter that was not tried, or failed for now: everything before it is done. Undefined when all is. */
  stoppedAt: (LetterPlace & { readonly reason: string }) | undefined
}

/** Messages of a batch, at most; and their bytes. */
const maxCount = 100
const maxBytes = 180_000

/** Sessions held open; a device that comes again later opens its own anew. */
const maxSessions = 32

/**
 * Sends the readings among dead letters again, in the names of their devices by the hub's policy, in the order of the lines, with the
 * message ids that they had. What the hub refuses for good is told and the next is tried; at what fails for now it stops and says where,
 * so wrap the hub in `retry`. The caller prepares and closes the hub. Rejects with `CONFIGURATION`, and with what reading a source rejects.
 */
export async function replayDeadLetters(
  sources: Iterable<LetterSource>,
  hub: Hub | undefined,
  options: ReplayOptions = {},
): Promise<ReplayReport> {
  const { from = 1, dryRun = false } = options
  if (!Number.isInteger(from) || from < 1) {
    throw new GatewayError('CONFIGURATION', `replay: from must be a positive integer, not ${from}`)
  }
  if (hub === undefined && !dryRun) throw new GatewayError('CONFIGURATION', 'replay: without a hub it is a dryRun')
  const replay = new Replay(dryRun ? undefined : hub, options)
  try {
    let first = from
    for (const source of sources) {
      await replay.read(source, first)
      first = 1
      if (replay.report.stoppedAt !== undefined) break
    }
    await replay.flush()
  } finally {
    await replay.close()
  }
  return replay.report
}

interface Placed {
  readonly message: Telemetry
  readonly place: LetterPlace
}

class Replay {
  readonly report: ReplayReport = {
    accepted: 0,
    refused: 0,
    altered: 0,
    frames: 0,
    others: 0,
    otherCodes: 0,
    damaged: 0,
    stoppedAt: undefined,
  }
  readonly #hub: Hub | undefined
  readonly #options: ReplayOptions
  readonly #ending = new AbortController()
  /** The one that was used last comes last. */
  readonly #sessions = new Map<string, HubSession>()
  #deviceId = ''
  #batch: Placed[] = []
  #bytes = 0

  constructor(hub: Hub | undefined, options: ReplayOptions) {
    this.#hub = hub
    this.#options = options
    options.signal?.addEventListener('abort', this.#abort, { once: true })
    if (options.signal?.aborted) this.#abort()
  }

  /** Stops at the first letter that cannot be sent for now. */
  async read({ name, lines }: LetterSource, first: number): Promise<void> {
    let line = 0
    for await (const text of lines) {
      line++
      if (line < first || text.trim() === '') continue
      const place = { source: name, line }
      if (this.#ending.signal.aborted) {
        await this.flush()
        this.report.stoppedAt ??= { ...place, reason: 'it was told to end' }
      } else await this.#take(text, place)
      if (this.report.stoppedAt !== undefined) return
    }
  }

  /** Sends what is collected. */
  async flush(): Promise<void> {
    const batch = this.#batch
    this.#batch = []
    this.#bytes = 0
    if (batch.length === 0 || this.report.stoppedAt !== undefined) return
    const failures = this.#hub === undefined ? new Map() : await this.#send(this.#hub, batch)
    for (const { message, place } of batch) {
      const error = failures.get(message)
      if (error === undefined) this.report.accepted++
      else if (error.retryable) this.report.stoppedAt ??= { ...place, reason: `${error.code}: ${error.message}` }
      else {
        this.report.refused++
        this.#options.onProblem?.(error, place)
      }
    }
  }

  async close(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#abort)
    this.#ending.abort()
    for (const deviceId of [...this.#sessions.keys()]) await this.#endSession(deviceId)
  }

  async #take(text: string, place: LetterPlace): Promise<void> {
    const { report } = this
    let letter: ReadLetter
    try {
      letter = readDeadLetter(text)
    } catch (thrown) {
      report.damaged++
      this.#options.onProblem?.(GatewayError.from(thrown), place)
      return
    }
    if (this.#options.code !== undefined && letter.code !== this.#options.code) report.otherCodes++
    else if (letter.kind === 'telemetry') await this.#collect(letter.deviceId, letter.message, place)
    else if (letter.kind === 'altered') report.altered++
    else if (letter.kind === 'other') report.others++
    else {
      report.frames++
      this.#options.onFrame?.(letter, place)
    }
  }

  async #collect(deviceId: string, message: Telemetry, place: LetterPlace): Promise<void> {
    const bytes = messageBytes(message)
    const isFull = this.#batch.length === maxCount || this.#bytes + bytes > maxBytes
    if (deviceId !== this.#deviceId || isFull) await this.flush()
    if (this.report.stoppedAt !== undefined) return
    this.#deviceId = deviceId
    this.#batch.push({ message, place })
    this.#bytes += bytes
  }

  /** Resolves with what was not accepted. Rejects with what no other letter would fare better with. */
  async #send(hub: Hub, batch: readonly Placed[]): Promise<ReadonlyMap<Telemetry, GatewayError>> {
    const messages = batch.map(({ message }) => message)
    try {
      const session = await this.#session(hub, this.#deviceId)
      await session.send(messages)
      return new Map()
    } catch (thrown) {
      if (thrown instanceof PartialSendError) return thrown.failures
      const error = GatewayError.from(thrown, 'replay')
      if (error.code === 'CONFIGURATION' || error.code === 'BUG') throw error
      await this.#endSession(this.#deviceId)
      return new Map(messages.map((message) => [message, error]))
    }
  }

  async #session(hub: Hub, deviceId: string): Promise<HubSession> {
    const { log = silentLog } = this.#options
    const { signal } = this.#ending
    const identity = { deviceId, credentials: { type: 'policy' } } as const
    const session =
      this.#sessions.get(deviceId) ?? (await hub.open(identity, { signal, meter: unmeteredHub, log, sendOnly: true }))
    this.#sessions.delete(deviceId)
    this.#sessions.set(deviceId, session)
    const [oldest] = this.#sessions.keys()
    if (this.#sessions.size > maxSessions && oldest !== undefined) await this.#endSession(oldest)
    return session
  }

  async #endSession(deviceId: string): Promise<void> {
    const session = this.#sessions.get(deviceId)
    this.#sessions.delete(deviceId)
    await session?.close()
  }

  /** What is being sent fails with `HUB_SESSION_CLOSED`, which stops the replay there. */
  readonly #abort = (): void => {
    this.#ending.abort()
    this.#endSession(this.#deviceId).catch((error: Error) => {
      this.#options.log?.warn({ error: error.message }, 'closing a session failed')
    })
  }
}
