import { setTimeout as delay } from 'node:timers/promises'
import type { Recorded } from '../parts/gateway-recorder.ts'
import { percentile } from '../parts/latency.ts'
import type { EmulatorProcess } from '../processes/emulator.ts'
import type { GatewayProcess } from '../processes/gateway.ts'
import type { Generator, SentFor } from '../processes/generator.ts'
import type { Processes } from '../processes.ts'
import type { Effort, Measured, Row, Scenario } from '../scenario.ts'
import type { Timeline } from '../timeline.ts'

/** Seconds of each stretch. */
interface Stretches {
  readonly before: number
  readonly nothing: number
  readonly after: number
}

const latencyMs = 50
const connections = 20
const sampleMs = 250

/** A hub at 50 ms a request that then answers nothing for a while, under as much as TCP brings. */
export const slowHubScenario: Scenario = {
  name: 'slow-hub',
  about: `${connections} devices press in all that TCP takes; the hub takes ${latencyMs} ms a request, then nothing, then ${latencyMs} ms again`,
  rows: [rowFor('10 s of nothing', { before: 10, nothing: 10, after: 20 })],
}

function rowFor(name: string, usual: Stretches): Row {
  return {
    name,
    measure(processes, effort) {
      return measure(processes, effort, effort.quick ? { before: 2, nothing: 2, after: 4 } : usual)
    },
  }
}

async function measure(processes: Processes, effort: Effort, stretches: Stretches): Promise<Measured> {
  const emulator = processes.other<EmulatorProcess>('emulator')
  const gateway = processes.measured<GatewayProcess>('gateway')
  const generator = processes.other<Generator>('generator')
  const place = await emulator.call('listen', connections)
  const port = await gateway.call('listen', place, { retries: true })
  await generator.call('open', { port, seed: effort.seed, numbered: true, claims: place.claims })
  const { messages: before } = await emulator.call('count')
  await emulator.call('fault', { operation: 'send', latencyMs })
  await gateway.call('record', sampleMs)
  const startedAt = Date.now()
  const seconds = stretches.before + stretches.nothing + stretches.after
  const sending = generator.call('sendFor', seconds * 1000)
  await delay(stretches.before * 1000)
  await emulator.call('fault', { operation: 'send', hang: true })
  await delay(stretches.nothing * 1000)
  await emulator.call('fault', { operation: 'send', latencyMs })
  const outcome = await sending
  const recorded = (await gateway.call('recorded')) as Recorded
  await generator.call('close')
  const { messages: after } = await emulator.call('count')
  return {
    figures: figuresOf(outcome, recorded, startedAt, stretches),
    sent: outcome.sent,
    received: after - before,
    acknowledged: outcome.acknowledged,
    timeline: timelineOf(recorded, outcome, startedAt, stretches),
  }
}

/** Where things are steady: not the first fifth of what comes before, and the last half of what comes after. */
function steady({ before, nothing, after }: Stretches): { before: [number, number]; after: [number, number] } {
  const whole = before + nothing + after
  return { before: [before / 5, before - 0.5], after: [whole - after / 2, whole] }
}

function figuresOf(
  { latencies }: SentFor,
  recorded: Recorded,
  startedAt: number,
  stretches: Stretches,
): Readonly<Record<string, number>> {
  const within = (at: number, [from, to]: readonly [number, number]) => {
    const seconds = (at - startedAt) / 1000
    return seconds >= from && seconds < to
  }
  const p99 = (range: readonly [number, number]) =>
    percentile(
      latencies.flatMap(({ at, ms }) => (within(at, range) ? [ms] : [])).sort((a, b) => a - b),
      99,
    )
  const most = (range: readonly [number, number]) =>
    Math.max(...recorded.rssMiB.filter((_, index) => within(recorded.at[index] as number, range)))
  const windows = steady(stretches)
  const whole = stretches.before + stretches.nothing + stretches.after
  return {
    receiptP99BeforeMs: p99(windows.before),
    receiptP99AfterMs: p99(windows.after),
    rssBeforeMiB: most(windows.before),
    rssWhileNothingMiB: most([stretches.before, stretches.before + stretches.nothing]),
    rssMostMiB: most([0, whole]),
    inFlightMost: Math.max(...recorded.inFlight),
  }
}

function timelineOf(
  { at, received, acknowledged, inFlight, rssMiB }: Recorded,
  { latencies }: SentFor,
  startedAt: number,
  { before, nothing }: Stretches,
): Timeline {
  const rate = (counts: readonly number[]) =>
    counts.map((count, index) => {
      const since = ((at[index] as number) - (at[index - 1] ?? Number.NaN)) / 1000
      return (count - (counts[index - 1] ?? count)) / since
    })
  const latency = at.map((moment, index) => {
    const from = at[index - 1] ?? 0
    const heard = latencies.flatMap((each) => (each.at > from && each.at <= moment ? [each.ms] : []))
    return heard.length === 0 ? Number.NaN : Math.max(...heard)
  })
  return {
    title: `A hub at ${latencyMs} ms a request that answers nothing for ${nothing} s; ${connections} devices press`,
    seconds: at.map((moment) => (moment - startedAt) / 1000),
    marks: [{ name: 'nothing', fromSeconds: before, toSeconds: before + nothing }],
    panels: [
      {
        name: 'readings/s',
        lines: [
          { name: 'received', values: rate(received) },
          { name: 'acknowledged', values: rate(acknowledged) },
        ],
      },
      { name: 'messages', lines: [{ name: 'in flight', values: inFlight }] },
      { name: 'ms', lines: [{ name: 'longest wait for a receipt', values: latency }] },
      { name: 'MiB', lines: [{ name: 'resident memory', values: rssMiB }] },
    ],
  }
}
