import type { Processes } from './processes.ts'
import type { Timeline } from './timeline.ts'

/** How much a run shall do, the same for every row. */
export interface Effort {
  /** A few seconds a scenario: shows that it works and that every count is right, not how fast it is. */
  readonly quick: boolean
  /** Messages of every row instead of its own number. */
  readonly messages: number | undefined
  /** Decides every value that is sent. */
  readonly seed: number
}

/** What a row has found: its figures, with the unit in their names, and the counts that must agree. */
export interface Measured {
  readonly figures: Readonly<Record<string, number>>
  /** What the near end says that it sent while it was measured. */
  readonly sent: number
  /** What the far end says that it has. */
  readonly received: number
  /** What the near end was told has arrived, where the protocol tells. */
  readonly acknowledged?: number
  /** What changed in the course of it; the report draws the last repetition's. */
  readonly timeline?: Timeline
}

/** A row cannot be measured here, such as one of a program that is not installed; the message says what would help. */
export class Skipped extends Error {
  override readonly name = 'Skipped'
}

/** One way to do a scenario's work, measured in processes of its own. */
export interface Row {
  readonly name: string
  /** The row that this one is compared with; default: the scenario's first. */
  readonly reference?: string
  /** After so long it has failed; default a minute. */
  readonly timeoutMs?: number
  measure(processes: Processes, effort: Effort): Promise<Measured>
}

/** Two rows set against each other in one figure. */
export interface Ratio {
  /** Path of what is compared, such as `end-to-end/100/headgate:honest`. */
  readonly name: string
  readonly of: string
  readonly to: string
  /**
   * The figure of both rows. Where less is better (CPU, memory, time), `inverse` turns the ratio round, so that CPU per message becomes messages
   * per CPU second.
   */
  readonly figure: string
  readonly inverse?: boolean
  /** What is aimed at; the report says whether it was reached. */
  readonly atLeast?: number
  readonly atMost?: number
}

/** Rows that do the same work and may be compared. */
export interface Scenario {
  readonly name: string
  /** What is measured, in a sentence. */
  readonly about: string
  /** Each is a JSON line of its own. */
  readonly ratios?: readonly Ratio[]
  /** Takes so long that it is run only where it is named, or quick. */
  readonly onRequest?: boolean
  /** The figure that its chart shows; default `cpuUsPerMessage`. */
  readonly chart?: string
  /**
   * The row against which rows are set where a run is compared with another: one that is not Headgate's own work, and is never skipped. Default:
   * each row's reference.
   */
  readonly yardstick?: string
  readonly rows: readonly Row[]
}

/** How many messages a row sends: its usual number, less in a quick run; always a multiple of `parts`. */
export function messagesFor(effort: Effort, usual: number, parts: number, inQuick = usual / 10): number {
  const wanted = effort.messages ?? (effort.quick ? inQuick : usual)
  return Math.max(1, Math.ceil(wanted / parts)) * parts
}

/** How many messages a row sends before it is measured, so that the code is compiled: by default half of those that count. */
export function warmUpFor(messages: number, parts: number, times = 0.5): number {
  return Math.ceil((messages * times) / parts) * parts
}

/** For rows so quick that half of their messages are over while the engine still compiles, which takes it some half a second of CPU. */
export const longWarmUp = 1.5
