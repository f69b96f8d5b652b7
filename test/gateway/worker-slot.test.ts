import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import type { WorkerProcess } from '../../src/gateway/worker-process.ts'
import { WorkerSlot } from '../../src/gateway/worker-slot.ts'
import { Logbook, turns } from './gate.ts'

/** A worker that does as it is told. */
class FakeProcess {
  listen: () => void = () => undefined
  fail: (error: Error) => void = () => undefined
  crash: () => void = () => undefined
  readonly ready = new Promise<readonly []>((resolve, reject) => {
    this.listen = () => resolve([])
    this.fail = (error) => {
      reject(error)
      this.crash()
    }
  })
  readonly gone = new Promise<void>((resolve) => {
    this.crash = resolve
  })
  readonly ending = 'signal SIGKILL'
  isTold = false
  deadlineMs: number | undefined

  constructor() {
    this.ready.catch(() => undefined)
  }

  async end(deadlineMs: number): Promise<void> {
    this.isTold = true
    this.deadlineMs = deadlineMs
    await this.gone
  }
}

async function openSlot(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const clock = { now: 0 }
  t.mock.method(performance, 'now', () => clock.now)
  const made: FakeProcess[] = []
  const log = new Logbook()
  let restarts = 0
  const slot = new WorkerSlot({
    number: 1,
    pauses: { minMs: 1000, maxMs: 30_000, steadyMs: 60_000 },
    log,
    fork: () => {
      const process = new FakeProcess()
      made.push(process)
      return process as unknown as WorkerProcess
    },
    onRestart: () => restarts++,
  })
  const started = slot.start()
  made[0]?.listen()
  await started
  return {
    ...{ slot, made, log, clock },
    restarts: () => restarts,
    latest: () => made.at(-1) as FakeProcess,
    async passed(ms: number) {
      clock.now += ms
      t.mock.timers.tick(ms)
      await turns(1)
    },
  }
}

test('one that ends by itself is replaced after a second, then after ever longer, and after half a minute at most', async (t) => {
  const { made, latest, passed, restarts } = await openSlot(t)
  for (const pauseMs of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    const before = made.length
    latest().crash()
    await turns(1)
    await passed(pauseMs - 1)
    assert.equal(made.length, before, `before ${pauseMs} ms`)
    await passed(1)
    assert.equal(made.length, before + 1, `after ${pauseMs} ms`)
    latest().listen()
    await turns(1)
  }
  assert.equal(restarts(), 7)
})

test('one that has lived for a minute is replaced after a second again', async (t) => {
  const { made, latest, passed } = await openSlot(t)
  for (const livedMs of [0, 0, 60_000]) {
    await passed(livedMs)
    latest().crash()
    await turns(1)
    if (livedMs === 0) await passed(30_000)
    latest().listen()
    await turns(1)
  }
  const before = made.length
  await passed(1000)
  assert.equal(made.length, before + 1)
})

test('one that cannot start again is tried again, after ever longer', async (t) => {
  const { made, latest, log, passed } = await openSlot(t)
  latest().crash()
  await turns(1)
  for (const pauseMs of [1000, 2000, 4000]) {
    await passed(pauseMs)
    latest().fail(new Error('no'))
    await turns(1)
  }
  assert.equal(made.length, 4)
  assert.equal(log.entries.filter(({ message }) => message === 'a worker could not be started again').length, 3)
  await passed(8000)
  assert.equal(made.length, 5)
})

test('what takes its place listens before the old one is told to finish', async (t) => {
  const { slot, made, latest } = await openSlot(t)
  const replaced = slot.replace(500)
  await turns(1)
  assert.deepEqual([made.length, made[0]?.isTold], [2, false])
  latest().listen()
  await turns(1)
  assert.equal(made[0]?.deadlineMs, 500)
  made[0]?.crash()
  await replaced
  assert.equal(made.length, 2)
})

test('where the new one needs what the old one holds, the old one finishes first', async (t) => {
  const { slot, made } = await openSlot(t)
  const replaced = slot.replace(500)
  await turns(1)
  made[1]?.fail(new GatewayError('CONFIGURATION', 'held', { retryable: true }))
  await turns(1)
  assert.deepEqual([made.length, made[0]?.isTold], [2, true])
  made[0]?.crash()
  await turns(1)
  assert.equal(made.length, 3)
  made[2]?.listen()
  await replaced
})

test('where the new one cannot start, the old one goes on, and is replaced if it ends by itself meanwhile', async (t) => {
  const { slot, made, passed } = await openSlot(t)
  const failed = slot.replace(500)
  await turns(1)
  made[1]?.fail(new GatewayError('CONFIGURATION', 'wrong'))
  await assert.rejects(failed, { message: 'wrong' })
  assert.equal(made[0]?.isTold, false)

  const failedToo = slot.replace(500)
  await turns(1)
  made[0]?.crash()
  await turns(1)
  await passed(5000)
  assert.equal(made.length, 3, 'one is being started already')
  made[2]?.fail(new GatewayError('CONFIGURATION', 'wrong'))
  await assert.rejects(failedToo, { message: 'wrong' })
  await passed(1000)
  assert.equal(made.length, 4)
})

test('once it is ended nothing is started any more, and what was being started is ended too', async (t) => {
  const { slot, made, passed } = await openSlot(t)
  const replaced = slot.replace(500)
  await turns(1)
  const ended = slot.end(300)
  assert.deepEqual([made[0]?.deadlineMs, made[1]?.deadlineMs], [300, 300])
  made[1]?.fail(new Error('killed'))
  made[0]?.crash()
  await assert.rejects(replaced)
  await ended
  await passed(60_000)
  assert.equal(made.length, 2)
})

test('the first one waits for what a worker of the gateway before still holds, for a quarter of a minute', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const made: FakeProcess[] = []
  const slot = new WorkerSlot({
    number: 1,
    pauses: { minMs: 1000, maxMs: 30_000, steadyMs: 60_000 },
    log: new Logbook(),
    fork: () => {
      made.push(new FakeProcess())
      return made.at(-1) as unknown as WorkerProcess
    },
    onRestart: () => assert.fail('nothing was there before'),
  })
  const held = () => new GatewayError('CONFIGURATION', 'held', { retryable: true })
  const started = slot.start()
  for (let second = 1; second < 16; second++) {
    made.at(-1)?.fail(held())
    await turns(1)
    assert.equal(made.length, second)
    t.mock.timers.tick(1000)
    await turns(1)
    assert.equal(made.length, second + 1)
  }
  made.at(-1)?.fail(held())
  await assert.rejects(started, { message: 'held' })
})
