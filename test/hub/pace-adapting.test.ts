import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Telemetry } from '../../src/core/items.ts'
import { type HubMeter, unmeteredHub } from '../../src/core/meter.ts'
import { TokenBucket } from '../../src/emulator/throttle.ts'
import { pace } from '../../src/hub/pace.ts'
import { PartialSendError } from '../../src/hub/port.ts'
import { retry } from '../../src/hub/retry.ts'
import { reading } from './rig.ts'
import { context, device, failed, gauge, scriptedHub, sender } from './scripted-hub.ts'
import { virtualTime } from './virtual-time.ts'

test('a hub that throttles is asked less, and in time as often as before', async (t) => {
  const time = virtualTime(t)
  const answers = [failed('HUB_THROTTLED')]
  const { hub } = scriptedHub({ send: () => answers.shift() })
  const paced = pace(hub, { tier: 'S1' })
  const session = await paced.open(device('d1'), context())
  await assert.rejects(session.send([reading('x')]), { code: 'HUB_THROTTLED' })
  assert.equal(gauge(paced, 'hub_sends_per_second'), 70)
  await time.pass(2000)
  assert.ok(Math.abs(gauge(paced, 'hub_sends_per_second') - 80) < 1e-6)
  await time.pass(4000)
  assert.equal(gauge(paced, 'hub_sends_per_second'), 100)
})

test('a hub that throttled some messages of a send throttled, and nobody sends before its Retry-After is over', async (t) => {
  const time = virtualTime(t)
  let isFirst = true
  const { hub, asked } = scriptedHub({
    send(messages) {
      if (!isFirst) return undefined
      isFirst = false
      return new PartialSendError(new Map([[messages[1] as Telemetry, failed('HUB_THROTTLED', 3000)]]))
    },
  })
  const paced = pace(hub, { tier: 'S1' })
  const session = await paced.open(device('d1'), context())
  const other = await paced.open(device('d2'), context())
  await assert.rejects(session.send([reading('x'), reading('y'), reading('z')]), { name: 'PartialSendError' })
  assert.equal(gauge(paced, 'hub_sends_per_second'), 70)
  assert.equal(gauge(paced, 'hub_quota_meters_used'), 2)
  const sending = other.send([reading('x')])
  await time.pass(2999)
  assert.equal(asked.length, 1)
  await time.pass(1)
  await sending
})

test('a poll that is throttled, which its session rides out, makes polls rarer and leaves sends alone', async (t) => {
  const time = virtualTime(t)
  const { hub, contexts } = scriptedHub()
  const seen: string[] = []
  const meter: HubMeter = {
    request: (operation, outcome) => void seen.push(`${operation} ${outcome}`),
    accepted: (messages, billable) => void seen.push(`accepted ${messages} ${billable}`),
    throttled: () => void seen.push('throttled'),
  }
  const paced = pace(hub, { tier: 'S1', receivesPerSecond: 100 })
  await paced.open(device('d1'), context({ meter }))
  const within = contexts[0]?.meter as HubMeter
  within.accepted(3, 4)
  within.request('send', 'HUB_THROTTLED', 0.1)
  within.throttled()
  const { signal } = new AbortController()
  let polls = 0
  const poll = async () => {
    for (;;) {
      await contexts[0]?.admitPoll?.(signal)
      polls++
    }
  }
  poll().catch(() => {})
  await time.pass(1000)
  assert.equal(polls, 110)
  within.request('receive', 'HUB_THROTTLED', 0.1)
  within.throttled()
  await time.pass(1000)
  assert.ok(polls >= 180 && polls <= 184, `${polls}`)
  assert.equal(gauge(paced, 'hub_sends_per_second'), 100)
  assert.deepEqual(seen, ['accepted 3 4', 'send HUB_THROTTLED', 'throttled', 'receive HUB_THROTTLED', 'throttled'])
  await paced.close?.()
})

test('an open that is throttled pauses opens; where it was its poll that was, polls pause', async (t) => {
  const time = virtualTime(t)
  let isPoll = false
  const reached: number[] = []
  const opened: number[] = []
  const { hub } = scriptedHub({
    async open(_identity, { admitPoll, meter, signal }) {
      reached.push(time.now)
      await admitPoll?.(signal)
      opened.push(time.now)
      if (opened.length % 2 === 0) return undefined
      if (isPoll) {
        meter.request('receive', 'HUB_THROTTLED', 0.1)
        meter.throttled()
      }
      return failed('HUB_THROTTLED', 2000)
    },
  })
  for (isPoll of [false, true]) {
    reached.length = 0
    opened.length = 0
    const startedAt = time.now
    const paced = pace(hub, { tier: 'S1', receivesPerSecond: 100 })
    await assert.rejects(paced.open(device('d1'), context()), { code: 'HUB_THROTTLED' })
    const opening = paced.open(device('d1'), context())
    await time.pass(1)
    assert.equal(gauge(paced, 'hub_paced_operations'), 1)
    await time.pass(2000)
    await opening
    assert.equal((opened[1] as number) - startedAt, 2000)
    // A pause of polls is met behind the gate of opens.
    assert.equal((reached[1] as number) - startedAt, isPoll ? 0 : 2000)
  }
})

