import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Fleet, type FleetOptions } from '../../src/cli/fleet.ts'
import { SimulatedDevice } from '../../src/cli/simulated-device.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { serve } from '../../src/gateway/serve.ts'
import { type MemoryHub, memoryHub } from '../../src/hub/memory.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'

async function fleetTo(t: TestContext, hub: MemoryHub, options: Omit<FleetOptions, 'devices'>, size = 3) {
  const gateway = await serve(jsonLines(hub, { batch: { maxCount: 1 } }), { port: 0, host: '127.0.0.1' })
  t.after(() => gateway.close())
  const { port } = gateway.address
  const devices = Array.from(
    { length: size },
    (_, index) => new SimulatedDevice({ host: '127.0.0.1', port, deviceId: `s${index}`, key: 'k' }),
  )
  return { gateway, fleet: new Fleet({ devices, ...options }) }
}

const timers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length

test('every device sends its count, each reading is answered, and the report says so', async (t) => {
  const hub = memoryHub()
  const { fleet } = await fleetTo(t, hub, { rate: 1000, count: 5 })
  await fleet.start()
  await fleet.finished()
  await fleet.stop()
  const { devices, sent, acked, nacked, lost, commands, protocolErrors, latencyMs } = fleet.report
  assert.deepEqual([devices, sent, acked, nacked, lost, commands, protocolErrors], [3, 15, 15, 0, 0, 0, 0])
  assert.ok(latencyMs.p50 > 0 && latencyMs.p50 <= latencyMs.p99 && latencyMs.p99 <= latencyMs.max)
  await hub.until(() => hub.sessions.size === 0)
  assert.equal(hub.accepted.length, 15)
  assert.equal(new Set(hub.accepted.map(({ deviceId }) => deviceId)).size, 3)
})

test('before anything happened the report is all zeros', () => {
  assert.deepEqual(new Fleet({ devices: [], rate: 1 }).report, {
    devices: 0,
    sent: 0,
    acked: 0,
    nacked: 0,
    lost: 0,
    written: 0,
    polled: 0,
    resent: 0,
    readings: 0,
    commands: 0,
    protocolErrors: 0,
    latencyMs: { p50: 0, p99: 0, max: 0 },
  })
})

test('a fleet without devices is finished at once', async () => {
  const fleet = new Fleet({ devices: [], rate: 1, count: 1 })
  await fleet.start()
  await fleet.finished()
  await fleet.stop()
})

test('readings are objects with a temperature and a time', async (t) => {
  const hub = memoryHub()
  const { fleet } = await fleetTo(t, hub, { rate: 1000, count: 1 }, 1)
  await fleet.start()
  await fleet.finished()
  await fleet.stop()
  const reading = JSON.parse(hub.accepted[0]?.message.body.toString() ?? '')
  assert.equal(typeof reading.temperature, 'number')
  assert.ok(!Number.isNaN(Date.parse(reading.at)))
})

test('a fleet that is stopped waits for the answers of what was sent, and leaves no timer', async (t) => {
  const hub = memoryHub({ hold: true })
  const { fleet } = await fleetTo(t, hub, { rate: 0.001 })
  const before = timers()
  await fleet.start()
  assert.equal(fleet.report.sent, 3)
  const stopping = fleet.stop()
  assert.equal(timers(), before)
  hub.release()
  await stopping
  assert.equal(fleet.report.acked, 3)
})

test('refused and lost readings are reported as such', async (t) => {
  const hub = memoryHub()
  hub.fail(new GatewayError('HUB_REJECTED', 'never'))
  const { fleet, gateway } = await fleetTo(t, hub, { rate: 0.001, count: 2 }, 1)
  await fleet.start()
  await hub.until(() => true)
  while (fleet.report.nacked === 0) await new Promise((resolve) => setImmediate(resolve))
  await gateway.close()
  await fleet.stop()
  assert.deepEqual([fleet.report.sent, fleet.report.nacked, fleet.report.lost], [1, 1, 0])
})

test('commands that devices answered are counted', async (t) => {
  const hub = memoryHub()
  hub.queueCommand('s0', '{}')
  hub.queueCommand('s1', '{}')
  const { fleet } = await fleetTo(t, hub, { rate: 0.001 })
  await fleet.start()
  await hub.until(() => hub.settled.length === 2)
  await fleet.stop()
  assert.equal(fleet.report.commands, 2)
})

test('one device that is refused ends the start and cuts all others', async (t) => {
  const hub = memoryHub({ keys: { s0: 'k', s1: 'other', s2: 'k' } })
  const { fleet } = await fleetTo(t, hub, { rate: 1000 })
  await assert.rejects(fleet.start(), /refused s1: UNAUTHORIZED/)
  await hub.until(() => hub.sessions.size === 0)
  assert.equal(fleet.report.sent, 0)
})
