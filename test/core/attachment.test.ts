import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Duplex, PassThrough } from 'node:stream'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { Attachment } from '../../src/core/attachment.ts'
import { BackpressureWatch } from '../../src/core/backpressure.ts'
import { PipelineMeter } from '../../src/core/meter.ts'
import { standingClock } from './clock.ts'
import { turnOver, until } from './scripted-half.ts'

/** Either end of an attachment: what is written to it is noted, and is in only when that is allowed; what it gives a test pushes. */
class End extends Duplex {
  readonly written: string[] = []
  readonly #taken: Buffer[] = []
  /** What was written and is not in yet. */
  #waiting: (() => void)[] = []
  #takes = true

  constructor() {
    super({ allowHalfOpen: true, highWaterMark: 4 })
  }

  /** All that is in. */
  get taken(): Buffer {
    return Buffer.concat(this.#taken)
  }

  /** Takes nothing more, until it is told to again. */
  stall(): void {
    this.#takes = false
  }

  goOn(): void {
    this.#takes = true
    for (const done of this.#waiting.splice(0)) done()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const taken = () => {
      this.written.push(chunk.toString('latin1'))
      this.#taken.push(chunk)
      done()
    }
    if (this.#takes) taken()
    else this.#waiting.push(taken)
  }

  override _final(done: () => void): void {
    if (this.#takes) done()
    else this.#waiting.push(done)
  }

  override _read(): void {}
}

interface Attached {
  readonly socket: End
  /** The ring's side. */
  readonly ring: End
  readonly attachment: Attachment
  readonly meter: PipelineMeter
  readonly watch: BackpressureWatch
  readonly lost: string[]
  /** What the ring complained of. */
  readonly errors: string[]
  /** How often it was done. */
  done(): number
}

/** Joins a socket and a ring, which tells when it is gone as a ring does. */
function attached(ring = new End(), last: Duplex = ring, entry?: { expect(): void }): Attached {
  const socket = new End()
  const meter = new PipelineMeter('lone')
  const watch = new BackpressureWatch()
  const lost: string[] = []
  let dones = 0
  const attachment = new Attachment({
    socket,
    stream: ring,
    last,
    entry,
    meter,
    boundary: watch.boundary(meter.stage('socket', 'down')),
    lost: (cause) => lost.push(cause.message),
    done: () => dones++,
  })
  const errors: string[] = []
  ring.on('error', ({ message }) => errors.push(message))
  ring.on('close', () => attachment.ringClosed(ring.readableEnded && ring.writableFinished && ring.errored === null))
  return { socket, ring, attachment, meter, watch, lost, errors, done: () => dones }
}

const early = 'the connection closed before both sides had ended it'

test('what takes bytes is told before each of them is written', async () => {
  const ring = new End()
  const writtenBefore: number[] = []
  const { socket } = attached(ring, ring, { expect: () => writtenBefore.push(ring.written.length) })
  socket.push('up')
  await turnOver()
  socket.push('hill')
  await turnOver()
  assert.deepEqual(writtenBefore, [0, 1])
})

test('bytes pass unchanged both ways, and are counted; what goes down also as chunks at the socket', async () => {
  const { socket, ring, meter } = attached()
  socket.push('up')
  socket.push('hill')
  ring.push('down')
  await turnOver()
  ring.push('hill!')
  await turnOver()
  assert.deepEqual(ring.written.join(''), 'uphill')
  assert.deepEqual(socket.written, ['down', 'hill!'])
  assert.equal(meter.bytesUp, 6)
  assert.equal(meter.bytesDown, 9)
  assert.equal(meter.stage('socket', 'down').items, 2)
})

test("the device's FIN goes into the ring, and our FIN out when the ring has ended; then it is done, once", async (t) => {
  const timers = t.mock.method(globalThis, 'setTimeout')
  const { socket, ring, lost, done } = attached()
  socket.push('a')
  socket.push(null)
  await turnOver()
  assert.equal(ring.writableFinished, true)
  assert.equal(socket.writableEnded, false, 'the ring has still something to say')
  ring.push('b')
  ring.push(null)
  await until(() => done() > 0)
  assert.deepEqual(socket.written, ['b'])
  assert.equal(socket.writableFinished, true)
  assert.deepEqual([lost, done(), socket.destroyed, ring.destroyed], [[], 1, true, true])
  assert.equal(timers.mock.callCount(), 0, 'a device that has ended needs no time to take leave')
})

test('a ring that takes no more pauses the socket until it drains', async () => {
  const { socket, ring } = attached()
  ring.stall()
  socket.push('full!')
  await turnOver()
  assert.equal(socket.isPaused(), true)
  socket.push('more')
  await turnOver()
  assert.equal(ring.writableLength, 5, 'nothing more was read')
  ring.goOn()
  await until(() => ring.written.length === 2)
  assert.deepEqual(ring.written, ['full!', 'more'])
  assert.equal(socket.isPaused(), false)
})

test('a socket that takes no more holds the ring, and is charged until it drains', async (t) => {
  const clock = standingClock(t)
  const { socket, ring, watch, meter } = attached()
  const blocked = () => meter.stage('socket', 'down').blocked.read(clock.now)
  socket.stall()
  ring.push('full!')
  await turnOver()
  ring.push('more')
  await turnOver()
  assert.equal(watch.blocked, true)
  assert.equal(ring.readableLength, 4, 'nothing more was read')
  clock.now += 30
  assert.equal(blocked(), 30)
  socket.goOn()
  await until(() => socket.written.length === 2)
  assert.equal(watch.blocked, false)
  clock.now += 50
  assert.equal(blocked(), 30)
  assert.deepEqual(socket.written, ['full!', 'more'])
})

test('a ring that ends while its socket takes no more is charged no longer than to our FIN', async () => {
  const { socket, ring, watch } = attached()
  socket.stall()
  ring.push('full!')
  ring.push(null)
  await turnOver()
  assert.equal(watch.blocked, true)
  socket.goOn()
  await until(() => socket.writableFinished)
  assert.equal(watch.blocked, false)
})

test('once halted, nothing more is taken; what comes behind our FIN is counted and thrown away', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { socket, ring, attachment, meter, errors } = attached()
  socket.push('a')
  await turnOver()
  attachment.halt()
  assert.equal(socket.isPaused(), true)
  socket.push('b')
  await turnOver()
  assert.equal(meter.bytesUp, 1, 'not read while the ring finishes')
  ring.stall()
  ring.end()
  ring.push(null)
  await until(() => meter.bytesUp === 2)
  socket.push('ccc')
  await until(() => meter.bytesUp === 5)
  await turnOver()
  assert.deepEqual(ring.written, ['a'])
  assert.deepEqual(errors, [])
})

test('a ring that drains after a halt does not make the socket go on', async () => {
  const { socket, ring, attachment } = attached()
  ring.stall()
  socket.push('full!')
  await turnOver()
  attachment.halt()
  socket.push('more')
  ring.goOn()
  await turnOver()
  assert.equal(socket.isPaused(), true)
  assert.deepEqual(ring.written, ['full!'])
})

test('after a halt a device has a second from our FIN on to end its side; then it is cut off', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { socket, ring, attachment, done } = attached()
  attachment.halt()
  socket.stall()
  ring.end()
  ring.push('bye')
  ring.push(null)
  await turnOver()
  t.mock.timers.tick(60_000)
  assert.equal(socket.destroyed, false, 'it has not even read our last words')
  socket.goOn()
  await until(() => socket.writableFinished)
  t.mock.timers.tick(999)
  assert.equal(socket.destroyed, false)
  t.mock.timers.tick(1)
  assert.equal(socket.destroyed, true)
  await until(() => done() > 0)
  assert.equal(done(), 1)
})

test('a device that ends its side in that second is done at once, and no timer stays', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const cleared = t.mock.method(globalThis, 'clearTimeout')
  const { socket, ring, attachment, lost, done } = attached()
  attachment.halt()
  ring.end()
  ring.push(null)
  await until(() => socket.writableFinished)
  socket.push(null)
  await until(() => done() > 0)
  assert.deepEqual([lost, done()], [[], 1])
  assert.notEqual(cleared.mock.calls.at(-1)?.arguments[0], undefined, 'the second is over')
})

