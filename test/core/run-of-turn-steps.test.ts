import assert from 'node:assert/strict'
import { finished } from 'node:stream/promises'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import type { TurnStep } from '../../src/core/stage.ts'
import { standingClock } from './clock.ts'
import { type AnyOutlet, type AnyStep, latch, loneRun } from './slots.ts'

const bad = new GatewayError('BAD_CONTENT', 'bad')

/** Splits text into its characters; refuses the capital ones, in their place. */
const characters: AnyStep = (item, out) => {
  for (const character of String(item)) {
    if (character < 'a') out.fail(bad, character)
    else out.emit(character)
  }
}

type AnyTurnStep = TurnStep<unknown, unknown, unknown>

/** Passes everything on and notes how it was called; `atOnce` may do something else with several, and say how many it takes if not all. */
function noting(calls: string[], atOnce?: (items: readonly unknown[], out: AnyOutlet) => unknown): AnyTurnStep {
  return {
    push(item, out) {
      calls.push(String(item))
      out.emit(item)
    },
    pushAll(items, out) {
      calls.push(`[${items.join()}]`)
      const taken = atOnce?.(items, out)
      if (atOnce !== undefined) return typeof taken === 'number' ? taken : items.length
      for (const item of items) out.emit(item)
      return items.length
    },
  }
}

test('several items of a turn are given to a step that takes them at once, one item as itself', () => {
  const calls: string[] = []
  const { run, out } = loneRun([characters, noting(calls)])
  for (const chunk of ['abc', 'd', 'ef']) run.stream.write(chunk)
  assert.deepEqual(calls, ['[a,b,c]', 'd', '[e,f]'])
  assert.deepEqual(out, ['a', 'b', 'c', 'd', 'e', 'f'])
})

test('what it leaves of several is given to it singly, in order, and each item is counted once', () => {
  for (const most of [0, 1, 2, 3]) {
    const calls: string[] = []
    const takesFew = noting(calls, (items, out) => {
      const taken = items.slice(0, most)
      for (const item of taken) out.emit(item)
      return taken.length
    })
    const { run, out, meter } = loneRun([characters, takesFew])
    run.stream.write('abc')
    assert.deepEqual(calls, ['[a,b,c]', ...['a', 'b', 'c'].slice(most)])
    assert.deepEqual(out, ['a', 'b', 'c'])
    assert.equal(meter.stages[1]?.items, 3)
  }
})

test('what it leaves is given singly also where it replied before, and waits for room first', async () => {
  const gate = latch()
  const calls: string[] = []
  const repliesOnce = noting(calls, (items, out) => {
    out.reply(items[0])
    return 1
  })
  const { run, out } = loneRun([characters, repliesOnce], { reply: () => gate.opened })
  run.stream.write('abc')
  await new Promise(setImmediate)
  assert.deepEqual(calls, ['[a,b,c]'])
  gate.open()
  run.stream.end()
  await finished(run.stream)
  assert.deepEqual(calls, ['[a,b,c]', 'b', 'c'])
  assert.deepEqual(out, ['b', 'c'])
})

test('what comes one by one through a slow step is still given at once behind it', async () => {
  const calls: string[] = []
  const slow: AnyStep = async (item, out) => out.emit(item)
  const { run } = loneRun([characters, slow, noting(calls)])
  run.stream.end('abc')
  await finished(run.stream)
  assert.deepEqual(calls, ['[a,b,c]'])
})

test('where one of several was refused, at the step before or further out, they are given singly', () => {
  const refused = (item: unknown) => String(item).startsWith('(')
  const failed = (_: unknown, item: unknown) => ({ goesOn: `(${item})`, held: undefined })
  const pass: AnyStep = (item, out) => out.emit(item)
  for (const steps of [[characters], [characters, pass]]) {
    const calls: string[] = []
    const { run, out } = loneRun([...steps, noting(calls)], { context: { refused, failed } })
    run.stream.write('aBcd')
    assert.deepEqual(calls, ['a', 'c', 'd'])
    assert.deepEqual(out, ['a', '(B)', 'c', 'd'])
  }
})

test('until the device is known, items are given singly', async () => {
  const calls: string[] = []
  const { run } = loneRun([characters, noting(calls)], { context: { identified: () => false } })
  run.stream.end('abc')
  await finished(run.stream)
  assert.deepEqual(calls, ['a', 'b', 'c'])
})

