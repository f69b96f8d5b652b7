import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Command, command } from '../../src/core/items.ts'
import { HeldCommands } from '../../src/stages/held-commands.ts'

/** Commands that may be written before the time of their first number, and are given up at that of their second. */
function holding(...all: readonly (readonly [id: string, writeBefore: number, answerBefore: number])[]): HeldCommands {
  const held = new HeldCommands()
  for (const [id, writeBefore, answerBefore] of all) held.hold(given(id, writeBefore, answerBefore))
  return held
}

function given(id: string, writeBefore = 100, answerBefore = writeBefore): Command {
  const made = command(id, Buffer.alloc(0), { writeBefore })
  made.answerBefore = answerBefore
  return made
}

function released(held: HeldCommands) {
  const refused: string[] = []
  const written = held.release((error, { id }) => refused.push(`${error.code} ${id}`)).map(({ id }) => id)
  return { written, refused }
}

test('what waited is written in the order in which it came, once', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 99 })
  const held = holding(['a', 100, 100], ['b', 100, 100])
  assert.deepEqual(released(held), { written: ['a', 'b'], refused: [] })
  assert.deepEqual(released(held), { written: [], refused: [] })
})

test('none is written when its time is over; COMMAND_EXPIRED for those that the endpoint has not given up', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 })
  const held = holding(['given up', 50, 100], ['expired', 99, 101], ['good', 101, 101])
  t.mock.timers.setTime(100)
  assert.deepEqual(released(held), { written: ['good'], refused: ['COMMAND_EXPIRED expired'] })
})

test('one that the hub gives again waits once, as it was given last', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 })
  const held = holding(['a', 50, 50], ['b', 100, 100], ['a', 100, 100])
  t.mock.timers.setTime(60)
  assert.deepEqual(released(held), { written: ['b', 'a'], refused: [] })
})

test('no more than 256 wait, the oldest goes', () => {
  const held = holding()
  for (let each = 0; each <= 256; each++) held.hold(given(String(each), Number.POSITIVE_INFINITY))
  const { written } = released(held)
  assert.deepEqual([written.length, written[0]], [256, '1'])
})
