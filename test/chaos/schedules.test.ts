import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { conserving } from '../../src/testing/conserving.ts'
import { scheduleOf } from '../../src/testing/schedule.ts'
import { processTrials } from './process-trial.ts'

/** A failure names its seed; `npm run chaos -- --only SEED` is for those with a process. */
describe('nothing is lost, mixed up or claimed too soon over links that break', { concurrency: 4 }, () => {
  for (let seed = 1; seed <= 16; seed++) {
    test(`seed ${seed}`, async () => {
      const make = (hub: Parameters<typeof jsonLines>[0]) => jsonLines(hub, { authenticator: byPolicy() })
      const verdict = await conserving(make, { seed, maxReadings: 60, maxLinkFaults: 10 })
      assert.ok(verdict.holds, JSON.stringify(verdict))
      assert.equal(verdict.acked, verdict.sent)
      assert.ok(verdict.sent > 0)
    })
  }
})

/** Seeds of those that share a gateway, and whether that has a spool. */
const together = 10
const groups: readonly { first: number; spool: boolean; storeFaults?: boolean; workers?: number }[] = [
  { first: 151, spool: false },
  // Without a spool: with one in each worker, readings of a device that changes its worker may overtake each other.
  { first: 211, spool: false, workers: 2 },
  { first: 181, spool: true },
  { first: 121, spool: false },
  { first: 131, spool: true, storeFaults: true },
]

describe('nor where the gateway is killed, and the hub fails, and devices all press at once', () => {
  for (const { first, ...options } of groups) {
    const where = options.workers === undefined ? 'a process' : `${options.workers} workers`
    const how = options.storeFaults ? 'a spool on a disk that fails' : options.spool ? 'a spool' : 'no spool'
    test(`seeds ${first} to ${first + together - 1}, in ${where} with ${how}`, async () => {
      const bounds = { maxHubFaults: 2, maxReadings: 40, maxDevices: 3, maxHarmMs: 120 }
      // What is done to the process strikes all that share it, and a start takes a second: every other schedule may do it.
      const schedules = Array.from({ length: together }, (_, index) =>
        scheduleOf(first + index, { ...bounds, maxGatewayHarms: index % 2 === 0 ? 1 : 0 }),
      )
      const harms = schedules.flatMap(({ steps }) => steps.flatMap((step) => ('harm' in step ? [step.harm] : [])))
      assert.ok(harms.some((harm) => harm.to === 'gateway' && harm.act === 'kill'))
      const results = await processTrials(schedules, options)
      for (const { verdict, faults } of results) {
        assert.deepEqual(faults, [], `seed ${verdict.seed}`)
        assert.ok(verdict.holds, JSON.stringify(verdict))
      }
    })
  }
})
