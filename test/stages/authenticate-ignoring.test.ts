import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { pipeline } from '../../src/core/pipeline.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { fromHello } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { hub } from '../../src/stages/hub.ts'
import { json } from '../../src/stages/json.ts'
import { lines } from '../../src/stages/lines.ts'
import { embed, type MemoryHub, memoryHub } from '../../src/testing.ts'

const greeting = (key: string) => `{"$hello":{"deviceId":"d1","key":"${key}"}}\n`

function plant(to: MemoryHub) {
  const auth = authenticate(fromHello(), { unknown: 'ignore' })
  return pipeline('p', lines(), json(), auth, batch({ lingerMs: 0 }), hub(to))
}

test('an unknown device that is ignored keeps its connection, and each thing it sends is rejected', async () => {
  const to = memoryHub({ keys: { d1: 'right' } })
  const device = embed(plant(to))
  device.write(greeting('wrong'))
  assert.match(await device.next(), /^\{"\$error":\{"code":"UNAUTHORIZED"/)
  device.write('{"$seq":1}\n{"$report":{},"$seq":2}\n{"$ping":3}\n')
  assert.equal(await device.next(), '{"$nack":1,"code":"NOT_IDENTIFIED","retry":false}\n')
  assert.equal(await device.next(), '{"$nack":2,"code":"NOT_IDENTIFIED","retry":false}\n')
  assert.equal(await device.next(), '{"$pong":3}\n', 'what needs no identity is answered')
  assert.equal(to.accepted.length + to.reports.length, 0)
  const { meter } = device.ring.connection
  assert.deepEqual(Object.fromEntries(meter.stage('authenticate', 'up').errors), { UNAUTHORIZED: 1, NOT_IDENTIFIED: 2 })
  assert.deepEqual(meter.receipts.get('telemetry'), { complete: 0, abandon: 0, reject: 1 })
  device.ring.destroy()
})

test('its next hello is tried anew, and from then on it is served', async () => {
  const to = memoryHub({ keys: { d1: 'right' } })
  const device = embed(plant(to))
  device.write(greeting('wrong') + greeting('wrong'))
  await device.next()
  await device.next()
  device.write(`${greeting('right')}{"$seq":1}\n`)
  assert.equal(await device.next(), '{"$welcome":"d1"}\n')
  assert.equal(await device.next(), '{"$ack":1}\n')
  assert.equal(to.accepted.length, 1)
  device.ring.destroy()
})

test('before any hello nothing is ignored: the connection ends as ever', async () => {
  const device = embed(plant(memoryHub()))
  device.write('{"$seq":1}\n')
  await device.ended()
  assert.equal(device.ring.failure?.code, 'NOT_IDENTIFIED')
})

test('a hub that cannot be asked is no reason to ignore a device', async () => {
  const to = memoryHub()
  to.open = () => Promise.reject(new GatewayError('HUB_UNAVAILABLE', 'down'))
  const device = embed(plant(to))
  device.write(greeting('right'))
  await device.ended()
  assert.equal(device.ring.failure?.code, 'HUB_UNAVAILABLE')
})
