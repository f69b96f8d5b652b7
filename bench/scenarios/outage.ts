import { setTimeout as delay } from 'node:timers/promises'
import { percentile } from '../parts/latency.ts'
import type { EmulatorProcess } from '../processes/emulator.ts'
import type { OutageDevices, Told } from '../processes/outage-devices.ts'
import type { OutageGateway, Spooled } from '../processes/outage-gateway.ts'
import type { Processes } from '../processes.ts'
import type { Effort, Measured, Scenario } from '../scenario.ts'
import type { Timeline } from '../timeline.ts'

/** A day at 200 readings a second. */
const readingsOfDay = 86_400 * 200
const fleet = 200
const lateComers = 20
const maxBytes = 256 * 2 ** 20

/**
 * A hub that is away for a day's worth of readings, sent as fast as the gateway answers; then it is back, throttled as an S1 is, while every
 * device goes on at a reading a second, and as many devices as come anew have no backlog to stand behind.
 */
export const outageScenario: Scenario = {
  name: 'outage',
  about: `${fleet} devices; the hub is away for ${readingsOfDay.toLocaleString('en')} readings (a day at 200/s); a spool of 256 MiB that refuses when full; then an S1`,
  onRequest: true,
  rows: [{ name: 'a day', timeoutMs: 3_600_000, measure }],
}

async function measure(processes: Processes, effort: Effort): Promise<Measured> {
  const emulator = processes.other<EmulatorProcess>('emulator')
  const gateway = processes.measured<OutageGateway>('outage-gateway')
  const devices = processes.other<OutageDevices>('outage-devices')
  const newcomers = processes.other<OutageDevices>('outage-devices')
  const count = effort.messages ?? (effort.quick ? 20_000 : readingsOfDay)
  const place = await emulator.call('listen', fleet + lateComers, { policy: true, lagsOf: lateDevices })
  const names = place.claims.map(({ deviceId }) => deviceId)
  const port = await gateway.call('listen', place, maxBytes)
  await emulator.call('fault', { operation: 'all', status: 503 })
  await devices.call('open', port, names.slice(0, fleet))
  const startedAt = Date.now()
  await gateway.call('record', effort.quick ? 200 : 1000)
  await devices.call('flood', count)
  const away = await devices.call('told')
  const backlog = await gateway.call('backlog')
  const backAt = Date.now()
  await emulator.call('fault', { operation: 'all', throttle: { tier: 'S1' } })
  await devices.call('live')
  await newcomers.call('open', port, names.slice(fleet))
  await newcomers.call('live')
  // Caught up: what waits is no more than what comes in a few seconds.
  while ((await gateway.call('backlog')) > 3 * fleet) await delay(250)
  const caughtUpAt = Date.now()
  await delay(effort.quick ? 1000 : 10_000)
  await Promise.all([devices.call('finish'), newcomers.call('finish')])
  while ((await gateway.call('backlog')) > 0) await delay(250)
  const whole = [await devices.call('told'), await newcomers.call('told')]
  const recorded = await gateway.call('recorded')
  const { messages } = await emulator.call('count')
  const lags = await emulator.call('lags')
  const seconds = (caughtUpAt - backAt) / 1000
  const lag = (percent: number, until: number) =>
    percentile(
      lags.flatMap(({ at, ms }) => (at <= until ? [ms] : [])).sort((one, other) => one - other),
      percent,
    )
  const acknowledged = sum(whole, (told) => told.acknowledged)
  return {
    figures: {
      sentWhileAway: away.sent,
      storedWhileAway: away.acknowledged,
      refusedWhileAway: away.refused,
      backlogWhenBack: backlog,
      diskMostMiB: Math.max(...recorded.diskMiB),
      storeMostMiB: Math.max(...recorded.storeMiB),
      rssMostMiB: Math.max(...recorded.rssMiB),
      catchUpSeconds: seconds,
      catchUpPerSecond: backlog / seconds,
      newcomersLagP50Ms: lag(50, caughtUpAt),
      newcomersLagP99Ms: lag(99, caughtUpAt),
      throttled: await emulator.call('throttled'),
    },
    // What was acknowledged must have arrived, once; what was refused must not.
    sent: acknowledged,
    received: messages,
    acknowledged,
    timeline: timelineOf(recorded, startedAt, backAt, caughtUpAt),
  }
}

/** Devices that come when the hub is back; the emulator names them by number. */
const lateDevices = Array.from({ length: lateComers }, (_, index) => `d${fleet + index + 1}`)

function sum(all: readonly Told[], of: (told: Told) => number): number {
  return all.reduce((total, told) => total + of(told), 0)
}

function timelineOf(recorded: Spooled, startedAt: number, backAt: number, caughtUpAt: number): Timeline {
  const since = (at: number) => (at - startedAt) / 1000
  const rate = (counts: readonly number[]) =>
    counts.map((value, index) => {
      const elapsed = ((recorded.at[index] as number) - (recorded.at[index - 1] ?? Number.NaN)) / 1000
      return (value - (counts[index - 1] ?? value)) / elapsed
    })
  return {
    title: `${readingsOfDay.toLocaleString('en')} readings while the hub is away, then an S1`,
    seconds: recorded.at.map(since),
    marks: [
      { name: 'away', fromSeconds: 0, toSeconds: since(backAt) },
      { name: 'catching up', fromSeconds: since(backAt), toSeconds: since(caughtUpAt) },
    ],
    panels: [
      { name: 'messages', lines: [{ name: 'in the spool', values: recorded.messages }] },
      { name: 'messages/s', lines: [{ name: 'forwarded', values: rate(recorded.forwarded) }] },
      {
        name: 'MiB',
        lines: [
          { name: 'live bytes', values: recorded.storeMiB },
          { name: 'files', values: recorded.diskMiB },
          { name: 'resident memory', values: recorded.rssMiB },
        ],
      },
    ],
  }
}
