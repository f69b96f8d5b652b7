import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { resetPeakMemory } from '../../../bench/parts/process-usage.ts'
import { messageFigures, UsageClock } from '../../../bench/parts/usage.ts'

const linux = process.platform === 'linux'
const mebibyte = 2 ** 20

/** Runs the processor for so long, whatever else the machine does. */
function burn(cpuUs: number): void {
  const before = process.cpuUsage()
  for (let used = 0; used < cpuUs; ) {
    const { user, system } = process.cpuUsage(before)
    used = user + system
  }
}

describe('the usage of this process', () => {
  test('is what was used between start and stop, neither before nor after', () => {
    const clock = new UsageClock()
    burn(150_000)
    clock.start()
    burn(50_000)
    const { cpuUs, wallMs } = clock.stop()
    assert.ok(cpuUs >= 50_000 && cpuUs < 150_000, `${cpuUs}`)
    assert.ok(wallMs > 0)
  })

  test('counts the time of collections of garbage, anew from each start', async () => {
    const clock = new UsageClock()
    clock.start()
    let kept: unknown[] = []
    for (let round = 0; round < 30; round++) kept = Array.from({ length: 50_000 }, (_, index) => ({ index, round }))
    assert.equal(kept.length, 50_000)
    await turn()
    const { gcMs, wallMs } = clock.stop()
    assert.ok(gcMs > 0 && gcMs < wallMs, `${gcMs} of ${wallMs}`)
    clock.start()
    assert.ok(clock.stop().gcMs < gcMs)
  })

  test('tells how late the loop was', async () => {
    const clock = new UsageClock()
    clock.start()
    await turn()
    burn(100_000)
    // Timers come before immediates, so the late one has come by the second turn.
    await turn()
    await turn()
    assert.ok(clock.stop().loopLagP99Ms >= 50)
  })

  test('has the peak of memory in between', {
    skip: !(linux && resetPeakMemory(process.pid)) && 'not counted here',
  }, () => {
    const clock = new UsageClock()
    clock.start()
    const before = clock.stop().maxRssKiB
    clock.start()
    assert.equal(Buffer.alloc(200 * mebibyte, 1).length, 200 * mebibyte)
    assert.ok(clock.stop().maxRssKiB - before > 190 * 1024)
  })

  test('does not begin with the memory of the process that started it', {
    skip: !linux && 'only Linux has /proc',
  }, async () => {
    const large = Buffer.alloc(300 * mebibyte, 1)
    const usage = new URL('../../../bench/parts/usage.js', import.meta.url)
    const code = `import { UsageClock } from ${JSON.stringify(usage)}
      const clock = new UsageClock()
      clock.start()
      process.send(clock.stop().maxRssKiB)
      process.disconnect()`
    const child = fork('-', { execArgv: ['--input-type=module', '--eval', code] })
    const [[maxRssKiB]] = await Promise.all([once(child, 'message'), once(child, 'exit')])
    assert.ok(maxRssKiB < large.length / 1024 / 2, `${maxRssKiB}`)
  })
})

test('the figures of messages are shares of what was used', () => {
  const usage = { cpuUs: 1000, wallMs: 500, gcMs: 50, loopLagP99Ms: 3, maxRssKiB: 2048 }
  assert.deepEqual(messageFigures(usage, 100), {
    cpuUsPerMessage: 10,
    messagesPerSecond: 200,
    gcPercent: 10,
    loopLagP99Ms: 3,
    maxRssMiB: 2,
  })
})
