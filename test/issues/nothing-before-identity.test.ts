import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { embed, memoryHub } from '../../src/testing.ts'

test('a reading that the codec refuses before the hello ends the connection and goes no further', async () => {
  const device = embed(jsonLines(memoryHub()))
  device.write('{"$seq":7,"$properties":1,"t":1}\n')
  assert.match(await device.next(), /"\$error":\{"code":"NOT_IDENTIFIED"/)
  await device.ended()
  const { meter } = device.ring.connection
  assert.equal(meter.stage('batch', 'up').items, 0)
  assert.equal(meter.stage('hub', 'up').items, 0)
})

test('what the batcher keeps is what its limit counts: the decoded reading is let go', async () => {
  const to = memoryHub()
  const device = embed(jsonLines(to))
  device.write('{"$hello":{"deviceId":"d1","key":"k"}}\n{"$seq":1,"x":[{},{},{}]}\n')
  await device.next()
  await device.next()
  assert.equal(to.accepted[0]?.message.value, undefined)
  assert.equal(to.accepted[0]?.message.body.toString(), '{"x":[{},{},{}]}')
  device.end()
  await device.ended()
})

test('a second hello with another key is not welcomed', async () => {
  const device = embed(jsonLines(memoryHub()))
  device.write('{"$hello":{"deviceId":"d1","key":"k"}}\n{"$hello":{"deviceId":"d1","key":"other"}}\n')
  assert.match(await device.next(), /welcome/)
  assert.match(await device.next(), /IDENTITY_CHANGED/)
  await device.ended()
})
