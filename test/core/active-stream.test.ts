import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable, Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import { activeStream } from '../../src/core/active-stream.ts'
import { ScriptedHalf, turnOver } from './scripted-half.ts'
import { latch } from './slots.ts'

test('what is written goes into the half, what that gives is read, in order', async () => {
  const half = new ScriptedHalf()
  const stream = activeStream(half)
  const read: unknown[] = []
  await pipeline(
    Readable.from(['a', 'b', 'c']),
    stream,
    new Writable({
      objectMode: true,
      write(item, _encoding, done) {
        read.push(item)
        done()
      },
    }),
  )
  assert.deepEqual(read, ['a', 'b', 'c'])
  assert.deepEqual(half.calls, ['start', 'push a', 'push b', 'push c', 'end', 'destroy'])
})

test('as many items wait before a half as it is given room for, one if nothing is said', () => {
  const gate = latch()
  for (const [waiting, expected] of [
    [undefined, 1],
    [3, 3],
  ] as const) {
    const stream = activeStream(new ScriptedHalf({ push: () => gate.opened }), waiting)
    let written = 1
    while (stream.write(written)) written++
    assert.equal(written, expected)
    stream.destroy()
  }
})

test('a push that waits holds the writer until it resolves; calls never overlap', async () => {
  const gates = [latch(), latch()]
  let pushed = 0
  const half = new ScriptedHalf({ push: () => gates[pushed++]?.opened })
  const stream = activeStream(half)
  assert.equal(stream.write('a'), false)
  assert.equal(stream.write('b'), false)
  await turnOver()
  assert.deepEqual(half.calls, ['start', 'push a'])
  gates[0]?.open()
  await turnOver()
  assert.deepEqual(half.calls, ['start', 'push a', 'push b'])
  const drained = once(stream, 'drain')
  gates[1]?.open()
  await drained
  stream.destroy()
})

test('what is not read makes the half wait from the first item on, until that is read', async () => {
  const half = new ScriptedHalf()
  const stream = activeStream(half)
  const room = half.context.give('a')
  assert.ok(room instanceof Promise)
  assert.ok(half.context.give('b') instanceof Promise, 'taken all the same, and waits too')
  let resolved = false
  void room.then(() => {
    resolved = true
  })
  await turnOver()
  assert.equal(resolved, false)
  assert.equal(stream.read(), 'a')
  assert.equal(stream.read(), 'b')
  await room
  stream.destroy()
})

test('a half whose stream flows never waits', async () => {
  const half = new ScriptedHalf()
  const stream = activeStream(half)
  const read: unknown[] = []
  stream.on('data', (item) => read.push(item))
  await turnOver()
  for (const item of 'abc') assert.equal(half.context.give(item), undefined)
  assert.deepEqual(read, ['a', 'b', 'c'])
  stream.destroy()
})

test('the end goes through the half: all that was written is in, what it gives at its end is read, then the stream ends', async () => {
  const [pushed, ended] = [latch(), latch()]
  const half = new ScriptedHalf({
    push: () => pushed.opened,
    async end() {
      await ended.opened
      void half.context.give('last')
    },
  })
  const stream = activeStream(half)
  const read: unknown[] = []
  stream.on('data', (item) => read.push(item))
  stream.end('a')
  await turnOver()
  assert.deepEqual(half.calls, ['start', 'push a'])
  pushed.open()
  await turnOver()
  assert.deepEqual(half.calls, ['start', 'push a', 'end'])
  assert.equal(stream.readableEnded, false)
  ended.open()
  await finished(stream)
  assert.deepEqual(read, ['last'])
})

const ways: { readonly name: string; readonly act: () => Promise<void> | undefined }[] = [
  {
    name: 'throws',
    act() {
      throw new TypeError('broke')
    },
  },
  { name: 'rejects', act: () => Promise.reject(new TypeError('broke')) },
]

for (const { name, act } of ways) {
  for (const at of ['push', 'end'] as const) {
    test(`a half that ${name} in ${at} destroys the stream with that error, and is destroyed`, async () => {
      const half = new ScriptedHalf({ [at]: act })
      const stream = activeStream(half)
      stream.resume()
      stream.end('a')
      await assert.rejects(finished(stream), { name: 'TypeError', message: 'broke' })
      assert.equal(half.calls.at(-1), 'destroy')
      assert.equal(half.calls.filter((call) => call === 'destroy').length, 1)
    })
  }
}

test('what a half fails with destroys the stream', async () => {
  const half = new ScriptedHalf()
  const stream = activeStream(half)
  const failed = once(stream, 'error')
  half.context.fail(new Error('broke'))
  assert.equal(((await failed)[0] as Error).message, 'broke')
  assert.equal(stream.destroyed, true)
})

test('destroying the stream destroys the half, once, and lets whoever waits go', async () => {
  const half = new ScriptedHalf()
  const stream = activeStream(half)
  const room = half.context.give('a')
  stream.destroy()
  stream.destroy()
  await room
  assert.equal(half.context.give('late'), undefined)
  await once(stream, 'close')
  assert.deepEqual(half.calls, ['start', 'destroy'])
})

test('nothing that waits is pushed once the stream is destroyed', async () => {
  const gate = latch()
  const half = new ScriptedHalf({ push: () => gate.opened })
  const stream = activeStream(half, 16)
  stream.write('a')
  stream.write('b')
  stream.destroy()
  gate.open()
  await turnOver()
  assert.deepEqual(half.calls, ['start', 'push a', 'destroy'])
})
