import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tierPerSecond } from '../../src/emulator/throttle.ts'
import { type HubTier, hubAllowance } from '../../src/hub/hub-tier.ts'

const sends = (tier: HubTier, units: number) => hubAllowance(tier, units).sendsPerSecond

test('small hubs may send 100 times a second, and from the ninth unit on 12 times a unit', () => {
  assert.deepEqual(
    [sends('F1', 1), sends('S1', 1), sends('S1', 8), sends('S1', 9), sends('B1', 10)],
    [100, 100, 100, 108, 120],
  )
  assert.deepEqual([sends('S2', 3), sends('B2', 1), sends('S3', 2), sends('B3', 1)], [360, 120, 12_000, 6000])
})

test('connections are limited as sends are, polls over HTTPS by the minute and unit', () => {
  for (const tier of ['F1', 'S1', 'S2', 'S3'] as const) {
    const { sendsPerSecond, connectsPerSecond } = hubAllowance(tier, 1)
    assert.equal(connectsPerSecond, sendsPerSecond)
  }
  assert.equal(hubAllowance('S1', 6).receivesPerSecond, 100)
  assert.equal(hubAllowance('B2', 6).receivesPerSecond, 100)
  assert.equal(hubAllowance('S3', 6).receivesPerSecond, 5000)
})

test('a unit brings its quota of meters of 4 KB; the free hub has 8000 of half a KB', () => {
  const quota = (tier: HubTier, units: number) => {
    const { dailyMeters, meterBytes } = hubAllowance(tier, units)
    return [dailyMeters, meterBytes]
  }
  assert.deepEqual(quota('F1', 1), [8000, 512])
  assert.deepEqual(quota('S1', 2), [800_000, 4096])
  assert.deepEqual(quota('B2', 1), [6_000_000, 4096])
  assert.deepEqual(quota('S3', 1), [300_000_000, 4096])
})

test('the table says what the emulator enforces', () => {
  for (const tier of ['S1', 'S2', 'S3'] as const) {
    for (const units of [1, 7, 200]) {
      const { sendsPerSecond, receivesPerSecond } = hubAllowance(tier, units)
      assert.equal(sendsPerSecond, tierPerSecond(tier, units, 'send'))
      assert.ok(Math.abs(receivesPerSecond - tierPerSecond(tier, units, 'receive')) < 1e-6)
    }
  }
})
