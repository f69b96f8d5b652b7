import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, type TestContext, test } from 'node:test'
import type { DeviceState, Heard } from '../../../src/cli/device-speech.ts'
import { imeiOf, TeltonikaDevice } from '../../../src/cli/devices/teltonika.ts'
import { ProtocolDevice, type ProtocolDeviceOptions } from '../../../src/cli/protocol-device.ts'
import { GatewayError } from '../../../src/core/errors.ts'
import { type TeltonikaOptions, teltonika } from '../../../src/pipelines/teltonika.ts'
import { countFrame } from '../../../src/stages/teltonika/packet.ts'
import { served } from '../../pipelines/served.ts'
import { damaged, message } from '../../stages/teltonika/frames.ts'

const identity = { deviceId: 'free', index: 7 }
const imei = imeiOf(identity)

function state(sequence: number): DeviceState {
  return {
    latitude_deg: 45.07,
    longitude_deg: 7.68,
    altitude_m: -6,
    speed_kmh: 36,
    course_deg: 90,
    temperature_c: -10,
    time: new Date(1_700_000_000_000 + 10_000 * sequence),
    sequence,
  }
}

/** A simulated device that is connected to the real pipeline. */
async function connected(t: TestContext, options: TeltonikaOptions = {}, device: Partial<ProtocolDeviceOptions> = {}) {
  const gateway = await served(t, (to) => teltonika(to, { batch: { lingerMs: 0 }, ...options }))
  const tracker = new ProtocolDevice(new TeltonikaDevice(identity), {
    host: '127.0.0.1',
    port: gateway.port,
    ...device,
  })
  t.after(() => tracker.destroy())
  await tracker.connect()
  return { ...gateway, tracker }
}

describe('a simulated Teltonika device', () => {
  test('logs in by its IMEI, reports packets of one to three records, and is acknowledged', async (t) => {
    const { hub, tracker, bodies } = await connected(t)
    const fates = await Promise.all([1, 2, 3, 4].map((each) => tracker.report(state(each))))
    assert.deepEqual(fates, ['acked', 'acked', 'acked', 'acked'])
    await tracker.end()
    assert.deepEqual(
      bodies().map(({ record_count }) => record_count),
      [2, 2, 3, 3, 3, 1, 2, 2],
    )
    assert.equal(tracker.readings, 8)
    assert.equal(new Set(hub.accepted.map(({ message }) => message.messageId)).size, 8)
    const [{ kind, latitude_deg, longitude_deg, altitude_m, angle_deg, speed_kmh, io }] = bodies().slice(5, 6)
    assert.deepEqual(
      { kind, latitude_deg, longitude_deg, altitude_m, angle_deg, speed_kmh },
      { kind: 'avl', latitude_deg: 45.07, longitude_deg: 7.68, altitude_m: -6, angle_deg: 90, speed_kmh: 36 },
    )
    assert.ok(io.some(({ id, hex }: { id: number; hex: string }) => id === 72 && hex === 'ffffff9c'))
    assert.deepEqual([hub.accepted[0]?.deviceId, tracker.protocolErrors, tracker.resent], [imei, 0, 0])
  })

  test('sends again what was acknowledged short, until all of it is taken', async (t) => {
    const { hub, tracker } = await connected(t, {}, { againMs: 5 })
    hub.fail(new GatewayError('HUB_THROTTLED', 'later'), new GatewayError('HUB_UNAVAILABLE', 'later'))
    assert.equal(await tracker.report(state(1)), 'acked')
    assert.deepEqual([hub.accepted.length, tracker.resent, tracker.protocolErrors], [2, 2, 0])
  })

  test('sends again what is not answered', async (t) => {
    const { hub, tracker } = await connected(t, {}, { ackTimeoutMs: 20 })
    hub.hold()
    const fate = tracker.report(state(3))
    while (tracker.resent === 0) await new Promise((resolve) => setImmediate(resolve))
    hub.release()
    assert.equal(await fate, 'acked')
    await tracker.end()
    assert.equal(new Set(hub.accepted.map(({ message }) => message.messageId)).size, 1)
  })

  test('answers a command, which completes it with the hub', async (t) => {
    const { hub, tracker } = await connected(t)
    await tracker.report(state(1))
    const obeyed = once(tracker, 'command')
    hub.queueCommand(imei, 'getver', { properties: { codec: '14' } })
    assert.deepEqual(await obeyed, ['getver'])
    hub.queueCommand(imei, 'setparam 2001:net')
    await hub.until(() => hub.settled.length === 2)
    assert.deepEqual(
      hub.settled.map(({ outcome }) => outcome),
      ['complete', 'complete'],
    )
    assert.match(JSON.stringify(hub.settled[1]?.response), /New value 2001:net/)
  })

  test('answers a command for another IMEI with a refusal, which rejects it', () => {
    const device = welcome(new TeltonikaDevice(identity))
    const [said, ...others] = device.hear(message(14, 5, 'getinfo', { imei: '350000000000025' }))
    assert.deepEqual(others, [])
    assert.ok(said?.kind === 'say')
    assert.deepEqual(said.bytes, message(14, 0x11, '', { imei }))
  })

  test('a command that it never answers is abandoned', async (t) => {
    const gateway = await served(t, (to) => teltonika(to, { batch: { lingerMs: 0 }, hub: { answerTimeoutMs: 60 } }))
    const deaf = new TeltonikaDevice(identity)
    const hear = deaf.hear.bind(deaf)
    deaf.hear = (frame) => hear(frame).filter(({ kind }) => kind !== 'say')
    const tracker = new ProtocolDevice(deaf, { host: '127.0.0.1', port: gateway.port })
    t.after(() => tracker.destroy())
    await tracker.connect()
    await tracker.report(state(1))
    const obeyed = once(tracker, 'command')
    gateway.hub.queueCommand(imei, 'getinfo')
    await obeyed
    await gateway.hub.until(() => gateway.hub.settled.length > 0)
    assert.equal(gateway.hub.settled[0]?.outcome, 'abandon')
  })

  test('is told when the gateway does not know it', async (t) => {
    const gateway = await served(t, (to) => teltonika(to), { memory: { keys: {} } })
    const tracker = new ProtocolDevice(new TeltonikaDevice(identity), { host: '127.0.0.1', port: gateway.port })
    await assert.rejects(tracker.connect(), /refused 350000000000071: the gateway answered the login with 0/)
    await tracker.end()
  })
})

