import assert from 'node:assert/strict'
import { finished } from 'node:stream/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../src/core/errors.ts'
import type { TurnStep } from '../../src/core/stage.ts'
import {
  cutList,
  outcomeOf,
  type RandomStep,
  randomItems,
  randomRunOptions,
  randomSteps,
  stepOf,
} from './random-steps.ts'
import { type AnyStep, latch, loneRun } from './slots.ts'

const pass: AnyStep = (item, out) => out.emit(item)
const bad = new GatewayError('BAD_CONTENT', 'bad')
const cuts = fc.array(fc.nat(24), { maxLength: 6 })

test('items that come singly give what they give when they come together: output, failures, replies and counts', async () => {
  const property = fc.asyncProperty(
    randomSteps,
    randomItems,
    cuts,
    randomRunOptions,
    async (steps, items, at, options) => {
      const bodies = () => steps.map(stepOf)
      const singly = await outcomeOf(bodies(), cutList(items, [...items.keys()]), options)
      const together = await outcomeOf(bodies(), cutList(items, at), options)
      // Behind an error that closes, those together with it may already have been seen further out; nothing of them gets out.
      if (options.closing !== undefined) assert.deepEqual(together.out, singly.out)
      else assert.deepEqual(together, singly)
    },
  )
  await fc.assert(property, { numRuns: 300 })
})

test('a step that takes several at once gives what the same step gives for each', async () => {
  /** As {@link TurnStep} demands: the results of `push`, a throw being a refusal of one among several. */
  const atOnce = (random: RandomStep): AnyStep | TurnStep<unknown, unknown, unknown> => {
    const push = stepOf(random)
    if (random.slow) return push
    return {
      push,
      pushAll(items, out) {
        for (const item of items) {
          try {
            void push(item, out)
          } catch (error) {
            out.fail(error as GatewayError, item)
          }
        }
        return items.length
      },
    }
  }
  const property = fc.asyncProperty(
    randomSteps,
    randomItems,
    cuts,
    randomRunOptions,
    async (steps, items, at, options) => {
      const plain = await outcomeOf(steps.map(stepOf), cutList(items, at), options)
      const turns = await outcomeOf(steps.map(atOnce), cutList(items, at), options)
      if (options.closing !== undefined) assert.deepEqual(turns.out, plain.out)
      else assert.deepEqual(turns, plain)
    },
  )
  await fc.assert(property, { numRuns: 300 })
})

test('a step that takes the first of several at once and leaves the others gives what the same step gives for each', async () => {
  /** Leaves the first that fails, as {@link TurnStep} demands, and what is behind it; or all but the first `most`. */
  const firstOf = (random: RandomStep, most: number): AnyStep | TurnStep<unknown, unknown, unknown> => {
    const push = stepOf(random)
    if (random.slow) return push
    const fails = (item: unknown) => /throw|fail/.test(random.deed) && String(item).startsWith(random.letter)
    return {
      push,
      pushAll(items, out) {
        const first = items.findIndex(fails)
        const taken = items.slice(0, first < 0 ? most : Math.min(first, most))
        for (const item of taken) void push(item, out)
        return taken.length
      },
    }
  }
  const property = fc.asyncProperty(
    randomSteps,
    randomItems,
    cuts,
    randomRunOptions,
    fc.nat(4),
    async (steps, items, at, options, most) => {
      const plain = await outcomeOf(steps.map(stepOf), cutList(items, at), options)
      const turns = steps.map((step) => firstOf(step, most))
      assert.deepEqual(await outcomeOf(turns, cutList(items, at), options), plain)
    },
  )
  await fc.assert(property, { numRuns: 300 })
})

test('the last step may be slow, reply, refuse and hold with a single item as with several', async () => {
  const answers: AnyStep = async (item, out) => {
    await undefined
    out.reply(item)
    out.fail(bad, `${item}?`)
    out.emit(`${item}.`)
  }
  for (const steps of [[answers], [pass, answers], [answers, pass]]) {
    const gate = latch()
    const { run, out, replied, failed } = loneRun(steps, { reply: () => gate.opened })
    run.stream.write('a')
    await new Promise(setImmediate)
    assert.deepEqual(out, [])
    gate.open()
    run.stream.end()
    await finished(run.stream)
    assert.deepEqual([out, replied, failed.map(({ item }) => item)], [['a.'], ['a'], ['a?']])
  }
})

