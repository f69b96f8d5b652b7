import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isLoopback, mayControl } from '../../src/emulator/control-api.ts'
import type { Asked } from './https-peer.ts'
import { ask, emulatorFor, receive } from './https-peer.ts'

const messages = '/emulator/devices/d1/messages'
const put = (path: string, body: unknown): Asked => ({ method: 'PUT', path, body: JSON.stringify(body) })
const post = (path: string, body: unknown): Asked => ({ method: 'POST', path, body: JSON.stringify(body) })

describe('the control API', () => {
  it('knows its own machine, also mapped into IPv6', () => {
    for (const address of ['127.0.0.1', '127.255.0.3', '::1', '::ffff:127.0.0.1', '::FFFF:127.0.0.1']) {
      assert.equal(isLoopback(address), true, address)
    }
    for (const address of [undefined, '', '10.0.0.1', '::ffff:10.0.0.1', '::', 'fe80::1', '127.evil', '1127.0.0.1']) {
      assert.equal(isLoopback(address), false, address)
    }
  })

  it('is open to its own machine, and to others only with its token', () => {
    assert.equal(mayControl('::1', undefined, undefined), true)
    assert.equal(mayControl('127.0.0.1', undefined, 't'), true)
    assert.equal(mayControl('10.0.0.1', undefined, undefined), false)
    assert.equal(mayControl('10.0.0.1', 'Bearer undefined', undefined), false)
    assert.equal(mayControl('10.0.0.1', undefined, 't'), false)
    assert.equal(mayControl('10.0.0.1', 'Bearer u', 't'), false)
    assert.equal(mayControl('10.0.0.1', 'Bearer t', 't'), true)
    assert.equal(mayControl(undefined, undefined, undefined), false)
  })

  it('queues a JSON command and tells what became of it', async (test) => {
    const emulator = await emulatorFor(test)
    const command = {
      body: { on: true },
      properties: { a: 'b' },
      messageId: 'm1',
      expiryTimeUtc: '2999-01-01T00:00:00Z',
    }
    const queued = await ask(emulator, post(messages, command))
    assert.deepEqual([queued.status, queued.body.toString()], [200, '{"messageId":"m1"}'])
    const received = await receive(emulator)
    assert.equal(received.body.toString(), '{"on":true}')
    assert.equal(received.headers['iothub-app-a'], 'b')
    assert.equal(received.headers['iothub-expiry'], '2999-01-01T00:00:00.000Z')
    const states = await ask(emulator, { path: messages })
    assert.equal(states.body.toString(), '[{"messageId":"m1","state":"invisible","deliveryCount":0}]')
  })

  it('queues bytes given in base64, and makes up a messageId', async (test) => {
    const emulator = await emulatorFor(test)
    const queued = await ask(emulator, post(messages, { body: { $base64: '//6AAA==' } }))
    const received = await receive(emulator)
    assert.deepEqual(received.body, Buffer.from([0xff, 0xfe, 0x80, 0x00]))
    assert.equal(received.headers['iothub-messageid'], JSON.parse(queued.body.toString()).messageId)
  })

  it('refuses a command that is wrong, for an unknown device, or the 51st', async (test) => {
    const emulator = await emulatorFor(test)
    const wrong = [7, {}, { body: 1, properties: { a: 1 } }, { body: 1, messageId: 7 }, { body: 1, ack: 'maybe' }]
    for (const command of [...wrong, { body: { $base64: '!' } }, { body: 1, expiryTimeUtc: 'soon' }]) {
      assert.equal((await ask(emulator, post(messages, command))).status, 400, JSON.stringify(command))
    }
    assert.equal((await ask(emulator, { method: 'POST', path: messages, body: '{' })).status, 400)
    assert.equal((await ask(emulator, post('/emulator/devices/d9/messages', { body: 1 }))).status, 404)
    for (let count = 0; count < 50; count++) emulator.hub.queueCommand('d1', { body: Buffer.alloc(0) })
    const full = await ask(emulator, post(messages, { body: 1 }))
    assert.deepEqual([full.status, full.headers['iothub-errorcode']], [403, 'DeviceMaximumQueueDepthExceeded'])
  })

  it('puts faults in force and clears them', async (test) => {
    const emulator = await emulatorFor(test)
    const path = '/emulator/faults'
    assert.equal((await ask(emulator, put(path, { device: 'd1', status: 503 }))).status, 204)
    assert.equal((await receive(emulator)).status, 503)
    assert.equal((await ask(emulator, { method: 'DELETE', path })).status, 204)
    assert.equal((await receive(emulator)).status, 204)
    const refused = await ask(emulator, put(path, { latencyMs: -1 }))
    assert.equal(refused.status, 400)
    assert.match(refused.body.toString(), /latencyMs must be/)
  })
})