/** The device after its login was accepted. */
function welcome(device: TeltonikaDevice): TeltonikaDevice {
  device.hear(Buffer.of(1))
  return device
}

describe('the ear of a simulated Teltonika device', () => {
  test('IMEIs have fifteen digits, the last of which checks the others', () => {
    assert.equal(imeiOf({ deviceId: '', index: 1 }), '350000000000014')
    assert.equal(imeiOf({ deviceId: '', index: 123_456 }), '350000001234562')
  })

  test('takes a count and a command apart, though both may begin with four zeros', () => {
    const device = welcome(new TeltonikaDevice(identity))
    const { key } = device.report(state(1))
    const finder = device.framing.finder()
    const zero = Buffer.concat([countFrame(0), countFrame(2), message(12, 5, 'getinfo')])
    const heard: Heard[] = []
    for (let at = 0; at < zero.length; ) {
      const found = finder.find(zero, at)
      assert.ok(found.kind === 'frame')
      heard.push(...device.hear(found.frame))
      at = found.next
    }
    assert.deepEqual(
      heard.map((each) => (each.kind === 'say' ? each.kind : each)),
      [{ kind: 'again', key }, { kind: 'acked', key }, 'say', { kind: 'command', id: 'getinfo' }],
    )
  })

  test('what a gateway must not say is unexpected', () => {
    for (const frame of [countFrame(1), damaged(message(12, 5, 'x')), message(12, 6, 'an answer'), Buffer.alloc(16)]) {
      const device = welcome(new TeltonikaDevice(identity))
      assert.deepEqual(
        device.hear(frame).map(({ kind }) => kind),
        ['unexpected'],
      )
    }
  })

  test('a length over its limit is noise', () => {
    const device = welcome(new TeltonikaDevice(identity))
    const found = device.framing.finder().find(Buffer.from('000000007fffffff', 'hex'), 0)
    assert.deepEqual([found.kind, found.kind === 'filler' && found.noise], ['filler', true])
  })
})
