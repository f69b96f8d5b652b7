import assert from 'node:assert/strict'
import { test } from 'node:test'
import { receipt, report } from '../../src/core/items.ts'
import { divide, type PaceOptions, pace } from '../../src/hub/pace.ts'
import type { Hub } from '../../src/hub/port.ts'
import { reading } from './rig.ts'
import { context, device, failed, gauge, scriptedHub, sender } from './scripted-hub.ts'
import { liveTimers, virtualTime } from './virtual-time.ts'

test('sends keep to the rate of the tier, a batch being one', async (t) => {
  const time = virtualTime(t)
  const { hub, asked } = scriptedHub()
  const session = await pace(hub, { tier: 'S1' }).open(device('d1'), context())
  sender(session, 50)
  await time.pass(2000)
  assert.equal(asked.length, 210)
  await session.close()
})

test('where each message is an operation, a send costs as many as it carries', async (t) => {
  const time = virtualTime(t)
  const { hub, asked } = scriptedHub()
  const single: Hub = { can: { ...hub.can, batch: false }, open: hub.open }
  const session = await pace(single, { tier: 'S1' }).open(device('d1'), context())
  sender(session, 5)
  await time.pass(2000)
  assert.equal(asked.length, 42)
  await session.close()
})

test('a share of the hub is a share of its rates, and a limit that is given is taken as it is', async (t) => {
  virtualTime(t)
  const { hub } = scriptedHub()
  const rate = (options: PaceOptions) => gauge(pace(hub, options), 'hub_sends_per_second')
  assert.equal(rate({ tier: 'S2', units: 2, share: 0.25 }), 60)
  assert.equal(rate({ tier: 'S2', units: 2, share: 0.25, sendsPerSecond: 7 }), 7)
  assert.equal(gauge(pace(hub, { tier: 'F1', share: 0.5 }), 'hub_quota_meters_left'), 4000)
  assert.equal(gauge(pace(hub, { tier: 'F1', share: 0.5, dailyMeters: 9 }), 'hub_quota_meters_left'), 9)
})

test('options out of range are refused when the hub is made, with their name, value and range', () => {
  const { hub } = scriptedHub()
  const refused = (options: PaceOptions, message: RegExp) =>
    assert.throws(() => pace(hub, options), { code: 'CONFIGURATION', message })
  refused({ tier: 'S4' as 'S3' }, /tier must be one of F1, B1, B2, B3, S1, S2, S3, not S4/)
  refused({ tier: 'toString' as 'S3' }, /tier must be one of/)
  refused({ tier: 'S1', units: 0 }, /units must be from 1 to 200, not 0/)
  refused({ tier: 'S1', units: 201 }, /units must be from 1 to 200, not 201/)
  refused({ tier: 'S1', units: 1.5 }, /units must be a whole number, not 1\.5/)
  refused({ tier: 'F1', units: 2 }, /units must be from 1 to 1, not 2/)
  refused({ tier: 'S1', share: 0 }, /share must be from 0\.001 to 1, not 0/)
  refused({ tier: 'S1', share: Number.NaN }, /share must be from 0\.001 to 1, not NaN/)
  refused({ tier: 'S1', sendsPerSecond: 0 }, /sendsPerSecond must be from 0\.001 to 10000000, not 0/)
  refused({ tier: 'S1', connectsPerSecond: -1 }, /connectsPerSecond must be/)
  refused({ tier: 'S1', receivesPerSecond: Number.POSITIVE_INFINITY }, /receivesPerSecond must be/)
  refused({ tier: 'S1', dailyMeters: 0 }, /dailyMeters must be from 1 to/)
})

test('opens keep to the rate of connections, so that a thousand devices may come back at once', async (t) => {
  const time = virtualTime(t)
  const { hub, memory } = scriptedHub()
  const paced = pace(hub, { tier: 'S1' })
  const opening = Array.from({ length: 300 }, (_, n) => paced.open(device(`d${n}`), context()))
  await time.pass(1000)
  assert.equal(memory.sessions.size, 110)
  assert.equal(gauge(paced, 'hub_paced_operations'), 190)
  await time.pass(1900)
  await Promise.all(opening)
})

test('whoever claims the id of a device with other credentials does not make it wait behind him', async (t) => {
  const time = virtualTime(t)
  const { hub } = scriptedHub()
  const paced = pace(hub, { tier: 'S1', connectsPerSecond: 10 })
  for (let n = 0; n < 500; n++) paced.open(device('d1', 'guess'), context()).catch(() => {})
  let isOpen = false
  const opening = paced.open(device('d1', 'key'), context()).then(() => {
    isOpen = true
  })
  await time.pass(201)
  assert.ok(isOpen)
  await opening
  await paced.close?.()
})

