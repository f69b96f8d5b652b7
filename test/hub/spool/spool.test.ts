import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../../src/core/errors.ts'
import { report } from '../../../src/core/items.ts'
import { PartialSendError } from '../../../src/hub/port.ts'
import { memoryStore } from '../../../src/hub/spool/memory-store.ts'
import { type SpoolOptions, spool } from '../../../src/hub/spool/spool.ts'
import { reading, text } from '../rig.ts'
import { liveTimers, virtualTime } from '../virtual-time.ts'
import { context, failed, Gate, settled, ToldHub, ToldStore, underPolicy } from './rig.ts'

test('options out of range throw CONFIGURATION that names option, value and range', () => {
  const wrong: [SpoolOptions, RegExp][] = [
    [{ helloTimeoutMs: 0 }, /helloTimeoutMs must be from 1 to 3600000, not 0/],
    [{ maxForwarders: 10_001 }, /maxForwarders must be from 1 to 10000, not 10001/],
    [{ minDelayMs: Number.NaN }, /minDelayMs .* not NaN/],
    [{ minDelayMs: 100, maxDelayMs: 99 }, /maxDelayMs must be from 100 to 3600000, not 99/],
    [{ refusedDelayMs: -1 }, /refusedDelayMs .* not -1/],
    [{ whenFull: 'drop' as 'hold' }, /whenFull must be hold or refuse, not drop/],
    [{ unknownDevices: 'x' as 'accept' }, /unknownDevices must be refuse or accept, not x/],
  ]
  for (const [options, message] of wrong) {
    assert.throws(() => spool(new ToldHub(), memoryStore(), options), { code: 'CONFIGURATION', message })
  }
  assert.throws(() => memoryStore({ maxBytes: 0 }), { code: 'CONFIGURATION', message: /maxBytes .* not 0/ })
})

test('a send resolves when its messages are durable, not before, and without waiting for the hub', async () => {
  const to = new ToldHub()
  const store = new ToldStore()
  const gate = new Gate()
  store.onAppend = () => gate.passed
  to.memory.hold()
  const hub = spool(to, store)
  const session = await hub.open(underPolicy('d1'), context())
  let done = false
  const sending = session.send([reading('1'), reading('2')]).then(() => {
    done = true
  })
  await settled()
  assert.equal(done, false, 'nothing is durable yet')
  assert.equal(to.sends.length, 0, 'nothing is sent that is not durable')
  gate.open()
  await sending
  await settled()
  assert.deepEqual(to.bodies('d1'), [], 'the hub holds')
  assert.equal(store.totals().messages, 2)
  to.memory.release()
  await settled()
  assert.deepEqual(to.bodies('d1'), ['1', '2'])
  assert.equal(store.totals().messages, 0, 'what the hub has is removed')
  await hub.close()
})

test('nothing is removed before the hub has accepted it', async () => {
  const to = new ToldHub()
  const store = new ToldStore()
  to.memory.hold()
  const hub = spool(to, store)
  const session = await hub.open(underPolicy('d1'), context())
  await session.send([reading('1')])
  await settled()
  assert.equal(to.sends.length, 1)
  assert.equal(store.totals().messages, 1)
  to.memory.release()
  await hub.close()
})

test('a store that fails lets no receipt through', async () => {
  const store = new ToldStore()
  store.onAppend = () => Promise.reject(failed('SPOOL_FAILED'))
  const hub = spool(new ToldHub(), store, { whenFull: 'refuse' })
  const session = await hub.open(underPolicy('d1'), context())
  await assert.rejects(session.send([reading('1')]), { code: 'SPOOL_FAILED', retryable: true })
  await hub.close()
})

test('a message that no hub would take is refused at once, and the others of its send are stored', async () => {
  const to = new ToldHub()
  const hub = spool(to, memoryStore())
  const session = await hub.open(underPolicy('d1'), context())
  const large = reading('x'.repeat(255 * 1024))
  await assert.rejects(session.send([reading('1'), large, reading('2')]), (thrown) => {
    assert.ok(thrown instanceof PartialSendError)
    assert.deepEqual(
      [...thrown.failures].map(([message, { code }]) => [message === large, code]),
      [[true, 'MESSAGE_TOO_LARGE']],
    )
    return true
  })
  await settled()
  assert.deepEqual(to.bodies('d1'), ['1', '2'])
  await hub.close()
})

