/** What changed in the course of a row, sampled. */
export interface Timeline {
  readonly title: string
  /** Seconds since the row began to be measured, one a sample. */
  readonly seconds: readonly number[]
  readonly panels: readonly Panel[]
  /** Stretches that are marked, such as that in which the hub did nothing. */
  readonly marks: readonly { readonly name: string; readonly fromSeconds: number; readonly toSeconds: number }[]
}

/** Lines over one axis; panels stand below each other and share the time. */
export interface Panel {
  /** What the values are, with their unit. */
  readonly name: string
  /** One value a sample; NaN where there is none. */
  readonly lines: readonly { readonly name: string; readonly values: readonly number[] }[]
}
