import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ActiveSlot } from '../../src/core/active-slot.ts'
import { BackpressureWatch } from '../../src/core/backpressure.ts'
import type { GatewayError } from '../../src/core/errors.ts'
import { PipelineMeter } from '../../src/core/meter.ts'
import type { ActiveContext } from '../../src/core/stage.ts'
import { latch } from './slots.ts'

interface Doings {
  push?(item: unknown): undefined | Promise<void>
  end?(): undefined | Promise<void>
}

/** A slot with a half that notes what is done to it. */
function slotWith(doings: Doings = {}) {
  const log: string[] = []
  const given: unknown[] = []
  const failures: GatewayError[] = []
  const watch = new BackpressureWatch()
  const meter = new PipelineMeter('p').stage('batch', 'up')
  const boundary = watch.boundary(meter)
  let context: ActiveContext<unknown> | undefined
  const half = {
    start(started: ActiveContext<unknown>) {
      context = started
    },
    push(item: unknown) {
      log.push(`push ${item}`)
      return doings.push?.(item)
    },
    end() {
      log.push('end')
      return doings.end?.()
    },
    destroy() {
      log.push('destroy')
    },
  }
  const next = { receive: (item: unknown) => void given.push(item) as undefined }
  const part = { half, stage: 1, direction: 'up' as const, boundary }
  const slot = new ActiveSlot(part, next, { fail: (error) => failures.push(error) })
  return { slot, log, given, failures, boundary, meter, give: (item: unknown) => context?.give(item) }
}

test('calls never overlap: what comes while a push pends waits for it, in order, and the boundary is held', async () => {
  const gate = latch()
  const { slot, log, boundary, meter } = slotWith({ push: (item) => (item === 1 ? gate.opened : undefined) })
  const first = slot.receive(1)
  const second = slot.receive(2)
  assert.deepEqual(log, ['push 1'])
  assert.equal(boundary.held, true)
  gate.open()
  await Promise.all([first, second])
  assert.deepEqual(log, ['push 1', 'push 2'])
  assert.equal(boundary.held, false)
  assert.equal(slot.receive(3), undefined, 'nobody waits any more')
  assert.equal(meter.items, 3)
})

test('a throw and a rejection end the connection, with the half named', async () => {
  const thrown = slotWith({
    push() {
      throw new Error('thrown')
    },
  })
  assert.equal(thrown.slot.receive(1), undefined)
  const rejected = slotWith({ push: () => Promise.reject(new Error('rejected')) })
  await rejected.slot.receive(1)
  const ended = slotWith({ end: () => Promise.reject(new Error('at the end')) })
  await ended.slot.finish()
  assert.deepEqual(
    [thrown, rejected, ended].flatMap(({ failures }) => failures.map(({ message, stage }) => [message, stage])),
    [
      ['thrown', 'batch.up'],
      ['rejected', 'batch.up'],
      ['at the end', 'batch.up'],
    ],
  )
})

test('the lane ends when all that was taken is in', async () => {
  const gate = latch()
  const { slot, log } = slotWith({ push: () => gate.opened })
  void slot.receive(1)
  const finished = slot.finish()
  await new Promise(setImmediate)
  assert.deepEqual(log, ['push 1'])
  gate.open()
  await finished
  assert.deepEqual(log, ['push 1', 'end'])
})

test('once the connection is gone nothing is pushed, given or told, and the half is let go once', async () => {
  const { slot, log, given, failures, give } = slotWith()
  give('before')
  slot.close()
  slot.close()
  slot.receive(1)
  give('after')
  slot.fail(new Error('late'))
  await slot.finish()
  assert.deepEqual(log, ['destroy'])
  assert.deepEqual(given, ['before'])
  assert.deepEqual(failures, [])
})
