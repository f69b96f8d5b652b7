import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import type { Identity } from '../../src/core/items.ts'
import { unmeteredHub } from '../../src/core/meter.ts'
import { Secret } from '../../src/core/secret.ts'
import { signSharedAccessSignature } from '../../src/emulator/index.ts'
import { Rig, reading, text } from './rig.ts'
import { liveTimers } from './virtual-time.ts'

let rig: Rig

before(async () => {
  rig = await Rig.start('d1', 'd2')
})
afterEach(() => rig.reset())
after(() => rig.stop())

const sends = (outcome?: number): number => rig.emulator.hub.counters.requests('send', outcome)
const soon = () => Math.ceil(Date.now() / 1000) + 600

function withToken(deviceId: string, resource: string, expirySeconds = soon()): Identity {
  const sas = signSharedAccessSignature({ resource, key: rig.keyOf('d1'), expirySeconds })
  return { deviceId, credentials: { type: 'sas', sas: new Secret(sas) } }
}

test('[P] the SDK drops agent and ca when options come in two calls: a private hub is trusted by its ca, and only by it', async () => {
  const session = await rig.open(rig.identity('d1'))
  await session.send([reading('x')])
  const { emulator } = rig
  const other = await Rig.start()
  const distrusting = rig.open(rig.identity('d1'), rig.hub({ ca: other.emulator.ca }, `HostName=${emulator.hostName}`))
  await assert.rejects(distrusting, { code: 'CONFIGURATION', message: /not trusted/ })
  await other.stop()
})

test('[P] the SDK cannot find a hub by host:port: here it can', async () => {
  assert.notEqual(rig.emulator.port, 443)
  await (await rig.open(rig.identity('d1'))).send([reading('x')])
  assert.equal(rig.accepted.length, 1)
})

test('[P] the SDK tries again by itself: here a failed send is one request', async () => {
  const session = await rig.open(rig.identity('d1'))
  const tried = sends()
  rig.emulator.hub.faults.put({ operation: 'send', status: 503 })
  await assert.rejects(session.send([reading('x')]), { code: 'HUB_UNAVAILABLE' })
  assert.equal(sends(), tried + 1)
})

test('[P] a single send of the SDK puts properties into headers: here a batch of one carries them whatever they are', async () => {
  const session = await rig.open(rig.identity('d1'))
  const properties = { 'with space': '日本\r\nX: y', Case: '1', case: '2', Authorization: 'a', 'iothub-to': 'b' }
  await session.send([reading('x', { properties })])
  assert.deepEqual(rig.accepted[0]?.properties, properties)
})

test('a batch is a single request, however many messages it holds', async () => {
  const session = await rig.open(rig.identity('d1'))
  const before = sends(204)
  await session.send(Array.from({ length: 100 }, (_, index) => reading(`${index}`)))
  assert.equal(sends(204), before + 1)
  assert.equal(rig.accepted.length, 100)
})

test('[P] after close the SDK sends on and arms its token timer again: here nothing is sent and no timer is left', async () => {
  const before = liveTimers()
  const session = await rig.open(rig.identity('d1'))
  assert.ok(liveTimers() > before, 'the SDK has armed its token timer')
  await session.close()
  assert.equal(liveTimers(), before)
  await assert.rejects(session.send([reading('x')]), { code: 'HUB_SESSION_CLOSED' })
  assert.equal(liveTimers(), before)
  assert.deepEqual(rig.accepted, [])
})

test('closing twice is as closing once', async () => {
  const session = await rig.open(rig.identity('d1'))
  await session.close()
  await session.close()
})

test('an opening that fails leaves no timer', async () => {
  const before = liveTimers()
  await assert.rejects(rig.open(rig.identity('d1', 'd3Jvbmc=')), { code: 'UNAUTHORIZED' })
  await assert.rejects(rig.open(rig.identity('d1'), rig.hub({}, 'HostName=localhost:1')), { code: 'HUB_UNAVAILABLE' })
  assert.equal(liveTimers(), before)
})

