import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pipeline } from '../../src/core/pipeline.ts'
import type { Hub } from '../../src/hub/port.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { hub as endpoint } from '../../src/stages/hub.ts'
import { json } from '../../src/stages/json.ts'
import { lines } from '../../src/stages/lines.ts'
import type { ConservationVerdict } from '../../src/testing/conservation.ts'
import { conserving } from '../../src/testing/conserving.ts'
import type { Schedule } from '../../src/testing/schedule.ts'
import {
  acknowledgeAtRead,
  completeAtDelivery,
  confuseNames,
  forgetExpiry,
  forgetSome,
  resolveBeforeSent,
  sendBackwards,
} from './mutants.ts'
import { processTrial } from './process-trial.ts'

/** What the oracle says of jsonLines on a hub that is spoilt. */
function judged(spoil: (hub: Hub) => Hub, seed = 5): Promise<ConservationVerdict> {
  const make = (hub: Hub) => jsonLines(spoil(hub), { authenticator: byPolicy() })
  return conserving(make, { seed, deadlineMs: 5000, maxReadings: 60 })
}

test('the seed that finds the mutants finds nothing in a sound gateway', async () => {
  const verdict = await judged((hub) => hub)
  assert.ok(verdict.holds, JSON.stringify(verdict))
  assert.ok(verdict.commandsDelivered > 4)
})

test('acknowledging at read is seen as early', async () => {
  const make = (hub: Hub) =>
    pipeline('mutant', lines(), json(), acknowledgeAtRead(), authenticate(byPolicy()), batch(), endpoint(hub))
  const verdict = await conserving(make, { seed: 5, deadlineMs: 5000, maxReadings: 60 })
  assert.ok(!verdict.holds && verdict.early > 0, JSON.stringify(verdict))
})

test('a receipt before the answer of the hub is seen as early', async () => {
  const verdict = await judged(resolveBeforeSent)
  assert.ok(!verdict.holds && verdict.early > 0, JSON.stringify(verdict))
})

test('a command that is completed before its device confirmed it is seen', async () => {
  const verdict = await judged(completeAtDelivery)
  assert.equal(verdict.unconfirmedCommands, verdict.commandsCompleted)
  assert.ok(!verdict.holds && verdict.unconfirmedCommands > 0, JSON.stringify(verdict))
})

test('a command that is written after its expiry is seen', async () => {
  // Readings go one by one for as long as the command takes.
  const step = { afterAcked: 1, command: { id: 'c1', device: 0, ttlMs: 200 } }
  const schedule: Schedule = { seed: 0, devices: 1, readings: 30, window: 1, steps: [step] }
  const make = (hub: Hub) => jsonLines(forgetExpiry(hub), { authenticator: byPolicy() })
  const verdict = await conserving(make, { schedule })
  assert.ok(!verdict.holds && verdict.lateCommands > 0, JSON.stringify(verdict))
})

test('readings that are left out are lost', async () => {
  const verdict = await judged(forgetSome)
  assert.ok(verdict.ackedButMissing > 0 && verdict.ackedButMissing === verdict.lost, JSON.stringify(verdict))
})

test('readings that are sent backwards are reordered', async () => {
  const verdict = await judged(sendBackwards)
  assert.ok(!verdict.holds && verdict.reordered > 0, JSON.stringify(verdict))
})

test('readings under the name of another device are crossed', async () => {
  const verdict = await judged(confuseNames)
  assert.ok(!verdict.holds && verdict.crossed > 0, JSON.stringify(verdict))
})

/** The hub hangs over sends; whoever acknowledges all the same has much to lose when it is killed. */
const killWhileHubHangs: Schedule = {
  seed: 0,
  devices: 4,
  readings: 100,
  window: 32,
  steps: [
    { afterAcked: 40, harm: { to: 'hub', fault: { operation: 'send', hang: true } }, forMs: 400 },
    { afterAcked: 80, harm: { to: 'gateway', act: 'kill' }, forMs: 1 },
  ],
}

/** What a spool has called durable outlives it, though the hub was never there. */
const killOnly: Schedule = {
  seed: 0,
  devices: 4,
  readings: 100,
  window: 32,
  steps: [
    { afterAcked: 1, harm: { to: 'hub', fault: { operation: 'send', status: 503 } }, forMs: 400 },
    { afterAcked: 100, harm: { to: 'gateway', act: 'kill' }, forMs: 1 },
  ],
}

test('kill -9 of a gateway that acknowledges at read loses what it acknowledged', async () => {
  const { verdict } = await processTrial(killWhileHubHangs, { mutant: 'acknowledgeAtRead' })
  assert.ok(verdict.ackedButMissing > 0, JSON.stringify(verdict))
})

test('kill -9 of a gateway whose spool acknowledges before it has written loses what it acknowledged', async () => {
  const { verdict } = await processTrial(killOnly, { mutant: 'acknowledgeBeforeWritten', spool: true })
  assert.ok(verdict.ackedButMissing > 0, JSON.stringify(verdict))
})

test('kill -9 of one with a sound spool loses nothing', async () => {
  const { verdict, faults } = await processTrial(killOnly, { spool: true })
  assert.deepEqual(faults, [])
  assert.ok(verdict.holds, JSON.stringify(verdict))
})

test('kill -9 of the sound one at the same moment loses nothing', async () => {
  const { verdict, faults } = await processTrial(killWhileHubHangs)
  assert.deepEqual(faults, [])
  assert.ok(verdict.holds, JSON.stringify(verdict))
})

test('a gateway process that completes commands at their delivery is seen', async () => {
  const commands = Array.from({ length: 20 }, (_, index) => ({
    afterAcked: index,
    command: { id: `c${index}`, device: 0, ttlMs: 60_000 },
  }))
  const schedule: Schedule = { seed: 0, devices: 1, readings: 100, window: 4, steps: commands }
  const { verdict } = await processTrial(schedule, { mutant: 'completeAtDelivery' })
  assert.ok(verdict.unconfirmedCommands > 0, JSON.stringify(verdict))
})
