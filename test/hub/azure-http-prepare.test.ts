import assert from 'node:assert/strict'
import childProcess from 'node:child_process'
import fs from 'node:fs'
import { type TestContext, test } from 'node:test'
import { Rig, reading } from './rig.ts'

/** Counts what the SDK does to learn the name of the Linux distribution: looks for release files, runs programs. */
function lookUps(t: TestContext): () => number {
  const stat = t.mock.method(fs, 'stat')
  const exec = t.mock.method(childProcess, 'exec')
  return () => stat.mock.callCount() + exec.mock.callCount()
}

// The SDK remembers what it found for the whole process, so the order of these tests matters.
test('[P] the SDK looks up the Linux distribution for its User-Agent: once prepared, sessions do not', async (t) => {
  const counted = lookUps(t)
  const rig = await Rig.start(...Array.from({ length: 30 }, (_, index) => `d${index}`))
  const hub = rig.hub()
  await hub.prepare?.()
  if (process.platform === 'linux') assert.ok(counted() > 0, 'preparing is what looks it up')
  const prepared = counted()
  const open = async (_: unknown, index: number) => {
    const session = await rig.open(rig.identity(`d${index}`), hub)
    await session.send([reading('x')])
  }
  await Promise.all(Array.from({ length: 30 }, open))
  assert.equal(counted(), prepared)
  await rig.stop()
})
