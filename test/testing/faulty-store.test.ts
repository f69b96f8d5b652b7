import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '../../src/core/connection.ts'
import { telemetry } from '../../src/core/items.ts'
import { memoryStore } from '../../src/hub/spool/memory-store.ts'
import { type FaultyStore, faultyStore, type StoreFault } from '../../src/testing/faulty-store.ts'

async function opened(): Promise<FaultyStore> {
  const store = faultyStore(memoryStore(), { seed: 1 })
  await store.open(silentLog)
  return store
}

const append = (store: FaultyStore) => store.append('d1', [telemetry(Buffer.from('x'))], undefined)
const stored = (store: FaultyStore) => store.totals().messages

test('without faults it is the store within', async () => {
  const store = await opened()
  await append(store)
  const [message] = await store.oldest('d1', 10, 1000)
  assert.equal(message?.message.body.toString(), 'x')
  await store.remove('d1', [message as NonNullable<typeof message>])
  assert.equal(stored(store), 0)
  await store.close()
})

test('full and failed stores take nothing until they are healed', async () => {
  for (const [kind, code] of [
    ['full', 'SPOOL_FULL'],
    ['failed', 'SPOOL_FAILED'],
  ] as const) {
    const store = await opened()
    const heal = store.inflict({ kind })
    await assert.rejects(append(store), { code })
    assert.equal(stored(store), 0)
    heal()
    await append(store)
    assert.equal(stored(store), 1)
  }
})

test('one that fails after it has written has written', async () => {
  const store = await opened()
  store.inflict({ kind: 'failedAfter' })
  await assert.rejects(append(store), { code: 'SPOOL_FAILED' })
  assert.equal(stored(store), 1)
})

test('one that cannot be read rejects reads only', async () => {
  const store = await opened()
  const heal = store.inflict({ kind: 'unreadable' })
  await append(store)
  await assert.rejects(store.oldest('d1', 1, 1000), { code: 'SPOOL_FAILED' })
  heal()
  assert.equal((await store.oldest('d1', 1, 1000)).length, 1)
})

test('a slow one does what it is asked, later', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const store = await opened()
  store.inflict({ kind: 'slow', delayMs: 1000 })
  const appended = append(store)
  context.mock.timers.tick(999)
  await Promise.resolve()
  assert.equal(stored(store), 0)
  context.mock.timers.tick(1)
  await appended
  assert.equal(stored(store), 1)
})

test('a fault of some probability strikes some, the same with the same seed', async () => {
  const run = async () => {
    const store = await opened()
    store.inflict({ kind: 'full', probability: 0.5 })
    const answers = await Promise.allSettled(Array.from({ length: 100 }, () => append(store)))
    return answers.map(({ status }) => status).join()
  }
  const first = await run()
  assert.ok(first.includes('rejected') && first.includes('fulfilled'))
  assert.equal(await run(), first)
})

test('what is no fault is refused', async () => {
  const store = await opened()
  const wrong: [unknown, RegExp][] = [
    [{ kind: 'stolen' }, /kind.*stolen/],
    [{ kind: 'full', probability: 0 }, /probability.*0/],
    [{ kind: 'slow', delayMs: 0 }, /delayMs.*0/],
  ]
  for (const [fault, message] of wrong) {
    assert.throws(() => store.inflict(fault as StoreFault), { code: 'CONFIGURATION', message })
  }
})
