import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { DeviceState } from '../../../src/cli/device-speech.ts'
import { queclinkDevice, simulatedPassword } from '../../../src/cli/devices/queclink.ts'
import { ProtocolDevice } from '../../../src/cli/protocol-device.ts'
import { queclinkReady } from '../../../src/cli/ready/queclink.ts'
import { GatewayError } from '../../../src/core/errors.ts'
import { queclink } from '../../../src/pipelines/queclink.ts'
import { served } from '../../pipelines/served.ts'

const host = '127.0.0.1'
const deviceId = '350000000000007'
const tracker = () => queclinkDevice({ deviceId: 'any', index: 7 })

function state(sequence: number): DeviceState {
  return {
    latitude_deg: -33.8568,
    longitude_deg: 151.2153,
    altitude_m: 12,
    speed_kmh: 49.7,
    course_deg: 359,
    temperature_c: 20,
    time: new Date(Date.UTC(2026, 10, 25, 20, 30, sequence)),
    sequence,
  }
}

test('a simulated tracker reports where it is, and each report is acknowledged once the hub has it', async (t) => {
  const { hub, port, bodies, errors } = await served(t, queclinkReady.simulated)
  const device = new ProtocolDevice(tracker(), { host, port })
  await device.connect()
  const reports = Array.from({ length: 20 }, (_, index) => device.report(state(index + 1)))
  assert.deepEqual(await Promise.all(reports), Array(20).fill('acked'))
  await device.end()
  assert.deepEqual([device.protocolErrors, device.resent, device.readings], [0, 0, 20])
  assert.deepEqual(await errors(), {})
  assert.equal(hub.accepted.length, 20)
  assert.ok(hub.accepted.every((each) => each.deviceId === deviceId))
  assert.equal(new Set(hub.accepted.map(({ message }) => message.messageId)).size, 20)
  const [{ kind, report, imei, locations }] = bodies()
  assert.deepEqual([kind, report, imei], ['report', 'GTFRI', deviceId])
  assert.deepEqual(
    [locations[0].latitude_deg, locations[0].longitude_deg, locations[0].fix_time_utc],
    [-33.8568, 151.2153, '2026-11-25T20:30:01Z'],
  )
})

test('a report that the hub did not take is sent again until it is acknowledged, under the same message id', async (t) => {
  const { hub, port } = await served(t, (to) => queclink(to, { sack: true, batch: { maxCount: 1, lingerMs: 0 } }))
  hub.fail(new GatewayError('HUB_UNAVAILABLE', 'later'))
  const device = new ProtocolDevice(tracker(), { host, port, ackTimeoutMs: 20 })
  await device.connect()
  assert.equal(await device.report(state(1)), 'acked')
  await device.end()
  assert.ok(device.resent >= 1)
  assert.equal(device.protocolErrors, 0)
  assert.equal(new Set(hub.accepted.map(({ message }) => message.messageId)).size, 1)
})

test('a command is answered by the tracker, and completes with what it said', async (t) => {
  const { hub, port } = await served(t, queclinkReady.simulated)
  const device = new ProtocolDevice(tracker(), { host, port })
  await device.connect()
  assert.equal(await device.report(state(1)), 'acked')
  const told = once(device, 'command')
  hub.queueCommand(deviceId, '{"command":"GTRTO","parameters":[0,"","","","",""]}')
  assert.match(((await told) as [string])[0], /^GTRTO-[\dA-F]{4}$/)
  await hub.until(() => hub.settled.length === 1)
  const [settled] = hub.settled
  assert.equal(settled?.outcome, 'complete')
  assert.equal((settled?.response?.body as { report: string } | undefined)?.report, 'GTRTO')
  await device.end()
})

test('a command that the tracker never answers is abandoned', async (t) => {
  const { hub, port } = await served(t, (to) =>
    queclink(to, { sack: true, password: simulatedPassword, hub: { answerTimeoutMs: 20 } }),
  )
  const device = new ProtocolDevice(tracker(), { host, port })
  await device.connect()
  assert.equal(await device.report(state(1)), 'acked')
  hub.queueCommand(deviceId, '{"command":"GTXXX"}')
  await hub.until(() => hub.settled.length >= 1)
  assert.equal(hub.settled[0]?.outcome, 'abandon')
  device.destroy()
})
