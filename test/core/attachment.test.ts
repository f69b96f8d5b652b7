import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex, PassThrough } from 'node:stream'
import { test } from 'node:test'
import { Attachment } from '../../src/core/attachment.ts'
import { BackpressureWatch } from '../../src/core/backpressure.ts'
import { PipelineMeter } from '../../src/core/meter.ts'

/** A socket whose other end the test has. */
class FakeSocket extends Duplex {
  readonly written: Buffer[] = []
  reads = true
  #waiting: (() => void) | undefined

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk)
    if (this.reads) done()
    else this.#waiting = done
  }

  takeOne(): void {
    this.#waiting?.()
  }
}

function rig(stream: Duplex = new PassThrough({ highWaterMark: 10 })) {
  const socket = new FakeSocket({ allowHalfOpen: true, writableHighWaterMark: 5 })
  const meter = new PipelineMeter('p')
  const boundary = new BackpressureWatch().boundary(meter.stage('socket', 'down'))
  const lost: string[] = []
  let done = 0
  const attachment = new Attachment({
    socket,
    stream,
    last: stream,
    meter,
    boundary,
    lost: (cause) => lost.push(cause.message),
    done: () => done++,
  })
  stream.on('close', () => attachment.ringClosed(stream.readableEnded && stream.writableFinished))
  return { attachment, socket, stream, meter, boundary, lost, done: () => done }
}

test("the device's FIN goes round and comes back as ours; then both are gone, and nothing was lost", async () => {
  const { socket, meter, lost, done } = rig()
  socket.push('abc')
  socket.push(null)
  await once(socket, 'close')
  assert.equal(Buffer.concat(socket.written).toString(), 'abc')
  assert.deepEqual([meter.bytesUp, meter.bytesDown], [3, 3])
  assert.deepEqual(lost, [])
  assert.equal(done(), 1)
})

test('a device that does not read holds the ring, and the boundary is charged until it reads', async () => {
  const { attachment, socket, boundary, stream } = rig()
  socket.reads = false
  socket.push('0123456789')
  await new Promise(setImmediate)
  assert.equal(boundary.held, true)
  assert.equal(stream.isPaused(), true)
  assert.equal(attachment.unread.bytes, 10)
  socket.reads = true
  socket.takeOne()
  await new Promise(setImmediate)
  assert.equal(boundary.held, false)
  assert.equal(attachment.unread.bytes, 0)
  socket.destroy()
})

test('a ring that is full stops the socket', async () => {
  const stuck = new Duplex({ highWaterMark: 10, read() {}, write() {} })
  const { socket, stream } = rig(stuck)
  socket.push('0123456789')
  await new Promise(setImmediate)
  assert.equal(socket.isPaused(), true)
  stream.destroy()
  await once(socket, 'close')
})

test('once halted nothing goes up; after our FIN what still comes is thrown away for a second', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { attachment, socket, stream, meter, lost, done } = rig()
  attachment.halt()
  stream.end()
  await once(socket, 'finish')
  socket.push('late')
  await new Promise(setImmediate)
  assert.equal(meter.bytesUp, 4)
  assert.deepEqual(socket.written, [])
  assert.equal(socket.destroyed, false)
  t.mock.timers.tick(1000)
  await once(socket, 'close')
  assert.equal(lost.length, 1, 'the ring decides that this is no failure')
  assert.equal(done(), 1)
})

test('a socket that closes early is lost, and takes the ring with it', async () => {
  const { socket, stream, lost, done } = rig()
  socket.destroy(new Error('reset'))
  await once(stream, 'close')
  assert.deepEqual(lost, ['reset', 'the connection closed before both sides had ended it'])
  assert.equal(done(), 1)
})

test('a ring that breaks takes the socket with it', async () => {
  const { socket, stream, done } = rig()
  stream.destroy()
  await once(socket, 'close')
  assert.equal(done(), 1)
})
