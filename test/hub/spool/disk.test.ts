import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import split2 from 'split2'
import { silentLog } from '../../../src/core/connection.ts'
import { memoryHub } from '../../../src/hub/memory.ts'
import { disk } from '../../../src/hub/spool/disk.ts'
import { messageKey } from '../../../src/hub/spool/keys.ts'
import { type Level, measure } from '../../../src/hub/spool/level.ts'
import { spool } from '../../../src/hub/spool/spool.ts'
import { reading } from '../rig.ts'
import { bodies, directory, filesOf, inLevel, keptLog, openDisk, spoil } from './disk-rig.ts'
import { context, Gate, withKey, withSas } from './rig.ts'

const writer = fileURLToPath(new URL('./disk-appender.js', import.meta.url))

test('options out of range throw CONFIGURATION that names option, value and range', () => {
  const codes = { code: 'CONFIGURATION' }
  assert.throws(() => disk({ dir: '' }), { ...codes, message: /dir/ })
  assert.throws(() => disk({ dir: 'x', maxBytes: 1000 }), { ...codes, message: /maxBytes .* 4194304 .* not 1000/ })
  assert.throws(() => disk({ dir: 'x', maxAgeMs: 0 }), { ...codes, message: /maxAgeMs .* 1, not 0/ })
})

test('an append resolves after a write with fsync has resolved, and not before', async (t) => {
  const gate = new Gate()
  const writes: boolean[] = []
  const store = await openDisk(t, { dir: directory(t) }, (level) => {
    const batch = level.batch.bind(level) as (...given: unknown[]) => Promise<void>
    Object.assign(level, {
      batch: async (changes: unknown[], options?: { sync: boolean }) => {
        writes.push(options?.sync === true)
        await batch(changes, options)
        await gate.passed
      },
    })
  })
  // Loading has written nothing that matters.
  writes.length = 0
  let done = false
  const appending = store.append('d1', [reading('1')], undefined).then(() => {
    done = true
  })
  for (let round = 0; round < 50; round++) await turn()
  assert.deepEqual([writes, done], [[true], false])
  assert.equal(store.totals().messages, 0, 'nothing is counted that is not durable')
  gate.open()
  await appending
  assert.deepEqual(writes, [true])
})

test('appends of all devices that come while one write is in progress go together in the next one', async (t) => {
  let writes = 0
  const store = await openDisk(t, { dir: directory(t) }, (level) => {
    const batch = level.batch.bind(level) as (...given: unknown[]) => Promise<void>
    Object.assign(level, {
      batch: (...given: unknown[]) => {
        writes++
        return batch(...given)
      },
    })
  })
  writes = 0
  const first = store.append('d0', [reading('0')], undefined)
  await turn()
  const others = Array.from({ length: 500 }, (_, at) => store.append(`d${at + 1}`, [reading('x')], undefined))
  await Promise.all([first, ...others])
  assert.equal(writes, 2)
  assert.equal(store.totals().messages, 501)
})

test('a directory belongs to one process: a second opener is told so', async (t) => {
  const dir = directory(t)
  const store = await openDisk(t, { dir })
  await assert.rejects(disk({ dir }).open(silentLog), {
    code: 'CONFIGURATION',
    message: new RegExp(`another process .* ${dir}`),
  })
  await store.append('d1', [reading('1')], undefined)
  assert.deepEqual(await bodies(store, 'd1'), ['1'])
})

test('the directory is made, for its owner only', async (t) => {
  const dir = join(directory(t), 'deep', 'spool')
  await openDisk(t, { dir })
  assert.equal(statSync(dir).mode & 0o077, 0)
})

test('nothing of a key or token lies in the files, in whatever form it was given', async (t) => {
  const dir = directory(t)
  const hub = spool(memoryHub(), disk({ dir }))
  await (await hub.open(withKey('d1', 'a secret key'), context())).close()
  const session = await hub.open(withSas('d2', 'SharedAccessSignature sig=a-secret-token'), context())
  await session.send([reading('1')])
  await hub.close()
  const bytes = Buffer.concat(filesOf(dir, /./).map((file) => readFileSync(file)))
  assert.ok(bytes.includes('digest'), 'the devices are noted')
  for (const secret of ['a secret key', 'a-secret-token']) {
    for (const form of ['utf8', 'base64', 'hex'] as const) {
      assert.ok(!bytes.includes(Buffer.from(secret).toString(form)), `${secret} as ${form}`)
    }
  }
})

