import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSame, markAt, textAt, valueAt } from '../../../src/stages/fields/field.ts'
import { thrownBy } from '../refusals.ts'

test('a field is a member of the frame, or of what lies in it; never an inherited one', () => {
  const frame = { a: 1, b: { c: { d: 'x' } }, 'b.c': 2, list: [5] }
  assert.equal(valueAt(frame, 'a'), 1)
  assert.equal(valueAt(frame, ['b', 'c', 'd']), 'x')
  assert.equal(valueAt(frame, 'b.c'), 2)
  assert.equal(valueAt(frame, ['list', '0']), 5)
  for (const field of ['constructor', '__proto__', 'toString', ['b', 'x', 'd'], ['a', 'toFixed']]) {
    assert.equal(valueAt(frame, field), undefined, `${field}`)
  }
  assert.equal(valueAt(Object.fromEntries([['__proto__', 7]]), '__proto__'), 7)
})

test('what is null or an empty text is missing, and a frame may be anything', () => {
  for (const frame of [{ a: null }, { a: '' }, {}, null, undefined, 7, 'a', [], Buffer.of(1)]) {
    assert.equal(valueAt(frame, 'a'), undefined)
  }
  assert.equal(valueAt({ a: 0 }, 'a'), 0)
  assert.equal(valueAt({ a: false }, 'a'), false)
})

test('a text is a text, a mark is a text or a number; others are refused by name and not quoted', () => {
  assert.equal(textAt({ a: 'x' }, 'a'), 'x')
  for (const mark of ['x', 0, -1.5, 2n ** 70n]) assert.equal(markAt({ a: mark }, 'a'), mark)
  for (const value of [true, [], {}, Number.NaN, Buffer.of(1), new Date(0)]) {
    assert.equal(
      thrownBy(() => markAt({ a: { b: value } }, ['a', 'b'])).message,
      'the field a.b is neither a text nor a number',
    )
  }
  assert.equal(thrownBy(() => textAt({ a: 7 }, 'a')).message, 'the field a is not a text')
})

test('numbers are the same whether they are BigInts or not; nothing is the same as a text of it', () => {
  assert.ok(isSame(5, 5) && isSame(5n, 5) && isSame(5, 5n) && isSame('a', 'a') && isSame(true, true))
  assert.ok(!isSame('5', 5) && !isSame(1n, true) && !isSame(true, 1) && !isSame([5], 5) && !isSame(undefined, ''))
})
