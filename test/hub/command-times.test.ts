import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeBefore } from '../../src/hub/command-times.ts'

const now = Date.parse('2026-01-01T12:00:00Z')
const at = (seconds: number) => new Date(now + seconds * 1000)
const lockEnd = now + 58_000

test('a command without an expiry is written within its lock, less two seconds to settle it', () => {
  for (const none of [undefined, '', 'soon', '0001-01-01T00:00:00Z']) {
    assert.equal(writeBefore(none, at(0).toUTCString(), now, now), lockEnd)
  }
  assert.equal(
    writeBefore(undefined, undefined, now - 5000, now),
    lockEnd - 5000,
    'the lock may be as old as the request',
  )
})

test('an expiry ends it earlier, and never later', () => {
  assert.equal(writeBefore(at(7.5).toISOString(), at(0).toUTCString(), now, now), now + 7500)
  assert.equal(writeBefore(at(3600).toISOString(), at(0).toUTCString(), now, now), lockEnd)
  assert.equal(writeBefore(at(-1).toISOString(), at(0).toUTCString(), now, now), now - 1000)
})

test('an expiry is of the hub’s clock: a gateway whose clock is two minutes slow does not fire late', () => {
  const hubNow = at(120)
  const left = writeBefore(at(130).toISOString(), hubNow.toUTCString(), now, now) - now
  assert.ok(left >= 9000 && left <= 10_000, `${left} ms are left of ten seconds`)
})

test('a gateway whose clock is fast does not lose commands', () => {
  const hubNow = at(-120)
  const left = writeBefore(at(-110).toISOString(), hubNow.toUTCString(), now, now) - now
  assert.ok(left >= 9000 && left <= 10_000, `${left} ms are left of ten seconds`)
})

test('without a Date header, or with one that lies behind by its own seconds and the way, our clock counts', () => {
  for (const date of [undefined, 'today', at(0).toUTCString(), at(-1).toUTCString(), at(-2).toUTCString()]) {
    assert.equal(writeBefore(at(10).toISOString(), date, now, now), now + 10_000)
  }
})

test('a clock that is slow by a second does not make a command late', () => {
  const left = writeBefore(at(10).toISOString(), at(1).toUTCString(), now, now) - now
  assert.equal(left, 8000, 'the hub may be 1.999 seconds ahead')
})
