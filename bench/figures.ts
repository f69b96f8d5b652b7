/** What becomes of a figure where a run is compared with another. */
export interface FigureKind {
  readonly better: 'less' | 'more'
  /** The machine's speed is in it: it is comparable only in relation to another row of the same run. */
  readonly withMachine: boolean
}

const kinds: readonly (readonly [RegExp, FigureKind])[] = [
  [/^(cpu|acceptCpu)[NU]sPer/, { better: 'less', withMachine: true }],
  [/PerSecond$/, { better: 'more', withMachine: true }],
  [/^(latency|receipt)P\d+\w*Ms$/, { better: 'less', withMachine: true }],
  [/^(maxRss|rss|heapUsed)\w*(MiB|KiBPerConnection)$/, { better: 'less', withMachine: false }],
  [/^(meters|requests)Per/, { better: 'less', withMachine: false }],
]

/** By the name of a figure, which has its unit; undefined where less of it is neither better nor worse, or it only explains another. */
export function kindOf(figure: string): FigureKind | undefined {
  return kinds.find(([pattern]) => pattern.test(figure))?.[1]
}
