import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PollSchedule } from '../../src/hub/poll-schedule.ts'
import { liveTimers, type VirtualTime, virtualTime } from './virtual-time.ts'

/** Takes turns for ever in the name of a session, and writes down when it had them. */
function poller(time: VirtualTime, schedule: PollSchedule, rested = true): number[] {
  const turns: number[] = []
  const poll = async () => {
    for (;;) {
      await schedule.turn(rested).over
      turns.push(time.now)
    }
  }
  void poll()
  return turns
}

const most = (turns: readonly number[], windowMs: number): number =>
  Math.max(...turns.map((from) => turns.filter((at) => at >= from && at < from + windowMs).length))

test('no turn comes earlier than the interval, and jitter adds at most a tenth', async (t) => {
  const time = virtualTime(t)
  const earliest = poller(time, new PollSchedule({ pollsPerSecond: 1000, intervalMs: 100 }, () => 0))
  const latest = poller(time, new PollSchedule({ pollsPerSecond: 1000, intervalMs: 100 }, () => 0.999))
  await time.pass(250)
  assert.deepEqual(earliest, [100, 200])
  assert.deepEqual(latest, [110, 220])
})

test('after a poll that found something the next turn comes at once', async (t) => {
  const time = virtualTime(t)
  const schedule = new PollSchedule({ pollsPerSecond: 10, intervalMs: 60_000 })
  await schedule.turn(false).over
  assert.equal(time.now, 0)
})

test('all sessions together never take more than the shared budget', async (t) => {
  const time = virtualTime(t)
  const schedule = new PollSchedule({ pollsPerSecond: 10, intervalMs: 50 })
  const turns = Array.from({ length: 30 }, () => poller(time, schedule))
  await time.pass(4000)
  const all = turns.flat().sort((a, b) => a - b)
  assert.ok(all.length >= 38, `${all.length}`)
  assert.ok(most(all, 1000) <= 10)
  assert.ok(most(all, 100) <= 1)
})

test('with more sessions than the budget serves at once every one gets the same share', async (t) => {
  const time = virtualTime(t)
  const schedule = new PollSchedule({ pollsPerSecond: 100, intervalMs: 5 })
  const turns = Array.from({ length: 20 }, (_, index) => poller(time, schedule, index % 2 === 0))
  await time.pass(3000)
  const counts = turns.map((each) => each.length)
  assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `${counts}`)
})

test('a pause holds back everybody, those too who were waiting for their turn already', async (t) => {
  const time = virtualTime(t)
  const schedule = new PollSchedule({ pollsPerSecond: 10, intervalMs: 10 })
  const turns = Array.from({ length: 5 }, () => poller(time, schedule))
  await time.pass(150)
  const before = turns.flat().length
  schedule.pause(1000)
  await time.pass(999)
  assert.equal(turns.flat().length, before)
  await time.pass(500)
  assert.ok(turns.flat().length > before)
  assert.ok(most(turns.flat(), 100) <= 1)
})

test('the longer of two pauses counts', async (t) => {
  const time = virtualTime(t)
  const schedule = new PollSchedule({ pollsPerSecond: 10, intervalMs: 1 })
  schedule.pause(500)
  schedule.pause(10)
  const turns = poller(time, schedule, false)
  await time.pass(501)
  assert.deepEqual(turns, [500])
})

test('a pause of months is taken for a mistake and lasts five minutes', async (t) => {
  const time = virtualTime(t)
  const schedule = new PollSchedule({ pollsPerSecond: 10, intervalMs: 1 })
  schedule.pause(2_592_000_000)
  const turns = poller(time, schedule, false)
  await time.pass(300_001)
  assert.deepEqual(turns, [300_000])
})

test('a session that leaves gives its place in the queue to those behind it', async (t) => {
  const time = virtualTime(t)
  const schedule = new PollSchedule({ pollsPerSecond: 1, intervalMs: 1 })
  await schedule.turn(false).over
  const leaving = Array.from({ length: 100 }, () => schedule.turn(false))
  const staying = poller(time, schedule, false)
  await time.pass(10)
  for (const turn of leaving) turn.leave()
  await time.pass(1000)
  assert.deepEqual(staying, [1000])
})

test('who leaves waits no longer, for its rest or for its turn, and leaves no timer', async () => {
  const before = liveTimers()
  const resting = new PollSchedule({ pollsPerSecond: 10, intervalMs: 60_000 }).turn(true)
  const slow = new PollSchedule({ pollsPerSecond: 0.01, intervalMs: 1 })
  await slow.turn(false).over
  const queued = slow.turn(false)
  assert.equal(liveTimers(), before + 2)
  resting.leave()
  queued.leave()
  await Promise.all([resting.over, queued.over])
  assert.equal(liveTimers(), before)
})
