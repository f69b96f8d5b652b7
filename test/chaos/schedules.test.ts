import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { conserving } from '../../src/testing/conserving.ts'
import { scheduleOf } from '../../src/testing/schedule.ts'
import { processTrial } from './process-trial.ts'

/** A failure names its seed; `npm run chaos -- --only SEED` is for those with a process. */
describe('nothing is lost, mixed up or claimed too soon over links that break', { concurrency: 4 }, () => {
  for (let seed = 1; seed <= 40; seed++) {
    test(`seed ${seed}`, async () => {
      const make = (hub: Parameters<typeof jsonLines>[0]) => jsonLines(hub, { authenticator: byPolicy() })
      const verdict = await conserving(make, { seed, maxReadings: 60, maxLinkFaults: 10 })
      assert.ok(verdict.holds, JSON.stringify(verdict))
      assert.equal(verdict.acked, verdict.sent)
      assert.ok(verdict.sent > 0)
    })
  }
})

describe('nor where the gateway is killed, and the hub fails', { concurrency: 2 }, () => {
  for (const seed of [1, 7, 8, 12]) {
    test(`seed ${seed}, in a process`, async () => {
      const schedule = scheduleOf(seed, { maxHubFaults: 6, maxGatewayHarms: 2, maxReadings: 60 })
      const { verdict, faults } = await processTrial(schedule)
      assert.deepEqual(faults, [])
      assert.ok(verdict.holds, JSON.stringify(verdict))
    })
  }
})
