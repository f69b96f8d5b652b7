import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindOf } from '../../bench/figures.ts'

test('costs and latencies shall be less, rates more, and all of them are the machine’s too', () => {
  for (const figure of [
    'cpuUsPerMessage',
    'cpuNsPerFrame',
    'acceptCpuUsPerConnection',
    'latencyP99Ms',
    'receiptP99AfterMs',
  ]) {
    assert.deepEqual(kindOf(figure), { better: 'less', withMachine: true }, figure)
  }
  for (const figure of ['messagesPerSecond', 'megabytesPerSecond', 'catchUpPerSecond']) {
    assert.deepEqual(kindOf(figure), { better: 'more', withMachine: true }, figure)
  }
})

test('memory and what the hub bills are the same on every machine', () => {
  for (const figure of ['maxRssMiB', 'rssKiBPerConnection', 'heapUsedKiBPerConnection', 'metersPerThousandReadings']) {
    assert.deepEqual(kindOf(figure), { better: 'less', withMachine: false }, figure)
  }
})

test('what explains others, or is of the hub’s process, is not compared', () => {
  for (const figure of ['gcPercent', 'loopLagP99Ms', 'emulatorCpuUsPerMessage', 'refusedWhileAway', 'lostShare']) {
    assert.equal(kindOf(figure), undefined, figure)
  }
})
