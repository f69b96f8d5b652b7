import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { mock, test } from 'node:test'
import { silentLog } from '../../src/core/connection.ts'
import type { Lines } from '../../src/core/levels.ts'
import { PipelineMeter } from '../../src/core/meter.ts'
import { type AnyStage, Pipeline } from '../../src/core/pipeline.ts'
import { stage } from '../../src/core/stage.ts'
import { DeviceRegister } from '../../src/gateway/device-register.ts'
import { ServedConnection } from '../../src/gateway/served-connection.ts'
import { memoryHub } from '../../src/hub/memory.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { atOnce, metric, openGate, turns } from './gate.ts'
import { helloLine, readingLine } from './raw-device.ts'

test('a device says hello, sends, and is acknowledged once the hub has it', async (t) => {
  const { device, hub } = await openGate(t)
  const d1 = await device(helloLine() + readingLine(7))
  assert.equal(await d1.line(), '{"$welcome":"d1"}')
  assert.equal(await d1.line(), '{"$ack":7}')
  assert.equal(hub.accepted.length, 1)
})

test('the ring is built on the first byte: a silent socket has none', async (t) => {
  const served = jsonLines(memoryHub(), atOnce)
  const open = mock.method(served, 'open')
  const { gateway, device } = await openGate(t, { pipeline: served })
  const silent = await device()
  const talking = await device(helloLine())
  await talking.line()
  assert.equal(open.mock.callCount(), 1)
  assert.equal(await metric(gateway, 'headgate_connections', { pipeline: 'jsonLines' }), 2)
  silent.end()
  await silent.until(() => silent.closed)
  assert.equal(open.mock.callCount(), 1)
})

test('where the gateway speaks first the ring is built when the device connects', async (t) => {
  const greeter = stage<Lines, Lines>('greeter', () => {
    const down = new PassThrough({ objectMode: true })
    down.write('who is there?')
    return { down }
  })
  const { name, stages, endpoint } = jsonLines(memoryHub(), atOnce)
  const [framing, ...others] = stages as [AnyStage, ...AnyStage[]]
  const speaking = { ...greeter, speaksFirst: true } as AnyStage
  const { device, log } = await openGate(t, { pipeline: new Pipeline(name, [framing, speaking, ...others], endpoint) })
  const silent = await device()
  assert.equal(await silent.line(), 'who is there?')
  silent.end()
  await silent.until(() => silent.closed)
  assert.deepEqual(await log.ended(1), ['ok'])
})

test('a FIN before any byte is an orderly end', async (t) => {
  const { device, log } = await openGate(t)
  const scan = await device()
  scan.end()
  await scan.until(() => scan.closed)
  assert.equal(scan.error, undefined)
  assert.deepEqual(await log.ended(1), ['ok'])
})

test('a RST before any byte is CONNECTION_LOST', async (t) => {
  const { device, log } = await openGate(t)
  ;(await device()).reset()
  assert.deepEqual(await log.ended(1), ['CONNECTION_LOST'])
})

test('a RST in the middle of a frame is CONNECTION_LOST and closes the hub session', async (t) => {
  const { device, hub, log } = await openGate(t)
  const d1 = await device(helloLine())
  await d1.line()
  assert.equal(hub.sessions.size, 1)
  d1.write('{"$seq":1,')
  d1.reset()
  assert.deepEqual(await log.ended(1), ['CONNECTION_LOST'])
  await hub.until(() => hub.sessions.size === 0)
  assert.deepEqual(hub.accepted, [])
  assert.ok(!log.entries.some(({ fields }) => (fields as { code?: string }).code === 'BUG'))
})

