import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Liveness, missedDeadline } from '../../src/gateway/deadlines.ts'
import { withDefaults } from '../../src/gateway/listener.ts'

const limits = { helloTimeoutMs: 30, idleTimeoutMs: 600, stallTimeoutMs: 60 }
const fresh: Liveness = { acceptedAt: 1000, greeted: false, lastByteAt: 1000, unreadSince: undefined }
const greeted: Liveness = { ...fresh, greeted: true }

for (const [name, state, now, code] of [
  ['a device has until the hello deadline', fresh, 1030, undefined],
  ['then it is HELLO_TIMEOUT', fresh, 1031, 'HELLO_TIMEOUT'],
  ['bytes that are no hello do not put it off', { ...fresh, lastByteAt: 1030 }, 1031, 'HELLO_TIMEOUT'],
  ['after the hello silence is allowed until the idle deadline', greeted, 1600, undefined],
  ['then it is IDLE_TIMEOUT', greeted, 1601, 'IDLE_TIMEOUT'],
  ['every byte puts that off', { ...greeted, lastByteAt: 1500 }, 2100, undefined],
  ['a device may leave bytes unread until the stall deadline', { ...greeted, unreadSince: 1100 }, 1160, undefined],
  ['then it is STALLED', { ...greeted, unreadSince: 1100 }, 1161, 'STALLED'],
  ['a stalled device that talks is STALLED', { ...greeted, lastByteAt: 1161, unreadSince: 1100 }, 1161, 'STALLED'],
  ['a stalled device that is silent too is STALLED', { ...greeted, unreadSince: 1000 }, 9000, 'STALLED'],
  ['without a hello silence is HELLO_TIMEOUT, not IDLE_TIMEOUT', fresh, 9000, 'HELLO_TIMEOUT'],
] as const) {
  test(name, () => {
    assert.equal(missedDeadline(state, limits, now), code)
  })
}

test('who has missed a deadline has missed it for good, while nothing happens', () => {
  const anyState = fc.record({
    acceptedAt: fc.nat(1000),
    greeted: fc.boolean(),
    lastByteAt: fc.nat(1000),
    unreadSince: fc.option(fc.nat(1000), { nil: undefined }),
  })
  fc.assert(
    fc.property(anyState, fc.nat(3000), fc.nat(3000), (state, now, later) => {
      if (missedDeadline(state, limits, now) === undefined) return
      assert.notEqual(missedDeadline(state, limits, now + later), undefined)
    }),
  )
})

test('deadlines that are not given have defaults, and one that is not above 0 is CONFIGURATION', () => {
  assert.deepEqual(withDefaults({ idleTimeoutMs: 5 }), {
    helloTimeoutMs: 30_000,
    idleTimeoutMs: 5,
    stallTimeoutMs: 60_000,
  })
  for (const value of [0, -1, Number.NaN]) {
    assert.throws(() => withDefaults({ helloTimeoutMs: value }), { code: 'CONFIGURATION', message: /helloTimeoutMs/ })
  }
})
