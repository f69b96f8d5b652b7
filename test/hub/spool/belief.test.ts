import assert from 'node:assert/strict'
import { test } from 'node:test'
import { command, receipt, report } from '../../../src/core/items.ts'
import { memoryStore } from '../../../src/hub/spool/memory-store.ts'
import { type SpoolOptions, spool } from '../../../src/hub/spool/spool.ts'
import { reading, text } from '../rig.ts'
import { virtualTime } from '../virtual-time.ts'
import { context, failed, settled, ToldHub, underPolicy, withKey, withSas } from './rig.ts'

const away = async (): Promise<void> => {
  throw failed('HUB_UNAVAILABLE')
}
const there = async (): Promise<void> => undefined
const never = () => new Promise<void>(() => undefined)
const inAnHour = () => `SharedAccessSignature sr=h&sig=x&se=${Math.floor(Date.now() / 1000) + 3600}`

test('the hub is asked first: credentials and devices that it refuses are refused at once', async () => {
  for (const code of ['UNAUTHORIZED', 'DEVICE_NOT_FOUND'] as const) {
    const to = new ToldHub()
    to.onOpen = async () => {
      throw failed(code)
    }
    const hub = spool(to, memoryStore(), { unknownDevices: 'accept' })
    await assert.rejects(hub.open(underPolicy('d1'), context()), { code })
    await hub.close()
  }
})

test('while the hub is away a device is believed with the credentials that it accepted before, and with no others', async () => {
  const to = new ToldHub()
  const hub = spool(to, memoryStore())
  const token = inAnHour()
  const accepted = [withKey('d1', 'good'), withKey('d1', 'second'), withSas('d2', token), underPolicy('d3')]
  for (const device of accepted) await (await hub.open(device, context())).close()
  to.onOpen = away
  for (const device of accepted) await (await hub.open(device, context())).close()
  const strangers = [
    withKey('d1', 'wrong'),
    withKey('d4', 'good'),
    withKey('d3', 'policy'),
    withSas('d2', inAnHour().replace('sig=x', 'sig=y')),
    withSas('d1', 'good'),
    underPolicy('d4'),
  ]
  for (const device of strangers) {
    await assert.rejects(hub.open(device, context()), { code: 'HUB_UNAVAILABLE', retryable: true })
  }
  await hub.close()
})

test('what the hub says of a device stands though the store cannot note it', async () => {
  const to = new ToldHub()
  const store = memoryStore()
  store.known = () => Promise.reject(failed('SPOOL_FAILED'))
  const hub = spool(to, store)
  await (await hub.open(withKey('d1', 'k'), context())).close()
  to.onOpen = async () => {
    throw failed('UNAUTHORIZED')
  }
  await assert.rejects(hub.open(withKey('d1', 'k'), context()), { code: 'UNAUTHORIZED' })
  to.onOpen = away
  await assert.rejects(hub.open(withKey('d1', 'k'), context()), { code: 'SPOOL_FAILED', retryable: true })
  await hub.close()
})

test('a token that has expired, or whose expiry cannot be read, is not believed', async () => {
  const to = new ToldHub()
  const hub = spool(to, memoryStore())
  const devices = [withSas('d1', 'SharedAccessSignature sr=h&sig=x&se=1'), withSas('d1', 'sig=x')]
  for (const device of devices) await (await hub.open(device, context())).close()
  to.onOpen = away
  for (const device of devices) await assert.rejects(hub.open(device, context()), /the token has expired/)
  await hub.close()
})

test('credentials that the hub refuses once are not believed the next time it is away', async () => {
  const to = new ToldHub()
  const hub = spool(to, memoryStore())
  await (await hub.open(withKey('d1', 'k'), context())).close()
  to.onOpen = async () => {
    throw failed('UNAUTHORIZED')
  }
  await assert.rejects(hub.open(withKey('d1', 'other'), context()))
  to.onOpen = away
  await (await hub.open(withKey('d1', 'k'), context())).close()
  to.onOpen = async () => {
    throw failed('UNAUTHORIZED')
  }
  await assert.rejects(hub.open(withKey('d1', 'k'), context()))
  to.onOpen = away
  await assert.rejects(hub.open(withKey('d1', 'k'), context()), { code: 'HUB_UNAVAILABLE' })
  await hub.close()
})