test('a device that finishes sending gets every acknowledgement before the FIN', async (t) => {
  const lines = { ...atOnce, hub: { maxInFlight: 4 } }
  const { gateway, device, hub, log } = await openGate(t, { hub: memoryHub({ hold: true }), lines })
  const d1 = await device(helloLine())
  await d1.line()
  for (let sequence = 1; sequence <= 3; sequence++) d1.write(readingLine(sequence))
  d1.end()
  while ((await metric(gateway, 'headgate_in_flight_messages', {})) !== 3) await turns(1)
  // The FIN is behind the last reading: some turns of the event loop later it has been seen too.
  await turns(20)
  hub.release()
  assert.deepEqual(await d1.lines(3), ['{"$ack":1}', '{"$ack":2}', '{"$ack":3}'])
  assert.equal(await d1.rest(), '')
  assert.deepEqual(await log.ended(1), ['ok'])
  assert.equal(hub.sessions.size, 0)
})

test('a socket that says nothing is closed after the hello deadline', async (t) => {
  const { device, log } = await openGate(t, { helloTimeoutMs: 50 })
  const silent = await device()
  await silent.until(() => silent.closed || silent.ended)
  assert.deepEqual(await log.ended(1), ['HELLO_TIMEOUT'])
})

test('bytes that never become a hello do not put the hello deadline off', async (t) => {
  const { device, log } = await openGate(t, { helloTimeoutMs: 50 })
  const slow = await device('{')
  await slow.until(() => slow.closed || slow.ended)
  assert.deepEqual(await log.ended(1), ['HELLO_TIMEOUT'])
})

test('a device that has said hello and then nothing is closed after the idle deadline', async (t) => {
  const { device, log } = await openGate(t, { idleTimeoutMs: 50 })
  const d1 = await device(helloLine())
  await d1.line()
  await d1.until(() => d1.closed || d1.ended)
  assert.deepEqual(await log.ended(1), ['IDLE_TIMEOUT'])
})

test('while the hub holds the ring the silence of the device is not charged', async (t) => {
  const hub = memoryHub({ hold: true })
  const { device, log } = await openGate(t, { hub, idleTimeoutMs: 150, lines: { ...atOnce, hub: { maxInFlight: 1 } } })
  const held = await device(helloLine('held'))
  await held.line()
  for (let sequence = 1; sequence <= 4; sequence++) held.write(readingLine(sequence))
  // A second device measures: it connects when the first is held, and misses its deadline first.
  const witness = await device(helloLine('witness'))
  await witness.until(() => witness.closed || witness.ended)
  assert.deepEqual(await log.ended(1), ['IDLE_TIMEOUT'])
  hub.release()
  assert.deepEqual(await held.lines(4), ['{"$ack":1}', '{"$ack":2}', '{"$ack":3}', '{"$ack":4}'])
})

test('while a single reading waits for the hub the silence of the device is not charged', async (t) => {
  const hub = memoryHub({ hold: true })
  const { device, log } = await openGate(t, { hub, idleTimeoutMs: 150 })
  const waiting = await device(helloLine('waiting'))
  await waiting.line()
  waiting.write(readingLine(1))
  const witness = await device(helloLine('witness'))
  await witness.until(() => witness.closed || witness.ended)
  assert.deepEqual(await log.ended(1), ['IDLE_TIMEOUT'])
  hub.release()
  assert.equal(await waiting.line(), '{"$ack":1}')
})

test('a device that reads slowly is not stalled while it reads at all', () => {
  const hour = 3_600_000
  const limits = { helloTimeoutMs: hour, idleTimeoutMs: hour, stallTimeoutMs: 100 }
  const destroy = mock.fn()
  const socket = Object.assign(new EventEmitter(), {
    bytesRead: 0,
    bytesWritten: 1000,
    writableLength: 1000,
    writableNeedDrain: true,
    destroy,
  })
  const home = {
    pipeline: jsonLines(memoryHub()),
    idPrefix: 'c',
    meter: new PipelineMeter('jsonLines'),
    log: silentLog,
    onDeadLetter: undefined,
    devices: new DeviceRegister(),
    ended: () => undefined,
  }
  const connection = new ServedConnection(home, socket as unknown as Socket, 1)
  const now = performance.now()
  for (let second = 0; second < 10; second++) {
    socket.writableLength -= 10
    connection.check(limits, now + second * 1000)
  }
  assert.equal(destroy.mock.callCount(), 0)
  connection.check(limits, now + 9101)
  assert.equal(destroy.mock.callCount(), 1)
})

