import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { memoryHub } from '../../../src/hub/memory.ts'
import type { Level } from '../../../src/hub/spool/level.ts'
import { spool } from '../../../src/hub/spool/spool.ts'
import { reading, text } from '../rig.ts'
import { virtualTime } from '../virtual-time.ts'
import { bodies, directory, keptLog, openDisk } from './disk-rig.ts'
import { context, Gate, settled, underPolicy } from './rig.ts'

const noSpace = () => Object.assign(new Error('IO error: No space left on device'), { code: 'LEVEL_IO_ERROR' })

/** Fails writes of the databases that are opened, as told. */
class FailingDisk {
  fails = false
  /** True where what fails was written all the same. */
  writes = false
  error = noSpace
  opened = 0

  readonly change = (level: Level): void => {
    this.opened++
    const batch = level.batch.bind(level) as (...given: unknown[]) => Promise<void>
    Object.assign(level, {
      batch: async (...given: unknown[]) => {
        if (!this.fails || this.writes) await batch(...given)
        if (this.fails) throw this.error()
      },
    })
  }
}

/** Resolves when appending works again; what fails until then is asserted to be SPOOL_FAILED. */
async function appendUntilDone(
  append: () => Promise<void>,
  time: { pass(ms: number): Promise<void> },
): Promise<number> {
  for (let tries = 1; ; tries++) {
    try {
      await append()
      return tries
    } catch (thrown) {
      assert.equal((thrown as { code: string }).code, 'SPOOL_FAILED')
      // Opening again is real work on a real disk, however little time passes here.
      assert.ok(tries < 3000)
      await time.pass(100)
      await settled()
    }
  }
}

test('a disk that fails rejects with SPOOL_FAILED, is opened again with pauses, and loses nothing', async (t) => {
  const time = virtualTime(t)
  const failing = new FailingDisk()
  const log = keptLog()
  const store = await openDisk(t, { dir: directory(t) }, failing.change, log)
  await store.append('d1', [reading('1')], undefined)
  failing.fails = true
  await assert.rejects(store.append('d1', [reading('2')], undefined), {
    code: 'SPOOL_FAILED',
    message: /No space left/,
  })
  await assert.rejects(
    store.append('d1', [reading('3')], undefined),
    { code: 'SPOOL_FAILED' },
    'at once, while it is away',
  )
  assert.equal(store.totals().messages, 1)
  failing.fails = false
  await appendUntilDone(() => store.append('d1', [reading('4')], undefined), time)
  assert.deepEqual(await bodies(store, 'd1'), ['1', '4'])
  assert.equal(failing.opened, 2)
  assert.ok(log.told.some((words) => words.includes('the disk of the spool fails')))
})

test('what was written though writing failed is taken back: whoever heard of the failure appends it again', async (t) => {
  const time = virtualTime(t)
  const failing = new FailingDisk()
  const dir = directory(t)
  const store = await openDisk(t, { dir }, failing.change)
  Object.assign(failing, { fails: true, writes: true })
  await assert.rejects(store.append('d1', [reading('1')], undefined), { code: 'SPOOL_FAILED' })
  failing.fails = false
  await appendUntilDone(() => store.append('d1', [reading('1')], undefined), time)
  assert.deepEqual(await bodies(store, 'd1'), ['1'])
  await store.close()
  assert.deepEqual(await bodies(await openDisk(t, { dir }), 'd1'), ['1'])
})

test('what was removed while the disk failed is not given again, and is removed once it works', async (t) => {
  const time = virtualTime(t)
  const failing = new FailingDisk()
  const dir = directory(t)
  const store = await openDisk(t, { dir }, failing.change)
  await store.append('d1', [reading('1'), reading('2')], undefined)
  const found = await store.oldest('d1', 1, 1)
  failing.fails = true
  await store.remove('d1', found)
  assert.equal(store.totals().messages, 1)
  failing.fails = false
  await appendUntilDone(() => store.append('d1', [reading('3')], undefined), time)
  assert.deepEqual(await bodies(store, 'd1'), ['2', '3'])
  await store.close()
  assert.deepEqual(await bodies(await openDisk(t, { dir }), 'd1'), ['2', '3'])
})

