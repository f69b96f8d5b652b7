import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { increment, isPowerOfTwo, PipelineMeter, Stopwatch } from '../../src/core/meter.ts'

test('a stopwatch that never ran reads zero', () => {
  assert.equal(new Stopwatch().read(1000), 0)
})

test('a stopwatch counts what still runs', () => {
  const watch = new Stopwatch()
  watch.start(100)
  assert.equal(watch.read(130), 30)
  watch.stop(150, 100)
  assert.equal(watch.read(999), 50)
})

test('several running at once each count', () => {
  const watch = new Stopwatch()
  watch.start(100)
  watch.start(110)
  assert.equal(watch.read(120), 20 + 10)
  watch.stop(130, 110)
  assert.equal(watch.read(140), 40 + 20)
  watch.stop(150, 100)
  assert.equal(watch.read(1000), 50 + 20)
})

test('however starts and stops interleave, a stopwatch reads the sum of the intervals', () => {
  const interval = fc.record({ from: fc.nat(1000), long: fc.nat(1000) })
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 20 }), fc.nat(2000), (intervals, now) => {
      const watch = new Stopwatch()
      const moments = intervals.flatMap(({ from, long }) => [
        { at: from, act: () => watch.start(from) },
        { at: from + long, act: () => watch.stop(from + long, from) },
      ])
      moments.sort((a, b) => a.at - b.at)
      for (const { at, act } of moments) if (at <= now) act()
      const expected = intervals.reduce((sum, { from, long }) => sum + Math.max(0, Math.min(long, now - from)), 0)
      assert.equal(watch.read(now), expected)
    }),
  )
})

test('a stage half has one meter, made on first use', () => {
  const meter = new PipelineMeter('plant')
  assert.equal(meter.stage('json', 'up'), meter.stage('json', 'up'))
  assert.notEqual(meter.stage('json', 'up'), meter.stage('json', 'down'))
  assert.deepEqual(
    meter.stages.map(({ stage, direction }) => `${stage}.${direction}`),
    ['json.up', 'json.down'],
  )
})

test('receipts are counted by what they answer and outcome', () => {
  const meter = new PipelineMeter('plant')
  meter.countReceipt('telemetry', 'complete')
  meter.countReceipt('telemetry', 'complete')
  meter.countReceipt('hello', 'reject')
  assert.deepEqual(
    [...meter.receipts],
    [
      ['telemetry', { complete: 2, abandon: 0, reject: 0 }],
      ['hello', { complete: 0, abandon: 0, reject: 1 }],
    ],
  )
})

test('increment begins at one', () => {
  const counts = new Map<string, number>()
  increment(counts, 'a')
  increment(counts, 'a')
  assert.equal(counts.get('a'), 2)
})

test('powers of two are told, from the first on', () => {
  const told = Array.from({ length: 1025 }, (_, count) => count).filter(isPowerOfTwo)
  assert.deepEqual(told, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024])
})
