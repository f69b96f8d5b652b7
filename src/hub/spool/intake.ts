import { GatewayError } from '../../core/errors.ts'
import type { Telemetry } from '../../core/items.ts'
import type { SpoolStore } from './store.ts'

/** How often those who wait for room are tried though nobody has said that there is some: files shrink and disks recover by themselves. */
const retryMs = 500

/** How many are tried at once after room was made; twice as many as long as all find some. */
const firstRound = 8

interface Waiting {
  /** Who came first has the lower one, and keeps it when there was no room after all. */
  readonly ticket: number
  readonly append: () => Promise<void>
  readonly resolve: () => void
  readonly reject: (error: GatewayError) => void
  readonly signal: AbortSignal
  readonly gone: () => void
}

/** The way into the store: at once where there is room, else in the order of coming, or not at all. */
export class Intake {
  readonly #store: SpoolStore
  readonly #whenFull: 'hold' | 'refuse'
  /** Those who wait, by ticket. */
  readonly #line: Waiting[] = []
  #tickets = 0
  #trying = false
  #timer: NodeJS.Timeout | undefined

  constructor(store: SpoolStore, whenFull: 'hold' | 'refuse') {
    this.#store = store
    this.#whenFull = whenFull
  }

  /** Sends that wait for room. */
  get waiting(): number {
    return this.#line.length
  }

  /** Resolves when the messages are durable. Rejects as the store does, or with `HUB_SESSION_CLOSED` when the signal fires while it waits. */
  async append(
    deviceId: string,
    messages: readonly Telemetry[],
    trust: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const ticket = this.#tickets++
    const append = () => this.#store.append(deviceId, messages, trust)
    // Whoever comes while others wait would take the room from under them.
    if (this.#line.length === 0) {
      try {
        return await append()
      } catch (thrown) {
        if (!this.#waitsAfter(thrown)) throw thrown
      }
    } else if (this.#whenFull === 'refuse') return append()
    if (signal.aborted) throw closed()
    await new Promise<void>((resolve, reject) => {
      const gone = () => {
        const at = this.#line.indexOf(waiting)
        if (at < 0) return
        this.#line.splice(at, 1)
        this.#arm()
        reject(closed())
      }
      const waiting: Waiting = { ticket, append, resolve, reject, signal, gone }
      signal.addEventListener('abort', gone, { once: true })
      this.#queue(waiting)
    })
  }

  /** Something was taken out of the store. */
  roomMade(): void {
    if (this.#line.length > 0 && !this.#trying) void this.#tryInOrder()
  }

  async #tryInOrder(): Promise<void> {
    this.#trying = true
    let refused = false
    for (let count = firstRound; !refused && this.#line.length > 0; count *= 2) {
      const round = this.#line.splice(0, count)
      const answers = await Promise.allSettled(round.map(({ append }) => append()))
      answers.forEach((answer, at) => {
        const waiting = round[at] as Waiting
        if (answer.status === 'rejected' && this.#waitsAfter(answer.reason)) {
          refused = true
          if (waiting.signal.aborted) this.#end(waiting, closed())
          else this.#queue(waiting)
        } else this.#end(waiting, answer.status === 'rejected' ? GatewayError.from(answer.reason, 'spool') : undefined)
      })
    }
    this.#trying = false
    this.#arm()
  }

  #end(waiting: Waiting, error: GatewayError | undefined): void {
    waiting.signal.removeEventListener('abort', waiting.gone)
    if (error === undefined) waiting.resolve()
    else waiting.reject(error)
  }

  #queue(waiting: Waiting): void {
    const at = this.#line.findIndex(({ ticket }) => ticket > waiting.ticket)
    this.#line.splice(at < 0 ? this.#line.length : at, 0, waiting)
    this.#arm()
  }

  #arm(): void {
    if (this.#line.length === 0) {
      clearTimeout(this.#timer)
      this.#timer = undefined
    } else {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined
        this.roomMade()
        this.#arm()
      }, retryMs)
    }
  }

  #waitsAfter(thrown: unknown): boolean {
    if (this.#whenFull === 'refuse' || !(thrown instanceof GatewayError)) return false
    return thrown.code === 'SPOOL_FULL' || thrown.code === 'SPOOL_FAILED'
  }
}

function closed(): GatewayError {
  return new GatewayError('HUB_SESSION_CLOSED', 'the session was closed while the spool had no room', {
    stage: 'spool',
  })
}