test('damage that makes writing fail is repaired when the database is opened again', async (t) => {
  const time = virtualTime(t)
  const failing = new FailingDisk()
  const store = await openDisk(t, { dir: directory(t) }, failing.change)
  await store.append('d1', [reading('1')], undefined)
  failing.error = () => Object.assign(new Error('Corruption: bad block'), { code: 'LEVEL_CORRUPTION' })
  failing.fails = true
  await assert.rejects(store.append('d1', [reading('2')], undefined), { code: 'SPOOL_FAILED' })
  failing.fails = false
  await appendUntilDone(() => store.append('d1', [reading('3')], undefined), time)
  assert.deepEqual(await bodies(store, 'd1'), ['1', '3'])
  assert.deepEqual(
    [...store.backlogs()].map(({ messages }) => messages),
    [2],
  )
})

test('closing while the disk fails ends at once, and waits for a write in progress', async (t) => {
  const failing = new FailingDisk()
  const dir = directory(t)
  const store = await openDisk(t, { dir }, failing.change)
  failing.fails = true
  await assert.rejects(store.append('d1', [reading('1')], undefined))
  await store.close()
  const gate = new Gate()
  const next = await openDisk(t, { dir }, (level) => {
    const batch = level.batch.bind(level) as (...given: unknown[]) => Promise<void>
    Object.assign(level, { batch: (...given: unknown[]) => gate.passed.then(() => batch(...given)) })
  })
  const appending = next.append('d1', [reading('2')], undefined)
  const closing = next.close()
  await settled()
  gate.open()
  await Promise.all([appending, closing])
  assert.deepEqual(await bodies(await openDisk(t, { dir }), 'd1'), ['2'])
})

/** A file system of so many bytes; undefined where it cannot be made, which takes root. */
function smallDisk(t: TestContext, bytes: number): string | undefined {
  const dir = join(directory(t), 'small')
  mkdirSync(dir)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', dir], { stdio: 'pipe' })
  } catch {
    return undefined
  }
  return dir
}

test('a disk that is really full: sends are held, what is stored is forwarded, and with room again all goes on', async (t) => {
  const dir = smallDisk(t, 8 * 2 ** 20)
  if (dir === undefined) {
    t.skip('left out: no file system could be mounted here, which takes root')
    return
  }
  try {
    const ballast = join(dir, 'ballast')
    writeFileSync(ballast, Buffer.alloc(5 * 2 ** 20))
    const to = memoryHub()
    to.hold()
    const log = keptLog()
    const store = await openDisk(t, { dir: join(dir, 'spool') }, undefined, log)
    await store.close()
    const hub = spool(to, store, { log, minDelayMs: 20, maxDelayMs: 50 })
    const session = await hub.open(underPolicy('d1'), context())
    const sent: string[] = []
    const all = 60
    const sending = (async () => {
      for (let number = 0; number < all; number++) {
        await session.send([reading(`${number} `.padEnd(100_000, 'x'))])
        sent.push(String(number))
        if (log.told.length > 0 && sent.length < all) to.release()
      }
    })()
    // The log says when the disk is full; nothing else does without waiting.
    while (!log.told.some((words) => words.includes('No space left')))
      await new Promise((resolve) => setImmediate(resolve))
    assert.ok(sent.length < all, `${sent.length} were stored in three megabytes`)
    rmSync(ballast)
    to.release()
    await sending
    await to.until(() => new Set(to.accepted.map(({ message }) => text(message).split(' ')[0])).size === all)
    const order = [...new Set(to.accepted.map(({ message }) => text(message).split(' ')[0]))]
    assert.deepEqual(
      order,
      Array.from({ length: all }, (_, number) => String(number)),
    )
    await hub.close()
  } finally {
    execFileSync('umount', ['-l', dir])
  }
})
