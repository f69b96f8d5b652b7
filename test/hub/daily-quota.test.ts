import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { type Telemetry, telemetry } from '../../src/core/items.ts'
import { billableBlocks } from '../../src/core/message-size.ts'
import { DailyQuota } from '../../src/hub/daily-quota.ts'

/** Both clocks; `now` is milliseconds since midnight UTC of some day. */
function clocks(t: TestContext, now: number): { now: number } {
  const clock = { now }
  const midnight = Date.UTC(2026, 1, 3)
  t.mock.method(Date, 'now', () => midnight + clock.now)
  t.mock.method(performance, 'now', () => clock.now)
  return clock
}

const hourMs = 3_600_000
const ofBytes = (bytes: number) => telemetry(Buffer.alloc(bytes))

test('messages count in begun blocks: 4 KB, or half a KB on the free hub', (t) => {
  clocks(t, 0)
  const count = (meterBytes: number, ...messages: Telemetry[]) => {
    const quota = new DailyQuota(100, meterBytes)
    for (const message of messages) quota.count(message)
    assert.equal(quota.left, 100 - quota.used)
    return quota.used
  }
  assert.equal(count(4096, ofBytes(0), ofBytes(4096), ofBytes(4097)), 4)
  assert.equal(count(512, ofBytes(0), ofBytes(512), ofBytes(513), ofBytes(4096)), 12)
  assert.equal(count(512, telemetry(Buffer.alloc(508), { properties: { ab: 'cd' } })), 1)
  assert.equal(count(512, telemetry(Buffer.alloc(508), { properties: { ab: 'cde' } })), 2)
})

test('blocks of 4 KB are those that every other count of this gateway has', () => {
  const text = fc.string({ maxLength: 300, unit: 'grapheme' })
  fc.assert(
    fc.property(
      fc.nat(9000),
      text,
      text,
      fc.dictionary(text, text, { maxKeys: 8 }),
      (bytes, messageId, contentType, properties) => {
        const message = telemetry(Buffer.alloc(bytes), { messageId, contentType, properties })
        const quota = new DailyQuota(1000, 4096)
        quota.count(message)
        assert.equal(quota.used, billableBlocks(message))
      },
    ),
  )
})

test('at midnight UTC the count begins anew', (t) => {
  const clock = clocks(t, 24 * hourMs - 1)
  const quota = new DailyQuota(10, 4096)
  for (let n = 0; n < 20; n++) quota.count(ofBytes(1))
  assert.deepEqual([quota.used, quota.left], [20, 0])
  clock.now++
  assert.deepEqual([quota.used, quota.left], [0, 10])
})

test('its own count keeps nothing from the hub, which knows better', (t) => {
  clocks(t, 0)
  const quota = new DailyQuota(1, 4096)
  quota.count(ofBytes(50_000))
  assert.equal(quota.admit(), false)
})

test('once the hub said that the quota is spent, one send a minute finds out whether it still is', (t) => {
  const clock = clocks(t, hourMs)
  const quota = new DailyQuota(1000, 4096)
  assert.equal(quota.exceeded()?.retryAfterMs, 60_000)
  assert.equal(quota.left, 0)
  clock.now += 20_000
  assert.throws(() => quota.admit(), { code: 'HUB_QUOTA_EXCEEDED', retryAfterMs: 40_000, retryable: true })
  clock.now += 40_000
  assert.equal(quota.admit(), true)
  assert.throws(() => quota.admit(), { code: 'HUB_QUOTA_EXCEEDED', retryAfterMs: 60_000 })
  assert.equal(quota.exceeded(), undefined)
  clock.now += 60_000
  assert.equal(quota.admit(), true)
  quota.restored()
  assert.equal(quota.admit(), false)
  assert.equal(quota.left, 1000)
})

test('midnight UTC ends it, and nobody is told to wait for longer', (t) => {
  const clock = clocks(t, 24 * hourMs - 5000)
  const quota = new DailyQuota(1000, 4096)
  assert.equal(quota.exceeded()?.retryAfterMs, 5000)
  assert.throws(() => quota.admit(), { retryAfterMs: 5000 })
  clock.now += 5000
  assert.equal(quota.admit(), false)
  assert.equal(quota.left, 1000)
})
