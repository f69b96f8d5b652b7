import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryHub } from '../../src/hub/memory.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { conserving } from '../../src/testing/conserving.ts'

// That broken pipelines are found out is in test/chaos/mutants.test.ts, more schedules in test/chaos/schedules.test.ts.

test('a sound pipeline conserves every reading, over links that break', async () => {
  const hub = memoryHub()
  const verdict = await conserving((to) => jsonLines(to, { authenticator: byPolicy() }), {
    seed: 11,
    hub,
    maxReadings: 60,
  })
  assert.ok(verdict.holds, JSON.stringify(verdict))
  assert.equal(verdict.acked, verdict.sent)
  assert.equal(verdict.seed, 11)
  assert.equal(hub.accepted.length, verdict.delivered + verdict.duplicated)
  assert.equal(hub.sessions.size, 0)
})

test('devices that never get through are given up, and what they sent is lost', async () => {
  const hub = memoryHub({ hold: true })
  const make = (to: typeof hub | Parameters<typeof jsonLines>[0]) => jsonLines(to, { authenticator: byPolicy() })
  const bounds = { maxDevices: 1, maxReadings: 2, maxWindow: 1, maxCommands: 0, maxLinkFaults: 0 }
  const verdict = await conserving(make, { ...bounds, hub, deadlineMs: 100 })
  assert.ok(!verdict.holds)
  assert.deepEqual(verdict.details, ['lost: s1-d1/1 (never got through)'])
})

test('a pipeline that cannot be made, or options out of range, end it', async () => {
  await assert.rejects(
    conserving(() => {
      throw new Error('no such stage')
    }),
    /no such stage/,
  )
  const make = (to: Parameters<typeof jsonLines>[0]) => jsonLines(to)
  await assert.rejects(conserving(make, { maxDevices: 0 }), { code: 'CONFIGURATION', message: /maxDevices.*0/ })
  await assert.rejects(conserving(make, { deadlineMs: 1 }), { code: 'CONFIGURATION', message: /deadlineMs.*1/ })
})
