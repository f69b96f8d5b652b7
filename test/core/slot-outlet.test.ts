import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { PipelineMeter } from '../../src/core/meter.ts'
import type { RunContext, Slot } from '../../src/core/slot.ts'
import { Deferred, nothing, Several, SlotOutlet } from '../../src/core/slot-outlet.ts'
import { latch, passingContext } from './slots.ts'

const meter = new PipelineMeter('lone')

function slot(stage: number): Slot {
  return { stage, meter: meter.stage(`s${stage}`, 'up') }
}

/** An outlet whose replies are collected, each with its slot's stage; `held` says what a reply waits for. */
function outletWith(held: (item: unknown) => Promise<void> | undefined = () => undefined) {
  const replies: unknown[] = []
  const context: RunContext = {
    ...passingContext,
    reply(item, from) {
      replies.push([from.stage, item])
      return held(item)
    },
    failed: () => ({ goesOn: undefined, held: undefined }),
  }
  return { outlet: new SlotOutlet([], context), replies }
}

const bad = new GatewayError('BAD_CONTENT', 'bad')

test('a step that emits nothing leaves nothing to take', () => {
  const { outlet } = outletWith()
  outlet.open(slot(0), 0)
  assert.equal(outlet.endTurn(), undefined)
  assert.equal(outlet.collect(), nothing)
})

test('one item is taken as it is, whatever it is, also a list', () => {
  const { outlet } = outletWith()
  for (const item of ['a', undefined, null, ['b', 'c']]) {
    outlet.open(slot(0), 0)
    outlet.emit(item)
    outlet.endTurn()
    assert.equal(outlet.collect(), item)
  }
})

test('several items are taken together, in their order', () => {
  const { outlet } = outletWith()
  outlet.open(slot(0), 0)
  for (const item of [undefined, 'b', 'c']) outlet.emit(item)
  outlet.endTurn()
  const taken = outlet.collect()
  assert.ok(taken instanceof Several)
  assert.deepEqual(taken.items, [undefined, 'b', 'c'])
})

test('what is taken is gone, and what was not taken is not there at the next opening', () => {
  const { outlet } = outletWith()
  outlet.open(slot(0), 0)
  outlet.emit('a')
  outlet.collect()
  assert.equal(outlet.collect(), nothing)
  outlet.emit('left')
  outlet.open(slot(1), 1)
  outlet.emit('b')
  assert.equal(outlet.collect(), 'b')
  for (const item of 'cd') outlet.emit(item)
  outlet.open(slot(0), 0)
  assert.equal(outlet.collect(), nothing)
})

test('opened with a list, it puts everything there and has nothing to take', () => {
  const { outlet } = outletWith()
  const out: unknown[] = ['before']
  outlet.open(slot(0), 0, out)
  outlet.emit('a')
  outlet.emit('b')
  outlet.endTurn()
  assert.deepEqual(out, ['before', 'a', 'b'])
  assert.equal(outlet.collect(), nothing)
})

test('a failure takes its place among the items, with the slot that it failed at', () => {
  const { outlet } = outletWith()
  const out: unknown[] = []
  outlet.open(slot(5), 2, out)
  outlet.emit('a')
  outlet.fail(bad, 'b')
  outlet.emit('c')
  const [a, failure, c] = out
  assert.deepEqual([a, c], ['a', 'c'])
  assert.ok(failure instanceof Deferred)
  assert.deepEqual({ ...failure }, { error: bad, item: 'b', at: 2 })
  outlet.open(slot(5), 2)
  outlet.fail(bad, 'b')
  assert.ok(outlet.collect() instanceof Deferred, 'alone as well')
})

test('a reply is of the slot whose step is being called', () => {
  const { outlet, replies } = outletWith()
  outlet.open(slot(0), 0)
  outlet.reply('a')
  outlet.open(slot(3), 1, [])
  outlet.reply('b')
  assert.deepEqual(replies, [
    [0, 'a'],
    [3, 'b'],
  ])
})

test('a reply that has room holds nothing', () => {
  const { outlet } = outletWith()
  outlet.open(slot(0), 0)
  outlet.reply('a')
  assert.equal(outlet.holds, false)
  assert.equal(outlet.endTurn(), undefined)
})

test('what replies wait for holds until all of it has room, and once', async () => {
  const gates = { a: latch(), b: latch() }
  const { outlet } = outletWith((item) => gates[item as 'a' | 'b'].opened)
  outlet.open(slot(0), 0)
  outlet.reply('a')
  outlet.reply('b')
  assert.equal(outlet.holds, true)
  const held = outlet.endTurn()
  assert.ok(held instanceof Promise)
  assert.equal(outlet.holds, false)
  assert.equal(outlet.endTurn(), undefined)
  let resolved = false
  void held.then(() => {
    resolved = true
  })
  gates.a.open()
  await new Promise(setImmediate)
  assert.equal(resolved, false)
  gates.b.open()
  await held
})

test('what was said to the device about a failure holds the lane in the same way', async () => {
  const gate = latch()
  const { outlet } = outletWith()
  outlet.hold(gate.opened)
  assert.equal(outlet.holds, true)
  gate.open()
  assert.equal(await outlet.endTurn(), undefined)
})

test('after its turn, whether items are listed or not, a step can neither emit nor reply nor fail', () => {
  const { outlet, replies } = outletWith()
  for (const out of [undefined, []]) {
    outlet.open(slot(0), 0, out)
    outlet.endTurn()
    assert.throws(() => outlet.emit('late'), /after its turn had ended/)
    assert.throws(() => outlet.reply('late'), /after its turn had ended/)
    assert.throws(() => outlet.fail(bad, 'late'), /after its turn had ended/)
    assert.equal(outlet.collect(), nothing)
    assert.deepEqual(out ?? [], [])
  }
  assert.deepEqual(replies, [])
})

test('what goes on as refused joins what was emitted, also when the turn is over', () => {
  const { outlet } = outletWith()
  outlet.open(slot(0), 0)
  outlet.endTurn()
  outlet.add('refused')
  assert.equal(outlet.collect(), 'refused')
  outlet.open(slot(0), 0)
  outlet.emit('a')
  outlet.endTurn()
  outlet.add('refused')
  assert.deepEqual((outlet.collect() as Several).items, ['a', 'refused'])
})