test('an open that waits ends when its connection is gone, at once and without asking the hub', async () => {
  const before = liveTimers()
  const { hub, contexts } = scriptedHub()
  const paced = pace(hub, { tier: 'S1', connectsPerSecond: 0.01 })
  await paced.open(device('d1'), context())
  const gone = new AbortController()
  const opening = paced.open(device('d2'), context({ signal: gone.signal }))
  gone.abort()
  await assert.rejects(opening, { code: 'HUB_SESSION_CLOSED' })
  assert.equal(contexts.length, 1)
  assert.equal(liveTimers(), before)
})

test('a send that waits ends when the session is closed or the connection is gone, and the next one too', async () => {
  const before = liveTimers()
  const { hub, asked } = scriptedHub()
  const paced = pace(hub, { tier: 'S1', sendsPerSecond: 0.01 })
  const gone = new AbortController()
  const closed = await paced.open(device('d1'), context())
  const cut = await paced.open(device('d2'), context({ signal: gone.signal }))
  await closed.send([reading('x')])
  const sends = [closed.send([reading('x')]), closed.report(report({ a: 1 })), cut.send([reading('x')])]
  await closed.close()
  gone.abort()
  for (const send of sends) await assert.rejects(send, { code: 'HUB_SESSION_CLOSED' })
  await assert.rejects(closed.send([reading('x')]), { code: 'HUB_SESSION_CLOSED' })
  await assert.rejects(cut.send([reading('x')]), { code: 'HUB_SESSION_CLOSED' })
  assert.equal(asked.length, 1)
  assert.equal(liveTimers(), before)
})

test('a session that is closed leaves no listener on its connection', async (t) => {
  const { hub } = scriptedHub()
  const { signal } = new AbortController()
  let listeners = 0
  t.mock.method(signal, 'addEventListener', () => listeners++)
  t.mock.method(signal, 'removeEventListener', () => listeners--)
  const session = await pace(hub, { tier: 'S1' }).open(device('d1'), context({ signal }))
  assert.equal(listeners, 1)
  await session.close()
  assert.equal(listeners, 0)
})

test('reports wait as sends do, and where the transport has no twin they do not wait to be told so', async (t) => {
  const time = virtualTime(t)
  const { hub, memory } = scriptedHub()
  const session = await pace(hub, { tier: 'S1', sendsPerSecond: 1 }).open(device('d1'), context())
  const reporting = [1, 2].map((a) => session.report(report({ a })))
  await time.pass(999)
  assert.equal(memory.reports.length, 1)
  await time.pass(1)
  await Promise.all(reporting)
  const open: Hub['open'] = async (identity, given) => ({
    ...(await memory.open(identity, given)),
    report: () => Promise.reject(failed('NOT_SUPPORTED')),
  })
  const twinless = pace({ can: { ...memory.can, twin: false }, open }, { tier: 'S1', sendsPerSecond: 0.01 })
  const other = await twinless.open(device('d1'), context())
  for (let n = 0; n < 3; n++) await assert.rejects(other.report(report({ a: n })), { code: 'NOT_SUPPORTED' })
})

test('polls wait for their turn, those that open a session before those that look for commands, of which one in eight has its turn', async (t) => {
  const time = virtualTime(t)
  const order: string[] = []
  const { hub, contexts } = scriptedHub({
    async open({ deviceId }, { admitPoll, signal }) {
      await admitPoll?.(signal)
      order.push(deviceId)
      return undefined
    },
  })
  const paced = pace(hub, { tier: 'S1', receivesPerSecond: 10 })
  await paced.open(device('first'), context())
  const { signal } = new AbortController()
  for (let n = 0; n < 3; n++) void contexts[0]?.admitPoll?.(signal).then(() => order.push('looks'))
  const opening = Array.from({ length: 10 }, (_, n) => paced.open(device(`d${n}`), context()))
  await time.pass(1300)
  await Promise.all(opening)
  const places = order.flatMap((each, place) => (each === 'looks' ? [place] : []))
  assert.equal(places.length, 3)
  assert.ok(places[0] === 7 || places[0] === 8, `${order}`)
  assert.deepEqual(places.slice(1), [12, 13].slice(0, 2), `${order}`)
})

test('an admission that the caller asks for is waited for too, for polls and for what a send asks further', async (t) => {
  const time = virtualTime(t)
  const { hub, contexts } = scriptedHub()
  const asked: string[] = []
  const admitPoll = async () => void asked.push('poll')
  const admitSend = async () => void asked.push('send')
  const paced = pace(hub, { tier: 'S1', receivesPerSecond: 1, sendsPerSecond: 1 })
  await paced.open(device('d1'), context({ admitPoll, admitSend }))
  const { signal } = new AbortController()
  let polls = 0
  let sends = 0
  for (let n = 0; n < 2; n++) {
    void contexts[0]?.admitPoll?.(signal).then(() => polls++)
    void contexts[0]?.admitSend?.(signal).then(() => sends++)
  }
  await time.pass(999)
  assert.deepEqual([asked.length, polls, sends], [4, 1, 1])
  await time.pass(1)
  assert.deepEqual([polls, sends], [2, 2])
})

