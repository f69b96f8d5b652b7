import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { silentLog } from '../../../src/core/connection.ts'
import { disk } from '../../../src/hub/spool/disk.ts'
import { memoryStore } from '../../../src/hub/spool/memory-store.ts'
import type { SpoolStore } from '../../../src/hub/spool/store.ts'
import { reading, text } from '../rig.ts'
import { bodies, directory } from './disk-rig.ts'

/** What the port of a store promises, for every store. `again` gives the store as a new process finds it. */
const stores: Record<string, (t: TestContext) => { store: SpoolStore; again: () => SpoolStore }> = {
  memoryStore: () => {
    const store = memoryStore({ maxBytes: 2 ** 22 })
    return { store, again: () => store }
  },
  disk: (t) => {
    const dir = directory(t)
    const make = () => disk({ dir, maxBytes: 2 ** 22 })
    return { store: make(), again: make }
  },
}

for (const [name, make] of Object.entries(stores)) {
  test(`${name}: what is appended is read in order, device by device, with all its fields, and survives closing`, async (t) => {
    const { store, again } = make(t)
    await store.open(silentLog)
    const full = reading('1', {
      properties: { a: 'b' },
      messageId: 'm',
      correlationId: 'c',
      contentType: 't',
      contentEncoding: 'e',
      creationTimeUtc: '2020-01-01T00:00:00Z',
      value: 1,
      tag: 2,
    })
    const before = Date.now()
    await Promise.all([
      store.append('d1', [full, reading('2')], 'x.1'),
      store.append('d2', [reading('other')], undefined),
      store.append('d1', [reading('3')], undefined),
    ])
    await store.close()
    const next = again()
    await next.open(silentLog)
    const found = await next.oldest('d1', 10, 1_000_000)
    assert.deepEqual(
      found.map(({ message, trust }) => [text(message), trust]),
      [
        ['1', 'x.1'],
        ['2', 'x.1'],
        ['3', undefined],
      ],
    )
    const [first] = found
    assert.ok(first !== undefined && first.storedAt >= before && first.storedAt <= Date.now())
    assert.deepEqual({ ...first.message }, { ...full, value: undefined, tag: undefined })
    assert.ok(found.every(({ sequence }, at) => at === 0 || sequence > (found[at - 1]?.sequence as number)))
    assert.deepEqual(await bodies(next, 'd2'), ['other'])
    assert.deepEqual(await bodies(next, 'd3'), [])
    await next.close()
  })

  test(`${name}: reading stops at the number of messages and at the bytes, but gives one at least`, async (t) => {
    const { store } = make(t)
    await store.open(silentLog)
    await store.append('d1', [reading('x'.repeat(1000)), reading('2'), reading('3'), reading('4')], undefined)
    assert.equal((await store.oldest('d1', 2, 1_000_000)).length, 2)
    assert.equal((await store.oldest('d1', 10, 1384 + 385)).length, 2)
    assert.equal((await store.oldest('d1', 10, 1)).length, 1)
    await store.close()
  })

  test(`${name}: what is removed is not given again, wherever it lies, and totals say what is left`, async (t) => {
    const { store } = make(t)
    await store.open(silentLog)
    assert.deepEqual(store.totals(), { messages: 0, bytes: 0, oldestAt: undefined, damaged: 0 })
    await store.append(
      'd1',
      ['1', '2', '3', '4'].map((body) => reading(body)),
      undefined,
    )
    await store.append('d2', [reading('5')], undefined)
    const found = await store.oldest('d1', 10, 1_000_000)
    const sum = found.reduce((bytes, each) => bytes + each.bytes, 0)
    const [backlog] = [...store.backlogs()].filter(({ deviceId }) => deviceId === 'd1')
    assert.deepEqual([backlog?.messages, backlog?.bytes, backlog?.oldestAt], [4, sum, found[0]?.storedAt])
    await store.remove('d1', [found[0], found[2]] as typeof found)
    assert.deepEqual(await bodies(store, 'd1'), ['2', '4'])
    assert.equal(store.totals().messages, 3)
    await store.remove('d1', [found[1], found[3]] as typeof found)
    assert.deepEqual(await bodies(store, 'd1'), [])
    assert.deepEqual(
      [...store.backlogs()].map(({ deviceId }) => deviceId),
      ['d2'],
    )
    await store.append('d1', [reading('6')], undefined)
    assert.deepEqual(await bodies(store, 'd1'), ['6'])
    await store.close()
  })

  test(`${name}: without room it rejects at once, whole; with room again it takes; what never fits is MESSAGE_TOO_LARGE`, async (t) => {
    const { store } = make(t)
    await store.open(silentLog)
    const large = () => [reading('x'.repeat(250_000))]
    let taken = 0
    const fill = async () => {
      for (;;) {
        await store.append('d1', large(), undefined)
        taken++
      }
    }
    await assert.rejects(fill(), { code: 'SPOOL_FULL', retryable: true })
    assert.ok(taken >= 8, `${taken} of 250 kB in 4 MiB`)
    assert.equal((await bodies(store, 'd1')).length, taken)
    await assert.rejects(store.append('d1', Array.from({ length: 20 }, large).flat(), undefined), {
      code: 'MESSAGE_TOO_LARGE',
    })
    await store.close()
  })

  test(`${name}: it remembers devices, and has one salt`, async (t) => {
    const { store, again } = make(t)
    await store.open(silentLog)
    const salt = store.salt()
    assert.ok(salt.length >= 16)
    assert.equal(await store.known('d1'), undefined)
    const known = { credentials: 'key', confirmations: 2, accepted: [{ digest: 'x', confirmation: 2 }] } as const
    await store.remember('d1', { ...known, confirmations: 1 })
    await store.remember('d1', known)
    assert.deepEqual(await store.known('d1'), known)
    await store.append('d1', [reading('1')], undefined)
    await store.close()
    const next = again()
    await next.open(silentLog)
    assert.deepEqual(await next.known('d1'), known)
    assert.deepEqual(next.salt(), salt)
    await next.close()
  })
}