test('one send at a time for each device, in order, at most 500 messages and 255 KiB each', async () => {
  const to = new ToldHub()
  const store = memoryStore()
  let running = 0
  to.onSend = async () => {
    assert.equal(++running, 1)
    await settled()
    running--
  }
  const hub = spool(to, store)
  const session = await hub.open(underPolicy('d1'), context())
  const bodies = Array.from({ length: 1200 }, (_, at) => String(at))
  await session.send(bodies.map((body) => reading(body)))
  await session.send(Array.from({ length: 4 }, () => reading('x'.repeat(100 * 1024))))
  await to.memory.until(() => to.memory.accepted.length === 1204)
  assert.deepEqual(to.bodies('d1').slice(0, 1200), bodies)
  assert.deepEqual(
    to.sends.map(({ messages }) => messages.length),
    [500, 500, 201, 2, 1],
  )
  await hub.close()
})

test('a device with an endless backlog does not starve others, and no more than maxForwarders are sent for at once', async () => {
  const to = new ToldHub()
  const store = memoryStore()
  let running = 0
  let most = 0
  to.onSend = async () => {
    most = Math.max(most, ++running)
    await settled()
    running--
  }
  for (const [deviceId, count] of [
    ['a', 5000],
    ['b', 1],
    ['c', 1],
    ['d', 1],
  ] as const) {
    await store.append(
      deviceId,
      Array.from({ length: count }, (_, at) => reading(String(at))),
      undefined,
    )
    await store.remember(deviceId, { credentials: 'policy', confirmations: 0, accepted: [] })
  }
  const hub = spool(to, store, { maxForwarders: 2 })
  await hub.prepare()
  await to.memory.until(() => to.memory.accepted.length === 5003)
  assert.equal(most, 2)
  await settled()
  const order = to.sends.map(({ deviceId }) => deviceId)
  assert.ok(order.indexOf('d') < 5, order.join(' '))
  assert.equal(to.live.size, 0, 'sessions for forwarding are closed when the queue is empty')
  assert.ok(to.opened.every(({ sendOnly }) => sendOnly))
  await hub.close()
})

test("a connected device's own session is used, and one that is gone gets one that only sends", async () => {
  const to = new ToldHub()
  const hub = spool(to, memoryStore())
  const session = await hub.open(underPolicy('d1'), context())
  await session.send([reading('1')])
  await settled()
  assert.deepEqual(
    to.opened.map(({ sendOnly }) => sendOnly),
    [false],
  )
  const gate = new Gate()
  to.onSend = () => gate.passed
  await session.send([reading('2')])
  await session.send([reading('3')])
  await settled()
  await session.close()
  assert.deepEqual([...to.live], ['d1'], 'a send is on its way through it')
  gate.open()
  await to.memory.until(() => to.memory.accepted.length === 3)
  await settled()
  assert.deepEqual(to.bodies('d1'), ['1', '2', '3'])
  assert.deepEqual(
    to.opened.map(({ sendOnly }) => sendOnly),
    [false, true],
  )
  assert.equal(to.live.size, 0)
  await hub.close()
})

test('what fails for now is tried again with pauses that grow to the longest, honouring Retry-After, in order', async (t) => {
  const time = virtualTime(t)
  const to = new ToldHub()
  const errors = [
    failed('HUB_UNAVAILABLE'),
    failed('HUB_TIMEOUT'),
    failed('HUB_THROTTLED', 3000),
    failed('BUG'),
    failed('HUB_UNAVAILABLE'),
  ]
  const triedAt: number[] = []
  to.onSend = async () => {
    triedAt.push(time.now)
    const error = errors.shift()
    if (error !== undefined) throw error
  }
  const hub = spool(to, memoryStore(), { random: () => 1, minDelayMs: 100, maxDelayMs: 400 })
  const session = await hub.open(underPolicy('d1'), context())
  await session.send([reading('1')])
  await session.send([reading('2')])
  await time.pass(5000)
  assert.deepEqual(to.bodies('d1'), ['1', '2'])
  const pauses = triedAt.slice(1, 6).map((at, index) => at - (triedAt[index] as number))
  assert.deepEqual(pauses, [100, 200, 3000, 400, 400])
  await hub.close()
})

