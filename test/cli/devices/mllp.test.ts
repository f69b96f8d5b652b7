import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { DeviceState } from '../../../src/cli/device-speech.ts'
import { mllpDevice } from '../../../src/cli/devices/mllp.ts'
import { ProtocolDevice, type ProtocolDeviceOptions } from '../../../src/cli/protocol-device.ts'
import { mllpReady } from '../../../src/cli/ready/mllp.ts'
import { GatewayError } from '../../../src/core/errors.ts'
import { faultOf, readHeader } from '../../../src/stages/hl7/header.ts'
import { isDeviceId } from '../../../src/stages/hub-names.ts'
import { served } from '../../pipelines/served.ts'
import { block, message } from '../../stages/hl7/messages.ts'

const state = (sequence: number): DeviceState => ({
  latitude_deg: 45,
  longitude_deg: 7,
  altitude_m: 240,
  speed_kmh: 0,
  course_deg: 0,
  temperature_c: 20,
  time: new Date(Date.UTC(2026, 0, 2, 3, 4, sequence)),
  sequence,
})

const identity = { deviceId: 'sim-1', index: 1 }
const speech = () => mllpDevice(identity)

/** A device that is gone when the test is, however that ends. */
async function connected(t: TestContext, port: number, options: Partial<ProtocolDeviceOptions> = {}) {
  const device = new ProtocolDevice(speech(), { host: '127.0.0.1', port, ...options })
  t.after(() => device.destroy())
  await device.connect()
  return device
}

const answer = (code: string, id: string) => message({ 9: 'ACK^R01^ACK' }, ['MSA', code, id])

describe('the simulated monitor', () => {
  test('reports vital signs that move, each under an id of its own, and is acknowledged', async (t) => {
    const gateway = await served(t, mllpReady.simulated)
    const device = await connected(t, gateway.port)
    const all = await Promise.all([1, 2, 3].map((sequence) => device.report(state(sequence))))
    await device.end()
    assert.deepEqual(all, ['acked', 'acked', 'acked'])
    assert.deepEqual([device.resent, device.protocolErrors], [0, 0])
    const bodies = gateway.bodies()
    assert.deepEqual(
      gateway.hub.accepted.map(({ deviceId }) => deviceId),
      ['sim-1', 'sim-1', 'sim-1'],
    )
    assert.equal(new Set(gateway.hub.accepted.map((each) => each.message.messageId)).size, 3)
    const pulses = bodies.map(({ obx }) => obx[0].value)
    assert.equal(new Set(pulses).size, 3)
    for (const { obx, processing_id, charset } of bodies) {
      assert.deepEqual([obx.length, processing_id, charset], [3, 'T', 'utf-8'])
      for (const { value } of obx) assert.match(value, /^\d+(\.\d)?$/)
    }
    assert.equal(gateway.hub.accepted[0]?.message.creationTimeUtc, '2026-01-02T03:04:01.000Z')
  })

  test('sends one message at a time', async (t) => {
    const heard: Buffer[] = []
    const server = createServer((socket) =>
      socket.on('data', (bytes) => heard.push(bytes) && arrived.emit('block', socket)),
    )
    const arrived = new EventEmitter()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const device = await connected(t, port)
    const reports = [1, 2].map((sequence) => device.report(state(sequence)))
    for (const id of ['1-1', '1-2']) {
      const [socket] = (await once(arrived, 'block')) as [Socket]
      for (let turns = 0; turns < 50; turns++) await turn()
      assert.match(Buffer.concat(heard.splice(0)).toString(), new RegExp(`^\x0bMSH[^\x0b]*\\|${id}\\|[^\x0b]*$`))
      socket.write(block(answer('AA', id)))
    }
    assert.deepEqual(await Promise.all(reports), ['acked', 'acked'])
    await device.end()
  })

  test('sends again what was answered AE, and what was not answered in time', async (t) => {
    const gateway = await served(t, mllpReady.simulated)
    gateway.hub.fail(new GatewayError('HUB_UNAVAILABLE', 'down'))
    const device = await connected(t, gateway.port, { againMs: 1, ackTimeoutMs: 20 })
    assert.equal(await device.report(state(1)), 'acked')
    assert.ok(device.resent >= 1)
    gateway.hub.hold()
    const held = device.report(state(2))
    const before = device.resent
    while (device.resent === before) await turn()
    gateway.hub.release()
    assert.equal(await held, 'acked')
    await device.end()
    const ids = gateway.hub.accepted.map(({ message: { messageId } }) => messageId)
    assert.equal(new Set(ids).size, 2)
  })

  test('gives up what is answered AR', async (t) => {
    const gateway = await served(t, mllpReady.simulated)
    gateway.hub.fail(new GatewayError('HUB_REJECTED', 'never'))
    const device = await connected(t, gateway.port)
    assert.equal(await device.report(state(1)), 'nacked')
    assert.equal(await device.report(state(2)), 'acked')
    await device.end()
  })

  test('hears every code of either mode, and knows what is no acknowledgement', () => {
    const heard = (block: Buffer) => speech().hear(block)
    for (const [code, kind] of [
      ['AA', 'acked'],
      ['CA', 'acked'],
      ['AE', 'again'],
      ['CE', 'again'],
      ['AR', 'rejected'],
      ['CR', 'rejected'],
    ] as const) {
      assert.deepEqual(heard(answer(code, '1-7')), [{ kind, key: '1-7' }])
    }
    for (const strange of [answer('XX', '1-7'), message(), Buffer.from('hello'), Buffer.alloc(0)]) {
      assert.equal(heard(strange)[0]?.kind, 'unexpected')
    }
  })

  test('has ids that the hub takes, whatever it is called, and messages that can be taken', () => {
    for (const [index, deviceId] of ['sim-1', "a.b_c'(d)", '%+#'].entries()) {
      const device = mllpDevice({ deviceId, index })
      assert.ok(isDeviceId(device.deviceId))
      const { bytes, key } = device.report(state(index + 1))
      const header = readHeader(bytes.toString('latin1', 1))
      assert.ok(header !== undefined && faultOf(header) === undefined)
      assert.equal(header.fields[10], key)
    }
  })
})