test('a device that had ended before a halt needs no second', async () => {
  const { socket, ring, attachment, lost, done } = attached()
  socket.push(null)
  await turnOver()
  attachment.halt()
  ring.push(null)
  await until(() => done() > 0)
  assert.deepEqual([lost, done()], [[], 1])
})

const closings: readonly { readonly name: string; readonly before: (attached: Attached) => void }[] = [
  { name: 'before either side has ended', before: () => {} },
  { name: 'when only the device has ended', before: ({ socket }) => void socket.push(null) },
  {
    name: 'when only the ring has ended',
    before({ ring }) {
      ring.end()
      ring.push(null)
    },
  },
  {
    name: 'while the ring finishes behind the end of the device, with words on their way',
    before({ socket, ring }) {
      socket.stall()
      socket.push(null)
      ring.push('last words')
      ring.push(null)
    },
  },
]

for (const { name, before } of closings) {
  test(`a socket that closes ${name} is lost, and the ring with it`, async () => {
    const all = attached()
    before(all)
    await turnOver()
    all.socket.destroy()
    await until(() => all.done() > 0)
    assert.deepEqual([all.lost, all.done(), all.ring.destroyed], [[early], 1, true])
  })

  test(`a socket that fails ${name} is lost by its own error first`, async () => {
    const all = attached()
    before(all)
    await turnOver()
    all.socket.destroy(new Error('reset'))
    await until(() => all.done() > 0)
    assert.deepEqual([all.lost, all.done(), all.ring.destroyed], [['reset', early], 1, true])
  })
}

