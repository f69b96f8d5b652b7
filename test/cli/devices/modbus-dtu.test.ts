import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, type TestContext, test } from 'node:test'
import { ModbusDtuDevice, simulatedPlan } from '../../../src/cli/devices/modbus-dtu.ts'
import { Fleet } from '../../../src/cli/fleet.ts'
import { ProtocolDevice } from '../../../src/cli/protocol-device.ts'
import { modbusDtuReady } from '../../../src/cli/ready/modbus-dtu.ts'
import { type ModbusDtuOptions, modbusDtu } from '../../../src/pipelines/modbus-dtu.ts'
import { encodeRequest, type RtuRequest } from '../../../src/stages/modbus/rtu-request.ts'
import { decodeResponse } from '../../../src/stages/modbus/rtu-response.ts'
import { type Served, served } from '../../pipelines/served.ts'

const imei = '350000000000007'

/** What a simulated device answers to a request; undefined: nothing. */
function answer(device: ModbusDtuDevice, request: RtuRequest) {
  const said = device.hear(encodeRequest(request).subarray(0, -2)).find(({ kind }) => kind === 'say')
  return said?.kind === 'say' ? decodeResponse(said.bytes) : undefined
}

async function connected(t: TestContext, options: ModbusDtuOptions = {}): Promise<Served & { device: ProtocolDevice }> {
  const gate = await served(t, (to) => modbusDtu(to, { plan: simulatedPlan(60_000), ...options }))
  const device = new ProtocolDevice(new ModbusDtuDevice(7), { host: '127.0.0.1', port: gate.port })
  await device.connect()
  t.after(() => device.destroy())
  return { ...gate, device: device as never }
}

describe('a simulated DTU', () => {
  test('answers reads of its four tables, and remembers what is written', () => {
    const device = new ModbusDtuDevice(1)
    assert.deepEqual(answer(device, { unit: 1, function: 3, address: 0, quantity: 2 })?.registers, [215, 0])
    assert.deepEqual(answer(device, { unit: 1, function: 2, address: 1, quantity: 1 })?.bits?.[0], 1)
    answer(device, { unit: 1, function: 5, address: 4, value: 0xff00 })
    answer(device, { unit: 1, function: 15, address: 5, bits: [1, 1] })
    assert.deepEqual(answer(device, { unit: 1, function: 1, address: 4, quantity: 4 })?.bits?.slice(0, 4), [1, 1, 1, 0])
    answer(device, { unit: 1, function: 6, address: 4, value: 9 })
    assert.equal(answer(device, { unit: 1, function: 16, address: 5, registers: [8, 7] })?.quantity, 2)
    assert.deepEqual(answer(device, { unit: 1, function: 3, address: 4, quantity: 3 })?.registers, [9, 8, 7])
  })

  test('has values that move', () => {
    const device = new ModbusDtuDevice(1)
    const seen = Array.from({ length: 9 }, () => answer(device, { unit: 1, function: 4, address: 0, quantity: 1 }))
    assert.ok(new Set(seen.map((response) => response?.registers?.[0])).size > 3)
  })

  test('answers what it does not have with an exception, and what is for all or for others not at all', () => {
    const device = new ModbusDtuDevice(1)
    assert.equal(answer(device, { unit: 1, function: 3, address: 99, quantity: 2 })?.exception, 'illegal data address')
    assert.equal(answer(device, { unit: 0, function: 6, address: 1, value: 1 }), undefined)
    assert.equal(answer(device, { unit: 2, function: 3, address: 0, quantity: 1 }), undefined)
    assert.deepEqual(answer(device, { unit: 1, function: 3, address: 1, quantity: 1 })?.registers, [1])
  })

  test('registers, is polled, and its values are at the hub by name', async (t) => {
    const { hub, bodies, device } = await connected(t)
    await hub.until(() => hub.accepted.length === 4)
    const points = Object.assign({}, ...bodies().map((body) => body.points))
    assert.deepEqual(Object.keys(points).sort(), [
      'door',
      'energy_kwh',
      'pump',
      'setpoint_c',
      'supply_voltage_v',
      'temperature_c',
    ])
    assert.ok(points.temperature_c > 17 && points.temperature_c < 25)
    assert.deepEqual([points.setpoint_c, points.pump, points.door], [21.5, [0, 0, 0, 0], [0, 1]])
    assert.equal(hub.accepted[0]?.deviceId, imei)
    assert.equal(device.protocolErrors, 0)
    await device.end()
  })

  test('obeys a command, which is complete with what it echoed', async (t) => {
    const { hub, device } = await connected(t)
    const obeyed = once(device, 'command')
    const id = hub.queueCommand(imei, '{"write":"setpoint_c","value":19.5}', { via: 'method' })
    await obeyed
    await hub.until(() => hub.settled.length === 1)
    const [settled] = hub.settled
    assert.deepEqual([settled?.command.id, settled?.outcome, settled?.response?.status], [id, 'complete', 200])
    hub.queueCommand(imei, '{"read":"setpoint_c"}', { via: 'method' })
    await hub.until(() => hub.settled.length === 2)
    const body = hub.settled[1]?.response?.body as { points?: unknown } | undefined
    assert.deepEqual(body?.points, { setpoint_c: 19.5 })
  })

  test('refuses a command for what it does not have: it is rejected with the reason', async (t) => {
    const { hub } = await connected(t)
    hub.queueCommand(imei, '{"unit":1,"function":6,"address":500,"value":1}', { via: 'method' })
    await hub.until(() => hub.settled.length === 1)
    const [settled] = hub.settled
    assert.equal(settled?.outcome, 'reject')
    assert.deepEqual(settled?.response, {
      status: 502,
      body: { kind: 'exception', unit: 1, function: 6, exception_code: 2, exception: 'illegal data address' },
    })
  })

  test('has no unit 2: a command for it is abandoned', async (t) => {
    const { hub, errors } = await connected(t, { replyTimeoutMs: 50, plan: [] })
    hub.queueCommand(imei, '{"unit":2,"function":6,"address":0,"value":1}')
    await hub.until(() => hub.settled.length === 1)
    assert.equal(hub.settled[0]?.outcome, 'abandon')
    assert.ok(((await errors()).COMMAND_TIMEOUT ?? 0) >= 1)
  })

  test('sends heartbeats between replies, which disturb nothing', async (t) => {
    const { hub, errors } = await connected(t, { plan: simulatedPlan(100) })
    await hub.until(() => hub.accepted.length === 24)
    assert.deepEqual(await errors(), {})
  })

  test('is one of many that a fleet drives', async (t) => {
    const gate = await served(t, (to) => modbusDtu(to, { plan: simulatedPlan(100) }))
    const devices = [1, 2, 3, 4, 5].map((index) => {
      return new ProtocolDevice(modbusDtuReady.device({ deviceId: '', index }), { host: '127.0.0.1', port: gate.port })
    })
    const fleet = new Fleet({ devices, rate: 1, count: 8 })
    await fleet.start()
    await fleet.finished()
    await fleet.stop()
    assert.ok(fleet.report.polled >= 40)
    assert.equal(fleet.report.protocolErrors, 0)
    assert.equal(new Set(gate.hub.accepted.map(({ deviceId }) => deviceId)).size, 5)
  })
})