test('of a send that went through in part, only what failed for now is sent again', async (t) => {
  const time = virtualTime(t)
  const to = new ToldHub()
  const givenUp: string[] = []
  let first = true
  to.onSend = async ({ deviceId, messages }) => {
    if (!first) return
    first = false
    for (const message of [messages[0], messages[3]]) to.memory.accepted.push({ deviceId, message: message as never })
    throw new PartialSendError(
      new Map([
        [messages[1] as never, failed('HUB_REJECTED')],
        [messages[2] as never, failed('HUB_UNAVAILABLE')],
      ]),
    )
  }
  const store = memoryStore()
  const onGivenUp: SpoolOptions['onGivenUp'] = (deviceId, message, { code }) => {
    givenUp.push(`${deviceId} ${text(message)} ${code}`)
  }
  const hub = spool(to, store, { onGivenUp })
  const session = await hub.open(underPolicy('d1'), context())
  await session.send(['0', '1', '2', '3'].map((body) => reading(body)))
  await time.pass(1000)
  assert.deepEqual(givenUp, ['d1 1 HUB_REJECTED'])
  assert.deepEqual(to.bodies('d1'), ['0', '3', '2'])
  assert.equal(store.totals().messages, 0)
  await hub.close()
})

test('a hub that refuses whole sends is given halves, until the bad message stands alone and is given up', async () => {
  const to = new ToldHub()
  const givenUp: string[] = []
  to.onSend = async ({ messages }) => {
    if (messages.some((message) => text(message) === '7')) throw failed('HUB_REJECTED')
  }
  const onGivenUp: SpoolOptions['onGivenUp'] = async (_deviceId, message) => {
    givenUp.push(text(message))
    throw new Error('a handler that fails blocks nothing')
  }
  const hub = spool(to, memoryStore(), { onGivenUp })
  const session = await hub.open(underPolicy('d1'), context())
  await session.send(Array.from({ length: 20 }, (_, at) => reading(String(at))))
  await to.memory.until(() => to.memory.accepted.length === 19)
  assert.deepEqual(givenUp, ['7'])
  assert.deepEqual(
    to.bodies('d1'),
    Array.from({ length: 20 }, (_, at) => String(at)).filter((body) => body !== '7'),
  )
  await hub.close()
})

test('a device that the hub refuses waits, is told and counted, and holds up no other; its connection is told so', async (t) => {
  const time = virtualTime(t)
  const to = new ToldHub()
  const store = memoryStore()
  to.onSend = async ({ deviceId }) => {
    if (deviceId === 'bad') throw failed('DEVICE_NOT_FOUND')
  }
  const told: string[] = []
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (fields: object) => told.push((fields as { code: string }).code),
  }
  const hub = spool(to, store, { maxForwarders: 1, refusedDelayMs: 10_000, random: () => 1, log })
  const bad = await hub.open(underPolicy('bad'), context())
  const good = await hub.open(underPolicy('good'), context())
  await bad.send([reading('1')])
  await settled()
  await good.send([reading('2')])
  await settled()
  assert.deepEqual(to.bodies('good'), ['2'])
  assert.equal(store.totals().messages, 1)
  assert.deepEqual(told, ['DEVICE_NOT_FOUND'])
  const stuck = hub.gauges.find(({ name }) => name === 'spool_stuck_devices')
  assert.equal(stuck?.read(), 1)
  await assert.rejects(bad.send([reading('3')]), { code: 'DEVICE_NOT_FOUND' })
  await assert.rejects(bad.commands()[Symbol.asyncIterator]().next(), { code: 'DEVICE_NOT_FOUND' })
  await bad.close()
  to.onSend = async () => undefined
  await time.pass(9000)
  assert.deepEqual(to.bodies('bad'), [])
  await time.pass(1001)
  assert.deepEqual(to.bodies('bad'), ['1'], 'tried again after the long pause')
  assert.equal(stuck?.read(), 0)
  await hub.close()
})

test('a device that is gone and that the hub does not let in any more waits like one that is refused', async (t) => {
  const time = virtualTime(t)
  const to = new ToldHub()
  const store = memoryStore()
  await store.append('d1', [reading('1')], undefined)
  await store.remember('d1', {
    credentials: 'policy',
    confirmations: 1,
    accepted: [{ digest: 'policy', confirmation: 1 }],
  })
  to.onOpen = async () => {
    throw failed('DEVICE_NOT_FOUND')
  }
  const hub = spool(to, store, { refusedDelayMs: 2000, random: () => 1 })
  await hub.prepare()
  await time.pass(1999)
  assert.equal(to.opened.length, 1)
  assert.deepEqual((await store.known('d1'))?.accepted, [], 'nor is it believed the next time the hub is away')
  to.onOpen = async () => undefined
  await time.pass(2)
  assert.deepEqual(to.bodies('d1'), ['1'])
  await hub.close()
})

