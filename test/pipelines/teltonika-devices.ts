import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type TeltonikaOptions, teltonika } from '../../src/pipelines/teltonika.ts'
import { login } from '../stages/teltonika/frames.ts'
import { type BinaryDevice, type Served, served } from './served.ts'

/** Batches that wait for nothing. */
export const atOnce = { batch: { lingerMs: 0 } }

/** A device that is logged in. */
export async function start(
  t: TestContext,
  options: TeltonikaOptions = {},
): Promise<Served & { tracker: BinaryDevice }> {
  const gateway = await served(t, (to) => teltonika(to, { ...atOnce, ...options }))
  const tracker = await gateway.device()
  await tracker.write(login)
  await hears(tracker, '01')
  return { ...gateway, tracker }
}

/** Reads just these answers, in hexadecimal. */
export async function hears(device: BinaryDevice, ...answers: readonly (string | Buffer)[]): Promise<void> {
  const expected = answers.map((each) => (typeof each === 'string' ? each : each.toString('hex'))).join('')
  assert.equal((await device.read(expected.length / 2)).toString('hex'), expected)
}

/** Asserts that nothing was said. */
export async function silent(device: BinaryDevice): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await turn()
  assert.equal(device.pending().toString('hex'), '')
}
