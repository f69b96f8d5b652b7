import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AdaptiveBucket } from '../../src/hub/adaptive-bucket.ts'
import { standingClock } from '../core/clock.ts'

const near = (value: number, expected: number) =>
  assert.ok(Math.abs(value - expected) < 1e-6 * Math.max(1, expected), `${value}, not ${expected}`)

test('a tenth of a second of the rate may come at once, and at least one', (t) => {
  standingClock(t)
  for (const [perSecond, burst] of [
    [100, 10],
    [5, 1],
    [0.1, 1],
  ] as const) {
    const bucket = new AdaptiveBucket(perSecond)
    for (let n = 0; n < burst; n++) {
      assert.equal(bucket.waitMs(1), 0)
      bucket.spend(1)
    }
    near(bucket.waitMs(1), 1000 / perSecond)
  }
})

test('what nobody used is not saved up beyond that', (t) => {
  const clock = standingClock(t)
  const bucket = new AdaptiveBucket(100)
  clock.now += 3_600_000
  for (let n = 0; n < 10; n++) bucket.spend(1)
  near(bucket.waitMs(1), 10)
})

test('what costs more than the bucket holds waits until it is full, and those behind it for what it owes', (t) => {
  const clock = standingClock(t)
  const bucket = new AdaptiveBucket(100)
  bucket.spend(1)
  near(bucket.waitMs(50), 10)
  clock.now += 10
  assert.equal(bucket.waitMs(50), 0)
  bucket.spend(50)
  near(bucket.waitMs(1), 410)
})

test('a hub that throttles takes 30 % of the rate, once a second however often it says so', (t) => {
  const clock = standingClock(t)
  const bucket = new AdaptiveBucket(100)
  for (let n = 0; n < 20; n++) bucket.throttled()
  near(bucket.perSecond, 70)
  clock.now += 999
  bucket.throttled()
  near(bucket.perSecond, 70 + 4.995)
  clock.now += 1
  bucket.throttled()
  near(bucket.perSecond, (70 + 4.995 + 0.005) * 0.7)
})

test('a hub that throttles for ever leaves a twentieth', (t) => {
  const clock = standingClock(t)
  const bucket = new AdaptiveBucket(200)
  for (let n = 0; n < 100; n++) {
    bucket.throttled(1000)
    clock.now += 1000
  }
  near(bucket.perSecond, 10)
})

test('a twentieth of the full rate comes back with each second, up to the full rate', (t) => {
  const clock = standingClock(t)
  const bucket = new AdaptiveBucket(100)
  bucket.throttled()
  clock.now += 2000
  near(bucket.perSecond, 80)
  clock.now += 60_000
  assert.equal(bucket.perSecond, 100)
})

test('in the pause that the hub asked for nothing comes in, and the rate does not rise', (t) => {
  const clock = standingClock(t)
  const bucket = new AdaptiveBucket(100)
  bucket.spend(10)
  bucket.throttled(2000)
  near(bucket.waitMs(1), 2000 + 1000 / 70)
  clock.now += 2000
  near(bucket.perSecond, 70)
  assert.ok(bucket.waitMs(1) > 14)
})

test('a shorter pause does not end a longer one, and one of months is taken for a mistake: five minutes', (t) => {
  standingClock(t)
  const bucket = new AdaptiveBucket(100)
  bucket.throttled(5000)
  bucket.throttled(10)
  assert.equal(bucket.waitMs(1), 5000)
  bucket.throttled(2_592_000_000)
  assert.equal(bucket.waitMs(1), 300_000)
})

test('utilization is what was spent lately of what might have been', (t) => {
  const clock = standingClock(t)
  const bucket = new AdaptiveBucket(100)
  assert.equal(bucket.utilization, 0)
  for (let n = 0; n < 2000; n++) {
    clock.now += 10
    bucket.spend(0.5)
  }
  assert.ok(Math.abs(bucket.utilization - 0.5) < 0.01, `${bucket.utilization}`)
  clock.now += 30_000
  assert.ok(bucket.utilization < 0.001)
})

test('no window has more than the burst and what the rate brings, whatever is asked, throttled and waited for', (t) => {
  const clock = standingClock(t)
  const step = fc.record({
    passMs: fc.nat(300),
    /** Turns that are asked for at once. */
    turns: fc.integer({ min: 1, max: 60 }),
    cost: fc.integer({ min: 1, max: 12 }),
    throttledMs: fc.option(fc.nat(500)),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.double({ min: 0.5, max: 500, noNaN: true }), (steps, rate) => {
      const bucket = new AdaptiveBucket(rate)
      const spent: { at: number; cost: number }[] = []
      for (const { passMs, turns, cost, throttledMs } of steps) {
        clock.now += passMs
        if (throttledMs !== null) bucket.throttled(throttledMs)
        for (let turn = 0; turn < turns && bucket.waitMs(cost) === 0; turn++) {
          bucket.spend(cost)
          spent.push({ at: clock.now, cost })
        }
      }
      const burst = Math.max(1, rate / 10)
      for (let from = 0; from < spent.length; from++) {
        let sum = 0
        for (let to = from; to < spent.length; to++) {
          const { at, cost } = spent[to] as { at: number; cost: number }
          sum += cost
          const seconds = (at - (spent[from]?.at ?? 0)) / 1000
          // The last may cost more than the bucket holds, and owes the rest.
          assert.ok(sum <= rate * seconds + burst + cost - Math.min(cost, burst) + 1e-3)
        }
      }
    }),
  )
})
