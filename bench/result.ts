import type { Measured } from './scenario.ts'
import type { Timeline } from './timeline.ts'

/** One row in one repetition. */
export interface Result {
  readonly scenario: string
  readonly row: string
  readonly repetition: number
  readonly figures: Readonly<Record<string, number>>
  readonly sent: number
  readonly received: number
  readonly acknowledged?: number
  /** True where every count agrees: a figure of lost or doubled messages means nothing. */
  readonly verified: boolean
  /** Drawn, not printed. */
  readonly timeline?: Timeline
  /** Why the row could not be measured. */
  readonly error?: string
  /** Why the row was left out: something is not installed here. That is no failure. */
  readonly skipped?: string
}

/** Whether something was sent, and exactly that arrived. */
export function isVerified({ sent, received, acknowledged = sent }: Omit<Measured, 'figures'>): boolean {
  return sent > 0 && received === sent && acknowledged === sent
}

/** A result as one line of JSON, figures beside the rest. */
export function resultLine({
  figures,
  sent,
  received,
  acknowledged,
  verified,
  error,
  skipped,
  timeline: _drawn,
  ...where
}: Result): string {
  if (skipped !== undefined) return JSON.stringify({ ...where, skipped })
  const rounded = Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(5))])
  return JSON.stringify({ ...where, ...Object.fromEntries(rounded), sent, received, acknowledged, verified, error })
}

/** 0 where every result is verified or skipped, and one is verified; else 1. */
export function exitCodeFor(results: readonly Result[]): 0 | 1 {
  const measured = results.filter(({ skipped }) => skipped === undefined)
  return measured.length > 0 && measured.every(({ verified }) => verified) ? 0 : 1
}
