import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkTable } from '../../../src/hub/spool/table.ts'
import { directory, filesOf, inLevel } from './disk-rig.ts'

const key = (at: number) => Buffer.from(`key-${String(at).padStart(6, '0')}`)
const count = 2000

/** A table that LevelDB itself wrote. */
async function writtenTable(dir: string): Promise<Buffer> {
  await inLevel(dir, async (level) => {
    const changes = Array.from({ length: count }, (_, at) => ({
      type: 'put' as const,
      key: key(at),
      value: Buffer.from(`value ${at}`.padEnd(100)),
    }))
    await level.batch(changes)
    await level.compactRange(Buffer.of(0), Buffer.of(255))
  })
  const [file] = filesOf(dir, /\.ldb$/)
  return readFileSync(file as string)
}

test('a table that LevelDB wrote is sound', async (t) => {
  assert.deepEqual(checkTable(await writtenTable(directory(t))), { damagedBlocks: 0, entries: [] })
})

test('of a table with a damaged block all other entries are saved, as they were', async (t) => {
  const table = await writtenTable(directory(t))
  table.writeUInt8((table[10_000] as number) ^ 1, 10_000)
  const { damagedBlocks, entries } = checkTable(table)
  assert.equal(damagedBlocks, 1)
  assert.ok(entries.length < count && entries.length > count - 100, `${entries.length} of ${count}`)
  for (const { key: found, value } of entries) {
    const at = Number(found.toString().slice(4))
    assert.deepEqual([found, value.toString()], [key(at), `value ${at}`.padEnd(100)])
  }
})

test('any byte that is changed is found, but in padding, and nothing that is saved is wrong', async (t) => {
  const table = await writtenTable(directory(t))
  fc.assert(
    fc.property(fc.nat(table.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const damaged = Buffer.from(table)
      damaged.writeUInt8((table[at] as number) ^ change, at)
      const { damagedBlocks, entries } = checkTable(damaged)
      // The footer's handles are followed by zeros that say nothing.
      if (at < table.length - 48) assert.ok(damagedBlocks > 0, `byte ${at}`)
      for (const { key: found, value } of entries)
        assert.equal(value.toString().trim(), `value ${Number(found.toString().slice(4))}`)
    }),
    { numRuns: 200 },
  )
})

test('bytes at random, and a table that is cut short, have nothing and throw nothing', async (t) => {
  const table = await writtenTable(directory(t))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(table.length), (bytes, length) => {
      assert.ok(checkTable(Buffer.from(bytes)).damagedBlocks > 0)
      assert.ok(length === table.length || checkTable(table.subarray(0, length)).damagedBlocks > 0)
      // A sound ending after anything.
      assert.ok(checkTable(Buffer.concat([Buffer.from(bytes), table.subarray(-48)])).damagedBlocks > 0)
    }),
    { numRuns: 200 },
  )
})
