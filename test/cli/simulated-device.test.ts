import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { SimulatedDevice } from '../../src/cli/simulated-device.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { serve } from '../../src/gateway/serve.ts'
import { type MemoryHub, memoryHub } from '../../src/hub/memory.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'

const host = '127.0.0.1'

async function gatewayTo(t: TestContext, hub: MemoryHub) {
  const gateway = await serve(jsonLines(hub, { batch: { maxCount: 1 } }), { port: 0, host })
  t.after(() => gateway.close())
  const device = (deviceId = 'd1', key = 'k') =>
    new SimulatedDevice({ host, port: gateway.address.port, deviceId, key })
  return { gateway, device }
}

/** A gateway that says what a test wants, whatever it is asked. */
async function faithless(t: TestContext, answer: (line: string, socket: Socket) => void): Promise<SimulatedDevice> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\n')) if (line !== '') answer(line, socket)
    })
    t.after(() => socket.destroy())
  }).listen(0, host)
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  return new SimulatedDevice({ host, port, deviceId: 'd1' })
}

test('a device connects, sends numbered readings, and knows what became of each', async (t) => {
  const hub = memoryHub()
  const { device } = await gatewayTo(t, hub)
  const d1 = device()
  await d1.connect()
  assert.equal(await d1.send({ t: 1 }), 'acked')
  hub.fail(new GatewayError('HUB_REJECTED', 'never'))
  assert.equal(await d1.send({ t: 2 }), 'nacked')
  assert.equal(await d1.send({ t: 3 }), 'acked')
  await d1.end()
  assert.equal(d1.protocolErrors, 0)
  assert.deepEqual(
    hub.accepted.map(({ message }) => JSON.parse(message.body.toString())),
    [{ t: 1 }, { t: 3 }],
  )
})

test('a refused hello rejects with the words of the gateway', async (t) => {
  const { device } = await gatewayTo(t, memoryHub({ keys: { d1: 'right' } }))
  await assert.rejects(device('d1', 'wrong').connect(), /refused d1: UNAUTHORIZED/)
})

test('a gateway that is not there rejects with the error of the network', async (t) => {
  const { gateway, device } = await gatewayTo(t, memoryHub())
  const late = device()
  await gateway.close()
  await assert.rejects(late.connect(), { code: 'ECONNREFUSED' })
})

test('a gateway that closes before it answers the hello rejects', async (t) => {
  const device = await faithless(t, (_line, socket) => socket.destroy())
  await assert.rejects(device.connect(), /closed the connection before it answered/)
})

test('commands are answered and told', async (t) => {
  const hub = memoryHub()
  const { device } = await gatewayTo(t, hub)
  const d1 = device()
  await d1.connect()
  const told = once(d1, 'command')
  const id = hub.queueCommand('d1', '{"open":true}')
  await told
  await hub.until(() => hub.settled.length === 1)
  assert.deepEqual([hub.settled[0]?.command.id, hub.settled[0]?.outcome], [id, 'complete'])
  await d1.end()
})

test('ending waits for the acknowledgement of what was sent', async (t) => {
  const hub = memoryHub({ hold: true })
  const { device } = await gatewayTo(t, hub)
  const d1 = device()
  await d1.connect()
  const sending = d1.send({ t: 1 })
  const ending = d1.end()
  hub.release()
  await ending
  assert.equal(await sending, 'acked')
})

test('readings without an answer are lost when the connection ends, and so is what is sent after it', async (t) => {
  const { gateway, device } = await gatewayTo(t, memoryHub({ hold: true }))
  const d1 = device()
  await d1.connect()
  const ended = once(d1, 'end')
  const sending = d1.send({ t: 1 })
  await gateway.close()
  assert.equal(await sending, 'lost')
  await ended
  assert.equal(await d1.send({ t: 2 }), 'lost')
  await d1.end()
})

test('ending is done too when the gateway resets the connection', async (t) => {
  const device = await faithless(t, (line, socket) => {
    if (line.includes('$hello')) socket.write('{"$welcome":"d1"}\n')
    else socket.resetAndDestroy()
  })
  await device.connect()
  const sending = device.send({ t: 1 })
  await device.end()
  assert.equal(await sending, 'lost')
})

test('answers out of order, twice, or for nothing are errors of the protocol', async (t) => {
  const device = await faithless(t, (line, socket) => {
    if (line.includes('$hello')) socket.write('{"$welcome":"d1"}\n')
    if (line.includes('"$seq":2')) socket.end('{"$ack":2}\n{"$ack":1}\n{"$ack":1}\n{"$nack":99}\n')
  })
  await device.connect()
  assert.deepEqual(await Promise.all([device.send({}), device.send({})]), ['acked', 'acked'])
  await once(device, 'end')
  assert.equal(device.protocolErrors, 3)
})

test('a line that is no JSON is an error of the protocol, not the end of the simulation', async (t) => {
  const device = await faithless(t, (line, socket) => {
    if (line.includes('$hello')) socket.write('{"$welcome":"d1"}\n')
    else socket.write('garbage\nnull\n{"$ack":1}\n')
  })
  await device.connect()
  assert.equal(await device.send({}), 'acked')
  assert.equal(device.protocolErrors, 2)
  device.destroy()
})