test('a device that was refused is sent for at once when it connects', async () => {
  const to = new ToldHub()
  to.onSend = async () => {
    throw failed('UNAUTHORIZED')
  }
  const hub = spool(to, memoryStore())
  const first = await hub.open(underPolicy('d1'), context())
  await first.send([reading('1')])
  await settled()
  to.onSend = async () => undefined
  await hub.open(underPolicy('d1'), context())
  await settled()
  assert.deepEqual(to.bodies('d1'), ['1'])
  await hub.close()
})

test('messages that are too old are given up with SPOOL_EXPIRED, also of a device that is refused', async (t) => {
  const time = virtualTime(t)
  t.mock.timers.reset()
  let clock = 1_000_000
  t.mock.method(Date, 'now', () => clock)
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  const to = new ToldHub()
  to.onSend = async () => {
    throw failed('UNAUTHORIZED')
  }
  const givenUp: string[] = []
  const store = memoryStore({ maxAgeMs: 8000 })
  const onGivenUp: SpoolOptions['onGivenUp'] = (_deviceId, message, error) => {
    givenUp.push(`${text(message)} ${error.code}: ${error.message}`)
  }
  const hub = spool(to, store, { onGivenUp })
  const session = await hub.open(underPolicy('d1'), context())
  await session.send([reading('1')])
  clock += 5000
  await store.append('d1', [reading('2')], undefined)
  await settled()
  clock += 3001
  await time.pass(2000)
  assert.deepEqual(givenUp, ['1 SPOOL_EXPIRED: a message waited 8001 ms in the spool, of at most 8000'])
  assert.equal(store.totals().messages, 1)
  await hub.close()
})

test('with whenFull hold sends wait for room in the order of their coming, and what ends its wait early is HUB_SESSION_CLOSED', async () => {
  const to = new ToldHub()
  to.memory.hold()
  const store = memoryStore({ maxBytes: 2 * 385 })
  const hub = spool(to, store)
  const sessions = await Promise.all(['a', 'b', 'c', 'd'].map((deviceId) => hub.open(underPolicy(deviceId), context())))
  const [a, b, c, d] = sessions as [
    (typeof sessions)[0],
    (typeof sessions)[0],
    (typeof sessions)[0],
    (typeof sessions)[0],
  ]
  await a.send([reading('1'), reading('2')])
  const done: string[] = []
  const waiting = [b.send([reading('3')]), c.send([reading('4')]), d.send([reading('5')])]
  for (const [at, each] of waiting.entries()) {
    each.then(
      () => done.push('bcd'.charAt(at)),
      () => undefined,
    )
  }
  await settled()
  assert.deepEqual(done, [])
  await c.close()
  await assert.rejects(waiting[1] as Promise<void>, { code: 'HUB_SESSION_CLOSED' })
  to.memory.release()
  await waiting[0]
  await waiting[2]
  assert.deepEqual(done, ['b', 'd'])
  await settled()
  assert.deepEqual(
    to.memory.accepted.map(({ message }) => text(message)),
    ['1', '2', '3', '5'],
  )
  await assert.rejects(a.send([reading('x'.repeat(1000))]), { code: 'MESSAGE_TOO_LARGE' })
  await hub.close()
})

test('a small send that would find room does not overtake a large one that waits for it', async () => {
  const to = new ToldHub()
  to.memory.hold()
  const hub = spool(to, memoryStore({ maxBytes: 2000 }))
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((deviceId) => hub.open(underPolicy(deviceId), context())))
  await a?.send([reading('x'.repeat(600))])
  const done: string[] = []
  const large = b?.send([reading('y'.repeat(1200))]).then(() => done.push('large'))
  await settled()
  const small = c?.send([reading('z')]).then(() => done.push('small'))
  await settled()
  assert.deepEqual(done, [])
  to.memory.release()
  await Promise.all([large, small])
  assert.deepEqual(done, ['large', 'small'])
  await hub.close()
})