test('an opening that is aborted at once, or before it began, is HUB_SESSION_CLOSED and leaves no timer', async () => {
  const before = liveTimers()
  const controller = new AbortController()
  const opening = rig.hub().open(rig.identity('d1'), { signal: controller.signal, meter: unmeteredHub })
  controller.abort()
  await assert.rejects(opening, { code: 'HUB_SESSION_CLOSED' })
  const late = rig.hub().open(rig.identity('d1'), { signal: controller.signal, meter: unmeteredHub })
  await assert.rejects(late, { code: 'HUB_SESSION_CLOSED' })
  assert.equal(liveTimers(), before)
})

test('a device may bring a token that it signed itself', async () => {
  const session = await rig.open(withToken('d1', `${rig.emulator.hostName}/devices/d1`))
  await session.send([reading('signed')])
  assert.deepEqual(rig.accepted.map(text), ['signed'])
  assert.equal(rig.accepted[0]?.deviceId, 'd1')
})

test("another device's token, one of another resource, one that has expired are UNAUTHORIZED", async () => {
  const { hostName } = rig.emulator
  await assert.rejects(rig.open(withToken('d2', `${hostName}/devices/d1`)), { code: 'UNAUTHORIZED' })
  await assert.rejects(rig.open(withToken('d1', `${hostName}/devices/other`)), { code: 'UNAUTHORIZED' })
  await assert.rejects(rig.open(withToken('d1', `${hostName}/devices/d1`, 1)), { code: 'UNAUTHORIZED' })
})

for (const sas of ['', 'nonsense', 'SharedAccessSignature', 'SharedAccessSignature sr=&sig=&se=', 'a\r\nb: c']) {
  test(`'${sas.replace(/\s+/g, ' ')}' in place of a token is refused for good, and is not quoted`, async () => {
    const device: Identity = { deviceId: 'd1', credentials: { type: 'sas', sas: new Secret(sas) } }
    await assert.rejects(rig.open(device), (error: { code: string; message: string }) => {
      assert.equal(error.code, 'UNAUTHORIZED')
      assert.ok(sas.length < 3 || !error.message.includes(sas))
      return true
    })
  })
}

for (const key of ['', 'not base64!', '\u0000']) {
  test(`'${JSON.stringify(key)}' in place of a key is UNAUTHORIZED`, async () => {
    await assert.rejects(rig.open(rig.identity('d1', key)), { code: 'UNAUTHORIZED' })
  })
}

test('a device id that must be escaped in a path is spoken for', async () => {
  rig.emulator.hub.createDevice({ deviceId: "a:b#c?d+e'f%g" })
  const session = await rig.open(rig.identity("a:b#c?d+e'f%g"))
  await session.send([reading('x')])
  assert.equal(rig.accepted[0]?.deviceId, "a:b#c?d+e'f%g")
})

for (const deviceId of ['', '/', '../d1', 'd1/../d1', 'a\r\nb', 'é']) {
  test(`${JSON.stringify(deviceId)} is no device of the hub`, async () => {
    await assert.rejects(rig.open({ ...rig.identity('d1'), deviceId }), (error: { code: string }) => {
      assert.ok(['UNAUTHORIZED', 'DEVICE_NOT_FOUND', 'HUB_REJECTED'].includes(error.code), error.code)
      return true
    })
  })
}

test('every request is metered by operation and outcome, and batches by messages and quota blocks', async () => {
  const seen: string[] = []
  const meter = {
    request: (operation: string, outcome: string, seconds: number) => {
      assert.ok(seconds >= 0 && seconds < 60)
      seen.push(`${operation} ${outcome}`)
    },
    accepted: (messages: number, billable: number) => seen.push(`${messages} for ${billable}`),
    throttled: () => seen.push('throttled'),
  }
  const session = await rig.open(rig.identity('d1'), rig.hub(), meter)
  await session.send([reading('a'), reading('x'.repeat(5000))])
  rig.emulator.hub.faults.put({ operation: 'send', status: 429 })
  await assert.rejects(session.send([reading('b')]), { code: 'HUB_THROTTLED' })
  assert.deepEqual(seen, ['receive ok', 'send ok', '2 for 3', 'send HUB_THROTTLED', 'throttled'])
})
