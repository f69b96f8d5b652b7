import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { type TimeNotation, timeAt, timeNotations } from '../../../src/stages/fields/device-time.ts'
import { thrownBy } from '../refusals.ts'

const told = (at: unknown, as: TimeNotation) => timeAt({ at }, 'at', as)?.toISOString()

test('ISO 8601 in any zone, and in UTC without one', () => {
  for (const [text, time] of [
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02T03:04:05.678901+01:00', '2026-01-02T02:04:05.678Z'],
    ['2026-01-02T03:04:05-0130', '2026-01-02T04:34:05.000Z'],
    ['2026-01-02 03:04', '2026-01-02T03:04:00.000Z'],
    ['2024-02-29T00:00:00', '2024-02-29T00:00:00.000Z'],
  ]) {
    assert.equal(told(text, 'iso8601'), time)
  }
})

test('seconds and milliseconds as numbers, BigInts and texts, with fractions', () => {
  for (const value of [1_700_000_000.5, '1700000000.5'])
    assert.equal(told(value, 'unixSeconds'), '2023-11-14T22:13:20.500Z')
  for (const value of [1_700_000_000_500, 1_700_000_000_500n, '1700000000500']) {
    assert.equal(told(value, 'unixMilliseconds'), '2023-11-14T22:13:20.500Z')
  }
})

test('a Date and a Timestamp of Protocol Buffers are what they are', () => {
  const timestamp = { $typeName: 'google.protobuf.Timestamp', seconds: 1_700_000_000n, nanos: 500_000_000 }
  for (const as of timeNotations) {
    assert.equal(told(new Date(5), as), '1970-01-01T00:00:00.005Z')
    assert.equal(told(timestamp, as), '2023-11-14T22:13:20.500Z')
    for (const missing of [undefined, null, '']) assert.equal(told(missing, as), undefined)
  }
})

test('what is no time is refused by the name of its field, and not quoted', () => {
  const wrong: readonly [unknown, TimeNotation][] = [
    ['zebra', 'iso8601'],
    ['1', 'iso8601'],
    ['2026-02-30T00:00:00Z', 'iso8601'],
    ['2026-13-01T00:00:00Z', 'iso8601'],
    ['2026-01-01T25:00:00Z', 'iso8601'],
    ['2026-01-01', 'iso8601'],
    [1_700_000_000, 'iso8601'],
    [new Date(Number.NaN), 'iso8601'],
    ['1e9', 'unixSeconds'],
    ['0x10', 'unixSeconds'],
    [-1, 'unixSeconds'],
    [Number.NaN, 'unixSeconds'],
    [253_402_300_800, 'unixSeconds'],
    [2n ** 64n, 'unixMilliseconds'],
    [{ $typeName: 'google.protobuf.Timestamp', seconds: { valueOf: 1 }, nanos: 0 }, 'unixSeconds'],
    [[1], 'unixSeconds'],
    [true, 'unixSeconds'],
  ]
  for (const [value, as] of wrong) {
    const error = thrownBy(() => told(value, as))
    assert.deepEqual([error.code, error.message], ['BAD_CONTENT', `the field at is not a time as ${as} says it`])
  }
})

test('whatever a device sends gives a time from 1970 to 9999, none, or BAD_CONTENT', () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withDate: true }), fc.constantFrom(...timeNotations), (value, as) => {
      try {
        const time = told(value, as)
        if (time !== undefined) assert.match(time, /^\d{4}-/)
      } catch (thrown) {
        assert.ok(thrown instanceof GatewayError && thrown.code === 'BAD_CONTENT', `${thrown}`)
      }
    }),
  )
})
