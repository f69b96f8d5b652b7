import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { SimulatedDevice } from '../../src/cli/simulated-device.ts'
import { bodyOf, LocalHub } from './local-hub.ts'
import { LineDevice } from './program.ts'

test('two hundred devices with different keys at once: no message goes under another identity', async (t) => {
  const deviceIds = Array.from({ length: 200 }, (_, index) => `d${index}`)
  const local = new LocalHub(deviceIds)
  t.after(() => local.close())
  await local.start()
  const devices = deviceIds.map((deviceId) => new SimulatedDevice(local.device(deviceId)))
  await Promise.all(devices.map((device) => device.connect()))
  const answers = devices.flatMap((device, index) =>
    Array.from({ length: 10 }, (_, n) => device.send({ from: deviceIds[index], n })),
  )
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['acked']))
  assert.equal(local.accepted.length, 2000)
  for (const message of local.accepted) {
    assert.equal(bodyOf(message).from, message.deviceId)
    assert.equal(message.systemProperties['iothub-connection-device-id'], message.deviceId)
  }
  assert.equal(await local.metric('headgate_connections{pipeline="jsonLines"}'), 200)
  await Promise.all(devices.map((device) => device.end()))
  await local.reached('headgate_connections_total{pipeline="jsonLines",outcome="ok"}', 200)
})

test('a key of another device is refused in the protocol and counted', async (t) => {
  const local = new LocalHub(['d1', 'd2'])
  t.after(() => local.close())
  await local.start()
  const impostor = new SimulatedDevice(local.device('d1', local.key('d2')))
  await assert.rejects(impostor.connect(), /refused d1: UNAUTHORIZED/)
  impostor.destroy()
  const rejected = 'headgate_receipts_total{pipeline="jsonLines",kind="hello",outcome="reject"}'
  assert.equal(await local.metric(rejected), 1)
})

test('a device that never says hello is closed after the deadline, whether silent or chatting', async (t) => {
  const local = new LocalHub(['d1'])
  t.after(() => local.close())
  await local.start({ helloTimeoutMs: 100 })
  const { port } = local.gateway.address
  const silent = connect(port)
  const chatting = connect(port)
  chatting.write('{"$ping":1}\n')
  await Promise.all([once(silent.resume(), 'close'), once(chatting.resume(), 'close')])
  await local.reached('headgate_connections_total{pipeline="jsonLines",outcome="HELLO_TIMEOUT"}', 2)
})

test('a property value and a command body of any bytes cross unharmed, both ways', async (t) => {
  const local = new LocalHub(['d1'])
  t.after(() => local.close())
  await local.start()
  const value = 'x","iothub-messageid":"spoofed'
  const body = Buffer.from([0xff, 0xfe, 0x80, 0x00])
  const device = new LineDevice(local.gateway.address.port)
  device.write({ $hello: { deviceId: 'd1', key: local.key('d1') } }, { $seq: 1, $properties: { note: value }, t: 1 })
  assert.deepEqual(await device.next(), { $welcome: 'd1' })
  assert.deepEqual(await device.next(), { $ack: 1 })
  assert.deepEqual(local.accepted[0]?.properties, { note: value })
  assert.match(String(local.accepted[0]?.systemProperties['message-id']), /^1-[0-9a-f]{12}$/)
  local.emulator.hub.queueCommand('d1', { body, properties: { note: value } })
  const { $command: command } = (await device.next()) as { $command: Record<string, unknown> }
  assert.deepEqual(command.body, { $base64: body.toString('base64') })
  assert.deepEqual(command.properties, { note: value })
  device.socket.end()
  assert.equal(await device.next(), undefined)
})

test('a connection reset in the middle of a frame leaves no stream, timer or hub session behind', async (t) => {
  const local = new LocalHub(['d1'])
  t.after(() => local.close())
  await local.start()
  const busy = () => process.getActiveResourcesInfo().filter((each) => !/^(TTY|Pipe|File)/.test(each))
  const connected = async (): Promise<SimulatedDevice> => {
    const device = new SimulatedDevice(local.device('d1'))
    await device.connect()
    await device.send({ n: 1 })
    return device
  }
  // The first connection leaves the pool's keep-alive socket behind, as it should.
  const first = await connected()
  await first.end()
  const before = busy().length
  local.emulator.hub.faults.put({ operation: 'send', hang: true })
  const socket = connect({ port: local.gateway.address.port, noDelay: true })
  socket.on('error', () => undefined)
  socket.write(
    `${JSON.stringify({ $hello: { deviceId: 'd1', key: local.key('d1') } })}\n{"$seq":1,"n":2}\n{"$seq":2,"n"`,
  )
  await once(socket, 'data')
  socket.resetAndDestroy()
  await local.reached('headgate_connections_total{pipeline="jsonLines",outcome="CONNECTION_LOST"}', 1)
  local.emulator.hub.faults.clear()
  while (busy().length > before) await turn()
  assert.equal(await local.metric('headgate_connections{pipeline="jsonLines"}'), 0)
  assert.equal(await local.metric('headgate_in_flight_messages{pipeline="jsonLines"}'), 0)
})
