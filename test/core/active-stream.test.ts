import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { activeStream } from '../../src/core/active-stream.ts'
import type { ActiveContext } from '../../src/core/stage.ts'
import { latch } from './slots.ts'

/** A half that gives what it is given, and waits for room. */
class Echo {
  context: ActiveContext<unknown> | undefined
  ended = false
  destroyed = 0
  readonly pushed: unknown[] = []

  start(context: ActiveContext<unknown>): void {
    this.context = context
  }

  push(item: unknown): Promise<void> | undefined {
    this.pushed.push(item)
    if (item === 'bad') throw new Error('bad')
    return this.context?.give(item)
  }

  end(): void {
    this.context?.give('last')
  }

  destroy(): void {
    this.destroyed++
  }
}

test('an active half as a duplex: items in, items out, the last when it ends, then it is let go', async () => {
  const half = new Echo()
  const stream = activeStream(half)
  const out: unknown[] = []
  stream.on('data', (item) => out.push(item))
  stream.write(1)
  stream.end(2)
  await once(stream, 'close')
  assert.deepEqual(out, [1, 2, 'last'])
  assert.equal(half.destroyed, 1)
})

test('nobody reads: the half is told to wait, then its writer', async () => {
  const half = new Echo()
  const stream = activeStream(half)
  assert.equal(stream.write(1), false)
  stream.write(2)
  await new Promise(setImmediate)
  assert.deepEqual(half.pushed, [1])
  assert.equal(stream.read(), 1)
  await new Promise(setImmediate)
  assert.deepEqual(half.pushed, [1, 2])
  stream.destroy()
})

test('as many items may wait before it as is said', () => {
  const stream = activeStream(new Echo(), 3)
  assert.deepEqual([stream.write(1), stream.write(2), stream.write(3)], [true, true, false])
  stream.destroy()
})

test('a throw breaks the stream, and what waits for room is released when it is destroyed', async () => {
  const stream = activeStream(new Echo())
  stream.resume()
  stream.write('bad')
  const [error] = (await once(stream, 'error')) as [Error]
  assert.equal(error.message, 'bad')
  const gate = latch()
  const half = new Echo()
  const full = activeStream(half)
  full.write(1)
  void half.context?.give(2)?.then(gate.open)
  full.destroy()
  await gate.opened
  assert.equal(half.context?.give(3), undefined)
})
