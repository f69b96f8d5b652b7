import assert from 'node:assert/strict'
import { Duplex, PassThrough } from 'node:stream'
import { test } from 'node:test'
import { enterStream, guardStream, isStream } from '../../src/core/plain-stream.ts'

/** Holds every item until it is told to go on. */
class Gate extends Duplex {
  release: () => void = () => {}

  constructor() {
    super({ objectMode: true, highWaterMark: 1 })
  }

  override _write(_item: unknown, _encoding: BufferEncoding, done: () => void): void {
    this.release = done
  }

  override _read(): void {}
}

test('a stream is told from a step by its pipe', () => {
  assert.equal(isStream(new PassThrough()), true)
  assert.equal(
    isStream(() => {}),
    false,
  )
  assert.equal(isStream({ push() {}, end() {} }), false)
})

test('an item that enters a stream with room does not wait', () => {
  assert.equal(enterStream(new PassThrough({ objectMode: true }))('x'), undefined)
})

test('an item that enters a full stream waits for its drain, and leaves no listener behind', async () => {
  const gate = new Gate()
  const enter = enterStream(gate)
  const listeners = () => gate.listenerCount('drain') + gate.listenerCount('close')
  const before = listeners()
  for (let index = 0; index < 20; index++) {
    const room = enter(index)
    assert.ok(room instanceof Promise)
    gate.release()
    await room
    assert.equal(listeners(), before)
  }
})

test('the wait for a full stream ends with the stream', async () => {
  const gate = new Gate()
  const room = enterStream(gate)('x')
  gate.destroy()
  await room
  assert.equal(enterStream(gate)('y'), undefined)
})

test('what a stream throws while it takes a chunk becomes its own error', async () => {
  const thrown = new Error('a bug')
  for (const what of [thrown, 'text']) {
    const stream = new Duplex({
      write() {
        throw what
      },
      read() {},
    })
    const errors: Error[] = []
    stream.on('error', (error) => errors.push(error))
    guardStream(stream).write('x')
    await new Promise(setImmediate)
    assert.equal(stream.destroyed, true)
    assert.equal(errors[0]?.message, what === thrown ? 'a bug' : 'text')
  }
})