test('every item is counted, and the time is that of the step', (t) => {
  const clock = standingClock(t)
  const slowly = (items: readonly unknown[], out: AnyOutlet) => {
    clock.now += 7
    for (const item of items) out.emit(item)
  }
  const pass: AnyStep = (item, out) => out.emit(item)
  const { run, meter } = loneRun([characters, noting([], slowly), pass])
  run.stream.write('abc')
  assert.deepEqual(
    meter.stages.map(({ items, busyMs }) => [items, busyMs]),
    [
      [1, 0],
      [3, 7],
      [3, 0],
    ],
  )
})

test('what it refuses of several keeps its place among what it emits', () => {
  const failed = (_: unknown, item: unknown) => ({ goesOn: `(${item})`, held: undefined })
  const refuses = noting([], (items, out) => {
    for (const item of items) {
      if (item === 'b') out.fail(bad, item)
      else out.emit(item)
    }
  })
  const pass: AnyStep = (item, out) => out.emit(item)
  for (const steps of [[refuses], [refuses, pass]]) {
    const { run, out } = loneRun([characters, ...steps], { context: { failed } })
    run.stream.write('abc')
    assert.deepEqual(out, ['a', '(b)', 'c'])
  }
})

test('a throw is about all of them; what was emitted before it goes on', () => {
  const breaks = noting([], (_, out) => {
    out.emit('before')
    throw bad
  })
  const { run, out, failed } = loneRun([characters, breaks])
  run.stream.write('abc')
  assert.deepEqual(out, ['before'])
  assert.deepEqual(failed, [{ error: bad, item: ['a', 'b', 'c'], slot: 's1.up' }])
})

test('a throw may close: nothing more is taken', () => {
  let shut = -1
  const context = {
    failed: () => {
      shut = 1
      return { goesOn: undefined, held: undefined }
    },
    shut: (stage: number) => stage <= shut,
  }
  const calls: string[] = []
  const breaks = noting(calls, () => {
    throw bad
  })
  const { run, out } = loneRun([characters, breaks], { context })
  run.stream.write('abc')
  run.stream.write('de')
  run.stream.write('f')
  assert.deepEqual(calls, ['[a,b,c]'])
  assert.deepEqual(out, [])
})

test('what it replies holds the lane, as what was said about its failure does', async () => {
  const replies = noting([], (items, out) => {
    for (const item of items) out.reply(item)
    out.emit('done')
  })
  const breaks = noting([], () => {
    throw bad
  })
  for (const step of [replies, breaks]) {
    const gate = latch()
    const context = { failed: () => ({ goesOn: 'done', held: gate.opened }) }
    const { run, out } = loneRun([characters, step], { context, reply: () => gate.opened })
    run.stream.write('ab')
    run.stream.write('c')
    await new Promise(setImmediate)
    assert.deepEqual(out, [])
    gate.open()
    run.stream.end()
    await finished(run.stream)
    assert.deepEqual(out, ['done', 'c'])
  }
})

test('its outlet is of no use after its turn', () => {
  let kept: AnyOutlet | undefined
  const keeps = noting([], (_, out) => {
    kept = out
  })
  const { run } = loneRun([characters, keeps])
  run.stream.write('ab')
  assert.throws(() => kept?.emit('late'), /after its turn/)
})

test('it is not called once the stream is destroyed', async () => {
  const gate = latch()
  const calls: string[] = []
  const slow: AnyStep = (item, out) => gate.opened.then(() => out.emit(item))
  const { run } = loneRun([characters, slow, noting(calls)])
  run.stream.write('abc')
  run.stream.destroy()
  gate.open()
  await new Promise(setImmediate)
  assert.deepEqual(calls, [])
})

test('of several items, too, none is given whose time is over', () => {
  const calls: string[] = []
  const assertTimely = (item: unknown) => {
    if (item === 'b') throw bad
  }
  const { run, failed } = loneRun([characters, noting(calls)], { context: { assertTimely } })
  run.stream.write('abc')
  assert.deepEqual(
    failed.map(({ item }) => item),
    ['b'],
  )
  assert.deepEqual(calls, ['a', 'c'])
})