test('a ring that breaks destroys its socket; it is done when both are gone', async () => {
  const { socket, ring, done } = attached()
  const closed = once(socket, 'close')
  ring.destroy(new Error('broke'))
  assert.equal(done(), 0)
  await closed
  assert.equal(socket.destroyed, true)
  assert.equal(done(), 1)
})

test('a ring that has ended in order leaves the socket its time', async () => {
  const { socket, ring, lost, done } = attached()
  socket.stall()
  ring.push('last words')
  ring.push(null)
  socket.push(null)
  await until(() => ring.destroyed)
  await turnOver()
  assert.equal(socket.destroyed, false)
  assert.equal(done(), 0)
  socket.goOn()
  await until(() => done() > 0)
  assert.deepEqual([socket.written, lost, done()], [['last words'], [], 1])
})

test('unread are the bytes in the ring and in the socket', async () => {
  const { socket, ring, attachment } = attached()
  assert.equal(attachment.unread.bytes, 0)
  socket.stall()
  ring.push('full!')
  await turnOver()
  assert.equal(attachment.unread.bytes, 5)
  ring.push('more')
  await turnOver()
  assert.equal(attachment.unread.bytes, 9)
  socket.goOn()
  await until(() => socket.written.length === 2)
  assert.equal(attachment.unread.bytes, 0)
})

test('where the last stream of a ring is not the ring itself, what waits in either is unread, once', async () => {
  const last = new PassThrough()
  const { ring, attachment, socket } = attached(new End(), last)
  socket.stall()
  ring.push('full!')
  await turnOver()
  ring.push('abc')
  last.push('de')
  assert.equal(attachment.unread.bytes, 10)
})

test('while there is nothing unread, that is so now', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1000 })
  const { attachment } = attached()
  assert.deepEqual(attachment.unread, { bytes: 0, noneAt: 1000 })
  t.mock.timers.tick(500)
  assert.deepEqual(attachment.unread, { bytes: 0, noneAt: 1500 })
})

