import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { BodyPool } from '../../src/hub/body-pool.ts'
import { Rig, reading, text } from './rig.ts'

const mebibyte = 1_048_576

describe('a pool of bodies', () => {
  test('what was given back is the memory of the next body of nearly the same size, with the length that was asked for', () => {
    const pool = new BodyPool()
    const first = pool.take(20_000)
    pool.giveBack(first)
    const second = pool.take(24_576)
    assert.equal(second.length, 24_576)
    assert.equal(second.buffer, first.buffer)
    assert.equal(second.byteOffset, 0)
    assert.notEqual(pool.take(20_000).buffer, first.buffer)
  })

  test('whatever is taken and given back, two bodies that are out never share memory', () => {
    const sizes = fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.constantFrom(4095, 4096, 8192, 8193, 400_000))
    const act = fc.oneof(fc.record({ take: sizes }), fc.record({ giveBack: fc.nat() }))
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const pool = new BodyPool()
        const out: Buffer[] = []
        for (const each of acts) {
          if ('take' in each) {
            const body = pool.take(each.take)
            assert.equal(body.length, each.take)
            out.push(body)
          } else if (out.length > 0) pool.giveBack(out.splice(each.giveBack % out.length, 1)[0] as Buffer)
          assert.equal(new Set(out.map((body) => body.buffer)).size, out.length)
        }
      }),
    )
  })

  test('small bodies are not kept, nor one that was not taken there or was given back before', () => {
    const pool = new BodyPool()
    const small = pool.take(4095)
    for (const body of [small, Buffer.from('of the memory that Node shares'), Buffer.alloc(8192)]) pool.giveBack(body)
    assert.equal(pool.keptBytes, 0)
    assert.notEqual(pool.take(4095).buffer, small.buffer)
    const large = pool.take(8192)
    pool.giveBack(large)
    pool.giveBack(large)
    assert.equal(pool.keptBytes, 8192)
  })

  test('it keeps 4 MiB at most, and lets go of sizes that nobody asks for any more', () => {
    const pool = new BodyPool()
    const bodies = (count: number, bytes: number) => Array.from({ length: count }, () => pool.take(bytes))
    const first = bodies(1000, 30_000)
    for (const body of first) pool.giveBack(body)
    assert.ok(pool.keptBytes > 0 && pool.keptBytes <= 4 * mebibyte, `${pool.keptBytes}`)
    const others = bodies(100, 100_000)
    for (const body of others) {
      pool.giveBack(body)
      assert.ok(pool.keptBytes <= 4 * mebibyte, `${pool.keptBytes}`)
    }
    assert.equal(pool.take(100_000).buffer, others.at(-1)?.buffer)
    const next = pool.take(30_000).buffer
    assert.ok(!first.some(({ buffer }) => buffer === next))
  })
})

describe('bodies of batches that go to the hub', () => {
  let rig: Rig

  before(async () => {
    rig = await Rig.start('d1', 'd2')
  })
  afterEach(() => rig.reset())
  after(() => rig.stop())

  test('one that the hub has taken is used again, and the hub has what was sent', async (t) => {
    const take = t.mock.method(BodyPool.prototype, 'take')
    const hub = rig.hub()
    const sessions = [await rig.open(rig.identity('d1'), hub), await rig.open(rig.identity('d2'), hub)]
    const sent: string[] = []
    for (let round = 0; round < 6; round++) {
      const said = Array.from({ length: 100 }, (_, index) => `${round} ${index} ${'abcdef'.charAt(round).repeat(100)}`)
      await sessions[round % 2]?.send(said.map((words) => reading(words)))
      sent.push(...said)
    }
    assert.equal(new Set(take.mock.calls.map(({ result }) => result?.buffer)).size, 1)
    assert.deepEqual(rig.accepted.map(text), sent)
  })

  test('one whose request failed is not: it may still be waiting to be written', async (t) => {
    const giveBack = t.mock.method(BodyPool.prototype, 'giveBack')
    const session = await rig.open(rig.identity('d1'))
    const messages = Array.from({ length: 100 }, () => reading('x'.repeat(100)))
    for (const fault of [{ status: 503 }, { reset: 'before' as const }]) {
      rig.emulator.hub.faults.put({ operation: 'send', count: 1, ...fault })
      await assert.rejects(session.send(messages))
    }
    assert.equal(giveBack.mock.callCount(), 0)
    await session.send(messages)
    assert.equal(giveBack.mock.callCount(), 1)
  })
})
