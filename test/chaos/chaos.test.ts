import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isConserved } from '../../src/testing/conservation.ts'
import { type GroupOptions, runGroup } from './group.ts'
import type { Mutation } from './mutants.ts'
import { type Incident, type Schedule, scheduleOf } from './schedule.ts'

const size = { lengthMs: 2000, devices: 2, processFaults: 0.3 }
const patienceMs = 30_000
const together = 10

/** Seeds of a group, and how its gateway is told to be. */
const groups: readonly { readonly first: number; readonly spool: boolean; readonly policy: boolean }[] = [
  { first: 1, spool: false, policy: true },
  { first: 11, spool: true, policy: true },
  { first: 21, spool: false, policy: false },
  { first: 31, spool: true, policy: false },
]

describe('forty schedules of hub faults, network faults and kills under load', () => {
  for (const { first, spool, policy } of groups) {
    const how = `${spool ? 'with' : 'without'} a spool, ${policy ? 'under the gateway’s policy' : 'devices bring their keys'}`
    test(`conserve everything: seeds ${first} to ${first + together - 1}, ${how}`, async () => {
      const schedules = Array.from({ length: together }, (_, index) => scheduleOf(first + index, size))
      assert.ok(
        schedules.some(({ incidents }) => incidents.some((each) => each.kind === 'process' && each.fault === 'kill')),
      )
      const outcomes = await runGroup(schedules, { spool, policy, patienceMs })
      for (const { verdict, faults } of outcomes) {
        assert.deepEqual(faults, [], `seed ${verdict.seed}`)
        assert.ok(isConserved(verdict), `seed ${verdict.seed}: ${verdict.offences.join('; ')}`)
        assert.ok(verdict.sent > 0)
        assert.equal(verdict.acked, verdict.sent)
      }
    })
  }
})

/** A schedule in which a broken gateway must be seen: every device has commands that it ignores, and the hub is slow when the kill comes. */
function telling(incidents: readonly Incident[]): Schedule {
  return { seed: 1, devices: 2, window: 200, burst: 10, lengthMs: 2500, incidents }
}

const both = [0, 1]
const ignored = [0, 300, 600].flatMap((at) =>
  both.map((device): Incident => ({ at, kind: 'command', device, ttlMs: 20_000, answer: 'ignore' })),
)
const short = [0, 200, 400].flatMap((at) =>
  both.map((device): Incident => ({ at, kind: 'command', device, ttlMs: 800, answer: 'complete' })),
)
const killed = [
  ...both.map(
    (device): Incident => ({ at: 0, kind: 'hub', device, fault: { operation: 'send', latencyMs: 400 }, forMs: 2400 }),
  ),
  ...[900, 1600].map((at): Incident => ({ at, kind: 'process', fault: 'kill', forMs: 0 })),
]

const broken: readonly {
  readonly mutation: Mutation
  readonly words: string
  readonly schedule: Schedule
  readonly spool: boolean
  readonly offence: RegExp
}[] = [
  {
    mutation: 'acknowledgeAtRead',
    words: 'acknowledges when it has only begun to send',
    schedule: telling(killed),
    spool: false,
    offence: /was acknowledged and is not at the hub/,
  },
  {
    mutation: 'acknowledgeBeforeDurable',
    words: 'acknowledges before its spool has synced',
    schedule: telling(killed),
    spool: true,
    offence: /was acknowledged and is not at the hub/,
  },
  {
    mutation: 'completeAtDelivery',
    words: 'completes commands before the device has confirmed them',
    schedule: telling(ignored),
    spool: false,
    offence: /is completed, and .* never said so/,
  },
  {
    mutation: 'lateCommands',
    words: 'lets commands wait beyond their expiry',
    schedule: telling(short),
    spool: false,
    offence: /after it had expired/,
  },
]

describe('a gateway that is broken on purpose is found out', () => {
  for (const { mutation, words, schedule, spool, offence } of broken) {
    test(`one that ${words}`, async () => {
      const how: GroupOptions = { spool, policy: true, patienceMs: 10_000 }
      const [sound] = await runGroup([schedule], how)
      assert.deepEqual([sound?.verdict.offences, sound?.faults], [[], []])
      const [outcome] = await runGroup([schedule], { ...how, patienceMs: 2000, mutation })
      assert.match(outcome?.verdict.offences.join('\n') ?? '', offence)
      assert.equal(outcome !== undefined && isConserved(outcome.verdict), false)
    })
  }
})