test('a path that is no directory is a CONFIGURATION error', async (t) => {
  const file = join(directory(t), 'file')
  writeFileSync(file, 'x')
  await assert.rejects(disk({ dir: file }).open(silentLog), { code: 'CONFIGURATION', message: /cannot be opened/ })
})

test('nothing that was acknowledged is missing after kill -9', async (t) => {
  const dir = directory(t)
  const acknowledged = new Map<string, number>()
  for (let round = 0; round < 3; round++) {
    const child = spawn(process.execPath, [writer, dir, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => child.kill('SIGKILL'))
    let lines = 0
    for await (const line of child.stdout.pipe(split2())) {
      const [deviceId, last] = (line as string).split(' ') as [string, string]
      acknowledged.set(deviceId, Number(last))
      // What it said before it died is read to the end.
      if (++lines === 300) child.kill('SIGKILL')
    }
    if (child.signalCode === null && child.exitCode === null) await once(child, 'exit')
    assert.equal(child.signalCode, 'SIGKILL')
  }
  const store = await openDisk(t, { dir })
  assert.equal(acknowledged.size, 3 * 8)
  for (const [deviceId, last] of acknowledged) {
    const found = (await bodies(store, deviceId)).map(Number)
    assert.deepEqual(
      found,
      Array.from({ length: found.length }, (_, at) => at),
      `${deviceId} in order, once`,
    )
    assert.ok(found.length > last, `${deviceId}: ${found.length} stored, ${last} acknowledged`)
  }
  assert.equal(store.totals().damaged, 0)
})

test('a record that was changed on the disk is skipped and counted, and stops no device', async (t) => {
  const dir = directory(t)
  const store = disk({ dir })
  await store.open(silentLog)
  for (const deviceId of ['d1', 'd2'])
    await store.append(
      deviceId,
      ['1', '2', '3'].map((body) => reading(body)),
      undefined,
    )
  await store.close()
  await inLevel(dir, async (level) => {
    const value = (await level.get(messageKey('d1', 1))) as Buffer
    value.writeUInt8((value.at(-1) as number) ^ 1, value.length - 1)
    await level.put(messageKey('d1', 1), value)
  })
  const log = keptLog()
  const next = await openDisk(t, { dir }, undefined, log)
  assert.deepEqual(await bodies(next, 'd1'), ['1', '3'])
  assert.deepEqual(await bodies(next, 'd2'), ['1', '2', '3'])
  assert.deepEqual([next.totals().messages, next.totals().damaged], [5, 1])
  assert.equal(log.told.length, 1)
})

test('a record that is damaged while the store is open is skipped at reading, and counted once', async (t) => {
  let level!: Level
  const store = await openDisk(t, { dir: directory(t) }, (opened) => {
    level = opened
  })
  await store.append(
    'd1',
    ['1', '2', '3'].map((body) => reading(body)),
    undefined,
  )
  const key = messageKey('d1', 0)
  const value = (await level.get(key)) as Buffer
  await level.put(key, value.subarray(1))
  assert.deepEqual(await bodies(store, 'd1'), ['2', '3'])
  assert.deepEqual(await bodies(store, 'd1'), ['2', '3'])
  assert.deepEqual([store.totals().messages, store.totals().damaged], [2, 1])
})

test('a thousand damaged records are logged in powers of two', async (t) => {
  const dir = directory(t)
  const store = disk({ dir })
  await store.open(silentLog)
  await store.append(
    'd1',
    Array.from({ length: 1000 }, () => reading('x')),
    undefined,
  )
  await store.close()
  await inLevel(dir, async (level) => {
    for (let sequence = 0; sequence < 1000; sequence++)
      await level.put(messageKey('d1', sequence), Buffer.from('noise'))
  })
  const log = keptLog()
  const next = await openDisk(t, { dir }, undefined, log)
  assert.deepEqual([next.totals().messages, next.totals().damaged, log.told.length], [0, 1000, 10])
})

const spoilt: Record<string, (dir: string) => void> = {
  'bytes of every table': (dir) => {
    for (const file of filesOf(dir, /\.ldb$/)) {
      spoil(file, (bytes) => {
        for (let at = 2000; at < bytes.length - 200; at += 40_000) bytes.fill(0x55, at, at + 64)
      })
    }
  },
  'the index at the end of a table': (dir) => {
    spoil(filesOf(dir, /\.ldb$/)[0] as string, (bytes) => bytes.fill(0, bytes.length - 300))
  },
  'a table that is gone': (dir) => rmSync(filesOf(dir, /\.ldb$/)[0] as string),
  'the middle of the log': (dir) => {
    for (const file of filesOf(dir, /\.log$/))
      spoil(file, (bytes) => bytes.fill(0x55, bytes.length >> 1, (bytes.length >> 1) + 64))
  },
  'the manifest': (dir) => {
    for (const file of filesOf(dir, /^MANIFEST/)) spoil(file, (bytes) => bytes.fill(0x55, 10))
  },
  'the manifest, gone': (dir) => {
    for (const file of filesOf(dir, /^MANIFEST/)) rmSync(file)
  },
  'CURRENT, gone': (dir) => rmSync(join(dir, 'CURRENT')),
  'CURRENT, empty': (dir) => writeFileSync(join(dir, 'CURRENT'), ''),
}

for (const [what, change] of Object.entries(spoilt)) {
  test(`damage that LevelDB finds stops nothing: ${what}`, async (t) => {
    const dir = directory(t)
    const first = disk({ dir, maxBytes: 2 ** 24 })
    await first.open(silentLog)
    const count = 4000
    for (let at = 0; at < count; at += 100) {
      const messages = Array.from({ length: 100 }, (_, each) => reading(`${at + each}`.padEnd(300)))
      await Promise.all(['d1', 'd2'].map((deviceId) => first.append(deviceId, messages, undefined)))
    }
    await first.close()
    change(dir)
    const log = keptLog()
    const store = await openDisk(t, { dir, maxBytes: 2 ** 24 }, undefined, log)
    let left = 0
    for (const deviceId of ['d1', 'd2']) {
      let last = -1
      for (;;) {
        const found = await store.oldest(deviceId, 500, 255 * 1024)
        for (const { message } of found) {
          const number = Number(message.body.toString())
          assert.ok(number > last, 'in order')
          last = number
          left++
        }
        if (found.length === 0) break
        await store.remove(deviceId, found)
      }
    }
    assert.ok(left > count / 4 && left <= 2 * count, `${left} of ${2 * count}`)
    if (left < 2 * count || !what.startsWith('CURRENT'))
      assert.ok(store.totals().damaged > 0 && log.told.length > 0, 'told and counted')
    assert.equal(store.totals().messages, 0, 'what cannot be read is not waited for')
    await store.append('d1', [reading('after')], undefined)
    assert.deepEqual(await bodies(store, 'd1'), ['after'])
  })
}

test('the directory takes no more than maxBytes, and deleted messages are compacted away so that there is room again', async (t) => {
  const dir = directory(t)
  const maxBytes = 2 ** 23
  const store = await openDisk(t, { dir, maxBytes })
  let stored = 0
  let most = 0
  for (let round = 0; round < 400; round++) {
    const messages = Array.from({ length: 100 }, () => reading('x'.repeat(500)))
    await store.append('d1', messages, undefined)
    stored += messages.length
    await store.remove('d1', await store.oldest('d1', 100, 1_000_000))
    if (round % 20 === 0) most = Math.max(most, await measure(dir))
  }
  assert.equal(stored, 40_000)
  assert.ok(most <= maxBytes, `${most} bytes on disk, ${maxBytes} allowed; ${40_000 * 560} were written`)
})

test('a spool that was full has its files compacted once its messages are removed, though nothing more can be written', async (t) => {
  const dir = directory(t)
  const maxBytes = 2 ** 23
  const store = await openDisk(t, { dir, maxBytes })
  const messages = Array.from({ length: 20 }, () => reading('x'.repeat(10_000)))
  const fill = async () => {
    for (;;) await store.append('d1', messages, undefined)
  }
  await assert.rejects(fill(), { code: 'SPOOL_FULL' })
  for (let left = store.totals().messages; left > 0; left = store.totals().messages) {
    await store.remove('d1', await store.oldest('d1', 500, 1_000_000))
  }
  // What is full is looked at when somebody asks for room; there is some once it has looked again at what was compacted.
  let rounds = 0
  let appended = false
  const hasRoom = async () => (await measure(dir)) < maxBytes / 2
  for (; rounds < 10_000 && !((await hasRoom()) && appended); rounds++) {
    appended = await store.append('d1', messages, undefined).then(
      () => true,
      (thrown) => {
        assert.equal(thrown.code, 'SPOOL_FULL')
        return false
      },
    )
  }
  assert.ok(appended && (await hasRoom()), `${await measure(dir)} bytes after ${rounds} rounds`)
})
