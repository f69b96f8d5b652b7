import { Connection, type DeadLetter, type Log } from '../../src/core/connection.ts'
import type { GatewayError, Verdict } from '../../src/core/errors.ts'
import type { JudgedRing } from '../../src/core/judge.ts'
import type { Level } from '../../src/core/levels.ts'
import type { Direction } from '../../src/core/meter.ts'
import type { Slot } from '../../src/core/slot.ts'
import type { Halves } from '../../src/core/stage.ts'

export interface LoneRingOptions {
  readonly halves?: readonly Halves<Level, Level>[]
  readonly policy?: (error: GatewayError) => Verdict
  readonly ahead?: number
  readonly onDeadLetter?: (letter: DeadLetter) => void
  /** What an item that enters a lane waits for. */
  readonly held?: Promise<void>
}

/** What a judge sees of a ring, without one: what it does to the ring is noted. */
export class LoneRing implements JudgedRing {
  readonly connection: Connection
  readonly halves: readonly Halves<Level, Level>[]
  readonly policy: (error: GatewayError) => Verdict
  readonly ahead: number
  gone = false
  halted = false
  /** Items turned round, with the name and direction of their slot. */
  readonly turned: [string, unknown][] = []
  /** Items that entered the way down, with the stage that they entered outside of. */
  readonly entered: [number, unknown][] = []
  readonly logged: { readonly level: keyof Log; readonly fields: Record<string, unknown>; readonly message: string }[] =
    []
  readonly #held: Promise<void> | undefined

  constructor(options: LoneRingOptions = {}) {
    this.halves = options.halves ?? []
    this.policy = options.policy ?? (() => 'dead-letter')
    this.ahead = options.ahead ?? -1
    this.#held = options.held
    const note = (level: keyof Log) => (fields: object, message: string) =>
      void this.logged.push({ level, fields: { ...fields }, message })
    this.connection = new Connection({
      id: '1',
      pipeline: 'lone',
      log: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
      ...(options.onDeadLetter !== undefined && { onDeadLetter: options.onDeadLetter }),
    })
  }

  halt(): void {
    this.halted = true
  }

  turn(item: unknown, { meter }: Slot): Promise<void> | undefined {
    this.turned.push([`${meter.stage}.${meter.direction}`, item])
    return this.#held
  }

  enterOutside(stage: number, item: unknown): Promise<void> | undefined {
    this.entered.push([stage, item])
    return this.#held
  }

  /** The slot of stage `s0`, `s1` … in a lane. */
  slot(stage: number, direction: Direction): Slot {
    const meter = this.connection.meter.stage(`s${stage}`, direction)
    return { stage, meter }
  }

  /** Makes the device known. */
  async identify(): Promise<void> {
    await this.connection.identify({ deviceId: 'd1', credentials: { type: 'policy' } })
  }
}