test('a hub that allows half of what the tier says is found out: little is asked in vain, nothing is lost, most of what it allows is used', async (t) => {
  const time = virtualTime(t)
  const bucket = new TokenBucket({ now: () => time.now }, 50)
  let refused = 0
  const { hub, memory } = scriptedHub({
    send() {
      const waitSeconds = bucket.take()
      if (waitSeconds === 0) return undefined
      refused++
      return failed('HUB_THROTTLED', waitSeconds * 1000)
    },
  })
  const paced = retry(pace(hub, { tier: 'S1', connectsPerSecond: 1000 }), { random: () => 0.5 })
  const sessions = await Promise.all(Array.from({ length: 20 }, (_, n) => paced.open(device(`d${n}`), context())))
  const outcomes = sessions.map((session) => sender(session))
  await time.pass(30_000)
  assert.ok(refused < 40, `${refused} refused`)
  assert.ok(memory.accepted.length > 30 * 50 * 0.6, `${memory.accepted.length} accepted`)
  assert.ok(outcomes.flat().every((each) => each === 'ok'))
  const counts = outcomes.map((each) => each.length)
  assert.ok(Math.max(...counts) <= 2 * Math.min(...counts), `${counts}`)
  await paced.close?.()
})

/** A time of the day for `Date.now`, which goes on with the virtual time. */
function timeOfDay(t: TestContext, fromMs: number) {
  const time = virtualTime(t)
  t.mock.method(Date, 'now', () => Date.UTC(2026, 1, 3) + fromMs + time.now)
  return time
}

test('once the daily quota is spent sends fail at once, one a minute finds out, and those who waited are told', async (t) => {
  const time = timeOfDay(t, 3_600_000)
  let isSpent = true
  const { hub, asked } = scriptedHub({ send: () => (isSpent ? failed('HUB_QUOTA_EXCEEDED') : undefined) })
  const paced = pace(hub, { tier: 'S1', sendsPerSecond: 1 })
  const sessions = await Promise.all(Array.from({ length: 5 }, (_, n) => paced.open(device(`d${n}`), context())))
  const sends = sessions.map((session) => session.send([reading('x')]))
  for (const each of sends) await assert.rejects(each, { code: 'HUB_QUOTA_EXCEEDED' })
  assert.equal(asked.length, 1)
  assert.equal(gauge(paced, 'hub_quota_meters_left'), 0)
  await time.pass(20_000)
  await assert.rejects(sessions[1]?.send([reading('x')]) as Promise<void>, {
    code: 'HUB_QUOTA_EXCEEDED',
    retryAfterMs: 40_000,
  })
  await time.pass(40_000)
  const probes = sessions.map((session) => session.send([reading('x')]))
  for (const each of probes) await assert.rejects(each, { code: 'HUB_QUOTA_EXCEEDED' })
  assert.equal(asked.length, 2)
  isSpent = false
  await time.pass(60_000)
  await sessions[0]?.send([reading('x')])
  const later = sessions[1]?.send([reading('x')])
  await time.pass(1000)
  await later
  assert.equal(gauge(paced, 'hub_quota_meters_used'), 2)
})

test('at midnight UTC sends go to the hub again, those that retry are told to wait until then', async (t) => {
  const time = timeOfDay(t, 86_400_000 - 5000)
  let asked = 0
  const { hub, memory } = scriptedHub({
    send: () => (++asked === 1 ? failed('HUB_QUOTA_EXCEEDED') : undefined),
  })
  const paced = retry(pace(hub, { tier: 'S1' }))
  const session = await paced.open(device('d1'), context())
  const sending = session.send([reading('x')])
  await time.pass(4999)
  assert.equal(asked, 1)
  await time.pass(1000)
  await sending
  assert.equal(memory.accepted.length, 1)
  assert.equal(gauge(paced, 'hub_quota_meters_used'), 1)
})

test('without a meter that counts, pacing counts what was accepted, and nothing that was refused', async () => {
  const answers = [undefined, failed('HUB_UNAVAILABLE'), undefined]
  const { hub } = scriptedHub({ send: () => answers.shift() })
  const paced = pace(hub, { tier: 'F1' })
  const session = await paced.open(device('d1'), context({ meter: unmeteredHub }))
  await session.send([reading('x'), reading('y'.repeat(600))])
  await assert.rejects(session.send([reading('x')]), { code: 'HUB_UNAVAILABLE' })
  await session.send([reading('x')])
  assert.equal(gauge(paced, 'hub_quota_meters_used'), 4)
})
