import { Duplex } from 'node:stream'
import type { ActiveHalf } from './stage.ts'

/** Makes a Node duplex of an active half, for a ring that is not fused and for tests of the half alone: so many items wait before it, one behind. */
export function activeStream(half: ActiveHalf<never, unknown>, waiting = 1): Duplex {
  return new ActiveStream(half as ActiveHalf<unknown, unknown>, waiting)
}

class ActiveStream extends Duplex {
  readonly #half: ActiveHalf<unknown, unknown>
  #full = false
  #room: (() => void)[] = []

  constructor(half: ActiveHalf<unknown, unknown>, waiting: number) {
    super({ objectMode: true, readableHighWaterMark: 1, writableHighWaterMark: waiting })
    this.#half = half
    half.start({ give: (item) => this.#give(item), fail: (error) => this.destroy(error) })
  }

  override _write(item: unknown, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    settle(() => this.#half.push(item), done)
  }

  override _read(): void {
    this.#full = false
    const waiting = this.#room
    this.#room = []
    for (const resolve of waiting) resolve()
  }

  override _final(done: (error?: Error | null) => void): void {
    settle(
      () => this.#half.end(),
      (error) => {
        this.push(null)
        done(error)
      },
    )
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this._read()
    this.#half.destroy()
    done(error)
  }

  #give(item: unknown): Promise<void> | undefined {
    if (this.destroyed) return undefined
    if (!this.push(item)) this.#full = true
    return this.#full ? new Promise((resolve) => this.#room.push(resolve)) : undefined
  }
}

function settle(act: () => undefined | void | Promise<void>, done: (error?: Error | null) => void): void {
  let pending: undefined | void | Promise<void>
  try {
    pending = act()
  } catch (thrown) {
    done(thrown as Error)
    return
  }
  if (pending === undefined) done()
  else
    pending.then(
      () => done(),
      (thrown) => done(thrown as Error),
    )
}