test('unknown devices under policy are believed where the operator says so', async () => {
  const to = new ToldHub()
  to.onOpen = away
  const hub = spool(to, memoryStore(), { unknownDevices: 'accept' })
  const session = await hub.open(underPolicy('d1'), context())
  await assert.rejects(hub.open(withKey('d1', 'k'), context()), { code: 'HUB_UNAVAILABLE' })
  await session.send([reading('1')])
  await hub.close()
})

test('a hub that does not answer is waited for no longer than helloTimeoutMs, and its late answer is used', async (t) => {
  const time = virtualTime(t)
  const to = new ToldHub()
  const hub = spool(to, memoryStore(), { helloTimeoutMs: 300 })
  await (await hub.open(withKey('d1', 'k'), context())).close()
  let answer = () => {}
  to.onOpen = () =>
    new Promise((resolve) => {
      answer = resolve
    })
  let opened = false
  const opening = hub.open(withKey('d1', 'k'), context()).finally(() => {
    opened = true
  })
  await time.pass(299)
  assert.equal(opened, false)
  await time.pass(2)
  const session = await opening
  await session.send([reading('1')])
  await assert.rejects(session.report(report({})), { code: 'HUB_UNAVAILABLE', retryable: true })
  await settled()
  assert.deepEqual(to.bodies('d1'), [])
  answer()
  await settled()
  assert.deepEqual(to.bodies('d1'), ['1'])
  assert.equal(to.opened.length, 2, 'it is not asked twice')
  await hub.close()
})

test('under policy what is stored does not stand in line behind the opening of its connection', async (t) => {
  const time = virtualTime(t)
  const to = new ToldHub()
  const hub = spool(to, memoryStore(), { helloTimeoutMs: 300, unknownDevices: 'accept' })
  let answer = () => {}
  to.onOpen = (_device, { sendOnly }) =>
    sendOnly
      ? Promise.resolve()
      : new Promise((resolve) => {
          answer = resolve
        })
  const opening = hub.open(underPolicy('d1'), context())
  await time.pass(301)
  const session = await opening
  await session.send([reading('1')])
  await settled()
  assert.deepEqual(to.bodies('d1'), ['1'])
  answer()
  await settled()
  await session.send([reading('2')])
  await settled()
  assert.deepEqual(to.bodies('d1'), ['1', '2'])
  assert.deepEqual([...to.live], ['d1'], 'its own session goes when the connection has one')
  await hub.close()
})

test('a connection that goes away while the hub is asked leaves no session, even if the hub answers later', async () => {
  const to = new ToldHub()
  const hub = spool(to, memoryStore())
  let answer = () => {}
  to.onOpen = () =>
    new Promise((resolve) => {
      answer = resolve
    })
  const controller = new AbortController()
  const opening = hub.open(underPolicy('d1'), context(controller.signal))
  await settled()
  controller.abort()
  await assert.rejects(opening, { code: 'HUB_SESSION_CLOSED' })
  answer()
  await settled()
  assert.equal(to.memory.sessions.size, 0)
  await hub.close()
})

test('once the hub is back, commands flow, are settled, and what was stored meanwhile is forwarded', async (t) => {
  const time = virtualTime(t)
  const to = new ToldHub()
  const hub = spool(to, memoryStore())
  await (await hub.open(withKey('d1', 'k'), context())).close()
  to.onOpen = away
  const session = await hub.open(withKey('d1', 'k'), context())
  const id = to.memory.queueCommand('d1', 'go')
  const next = session.commands()[Symbol.asyncIterator]().next()
  await session.send([reading('1')])
  await assert.rejects(session.settle(receipt(command('x', Buffer.of()), 'complete')), { code: 'HUB_UNAVAILABLE' })
  await time.pass(2000)
  assert.deepEqual(to.bodies('d1'), [])
  to.onOpen = there
  await time.pass(4000)
  const { value } = await next
  assert.equal(value.id, id)
  await session.settle(receipt(value, 'complete'))
  assert.equal(to.memory.settled.length, 1)
  assert.deepEqual(to.bodies('d1'), ['1'])
  await hub.close()
})

test('commands end when they are stopped or the session closes, though the hub has never answered', async (t) => {
  const time = virtualTime(t)
  const to = new ToldHub()
  const hub = spool(to, memoryStore(), { unknownDevices: 'accept', helloTimeoutMs: 1 })
  to.onOpen = never
  const opening = hub.open(underPolicy('d1'), context())
  await time.pass(2)
  const session = await opening
  const stop = new AbortController()
  const stopped = session.commands(stop.signal)[Symbol.asyncIterator]().next()
  const closed = session.commands()[Symbol.asyncIterator]().next()
  stop.abort()
  assert.equal((await stopped).done, true)
  await session.close()
  assert.equal((await closed).done, true)
  await hub.close()
})

