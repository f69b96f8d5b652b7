import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { silentLog } from '../../../src/core/connection.ts'
import { DiskStore } from '../../../src/hub/spool/disk.ts'
import { openLevel } from '../../../src/hub/spool/level.ts'
import { ownDirectory, tellOfOthers } from '../../../src/hub/spool/worker-directory.ts'
import { Logbook } from '../../gateway/gate.ts'

function folder(t: TestContext, ...names: string[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-test-'))
  t.after(() => rmSync(dir, { recursive: true }))
  for (const name of names) mkdirSync(join(dir, name))
  return dir
}

async function told(dir: string, place?: { number: number; count: number }): Promise<unknown[]> {
  const log = new Logbook()
  await tellOfOthers(dir, place, log)
  return log.entries.flatMap(({ fields }) => (fields as { left: string[] }).left)
}

test('two workers have the spool of one directory open at once, each its own', async (t) => {
  const dir = folder(t)
  const stores = [1, 2].map((number) => new DiskStore({ dir }, openLevel, { number, count: 2 }))
  for (const store of stores) await store.open(silentLog)
  const second = new DiskStore({ dir }, openLevel, { number: 1, count: 2 })
  // What is held may be free later: its holder may be on its way out.
  await assert.rejects(second.open(silentLog), { code: 'CONFIGURATION', retryable: true })
  for (const store of stores) await store.close()
})

test('without workers the directory is the spool', () => {
  assert.equal(ownDirectory('/s', undefined), '/s')
  assert.equal(ownDirectory('/s', { number: 3, count: 4 }), '/s/worker-3')
})

test('directories that none of so many workers opens are told of, by the first of them only', async (t) => {
  const dir = folder(t, 'worker-1', 'worker-2', 'worker-3', 'worker-x')
  assert.deepEqual(await told(dir, { number: 1, count: 2 }), [join(dir, 'worker-3')])
  assert.deepEqual(await told(dir, { number: 2, count: 2 }), [])
  assert.deepEqual(await told(dir, { number: 1, count: 3 }), [])
  assert.equal((await told(dir)).length, 3)
})

test('what one process without workers has left is told of', async (t) => {
  const dir = folder(t)
  assert.deepEqual(await told(join(dir, 'absent'), { number: 1, count: 2 }), [])
  writeFileSync(join(dir, 'CURRENT'), '')
  assert.deepEqual(await told(dir, { number: 1, count: 2 }), [dir])
  assert.deepEqual(await told(dir), [])
})
