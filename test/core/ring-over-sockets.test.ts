import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { Connection } from '../../src/core/connection.ts'
import type { GatewayError } from '../../src/core/errors.ts'
import type { Bytes } from '../../src/core/levels.ts'
import { type Pipeline, pipeline } from '../../src/core/pipeline.ts'
import type { Ring } from '../../src/core/ring.ts'
import { Run } from '../../src/core/run.ts'
import type { Endpoint } from '../../src/core/stage.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { memoryHub } from '../../src/testing.ts'
import { ScriptedHalf, turnOver } from './scripted-half.ts'
import { latch } from './slots.ts'

const greeting = '{"$hello":{"deviceId":"d1","key":"k"}}\n'
const welcome = '{"$welcome":"d1"}\n'

interface Line {
  readonly ring: Ring
  readonly device: Socket
  readonly gateway: Socket
  /** Resolves with why the ring broke when socket and ring are both gone. */
  readonly done: Promise<GatewayError | undefined>
  /** What the device has received so far. */
  received(): string
  /** Resolves when the device has received all of that text. */
  until(text: string): Promise<void>
}

/** A device on a real socket, its ring attached to the gateway's end. */
async function line(t: TestContext, plant: Pipeline): Promise<Line> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const device = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  const [gateway] = (await once(server, 'connection')) as [Socket]
  t.after(() => {
    device.destroy()
    gateway.destroy()
    server.close()
  })
  const ring = plant.open(new Connection({ id: '1', pipeline: plant.name }))
  const done = new Promise<GatewayError | undefined>((resolve) => ring.attach(gateway, resolve))
  let text = ''
  device.on('data', (chunk) => {
    text += chunk
  })
  const until = async (wanted: string) => {
    while (!text.includes(wanted)) await once(device, 'data')
  }
  return { ring, device, gateway, done, until, received: () => text }
}

test("the device's FIN travels the whole ring: all receipts come before the gateway's FIN", async (t) => {
  const to = memoryHub({ hold: true })
  const { device, done, received, until } = await line(t, jsonLines(to, { batch: { maxCount: 2, lingerMs: 60_000 } }))
  device.end(`${greeting}{"$seq":1}\n{"$seq":2}\n{"$seq":3}\n`)
  await until(welcome)
  assert.equal(received(), welcome)
  to.release()
  await once(device, 'end')
  assert.equal(received(), `${welcome}{"$ack":1}\n{"$ack":2}\n{"$ack":3}\n`)
  assert.equal(await done, undefined)
  assert.equal(to.sessions.size, 0)
})

test('the run that takes bytes is told of each read beforehand', async (t) => {
  const expected = t.mock.method(Run.prototype, 'expect')
  const taken = t.mock.method(Run.prototype, 'takeBytes')
  const { device, until } = await line(t, jsonLines(memoryHub()))
  device.write(greeting)
  await until(welcome)
  assert.equal(expected.mock.callCount(), 1)
  assert.equal(expected.mock.calls[0]?.this, taken.mock.calls[0]?.this)
})

test('a reset in the middle of a frame ends the ring: no session, no timer, no stream of it is left', async (t) => {
  const to = memoryHub()
  const { ring, device, gateway, done, until } = await line(t, jsonLines(to, { batch: { lingerMs: 60_000 } }))
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  device.write(greeting)
  await until(welcome)
  to.queueCommand('d1', '1')
  await until('$command')
  device.write('{"$seq":1}\n{"unfinished')
  // The ping's answer shows that the line before it is in the batcher.
  device.write('":1}\n{"$ping":1}\n{"unfi')
  await until('$pong')
  assert.equal(timers(), before + 2, 'the linger of the batch and the answer deadline of the command')
  device.resetAndDestroy()
  const failure = await done
  await to.until(() => to.sessions.size === 0)
  assert.equal(failure?.code, 'CONNECTION_LOST')
  assert.equal(to.settled[0]?.outcome, 'abandon')
  assert.equal(timers(), before)
  assert.equal(ring.stream.destroyed, true)
  assert.equal(gateway.destroyed, true)
  assert.equal(ring.connection.signal.aborted, true)
  assert.equal(to.accepted.length, 0)
})