test('of two devices one sends without end and has fifty connections: the other has half of the sends', async (t) => {
  const time = virtualTime(t)
  const { hub, memory } = scriptedHub()
  const paced = pace(hub, { tier: 'S1', connectsPerSecond: 1000 })
  for (let n = 0; n < 50; n++) sender(await paced.open(device('chatty'), context()))
  sender(await paced.open(device('quiet'), context()))
  await time.pass(1000)
  const before = memory.accepted.length
  await time.pass(4000)
  const since = memory.accepted.slice(before)
  assert.equal(since.length, 400)
  assert.equal(since.filter(({ deviceId }) => deviceId === 'quiet').length, 200)
  await paced.close?.()
})

test('its gauges stand beside those of the hub within, and say what waits, how long, and how much of the rate is used', async (t) => {
  const time = virtualTime(t)
  const { hub } = scriptedHub()
  const own = { name: 'own', help: 'words', type: 'gauge', read: () => 7 } as const
  const paced = pace({ ...hub, gauges: [own] }, { tier: 'S1', connectsPerSecond: 1000 })
  assert.equal(paced.gauges?.[0], own)
  for (const { name, help } of paced.gauges?.slice(1) ?? []) assert.match(`${name} ${help}`, /^hub_[a-z_]+ .+\.$/)
  assert.equal(gauge(paced, 'hub_throttle_utilization'), 0)
  // Of two hubs, half used and all used, neither the sum nor the mean says that one is at its end.
  assert.equal(paced.gauges?.find(({ name }) => name === 'hub_throttle_utilization')?.merge, 'max')
  for (let n = 0; n < 20; n++) sender(await paced.open(device(`d${n}`), context()))
  await time.pass(10_000)
  assert.equal(gauge(paced, 'hub_paced_operations'), 20)
  assert.ok(gauge(paced, 'hub_throttle_utilization') > 0.95)
  assert.ok(Math.abs(gauge(paced, 'hub_paced_seconds_total') - 200) < 2, `${gauge(paced, 'hub_paced_seconds_total')}`)
  assert.equal(gauge(paced, 'hub_quota_meters_used'), 1010)
  assert.equal(gauge(paced, 'hub_quota_meters_left'), 400_000 - 1010)
  await paced.close?.()
})

test('preparing, closing, commands and settling reach the hub that is wrapped', async () => {
  const done: string[] = []
  const { hub, memory } = scriptedHub()
  const paced = pace(
    { ...hub, prepare: async () => void done.push('prepare'), close: async () => void done.push('close') },
    { tier: 'S1' },
  )
  assert.equal(paced.can, hub.can)
  await paced.prepare?.()
  const session = await paced.open(device('d1'), context())
  const id = memory.queueCommand('d1', 'x')
  const command = (await session.commands()[Symbol.asyncIterator]().next()).value
  assert.equal(command.id, id)
  await session.settle(receipt(command, 'complete'))
  assert.equal(memory.settled.length, 1)
  await session.close()
  assert.equal(memory.sessions.size, 0)
  await paced.close?.()
  assert.deepEqual(done, ['prepare', 'close'])
  await pace(hub, { tier: 'S1' }).prepare?.()
  await pace(hub, { tier: 'S1' }).close?.()
})

test('closing the hub ends all that waits for it and leaves no timer', async () => {
  const before = liveTimers()
  const { hub, contexts } = scriptedHub()
  const slow = 0.01
  const paced = pace(hub, { tier: 'S1', sendsPerSecond: slow, connectsPerSecond: slow, receivesPerSecond: slow })
  const session = await paced.open(device('d1'), context())
  const { signal } = new AbortController()
  const waiting: (Promise<unknown> | undefined)[] = [paced.open(device('d2'), context())]
  for (let n = 0; n < 2; n++) waiting.push(session.send([reading('x')]), contexts[0]?.admitPoll?.(signal))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(liveTimers(), before + 3)
  await paced.close?.()
  const codes = (await Promise.allSettled(waiting)).map((each) => each.status === 'rejected' && each.reason.code)
  assert.deepEqual(codes, ['HUB_SESSION_CLOSED', false, false, 'HUB_SESSION_CLOSED', 'HUB_SESSION_CLOSED'])
  assert.equal(liveTimers(), before)
  await assert.rejects(paced.open(device('d3'), context()), { code: 'HUB_SESSION_CLOSED' })
})

test('workers divide what the gateway is allowed, each an equal part', () => {
  const whole = {
    sendsPerSecond: 100,
    connectsPerSecond: 50,
    receivesPerSecond: 10,
    dailyMeters: 1001,
    meterBytes: 4096,
  }
  assert.deepEqual(divide(whole, 4), {
    sendsPerSecond: 25,
    connectsPerSecond: 12.5,
    receivesPerSecond: 2.5,
    dailyMeters: 251,
    meterBytes: 4096,
  })
})
