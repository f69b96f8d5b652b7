import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { test } from 'node:test'
import { silentLog } from '../../src/core/connection.ts'
import { disk } from '../../src/hub/spool/disk.ts'
import { reading } from '../hub/rig.ts'
import { bodies, directory, filesOf, openDisk, spoil } from '../hub/spool/disk-rig.ts'

test('a process that is killed while it repairs its spool loses nothing of the blocks that are sound', async (t) => {
  const dir = directory(t)
  const first = disk({ dir, maxBytes: 2 ** 24 })
  await first.open(silentLog)
  for (let at = 0; at < 4000; at += 100) {
    const messages = Array.from({ length: 100 }, (_, each) => reading(`${at + each}`.padEnd(300)))
    await first.append('d1', messages, undefined)
  }
  await first.close()
  const tables = filesOf(dir, /\.ldb$/)
  assert.ok(tables.length > 0)
  for (const table of tables) {
    spoil(table, (bytes) => bytes.fill(0x55, 2000, 2064))
    // Taken away to be repaired; then came the kill.
    renameSync(table, `${table}.damaged`)
  }
  const store = await openDisk(t, { dir, maxBytes: 2 ** 24 })
  const left = (await bodies(store, 'd1')).length
  // A block has some 4 KB.
  assert.ok(
    left >= 4000 - 20 * tables.length,
    `${left} of 4000 messages, one block of ${tables.length} tables is damaged`,
  )
  assert.ok(store.totals().damaged > 0)
  assert.deepEqual(filesOf(dir, /damaged/), [])
})
