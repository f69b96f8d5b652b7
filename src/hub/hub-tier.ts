/** The editions of IoT Hub: free, basic, standard. */
export type HubTier = 'F1' | 'B1' | 'B2' | 'B3' | 'S1' | 'S2' | 'S3'

/** What a hub allows to all who use it together. */
export interface HubAllowance {
  /** Device-to-cloud send operations; a batch over HTTPS is one. */
  readonly sendsPerSecond: number
  /** New device connections. */
  readonly connectsPerSecond: number
  /** Cloud-to-device receives over HTTPS: polls, those included that find nothing. */
  readonly receivesPerSecond: number
  /** Messages a day (UTC), each counted in begun blocks of `meterBytes`. */
  readonly dailyMeters: number
  /** 4096, on the free tier 512. */
  readonly meterBytes: number
}

/** Hubs are sold with 1 to 200 units, and the free one with 1. */
export const maxUnits: Readonly<Record<HubTier, number>> = {
  F1: 1,
  B1: 200,
  B2: 200,
  B3: 200,
  S1: 200,
  S2: 200,
  S3: 200,
}

/**
 * What a hub of that tier with so many units (1 to {@link maxUnits}) allows. Called by `pace`. Sources: Microsoft's "IoT Hub quotas and
 * throttling" for rates, the price list for quotas; B1 to B3 are throttled as S1 to S3.
 */
export function hubAllowance(tier: HubTier, units: number): HubAllowance {
  const operations = operationsPerSecond(tier, units)
  const third = tier === 'S3' || tier === 'B3'
  return {
    sendsPerSecond: operations,
    connectsPerSecond: operations,
    receivesPerSecond: ((third ? 50_000 : 1000) * units) / 60,
    dailyMeters: dailyMetersPerUnit[tier] * units,
    meterBytes: tier === 'F1' ? 512 : 4096,
  }
}

const dailyMetersPerUnit: Readonly<Record<HubTier, number>> = {
  F1: 8000,
  B1: 400_000,
  B2: 6_000_000,
  B3: 300_000_000,
  S1: 400_000,
  S2: 6_000_000,
  S3: 300_000_000,
}

/** Sends and connections are limited alike. */
function operationsPerSecond(tier: HubTier, units: number): number {
  if (tier === 'S3' || tier === 'B3') return 6000 * units
  if (tier === 'S2' || tier === 'B2') return 120 * units
  return Math.max(100, 12 * units)
}
