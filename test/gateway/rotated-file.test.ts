import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { RotatedFile } from '../../src/gateway/rotated-file.ts'
import { temporaryFolder } from './folder.ts'

const lines = (...texts: string[]) => texts.map((text) => Buffer.from(`${text}\n`))
const read = (path: string) => readFileSync(path, 'utf8')

/** What every file handle is made of, to make disks fail. */
async function fileHandleOf(t: TestContext): Promise<FileHandle> {
  const handle = await open(join(temporaryFolder(t), 'any'), 'a')
  await handle.close()
  return Object.getPrototypeOf(handle) as FileHandle
}

describe('a rotated file', () => {
  test('is appended to, and readable by its owner alone', async (t) => {
    const path = join(temporaryFolder(t), 'letters')
    assert.equal(await new RotatedFile(path, { maxBytes: 4096, keep: 2 }).append(lines('a', 'b')), undefined)
    assert.equal(await new RotatedFile(path, { maxBytes: 4096, keep: 2 }).append(lines('c')), undefined)
    assert.equal(read(path), 'a\nb\nc\n')
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  test('becomes .1 when it is full, and the oldest goes', async (t) => {
    const path = join(temporaryFolder(t), 'letters')
    const file = new RotatedFile(path, { maxBytes: 6, keep: 2 })
    assert.equal(await file.append(lines('aa', 'bb', 'cc', 'dd', 'longer than that', 'ee', 'ff')), undefined)
    assert.deepEqual(
      [path, `${path}.1`, `${path}.2`].map((each) => read(each)),
      ['ee\nff\n', 'longer than that\n', 'cc\ndd\n'],
    )
    assert.equal(existsSync(`${path}.3`), false)
  })

  test('a line that a crash cut short is ended before the next', async (t) => {
    const path = join(temporaryFolder(t), 'letters')
    writeFileSync(path, 'a\nhal')
    await new RotatedFile(path, { maxBytes: 4096, keep: 1 }).append(lines('b'))
    assert.equal(read(path), 'a\nhal\nb\n')
  })

  test('may be renamed or deleted by others between two appends', async (t) => {
    const path = join(temporaryFolder(t), 'letters')
    const file = new RotatedFile(path, { maxBytes: 4096, keep: 1 })
    await file.append(lines('a'))
    renameSync(path, `${path}.old`)
    await file.append(lines('b'))
    assert.deepEqual([read(`${path}.old`), read(path)], ['a\n', 'b\n'])
    rmSync(path)
    await file.append(lines('c'))
    assert.equal(read(path), 'c\n')
  })

  test('a disk that fills up in the middle of a line costs the lines that are not whole, and no later one', async (t) => {
    const path = join(temporaryFolder(t), 'letters')
    const file = new RotatedFile(path, { maxBytes: 4096, keep: 1 })
    const prototype = await fileHandleOf(t)
    const write = prototype.write as (this: FileHandle, ...args: unknown[]) => Promise<{ bytesWritten: number }>
    let room = 7
    t.mock.method(prototype, 'write', async function (this: FileHandle, bytes: Buffer, from: number) {
      const left = Math.min(room, bytes.length - from)
      if (left === 0) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
      room -= left
      return write.call(this, bytes, from, left)
    })
    const lost = await file.append(lines('aa', 'bb', 'cc', 'dd'))
    assert.deepEqual([lost?.count, lost?.error.message], [2, 'ENOSPC: no space left on device'])
    assert.deepEqual((await file.append(lines('ee')))?.count, 1)
    room = 1000
    assert.equal(await file.append(lines('ff')), undefined)
    assert.equal(read(path), 'aa\nbb\nc\nff\n')
  })

  test('what cannot be renamed or opened costs the lines, and is told', async (t) => {
    const folder = temporaryFolder(t)
    const path = join(folder, 'letters')
    const file = new RotatedFile(path, { maxBytes: 4, keep: 1 })
    mkdirSync(`${path}.1`)
    const lost = await file.append(lines('aa', 'bb', 'cc'))
    assert.equal(lost?.count, 2)
    assert.match(lost?.error.message ?? '', /EISDIR|EPERM|ENOTEMPTY|EEXIST/)
    assert.equal(
      (await new RotatedFile(join(folder, 'none', 'letters'), { maxBytes: 4, keep: 1 }).append(lines('a')))?.count,
      1,
    )
  })

  test('whatever is appended, files hold the newest lines whole and in order, none over its size', async () => {
    const appended = fc.array(fc.array(fc.nat(30), { maxLength: 8 }), { maxLength: 8 })
    const limits = fc.record({ maxBytes: fc.integer({ min: 8, max: 60 }), keep: fc.integer({ min: 1, max: 3 }) })
    const folder = mkdtempSync(join(tmpdir(), 'headgate-test-'))
    let run = 0
    try {
      await fc.assert(
        fc.asyncProperty(appended, limits, async (appended, limits) => {
          const path = join(folder, `${++run}`)
          const file = new RotatedFile(path, limits)
          let number = 0
          const all: string[] = []
          for (const each of appended) {
            const texts = each.map((size) => `${number++}${'x'.repeat(size)}`)
            all.push(...texts)
            assert.equal(await file.append(lines(...texts)), undefined)
          }
          const paths = Array.from({ length: limits.keep + 2 }, (_, back) => (back === 0 ? path : `${path}.${back}`))
          const kept = paths.filter((each) => existsSync(each)).map(read)
          assert.ok(kept.length <= limits.keep + 1)
          for (const text of kept) assert.ok(text.length <= limits.maxBytes || text.indexOf('\n') === text.length - 1)
          const left = kept.reverse().join('').split('\n').slice(0, -1)
          assert.deepEqual(left, left.length === 0 ? [] : all.slice(-left.length))
          if (kept.length <= limits.keep) assert.equal(left.length, all.length)
        }),
        { numRuns: 60 },
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
