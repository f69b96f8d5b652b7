import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { GatewayOptions } from '../../src/gateway/serve.ts'
import type { MemoryHubOptions } from '../../src/hub/memory.ts'
import { type Gt06Options, gt06 } from '../../src/pipelines/gt06.ts'
import { answer, login } from './gt06-frames.ts'
import { type BinaryDevice, type Served, served } from './served.ts'

/** The pipeline served, every message sent by itself. */
export function gate(
  t: TestContext,
  options: Gt06Options = {},
  gateway: GatewayOptions & { readonly memory?: MemoryHubOptions } = {},
): Promise<Served> {
  return served(t, (to) => gt06(to, { batch: { maxCount: 1, lingerMs: 0 }, ...options }), gateway)
}

/** Asserts that just these answers come next. */
export async function assertAnswers(device: BinaryDevice, ...answers: readonly Buffer[]): Promise<void> {
  const expected = Buffer.concat(answers)
  assert.equal((await device.read(expected.length)).toString('hex'), expected.toString('hex'))
}

/** A tracker that has logged in, and its gateway. */
export async function loggedIn(t: TestContext, options: Gt06Options = {}, memory: MemoryHubOptions = {}) {
  const given = await gate(t, options, { memory })
  const device = await given.device()
  await device.write(login(1))
  await assertAnswers(device, answer(0x01, 1))
  return { ...given, device }
}
