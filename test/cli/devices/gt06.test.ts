import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { DeviceState, Heard } from '../../../src/cli/device-speech.ts'
import { Gt06Device } from '../../../src/cli/devices/gt06.ts'
import { ProtocolDevice } from '../../../src/cli/protocol-device.ts'
import { gt06Ready } from '../../../src/cli/ready/gt06.ts'
import { GatewayError } from '../../../src/core/errors.ts'
import { gt06 } from '../../../src/pipelines/gt06.ts'
import { encodeGt06 } from '../../../src/stages/gt06/decode.ts'
import { served } from '../../pipelines/served.ts'
import { assertContains } from '../../pipelines/vector-runs.ts'

const host = '127.0.0.1'
const deviceId = '350000000000007'

function state(sequence: number): DeviceState {
  return {
    latitude_deg: -33.8568,
    longitude_deg: 151.2153,
    altitude_m: 12,
    speed_kmh: 49.7,
    course_deg: 359.8,
    temperature_c: 20,
    time: new Date(Date.UTC(2026, 10, 25, 20, 30, sequence)),
    sequence,
  }
}

/** One that answers no command. */
class SilentDevice extends Gt06Device {
  override hear(frame: Buffer): readonly Heard[] {
    return super.hear(frame).filter(({ kind }) => kind !== 'say')
  }
}

const tracker = () => gt06Ready.device({ deviceId: 'any', index: 7 })

test('a simulated tracker logs in, reports locations, heartbeats and alarms, and is acknowledged', async (t) => {
  const { hub, port, bodies, errors } = await served(t, gt06Ready.simulated)
  const device = new ProtocolDevice(tracker(), { host, port })
  await device.connect()
  assert.equal(device.deviceId, deviceId)
  const reports = Array.from({ length: 20 }, (_, index) => device.report(state(index + 1)))
  assert.deepEqual(await Promise.all(reports), Array(20).fill('acked'))
  await device.end()
  assert.deepEqual([device.protocolErrors, device.resent], [0, 0])
  assert.deepEqual(await errors(), {})
  const counts: Record<string, number> = {}
  for (const { kind } of bodies()) counts[kind] = (counts[kind] ?? 0) + 1
  assert.deepEqual(counts, { location: 18, heartbeat: 4, alarm: 2 })
  assertContains(bodies()[0], {
    device_time: '2026-11-25T20:30:01',
    time_basis: 'utc',
    latitude_deg: -33.8568,
    longitude_deg: 151.2153,
    speed_kmh: 50,
    course_deg: 0,
    fix: true,
  })
  assert.ok(hub.accepted.every((each) => each.deviceId === deviceId))
  const ids = hub.accepted.flatMap(({ message }) => message.messageId ?? [])
  assert.equal(new Set(ids).size, 20)
})

test('what was not acknowledged is sent again, under the same message id, until the hub has it', async (t) => {
  const { hub, port } = await served(t, gt06Ready.simulated)
  const device = new ProtocolDevice(tracker(), { host, port, ackTimeoutMs: 20 })
  await device.connect()
  hub.fail(new GatewayError('HUB_UNAVAILABLE', 'down'), new GatewayError('HUB_UNAVAILABLE', 'down'))
  assert.equal(await device.report(state(1)), 'acked')
  assert.ok(device.resent >= 2, `${device.resent}`)
  assert.match(hub.accepted[0]?.message.messageId as string, /^2026-11-25T20:30:01-2-/)
  await device.end()
  assert.equal(new Set(hub.accepted.map(({ message }) => message.messageId)).size, 1)
})

test('while the hub holds, it waits, as many at once as its window has', async (t) => {
  const { hub, port } = await served(t, gt06Ready.simulated, { memory: { hold: true } })
  const device = new ProtocolDevice(tracker(), { host, port })
  await device.connect()
  const reports = Array.from({ length: 12 }, (_, index) => device.report(state(index + 1)))
  hub.release()
  assert.deepEqual(await Promise.all(reports), Array(12).fill('acked'))
  await device.end()
})

test('it obeys a command, and its reply settles it with the hub', async (t) => {
  const { hub, port } = await served(t, gt06Ready.simulated)
  const device = new ProtocolDevice(tracker(), { host, port })
  await device.connect()
  const obeyed = once(device, 'command')
  hub.queueCommand(deviceId, 'DYD,000000#')
  await obeyed
  await hub.until(() => hub.settled.length === 1)
  assert.equal(hub.settled[0]?.outcome, 'complete')
  assertContains(hub.settled[0]?.response, { status: 200, body: { text: 'DYD,000000# Success!', language: 2 } })
  await device.end()
  assert.equal(device.protocolErrors, 0)
})

test('a command that it does not answer is abandoned', async (t) => {
  const { hub, port } = await served(t, (to) => gt06(to, { acknowledgeLocations: true, hub: { answerTimeoutMs: 20 } }))
  const device = new ProtocolDevice(new SilentDevice({ deviceId: 'any', index: 7 }), { host, port })
  await device.connect()
  hub.queueCommand(deviceId, 'RESET#')
  await hub.until(() => hub.settled.length === 1)
  assert.equal(hub.settled[0]?.outcome, 'abandon')
  device.destroy()
})

test('an unknown one is welcome, but its reports are not acknowledged', async (t) => {
  const { hub, port, errors } = await served(t, gt06Ready.simulated, { memory: { keys: {} } })
  const device = new ProtocolDevice(tracker(), { host, port, ackTimeoutMs: 10 })
  await device.connect()
  const report = device.report(state(1))
  while ((await errors()).NOT_IDENTIFIED === undefined) await turn()
  device.destroy()
  assert.equal(await report, 'lost')
  assert.equal(hub.accepted.length, 0)
})

test('what a gateway must not say is told', () => {
  const device = new Gt06Device({ deviceId: 'any', index: 1 })
  const stranger = encodeGt06({ kind: 'other', start: '7878', protocol_number: '0x99', serial: 1, content_hex: '' })
  assert.deepEqual(device.hear(stranger), [{ kind: 'unexpected', reason: 'a frame of type 0x99' }])
})