test('while something is unread, what is known is the last moment at which nothing was', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1000 })
  const { socket, ring, attachment } = attached()
  socket.stall()
  t.mock.timers.tick(100)
  assert.equal(attachment.unread.noneAt, 1100)
  ring.push('full!')
  await turnOver()
  t.mock.timers.tick(100)
  assert.deepEqual(attachment.unread, { bytes: 5, noneAt: 1100 })
  ring.push('more')
  t.mock.timers.tick(100)
  await turnOver()
  assert.deepEqual(attachment.unread, { bytes: 9, noneAt: 1100 })
  socket.goOn()
  await until(() => socket.written.length === 2)
  t.mock.timers.tick(100)
  assert.deepEqual(attachment.unread, { bytes: 0, noneAt: 1400 })
})

test('what the socket has let go was all that was said until the chunk before, though nobody looked', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1000 })
  const { socket, ring, attachment } = attached()
  ring.push('one')
  await turnOver()
  t.mock.timers.tick(1000)
  socket.stall()
  ring.push('two')
  await turnOver()
  assert.deepEqual(attachment.unread, { bytes: 3, noneAt: 1000 }, 'one was given at 1000, and has left')
})

test('a chunk that goes behind one which has not left proves nothing', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1000 })
  const { socket, ring, attachment } = attached()
  socket.stall()
  for (const chunk of ['a', 'b']) {
    t.mock.timers.tick(100)
    ring.push(chunk)
    await turnOver()
  }
  assert.deepEqual(attachment.unread, { bytes: 2, noneAt: 1000 })
})

test('what waits behind a chunk in the ring was said, and not given to the socket, when that was', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1000 })
  const { socket, ring, attachment } = attached()
  await turnOver()
  socket.stall()
  t.mock.timers.tick(100)
  ring.pause()
  ring.push('full!')
  ring.push('b')
  ring.resume()
  await turnOver()
  t.mock.timers.tick(100)
  socket.goOn()
  socket.stall()
  await turnOver()
  assert.deepEqual(socket.written, ['full!'])
  assert.deepEqual(attachment.unread, { bytes: 1, noneAt: 1000 })
})

/** A device on a real socket, attached to a ring. */
async function line(t: TestContext, ring: Duplex) {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const device = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  const [socket] = (await once(server, 'connection')) as [Socket]
  t.after(() => {
    device.destroy()
    socket.destroy()
    ring.destroy()
    server.close()
  })
  const meter = new PipelineMeter('lone')
  const watch = new BackpressureWatch()
  const lost: Error[] = []
  let done = false
  const attachment = new Attachment({
    socket,
    stream: ring,
    last: ring,
    entry: undefined,
    meter,
    boundary: watch.boundary(meter.stage('socket', 'down')),
    lost: (cause) => lost.push(cause),
    done() {
      done = true
    },
  })
  ring.on('close', () => attachment.ringClosed(ring.readableEnded && ring.writableFinished))
  return { device, meter, watch, lost, done: () => done }
}

test('over a real socket: a device that does not read holds the ring and with it what it sends itself, and nothing is lost', async (t) => {
  const { device, watch, meter, lost, done } = await line(t, new PassThrough())
  const sent = Buffer.alloc(16 * 1024 * 1024, 'abcdefgh')
  device.end(sent)
  await until(() => watch.blocked, 1_000_000)
  assert.equal(watch.blocked, true)
  assert.ok(meter.bytesUp < sent.length)
  let received = 0
  let wrong = 0
  device.on('data', (chunk: Buffer) => {
    if (!chunk.equals(sent.subarray(received, received + chunk.length))) wrong++
    received += chunk.length
  })
  await until(done, 1_000_000)
  await until(() => device.readableEnded, 1_000_000)
  assert.deepEqual([received, wrong, meter.bytesUp, meter.bytesDown], [sent.length, 0, sent.length, sent.length])
  assert.deepEqual(lost, [])
})

