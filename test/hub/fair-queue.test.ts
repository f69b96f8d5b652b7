import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FairQueue, type Queued } from '../../src/hub/fair-queue.ts'

/** Takes everything out; the values in order. */
function drain<T>(queue: FairQueue<T>): T[] {
  const all: T[] = []
  for (let next = queue.take(); next !== undefined; next = queue.take()) all.push(next.value)
  return all
}

test('one flow is served in the order of coming', () => {
  const queue = new FairQueue<number>()
  for (let n = 0; n < 100; n++) queue.add('a', 1 + (n % 3), n)
  assert.deepEqual(
    drain(queue),
    Array.from({ length: 100 }, (_, n) => n),
  )
})

test('flows take turns, however many of one wait in front', () => {
  const queue = new FairQueue<string>()
  for (let n = 0; n < 50; n++) queue.add('chatty', 1, `chatty ${n}`)
  queue.add('quiet', 1, 'quiet 0')
  queue.add('quiet', 1, 'quiet 1')
  assert.deepEqual(drain(queue).slice(0, 5), ['chatty 0', 'quiet 0', 'chatty 1', 'quiet 1', 'chatty 2'])
})

test('a flow that comes late is next within a round and has no claim to what it missed', () => {
  const queue = new FairQueue<string>()
  for (let n = 0; n < 100; n++) for (const flow of ['a', 'b', 'c']) queue.add(flow, 1, flow)
  for (let n = 0; n < 150; n++) queue.take()
  for (let n = 0; n < 10; n++) queue.add('late', 1, 'late')
  const next = drain(queue).slice(0, 40)
  assert.ok(next.indexOf('late') <= 3, `${next}`)
  assert.equal(next.filter((flow) => flow === 'late').length, 10)
})

test('turns are shared by what they cost', () => {
  const queue = new FairQueue<string>()
  for (let n = 0; n < 100; n++) {
    queue.add('large', 10, 'large')
    for (let part = 0; part < 10; part++) queue.add('small', 1, 'small')
  }
  const first = drain(queue).slice(0, 110)
  assert.equal(first.filter((flow) => flow === 'large').length, 10)
})

test('who leaves takes nothing from its flow, and leaving twice or after the turn says so', () => {
  const queue = new FairQueue<string>()
  const left = Array.from({ length: 10 }, () => queue.add('a', 100, 'a'))
  queue.add('b', 150, 'b')
  for (const each of left) assert.ok(queue.remove(each))
  assert.equal(queue.remove(left[0] as Queued<string>), false)
  const back = queue.add('a', 100, 'a again')
  assert.deepEqual(drain(queue), ['a again', 'b'])
  assert.equal(queue.remove(back), false)
})

test('a flow with nobody waiting is not remembered, though a million come one after the other and the queue is never empty', () => {
  const queue = new FairQueue<number>()
  for (let n = 0; n < 10; n++) queue.add(`flow ${n}`, 1, n)
  for (let n = 10; n < 1_000_000; n++) {
    queue.add(`flow ${n}`, 1, n)
    queue.take()
    if (queue.flows > 10) assert.fail(`${queue.flows} flows`)
  }
  assert.equal(drain(queue).length, 10)
  assert.equal(queue.flows, 0)
})

type Step = { do: 'add'; flow: number; cost: number } | { do: 'take' } | { do: 'remove'; which: number }

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('add'), flow: fc.nat(30), cost: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('take') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove'), which: fc.nat(1000) }) },
) as fc.Arbitrary<Step>

test('whatever comes and leaves, everyone is served once, its flow in order, and the smallest tag first', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const queue = new FairQueue<number>()
      // The definition, without a heap: tags in a list that is searched.
      let waiting: { queued: Queued<number>; flow: number; tag: number; value: number }[] = []
      let virtual = 0
      const last = new Map<number, number>()
      steps.forEach((each, value) => {
        if (each.do === 'add') {
          const hasOwn = waiting.some(({ flow }) => flow === each.flow)
          const tag = Math.max(virtual, hasOwn ? (last.get(each.flow) ?? 0) : 0) + each.cost
          last.set(each.flow, tag)
          const queued = queue.add(String(each.flow), each.cost, value)
          waiting.push({ queued, flow: each.flow, tag, value })
        } else if (each.do === 'take') {
          const next = waiting.reduce<(typeof waiting)[number] | undefined>(
            (best, one) => (best === undefined || one.tag < best.tag ? one : best),
            undefined,
          )
          virtual = next?.tag ?? virtual
          waiting = waiting.filter((one) => one !== next)
          assert.equal(queue.head?.value, next?.value)
          assert.equal(queue.take()?.value, next?.value)
        } else {
          const one = waiting[each.which % Math.max(1, waiting.length)]
          if (one === undefined) return
          waiting = waiting.filter((other) => other !== one)
          assert.ok(queue.remove(one.queued))
        }
        assert.equal(queue.size, waiting.length)
        assert.equal(queue.flows, new Set(waiting.map(({ flow }) => flow)).size)
      })
    }),
  )
})

test('of two flows that always wait, neither is served more than one turn of each ahead of the other', () => {
  const cost = fc.integer({ min: 1, max: 20 })
  fc.assert(
    fc.property(fc.infiniteStream(cost), fc.infiniteStream(cost), (ofA, ofB) => {
      const queue = new FairQueue<'a' | 'b'>()
      const costs = { a: ofA, b: ofB }
      const served = { a: 0, b: 0 }
      const add = (flow: 'a' | 'b') => queue.add(flow, costs[flow].next().value as number, flow)
      add('a')
      add('b')
      for (let turns = 0; turns < 200; turns++) {
        const next = queue.head as Queued<'a' | 'b'>
        // The next of a flow waits before the one before it is done: that is what "always" means.
        add(next.value)
        queue.take()
        served[next.value] += next.cost
        assert.ok(Math.abs(served.a - served.b) <= 40, `${served.a} and ${served.b}`)
      }
    }),
  )
})
