import { createHash } from 'node:crypto'
import { GatewayError } from '../core/errors.ts'
import type { Identity } from '../core/items.ts'
import { type Gauge, type HubMeter, Stopwatch } from '../core/meter.ts'
import { workerPlace } from '../core/worker-place.ts'
import { DailyQuota } from './daily-quota.ts'
import { type HubAllowance, type HubTier, hubAllowance, maxUnits } from './hub-tier.ts'
import { PaceGate } from './pace-gate.ts'
import { PacedSession } from './paced-session.ts'
import type { Hub, HubSession, HubSessionContext } from './port.ts'

/** Options of {@link pace}. Limits that are given are this gateway's own: `share` makes no less of them, but its workers divide them too. */
export interface PaceOptions {
  /** The hub's edition. */
  readonly tier: HubTier
  /** How many units of it; 1 to 200, F1 has 1. Default 1. */
  readonly units?: number
  /** What part of the hub's allowance is this gateway's, where several share a hub; 0.001 to 1. Default 1. */
  readonly share?: number
  /** Sends and reports a second, 0.001 to 10,000,000; default: the tier's. */
  readonly sendsPerSecond?: number
  /** Sessions opened a second, 0.001 to 10,000,000; default: the tier's. */
  readonly connectsPerSecond?: number
  /** Polls a second, 0.001 to 10,000,000; default: the tier's. Of use where the transport polls as often: see `pollsPerSecond` of `azureHttp`. */
  readonly receivesPerSecond?: number
  /** Meters a day (UTC), 1 to 1e15; default: the tier's. Only counted, since the hub's own count includes all its devices. */
  readonly dailyMeters?: number
}

/**
 * A hub whose throttles are kept to: `retry(pace(azureHttp(…), { tier: 'S1', units: 2 }))`. Stands inside of `retry`, so that what is tried
 * again waits for its turn again. Throws `CONFIGURATION` for options out of range.
 *
 * Sends and reports, opens, and polls wait for their turns at the rates of the tier, shared fairly over devices; the poll with which a session is
 * opened goes before those that look for commands. A hub that throttles all the same makes the rate of that kind go down and slowly up
 * again. Once it says that its daily quota is spent, sends fail at once with `HUB_QUOTA_EXCEEDED` until midnight UTC, but for one a
 * minute that asks. Each worker of a gateway keeps to its equal part, so that all together keep to the whole. Waiting ends with `HUB_SESSION_CLOSED` when the connection is gone or the session is closed.
 */
export function pace(hub: Hub, options: PaceOptions): Hub {
  const allowance = divide(allowanceOf(options), workerPlace()?.count ?? 1)
  const waited = new Stopwatch()
  const connects = new PaceGate(allowance.connectsPerSecond, waited)
  const receives = new PaceGate(allowance.receivesPerSecond, waited)
  const sends = new PaceGate(allowance.sendsPerSecond, waited)
  const quota = new DailyQuota(allowance.dailyMeters, allowance.meterBytes)
  const gates = [connects, receives, sends]

  async function open(device: Identity, context: HubSessionContext): Promise<HubSession> {
    const { signal } = context
    const { deviceId } = device
    const claim = claimOf(device)
    await connects.admit({ flow: claim, signal })
    let isOpen = false
    let pollThrottled = false
    const meter = watchPolls(context.meter, () => {
      pollThrottled = true
      receives.throttled(undefined)
    })
    try {
      const session = await hub.open(device, {
        ...context,
        meter,
        async admitPoll(stopped) {
          await context.admitPoll?.(stopped)
          // Before the hub has accepted them, ids are what anybody may claim.
          await receives.admit({ flow: isOpen ? deviceId : claim, signal: stopped, idle: isOpen })
        },
        async admitSend(stopped) {
          await context.admitSend?.(stopped)
          await sends.admit({ flow: deviceId, signal: stopped })
        },
      })
      return new PacedSession({ session, deviceId, can: hub.can, gate: sends, quota, signal })
    } catch (thrown) {
      const error = GatewayError.from(thrown)
      if (error.code === 'HUB_THROTTLED') (pollThrottled ? receives : connects).throttled(error.retryAfterMs)
      throw error
    } finally {
      isOpen = true
    }
  }

  return {
    can: hub.can,
    gauges: [...(hub.gauges ?? []), ...gaugesOf(gates, sends, quota, waited)],
    prepare: async () => hub.prepare?.(),
    async close() {
      for (const gate of gates) gate.close()
      await hub.close?.()
    },
    open,
  }
}

