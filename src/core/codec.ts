import type { Connection } from './connection.ts'
import type { GatewayError } from './errors.ts'
import type { Level, Messages } from './levels.ts'
import { type Outlet, type Stage, type StepObject, stage } from './stage.ts'

/** Frame ↔ item, for one connection: state between frames lives in the closure that makes it. */
export interface Codec<L extends Level> {
  /**
   * One frame into an item, several, or none. `out.reply` answers at once on the frame level, as for a heartbeat. A throw
   * refuses the frame; throw a GatewayError `BAD_CONTENT` for what the device got wrong.
   */
  decode(frame: L['up'], out: Outlet<Messages['up'], L['down']>): Messages['up'] | readonly Messages['up'][] | undefined
  /** One command or receipt into a frame, several, or none where the protocol says nothing. */
  encode(item: Messages['down']): L['down'] | readonly L['down'][] | undefined
  /** See {@link Halves.refuse}. */
  refuse?(error: GatewayError): L['down'] | undefined
}

/**
 * Makes a codec stage between a frame level and messages: `codec<Frames>('sensor', () => ({ decode, encode }))`. The
 * function is called once for every connection.
 */
export function codec<L extends Level>(name: string, make: (connection: Connection) => Codec<L>): Stage<L, Messages> {
  return stage<L, Messages>(name, (connection) => {
    const made = make(connection)
    return { up: new Up(made), down: new Down(made), refuse: (error) => made.refuse?.(error) }
  })
}

class Up<L extends Level> implements StepObject<L['up'], Messages['up'], L['down']> {
  readonly #codec: Codec<L>

  constructor(made: Codec<L>) {
    this.#codec = made
  }

  push(frame: L['up'], out: Outlet<Messages['up'], L['down']>): void {
    emitAll(this.#codec.decode(frame, out), out)
  }
}

class Down<L extends Level> implements StepObject<Messages['down'], L['down'], Messages['up']> {
  readonly #codec: Codec<L>

  constructor(made: Codec<L>) {
    this.#codec = made
  }

  push(item: Messages['down'], out: Outlet<L['down'], Messages['up']>): void {
    emitAll(this.#codec.encode(item), out)
  }
}

function emitAll<T>(made: T | readonly T[] | undefined, out: Outlet<T, never>): void {
  if (made === undefined) return
  if (Array.isArray(made)) for (const each of made as readonly T[]) out.emit(each)
  else out.emit(made as T)
}
