import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cpuUsOf, processUsage } from '../../../bench/parts/process-usage.ts'

const linux = process.platform === 'linux'

/** User and system time are told in whole ticks, each rounded down. */
const roundingUs = 2 * 10_000

describe('the usage of a process', () => {
  test('is found behind a name that holds parentheses and blanks', () => {
    const stat = '42 (a) b (c 9) S 1 42 42 0 -1 4194560 1500 0 3 0 700 25 8 4 20 0 11 0 123456 0 0'
    assert.equal(cpuUsOf(stat), 7_250_000)
  })

  test('is what the process itself sees', { skip: !linux && 'only Linux has /proc' }, () => {
    const before = process.cpuUsage()
    // Before: it may grow from one look to the next.
    const rssKiB = process.memoryUsage.rss() / 1024
    const { cpuUs, maxRssKiB } = processUsage(process.pid)
    const after = process.cpuUsage()
    assert.ok(cpuUs >= before.user + before.system - roundingUs, `${cpuUs}`)
    assert.ok(cpuUs <= after.user + after.system, `${cpuUs}`)
    assert.ok(maxRssKiB >= rssKiB)
  })

  test('of no process is an error', { skip: !linux && 'only Linux has /proc' }, () => {
    assert.throws(() => processUsage(2 ** 30), { code: 'ENOENT' })
  })
})