function allowanceOf(options: PaceOptions): HubAllowance {
  const { tier, units = 1, share = 1 } = options
  if (!Object.hasOwn(maxUnits, tier)) {
    throw new GatewayError(
      'CONFIGURATION',
      `pace: tier must be one of ${Object.keys(maxUnits).join(', ')}, not ${tier}`,
    )
  }
  inRange('units', units, 1, maxUnits[tier])
  if (!Number.isInteger(units))
    throw new GatewayError('CONFIGURATION', `pace: units must be a whole number, not ${units}`)
  inRange('share', share, 0.001, 1)
  const whole = hubAllowance(tier, units)
  const own = (name: 'sendsPerSecond' | 'connectsPerSecond' | 'receivesPerSecond'): number =>
    inRange(name, options[name] ?? whole[name] * share, 0.001, 10_000_000)
  return {
    sendsPerSecond: own('sendsPerSecond'),
    connectsPerSecond: own('connectsPerSecond'),
    receivesPerSecond: own('receivesPerSecond'),
    dailyMeters: inRange('dailyMeters', options.dailyMeters ?? Math.floor(whole.dailyMeters * share), 1, 1e15),
    meterBytes: whole.meterBytes,
  }
}

/** What is left for one of so many workers. */
export function divide(whole: HubAllowance, workers: number): HubAllowance {
  return {
    sendsPerSecond: whole.sendsPerSecond / workers,
    connectsPerSecond: whole.connectsPerSecond / workers,
    receivesPerSecond: whole.receivesPerSecond / workers,
    dailyMeters: Math.ceil(whole.dailyMeters / workers),
    meterBytes: whole.meterBytes,
  }
}

function inRange(name: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value
  throw new GatewayError('CONFIGURATION', `pace: ${name} must be from ${min} to ${max}, not ${value}`)
}

/**
 * The flow of one who claims to be a device: whoever claims its id with other credentials must not stand in line in its place. A digest, since
 * a secret is nobody's name.
 */
function claimOf({ deviceId, credentials }: Identity): string {
  const digest = createHash('sha256').update(`${deviceId}\n${credentials.type}\n`)
  if (credentials.type === 'key') digest.update(credentials.key.reveal())
  if (credentials.type === 'sas') digest.update(credentials.sas.reveal())
  return digest.digest('base64')
}

/** A meter that hears of throttled polls, whose errors the session rides out; a throttled send is told by its error. */
function watchPolls(meter: HubMeter, throttled: () => void): HubMeter {
  let asked: string | undefined
  return {
    request(operation, outcome, seconds) {
      asked = operation
      meter.request(operation, outcome, seconds)
    },
    accepted: (messages, billable) => meter.accepted(messages, billable),
    throttled() {
      if (asked === undefined || asked === 'receive') throttled()
      meter.throttled()
    },
  }
}

function gaugesOf(gates: readonly PaceGate[], sends: PaceGate, quota: DailyQuota, waited: Stopwatch): Gauge[] {
  return [
    {
      name: 'hub_quota_meters_used',
      help: "Meters of the hub's daily quota that this process has used today (UTC).",
      type: 'gauge',
      read: () => quota.used,
    },
    {
      name: 'hub_quota_meters_left',
      help: "Meters of this gateway's share of the daily quota that it has not used; 0 while the hub says that its quota is spent.",
      type: 'gauge',
      read: () => quota.left,
    },
    {
      name: 'hub_sends_per_second',
      help: 'Sends a second that the gateway allows itself now; less than usual after the hub throttled.',
      type: 'gauge',
      read: () => sends.perSecond,
    },
    {
      name: 'hub_paced_operations',
      help: 'Sends, reports and opens that wait for their turn, so that the hub need not throttle.',
      type: 'gauge',
      read: () => gates.reduce((sum, gate) => sum + gate.waiting, 0),
    },
    {
      name: 'hub_paced_seconds_total',
      help: 'Time that sends, reports and opens waited for their turn.',
      type: 'counter',
      read: () => waited.read(performance.now()) / 1000,
    },
    {
      name: 'hub_throttle_utilization',
      help: 'Share of the allowed sends that was used over the last seconds; where it stays at 1, more units would carry more.',
      type: 'gauge',
      merge: 'max',
      read: () => sends.utilization,
    },
  ]
}