test('with whenFull refuse a send that finds no room rejects with SPOOL_FULL, for the device to send again', async () => {
  const to = new ToldHub()
  to.memory.hold()
  const hub = spool(to, memoryStore({ maxBytes: 400 }), { whenFull: 'refuse' })
  const session = await hub.open(underPolicy('d1'), context())
  await session.send([reading('1')])
  await assert.rejects(session.send([reading('2')]), { code: 'SPOOL_FULL', retryable: true })
  to.memory.release()
  await hub.close()
})

test('a store that recovers by itself is asked again while somebody waits', async (t) => {
  const time = virtualTime(t)
  const to = new ToldHub()
  const store = new ToldStore()
  let fails = 3
  store.onAppend = async () => {
    if (fails-- > 0) throw failed('SPOOL_FAILED')
  }
  const hub = spool(to, store)
  const session = await hub.open(underPolicy('d1'), context())
  const sending = session.send([reading('1')])
  await time.pass(1501)
  await sending
  assert.deepEqual(to.bodies('d1'), ['1'])
  await hub.close()
})

test('close ends forwarding, keeps what is stored for the next start, closes store and hub, and leaves no timer', async () => {
  const before = liveTimers()
  const to = new ToldHub()
  const store = new ToldStore()
  to.onSend = async () => {
    throw failed('HUB_UNAVAILABLE')
  }
  const hub = spool(to, store)
  await hub.prepare()
  await hub.prepare()
  assert.deepEqual([to.prepared, store.opened], [1, 1], 'two pipelines of one hub prepare it once')
  const session = await hub.open(underPolicy('d1'), context())
  await session.send([reading('1')])
  await settled()
  await Promise.all([hub.close(), hub.close()])
  assert.deepEqual([to.closed, store.closed, to.live.size], [1, 1, 0])
  assert.equal(liveTimers(), before)
  await assert.rejects(session.send([reading('2')]), { code: 'HUB_SESSION_CLOSED' })
  await assert.rejects(hub.open(underPolicy('d1'), context()), { code: 'HUB_SESSION_CLOSED' })
  to.onSend = async () => undefined
  const next = spool(to, store)
  await next.prepare()
  await settled()
  assert.deepEqual(to.bodies('d1'), ['1'])
  await next.close()
})

test('close gives a send that is on its way five seconds, then ends it; its messages stay', async (t) => {
  const time = virtualTime(t)
  const to = new ToldHub()
  const store = new ToldStore()
  to.memory.hold()
  const hub = spool(to, store)
  const session = await hub.open(underPolicy('d1'), context())
  await session.send([reading('1')])
  await settled()
  const closing = hub.close()
  await time.pass(4999)
  assert.equal(store.closed, 0)
  await time.pass(2)
  await closing
  assert.equal(store.closed, 1)
  assert.equal(store.totals().messages, 1)
})

test('a store that cannot be opened is told when the hub is prepared, and may be opened later', async () => {
  const store = new ToldStore()
  let broken = true
  store.open = async () => {
    if (broken) throw new GatewayError('CONFIGURATION', 'another process has it')
  }
  const hub = spool(new ToldHub(), store)
  await assert.rejects(hub.prepare(), { code: 'CONFIGURATION' })
  broken = false
  await hub.prepare()
  await hub.close()
})

test('it can what the hub within can, has its gauges besides its own, and counts what it forwarded', async () => {
  const to = new ToldHub()
  const inner = { name: 'pace_waiting', help: 'x', type: 'gauge', read: () => 1 } as const
  Object.assign(to, { gauges: [inner] })
  to.memory.hold()
  const hub = spool(to, memoryStore())
  assert.equal(hub.can, to.can)
  assert.equal(hub.gauges[0], inner)
  const read = () => Object.fromEntries(hub.gauges.slice(1).map((gauge) => [gauge.name, gauge.read()]))
  const session = await hub.open(underPolicy('d1'), context())
  await session.send([reading('1')])
  assert.equal(read().spool_messages, 1)
  assert.equal(read().spool_bytes, 385)
  to.memory.release()
  await settled()
  const { spool_messages, spool_bytes, spool_oldest_seconds, spool_forwarded_total } = read()
  assert.deepEqual([spool_messages, spool_bytes, spool_oldest_seconds, spool_forwarded_total], [0, 0, 0, 1])
  assert.equal(hub.gauges.find(({ name }) => name === 'spool_oldest_seconds')?.merge, 'max')
  await session.report(report({ a: 1 }))
  assert.equal(to.memory.reports.length, 1)
  await hub.close()
})