test('what a step says at once to the device about a single item, or what is said about its failure, holds the lane', async () => {
  const replies: AnyStep = (item, out) => out.reply(item)
  const throws: AnyStep = () => {
    throw bad
  }
  for (const step of [replies, throws]) {
    for (const place of [0, 1, 2]) {
      const gate = latch()
      const seen: unknown[] = []
      const notes: AnyStep = (item, out) => {
        seen.push(item)
        return step(item, out)
      }
      const context = { failed: () => ({ goesOn: undefined, held: gate.opened }) }
      const { run } = loneRun([pass, pass].toSpliced(place, 0, notes), { context, reply: () => gate.opened })
      run.stream.write('a')
      run.stream.write('b')
      await new Promise(setImmediate)
      assert.deepEqual(seen, ['a'])
      gate.open()
      run.stream.end()
      await finished(run.stream.resume())
      assert.deepEqual(seen, ['a', 'b'])
    }
  }
})

test('a single item that is refused where it leaves waits for what is said about it, then the next is taken', async () => {
  const gate = latch()
  const seen: unknown[] = []
  const refuses: AnyStep = (item, out) => {
    seen.push(item)
    out.fail(bad, item)
  }
  const context = { failed: (_: unknown, item: unknown) => ({ goesOn: `(${item})`, held: gate.opened }) }
  const { run, out } = loneRun([refuses], { context })
  run.stream.write('a')
  run.stream.write('b')
  await new Promise(setImmediate)
  assert.deepEqual(seen, ['a'])
  assert.deepEqual(out, ['(a)'])
  gate.open()
  run.stream.end()
  await finished(run.stream)
  assert.deepEqual(out, ['(a)', '(b)'])
})

test('what a single item injects from within its step comes after it, from wherever it enters', async () => {
  for (const at of [0, 1, 2]) {
    const { run, out } = loneRun([
      (item, outlet) => {
        if (item === 'a') void run.inject(at, 'x')
        outlet.emit(item)
      },
      pass,
    ])
    run.stream.write('a')
    run.stream.write('b')
    run.stream.end()
    await finished(run.stream)
    assert.deepEqual(out, ['a', 'x', 'b'], `at ${at}`)
  }
})

test('a run whose lane ends while an injection waits behind a slow step lets it out first', async () => {
  const gate = latch()
  const slow: AnyStep = (item, out) => gate.opened.then(() => out.emit(item))
  const { run, out } = loneRun([slow, { push: pass, end: (outlet) => outlet.emit('end') }])
  run.stream.write('a')
  const room = run.inject(1, 'x')
  run.stream.end()
  gate.open()
  await room
  await finished(run.stream)
  assert.deepEqual(out, ['a', 'x', 'end'])
})

test('an injection waits behind an injection that is slow, and the item after them behind both', async () => {
  const gate = latch()
  const slow: AnyStep = (item, out) => (item === 'x' ? gate.opened.then(() => out.emit(item)) : out.emit(item))
  const { run, out } = loneRun([slow])
  void run.inject(0, 'x')
  const room = run.inject(0, 'y')
  run.stream.write('a')
  await new Promise(setImmediate)
  assert.deepEqual(out, [])
  gate.open()
  await room
  run.stream.end()
  await finished(run.stream)
  assert.deepEqual(out, ['x', 'y', 'a'])
})

test('who waits with an injection is let go when the stream is destroyed behind a slow step', async () => {
  const gate = latch()
  const { run, out } = loneRun([() => gate.opened])
  run.stream.write('a')
  const room = run.inject(0, 'x')
  run.stream.destroy()
  gate.open()
  await room
  assert.deepEqual(out, [])
})