test('a device that never reads is closed after the stall deadline', async (t) => {
  const { device, log, hub } = await openGate(t, { stallTimeoutMs: 50 })
  const d1 = await device(helloLine())
  await d1.line()
  d1.socket.pause()
  // Larger than what the kernel keeps for a reader that does not read.
  for (let index = 0; index < 8; index++) hub.queueCommand('d1', 'x'.repeat(4_000_000))
  assert.deepEqual(await log.ended(1), ['STALLED'])
  await hub.until(() => hub.sessions.size === 0)
})

test('a stage that cannot be opened ends its own connection as a BUG, and no other', async (t) => {
  let broken = false
  const hub = memoryHub()
  const lines = jsonLines(hub, atOnce)
  const [deframer, ...stages] = lines.stages
  const fragile = {
    name: 'fragile',
    open() {
      if (broken) throw new TypeError('oops')
      return {}
    },
  }
  const served = new Pipeline('fragile', [deframer as AnyStage, fragile, ...stages], lines.endpoint)
  const { device, log } = await openGate(t, { pipeline: served })
  const before = await device(helloLine('d1'))
  await before.line()
  broken = true
  const unlucky = await device(helloLine('d2'))
  await unlucky.until(() => unlucky.closed || unlucky.ended)
  assert.deepEqual(await log.ended(1), ['BUG'])
  before.write(readingLine(1))
  assert.equal(await before.line(), '{"$ack":1}')
})

test('the last $error reaches a device that goes on sending, whatever it sends', async (t) => {
  const { device, log } = await openGate(t)
  const d1 = await device(helloLine())
  await d1.line()
  // More than the kernel keeps for a gateway that does not read.
  const written = d1.flushed(`${'x'.repeat(9000)}\n${readingLine(1).repeat(1_000_000)}`)
  assert.match(await d1.line(), /^{"\$error":{"code":"FRAME_TOO_LONG"/)
  assert.equal(await d1.rest(), '')
  await written
  d1.end()
  await d1.until(() => d1.closed)
  assert.equal(d1.error, undefined)
  assert.deepEqual(await log.ended(1), ['FRAME_TOO_LONG'])
})

test('a device that ignores the FIN is cut after a short linger', async (t) => {
  const { device, log } = await openGate(t)
  const d1 = await device(readingLine(1))
  assert.match(await d1.line(), /NOT_IDENTIFIED/)
  await d1.until(() => d1.ended)
  assert.deepEqual(await log.ended(1), ['NOT_IDENTIFIED'])
})

test('a hello that the hub refuses is answered, then the connection ends', async (t) => {
  const { device, log } = await openGate(t, { hub: memoryHub({ keys: { d1: 'right' } }) })
  const d1 = await device(helloLine('d1', 'wrong'))
  assert.match(await d1.line(), /^{"\$error":{"code":"UNAUTHORIZED"/)
  assert.equal(await d1.rest(), '')
  d1.end()
  assert.deepEqual(await log.ended(1), ['UNAUTHORIZED'])
})

test('a device that breaks the connection after it was refused does not hide why', async (t) => {
  const { device, log } = await openGate(t, { hub: memoryHub({ keys: {} }) })
  const d1 = await device(helloLine())
  await d1.line()
  d1.reset()
  assert.deepEqual(await log.ended(1), ['DEVICE_NOT_FOUND'])
})

test('dead letters reach the operator with the connection that they came on', async (t) => {
  const letters: string[] = []
  const { device } = await openGate(t, {
    onDeadLetter: ({ error, item }, connection) => letters.push(`${connection.id} ${error.code} ${item}`),
  })
  const d1 = await device(`${helloLine()}nonsense\n`)
  await d1.line()
  assert.match(await d1.line(), /BAD_CONTENT/)
  assert.deepEqual(letters, ['jsonLines-1 BAD_CONTENT nonsense'])
})