test('over a real socket: FIN goes both ways, and a reset is a loss', async (t) => {
  const orderly = await line(t, new PassThrough())
  let text = ''
  orderly.device.on('data', (chunk) => {
    text += chunk
  })
  orderly.device.end('hello')
  await until(orderly.done, 1_000_000)
  await until(() => orderly.device.readableEnded, 1_000_000)
  assert.equal(text, 'hello')
  assert.deepEqual(orderly.lost, [])
  const ring = new PassThrough()
  const broken = await line(t, ring)
  broken.device.write('hello')
  await once(broken.device, 'data')
  broken.device.resetAndDestroy()
  await until(broken.done, 1_000_000)
  assert.ok(broken.lost.length > 0)
  assert.equal(ring.destroyed, true)
})

const pieceBytes = 16_384

/** Bytes that are told apart by their place. */
function placed(bytes: number): Buffer {
  const made = Buffer.alloc(bytes)
  for (let at = 0; at + 4 <= bytes; at += 4) made.writeUInt32BE(at, at)
  return made
}

test('of a large read the ring is given a piece, and while it holds that the socket keeps the rest and reads no more', async (t) => {
  const { socket, ring, meter } = attached()
  await turnOver()
  const reads = t.mock.method(socket, '_read')
  ring.stall()
  const sent = placed(4 * pieceBytes)
  socket.push(sent)
  await turnOver()
  assert.equal(ring.writableLength, pieceBytes)
  assert.equal(socket.readableLength, 3 * pieceBytes)
  assert.equal(meter.bytesUp, pieceBytes)
  assert.equal(reads.mock.callCount(), 0)
  ring.goOn()
  await until(() => ring.written.length === 4)
  assert.ok(ring.taken.equals(sent))
  assert.equal(meter.bytesUp, 4 * pieceBytes)
  assert.notEqual(reads.mock.callCount(), 0)
})

test('a ring that takes each piece at once has all of a large read in the same turn', async () => {
  const { socket, ring } = attached()
  await turnOver()
  const sent = placed(4 * pieceBytes + 100)
  socket.push(sent)
  assert.equal(ring.taken.length, 4 * pieceBytes)
  await turnOver()
  assert.ok(ring.taken.equals(sent))
})

test('reads of any size reach the ring in their order, however often it stalls, and then the FIN', async () => {
  const reads = fc.array(fc.integer({ min: 1, max: 5 * pieceBytes }), { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(reads, fc.array(fc.boolean(), { maxLength: 12 }), async (sizes, stalls) => {
      const { socket, ring, meter } = attached()
      const sent = placed(sizes.reduce((sum, size) => sum + size, 0))
      let from = 0
      for (const size of sizes) {
        socket.push(sent.subarray(from, from + size))
        from += size
        if (stalls.pop()) ring.stall()
        await turnOver()
        if (stalls.pop()) ring.goOn()
      }
      socket.push(null)
      ring.goOn()
      await until(() => ring.writableFinished)
      assert.ok(ring.taken.equals(sent))
      assert.ok(ring.written.every((piece) => piece.length <= pieceBytes))
      assert.equal(meter.bytesUp, sent.length)
      ring.push(null)
    }),
    { numRuns: 50 },
  )
})

test('what is left of a large read at a halt goes to no ring; behind our FIN it is counted and thrown away', async () => {
  const { socket, ring, attachment, meter } = attached()
  ring.stall()
  socket.push(placed(3 * pieceBytes))
  await turnOver()
  attachment.halt()
  ring.goOn()
  await turnOver()
  assert.equal(ring.taken.length, pieceBytes)
  ring.push(null)
  await until(() => meter.bytesUp === 3 * pieceBytes)
  assert.equal(ring.taken.length, pieceBytes)
  socket.push(null)
})

test('a ring that is halted by what it was given is given no more of that read', async () => {
  const { socket, ring, attachment, meter } = attached()
  await turnOver()
  const write = ring._write.bind(ring)
  ring._write = (chunk, encoding, done) => {
    attachment.halt()
    write(chunk, encoding, done)
  }
  socket.push(placed(3 * pieceBytes))
  await turnOver()
  assert.equal(ring.taken.length, pieceBytes)
  assert.equal(meter.bytesUp, pieceBytes)
  assert.equal(socket.isPaused(), true)
})