test('a gateway that halts sends what it owes and its FIN, and lets go when the device ends', async (t) => {
  const to = memoryHub({ hold: true })
  const { ring, device, done, received, until } = await line(t, jsonLines(to))
  device.write(`${greeting}{"$seq":1}\n`)
  await until(welcome)
  device.write('{"$ping":1}\n')
  await until('$pong')
  ring.halt()
  to.release()
  await once(device, 'end')
  assert.equal(received(), `${welcome}{"$pong":1}\n{"$ack":1}\n`)
  device.end()
  assert.equal(await done, undefined)
})

test("bytes that nobody reads after a halt do not hide the device's FIN", async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { device, done, received } = await line(t, jsonLines(memoryHub()))
  device.write(`${greeting}${'x'.repeat(1_000_000)}`)
  await once(device, 'end')
  device.end()
  assert.equal((await done)?.code, 'FRAME_TOO_LONG')
  assert.match(received(), /"code":"FRAME_TOO_LONG".*\n$/)
})

test('a device that neither ends nor stops sending after our FIN is cut off', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { ring, device, gateway, done, until } = await line(t, jsonLines(memoryHub()))
  device.on('error', () => {})
  device.write(greeting)
  await until(welcome)
  ring.halt()
  await once(device, 'end')
  device.write('x'.repeat(100_000))
  assert.equal(gateway.destroyed, false)
  t.mock.timers.tick(1000)
  assert.equal(await done, undefined)
})

test('a reset while the gateway halts is no failure', async (t) => {
  const to = memoryHub({ hold: true })
  const { ring, device, done, until } = await line(t, jsonLines(to))
  device.write(`${greeting}{"$seq":1}\n`)
  await until(welcome)
  ring.halt()
  device.resetAndDestroy()
  to.release()
  assert.equal(await done, undefined)
})

test('bytes are counted both ways', async (t) => {
  const { ring, device, done, received } = await line(t, jsonLines(memoryHub()))
  const sent = `${greeting}{"$seq":1}\n`
  device.end(sent)
  await done
  assert.equal(ring.connection.meter.bytesUp, sent.length)
  assert.equal(ring.connection.meter.bytesDown, received().length)
})

/** A socket whose device reads only when told to. */
class SlowSocket extends Duplex {
  readonly written: Buffer[] = []
  read1: () => void = () => {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.read1 = () => {
      this.written.push(chunk)
      done()
    }
  }

  override _read(): void {}
}

test('after a halt the time to take leave begins when the device has read everything, not before', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const plant = jsonLines(memoryHub())
  const socket = new SlowSocket()
  const ring = plant.open(new Connection({ id: '1', pipeline: 'p' }))
  const done = new Promise((resolve) => ring.attach(socket, resolve))
  socket.push(greeting)
  await new Promise(setImmediate)
  ring.halt()
  await new Promise(setImmediate)
  t.mock.timers.tick(60_000)
  assert.equal(socket.destroyed, false)
  socket.read1()
  await new Promise(setImmediate)
  assert.equal(String(socket.written), welcome)
  t.mock.timers.tick(1000)
  assert.equal(socket.destroyed, true)
  assert.equal(await done, undefined)
})

test('a ring that was halted before it got its socket takes nothing from it, and ends in order', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const ended = latch()
  const endpoint: Endpoint<Bytes> = { name: 'end', open: () => new ScriptedHalf({ end: () => ended.opened }) }
  const ring = pipeline('p', endpoint).open(new Connection({ id: '1', pipeline: 'p' }))
  const socket = new SlowSocket()
  ring.halt()
  const done = new Promise((resolve) => ring.attach(socket, resolve))
  socket.push('too late')
  await turnOver()
  assert.equal(socket.destroyed, false)
  ended.open()
  socket.push(null)
  assert.equal(await done, undefined)
})
