import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceState } from '../../../src/cli/device-speech.ts'
import { nmeaDevice } from '../../../src/cli/devices/nmea.ts'
import { ProtocolDevice } from '../../../src/cli/protocol-device.ts'
import { nmeaReady } from '../../../src/cli/ready/nmea.ts'
import { served } from '../../pipelines/served.ts'

function state(sequence: number): DeviceState {
  return {
    latitude_deg: -45.5,
    longitude_deg: 7.25,
    altitude_m: 240,
    speed_kmh: 18.52,
    course_deg: 90,
    temperature_c: 20,
    time: new Date(1_700_000_000_000 + sequence),
    sequence,
  }
}

test('a simulated receiver reports where it is, under the name of its tag blocks, and hears a ship now and then', async (t) => {
  const { hub, port, bodies, errors } = await served(t, nmeaReady.simulated)
  const speech = nmeaDevice({ deviceId: 'rx-1', index: 1 })
  const device = new ProtocolDevice(speech, { host: '127.0.0.1', port })
  await device.connect()
  for (let sequence = 1; sequence <= 5; sequence++) assert.equal(await device.report(state(sequence)), 'written')
  await device.end()
  assert.equal(device.readings, 17)
  assert.equal(hub.accepted.length, 17)
  assert.deepEqual(await errors(), {})
  assert.ok(hub.accepted.every(({ deviceId }) => deviceId === 'rx-1'))
  assert.equal(new Set(hub.accepted.map(({ message }) => message.messageId)).size, 17, 'each has an id of its own')
  const [rmc, gga, hdt] = bodies()
  assert.deepEqual(
    [rmc.latitude_deg, rmc.longitude_deg, rmc.speed_kn, rmc.course_deg, rmc.date],
    [-45.5, 7.25, 10, 90, '2023-11-14'],
  )
  assert.deepEqual([gga.altitude_m, gga.fix_quality, hdt.heading_true_deg], [240, 1, 90])
  const [position, voyage] = bodies().slice(-2)
  assert.deepEqual(
    [position.ais_type, position.mmsi, position.latitude_deg, position.longitude_deg, position.heading_deg],
    [1, '247000001', -45.5, 7.25, 90],
  )
  assert.deepEqual(
    [voyage.ais_type, voyage.mmsi, voyage.name, voyage.destination, voyage.fragments, voyage.draught_m],
    [5, '247000001', 'SIMULATED SHIP', 'GENOVA', 2, 6.4],
  )
})

test('whatever a gateway says to a receiver is an error of the protocol', () => {
  assert.deepEqual(nmeaDevice({ deviceId: 'rx', index: 1 }).hear(Buffer.from('x'))[0]?.kind, 'unexpected')
})
