/** The value that `percent` of the sorted values do not exceed; NaN where there are none. Three decimals of it count. */
export function percentile(sorted: readonly number[], percent: number): number {
  // In whole thousandths: 99.9 / 100 * 1000 is a little more than 999.
  const rank = Math.ceil((Math.round(percent * 1000) * sorted.length) / 100_000)
  return sorted[Math.max(1, rank) - 1] ?? Number.NaN
}
