import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isAt, markOf, marksOf, matchedAt } from '../../src/stages/marks.ts'
import { bytesOf } from './cutting.ts'

describe('marks', () => {
  test('a string stands for its UTF-8, and bytes for themselves', () => {
    assert.deepEqual(markOf('é\n', 's', 'o'), Buffer.of(0xc3, 0xa9, 0x0a))
    assert.deepEqual(markOf(Buffer.of(0xff, 0), 's', 'o'), Buffer.of(0xff, 0))
  })

  test('are copied, so that they may be changed later', () => {
    const given = Buffer.of(1, 2)
    const kept = [markOf(given, 's', 'o'), ...marksOf(given, 's', 'o'), ...marksOf([given], 's', 'o')]
    given.fill(0)
    for (const each of kept) assert.deepEqual(each, Buffer.of(1, 2))
  })

  test('may be one or several', () => {
    assert.deepEqual(marksOf('ab', 's', 'o'), [Buffer.from('ab')])
    assert.deepEqual(marksOf(['ab', Buffer.of(7)], 's', 'o'), [Buffer.from('ab'), Buffer.of(7)])
  })

  test('must be there, each with a byte at least', () => {
    const refused = { code: 'CONFIGURATION', message: 'a stage: an option must not be empty' }
    for (const mark of ['', Buffer.alloc(0)]) assert.throws(() => markOf(mark, 'a stage', 'an option'), refused)
    for (const marks of ['', [], ['a', '']]) assert.throws(() => marksOf(marks, 'a stage', 'an option'), refused)
  })

  test('are matched as far as the bytes go, which may end within them', () => {
    fc.assert(
      fc.property(bytesOf([0, 1], 8), fc.nat(8), bytesOf([0, 1], 4), (bytes, at, mark) => {
        const from = Math.min(at, bytes.length)
        let expected = mark.length
        while (bytes.indexOf(mark.subarray(0, expected), from) !== from && expected > 0) expected--
        assert.equal(matchedAt(bytes, from, mark), expected)
        assert.equal(isAt(bytes, from, mark), expected === mark.length)
      }),
    )
  })
})
