import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex, PassThrough } from 'node:stream'
import { test } from 'node:test'
import { BackpressureWatch } from '../../src/core/backpressure.ts'
import { PipelineMeter } from '../../src/core/meter.ts'
import { standingClock } from './clock.ts'

/** Takes one item and holds the next until released. */
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

function watched(count: number) {
  const watch = new BackpressureWatch()
  const meter = new PipelineMeter('plant')
  const gates = Array.from({ length: count }, () => new Gate())
  const meters = gates.map((gate, index) => {
    const stage = meter.stage(`s${index}`, 'up')
    watch.add(gate, stage)
    return stage
  })
  return { watch, gates, meters, blocked: (now: number) => meters.map((each) => each.blocked.read(now)) }
}

test('a stage is charged from the write that is told to wait until the drain', (t) => {
  const clock = standingClock(t)
  const { watch, gates, blocked } = watched(1)
  const [gate] = gates as [Gate]
  assert.equal(watch.blocked, false)
  assert.equal(gate.write('a'), false)
  assert.equal(watch.blocked, true)
  clock.now += 30
  assert.deepEqual(blocked(clock.now), [30])
  gate.release()
  clock.now += 100
  assert.deepEqual(blocked(clock.now), [30])
  assert.equal(watch.blocked, false)
})

test('only the culprit is charged, not those that queue up behind it', (t) => {
  const clock = standingClock(t)
  const { gates, blocked } = watched(3)
  gates[2]?.write('a')
  clock.now += 10
  gates[1]?.write('a')
  clock.now += 10
  gates[0]?.write('a')
  clock.now += 10
  assert.deepEqual(blocked(clock.now), [0, 0, 30])
})

test('the charge moves to the stage before when the culprit lets go', (t) => {
  const clock = standingClock(t)
  const { gates, blocked } = watched(3)
  for (const gate of gates) gate.write('a')
  clock.now += 10
  gates[2]?.release()
  clock.now += 5
  assert.deepEqual(blocked(clock.now), [0, 5, 10])
})

test('writes that are told to wait twice are one interval', (t) => {
  const clock = standingClock(t)
  const { gates, blocked } = watched(1)
  gates[0]?.write('a')
  clock.now += 10
  gates[0]?.write('b')
  clock.now += 10
  assert.deepEqual(blocked(clock.now), [20])
})

test('what is written is counted; a stream without a meter counts nothing and is charged nothing', (t) => {
  const clock = standingClock(t)
  const watch = new BackpressureWatch()
  const shared = new Gate()
  const meter = new PipelineMeter('plant').stage('json', 'up')
  const counted = new Gate()
  watch.add(counted, meter)
  watch.add(shared, undefined)
  counted.write('a')
  shared.write('a')
  shared.write('b')
  clock.now += 10
  assert.equal(meter.items, 1)
  assert.equal(meter.blocked.read(clock.now), 0, 'held by the one behind')
  assert.equal(watch.blocked, true)
})

test('close ends every charge', (t) => {
  const clock = standingClock(t)
  const { watch, gates, blocked } = watched(2)
  for (const gate of gates) gate.write('a')
  clock.now += 10
  watch.close()
  clock.now += 100
  assert.deepEqual(blocked(clock.now), [0, 10])
  assert.equal(watch.blocked, false)
})

test('a stream that is ended while it is full is not charged for ever: it emits finish but never drain', async (t) => {
  const clock = standingClock(t)
  const watch = new BackpressureWatch()
  const meter = new PipelineMeter('plant').stage('gzip', 'up')
  const stream = new PassThrough({ highWaterMark: 4 })
  watch.add(stream, meter)
  assert.equal(stream.write('four'), false)
  clock.now += 10
  stream.end()
  stream.resume()
  await once(stream, 'finish')
  clock.now += 100
  assert.equal(watch.blocked, false)
  assert.equal(meter.blocked.read(clock.now), 10)
})