test('a believed device that the hub refuses when it is back has its connection told; nothing of it is lost or sent', async (t) => {
  const time = virtualTime(t)
  const to = new ToldHub()
  const store = memoryStore()
  const hub = spool(to, store)
  await (await hub.open(withKey('d1', 'k'), context())).close()
  to.onOpen = away
  const session = await hub.open(withKey('d1', 'k'), context())
  await session.send([reading('1')])
  to.onOpen = async () => {
    throw failed('UNAUTHORIZED')
  }
  const next = session.commands()[Symbol.asyncIterator]().next()
  const refused = assert.rejects(next, { code: 'UNAUTHORIZED' })
  await time.pass(1000)
  await refused
  await assert.rejects(session.send([reading('2')]), { code: 'UNAUTHORIZED' })
  assert.equal(store.totals().messages, 1)
  assert.equal(to.sends.length, 0)
  await hub.close()
})

/** What a device sends under key k while the hub is away, and then connects with another key. */
async function rotated(between: (hub: ReturnType<typeof spool>, to: ToldHub) => Promise<void>) {
  const to = new ToldHub()
  const store = memoryStore()
  const givenUp: string[] = []
  const onGivenUp: SpoolOptions['onGivenUp'] = (_deviceId, message, { code }) => {
    givenUp.push(`${text(message)} ${code}`)
  }
  const hub = spool(to, store, { onGivenUp })
  await (await hub.open(withKey('d1', 'k'), context())).close()
  to.onOpen = away
  const session = await hub.open(withKey('d1', 'k'), context())
  await session.send([reading('1')])
  await session.close()
  await between(hub, to)
  to.onOpen = there
  const other = await hub.open(withKey('d1', 'other'), context())
  await other.send([reading('2')])
  await settled()
  await hub.close()
  return { sent: to.bodies('d1'), givenUp, left: store.totals().messages }
}

test('what was taken on trust of a key is not forwarded under another one: that key may have been revoked', async () => {
  const revoked = await rotated(async () => undefined)
  assert.deepEqual(revoked, { sent: ['2'], givenUp: ['1 UNAUTHORIZED'], left: 0 })
})

test('once the hub has accepted the key after all, what was taken on its trust is forwarded under any', async () => {
  const confirmed = await rotated(async (hub, to) => {
    // Accepted, but the connection ends before anything is forwarded.
    to.onSend = async () => {
      throw failed('HUB_UNAVAILABLE')
    }
    to.onOpen = there
    await (await hub.open(withKey('d1', 'k'), context())).close()
    await settled()
    to.onSend = async () => undefined
  })
  assert.deepEqual(confirmed, { sent: ['1', '2'], givenUp: [], left: 0 })
})

test('after a restart devices under policy are forwarded at once; those with keys of their own wait until they connect', async () => {
  const to = new ToldHub()
  const store = memoryStore()
  to.onSend = away
  const hub = spool(to, store)
  for (const device of [underPolicy('p'), withKey('k', 'key')]) {
    await (await hub.open(device, context())).send([reading('1')])
  }
  await hub.close()
  to.onSend = async () => undefined
  const next = spool(to, store)
  await next.prepare()
  await settled()
  assert.deepEqual([to.bodies('p'), to.bodies('k')], [['1'], []])
  assert.equal(next.gauges.find(({ name }) => name === 'spool_stuck_devices')?.read(), 1)
  await next.open(withKey('k', 'key'), context())
  await settled()
  assert.deepEqual(to.bodies('k'), ['1'])
  await next.close()
})

test('a device with a key that is gone is forwarded with the key of its latest hello, from memory', async () => {
  const to = new ToldHub()
  const hub = spool(to, memoryStore())
  to.memory.hold()
  const session = await hub.open(withKey('d1', 'k'), context())
  await session.send([reading('1')])
  await settled()
  await session.send([reading('2')])
  await settled()
  await session.close()
  to.memory.release()
  await to.memory.until(() => to.memory.accepted.length === 2)
  const last = to.opened.at(-1)
  assert.deepEqual([last?.sendOnly, last?.credentials.type], [true, 'key'])
  await hub.close()
})
