import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { asymmetric, unframed } from '../../src/stages/asymmetric.ts'
import { choice } from '../../src/stages/choice.ts'
import { delimited } from '../../src/stages/delimited.ts'
import { fixedLength } from '../../src/stages/fixed-length.ts'
import { lengthField } from '../../src/stages/length-field.ts'
import { skipUntil } from '../../src/stages/skip-until.ts'
import { bytesOf, cutAt, everyCutting, frame, placesIn } from './cutting.ts'
import { bytes, codesOf, hex, toldAlike } from './told.ts'

const text = delimited({ delimiter: '#', maxLength: 6 })
const both = choice([
  { match: '*', framing: text },
  { match: ['$', 'ab'], framing: fixedLength({ length: 4 }) },
])

describe('choice', () => {
  test('what a frame begins with, and keeps, says how it ends, in every cutting', () => {
    const wire = Buffer.from('*hi#$#*1abcd*#')
    assert.deepEqual(toldAlike(both, wire, everyCutting(wire)), ['*hi', '$#*1', 'abcd', '*'].map(hex))
  })

  test('any bytes in any cutting give what looking at each first byte gives', () => {
    const input = bytesOf([...Buffer.from('*$ab#')], 40).chain((each) => fc.tuple(fc.constant(each), placesIn(each)))
    fc.assert(
      fc.property(input, ([input, places]) => {
        const told = toldAlike(both, input, [cutAt(input, places)])
        assert.deepEqual(codesOf(told), reference(input.toString('latin1')))
      }),
      { numRuns: 500 },
    )
  })

  test('a function tells by the first byte, and an alternative without a match takes what is left', () => {
    const stage = choice([
      { match: (byte) => byte < 4, framing: lengthField({ lengthFieldLength: 1, maxFrameLength: 8 }) },
      { framing: delimited({ delimiter: '\n', maxLength: 8 }) },
    ])
    const wire = bytes('02 a1a2 6869 0a 00 6a 0a')
    assert.deepEqual(toldAlike(stage, wire, everyCutting(wire)), ['a1a2', '6869', '', '6a'])
  })

  test('where one mark begins another, the first alternative that matches takes the frame, once it is certain', () => {
    const stage = choice([
      { match: 'abc', framing: fixedLength({ length: 3 }) },
      { match: 'a', framing: fixedLength({ length: 2 }) },
    ])
    const wire = Buffer.from('abcabacab')
    assert.deepEqual(toldAlike(stage, wire, everyCutting(wire)), [
      ...['abc', 'ab', 'ac'].map(hex),
      `FRAME_UNTERMINATED: the connection ended 2 bytes into a frame [${hex('ab')}]`,
    ])
  })

  test('marks may be longer than any frame', () => {
    const stage = choice([
      { match: 'abcdef', framing: fixedLength({ length: 3 }) },
      { framing: fixedLength({ length: 2 }) },
    ])
    const wire = Buffer.from('abcdexab')
    assert.deepEqual(
      codesOf(toldAlike(stage, wire, everyCutting(wire))),
      ['ab', 'cd', 'ex'].map(hex).concat('FRAME_UNTERMINATED'),
    )
  })

  test('bytes that suit no kind end the framing, and are shown as far as it took to know', () => {
    for (const [wire, shown] of [
      ['x*#', 'x'],
      ['ax', 'ax'],
      ['#', '#'],
    ] as const) {
      assert.deepEqual(toldAlike(both, Buffer.from(`*#${wire}`), everyCutting(Buffer.from(`*#${wire}`))), [
        hex('*'),
        `FRAME_CORRUPT: no kind of frame begins with ${hex(shown)} [${hex(shown)}]`,
      ])
    }
  })

  test('within skipUntil the next mark of any kind is looked for', () => {
    const found = skipUntil(both, ['*', '$', 'ab'])
    const wire = Buffer.from('xx*1#aay$123z')
    assert.deepEqual(toldAlike(found, wire, everyCutting(wire)), [
      `FRAME_NOISE: 2 bytes belong to no frame [${hex('xx')}]`,
      hex('*1'),
      `FRAME_NOISE: 3 bytes belong to no frame [${hex('aay')}]`,
      hex('$123'),
      `FRAME_NOISE: 1 bytes belong to no frame [${hex('z')}]`,
    ])
  })

  test('within skipUntil, of bytes that suit no kind the second may begin a frame', () => {
    const found = skipUntil(choice([{ match: 'ab', framing: fixedLength({ length: 3 }) }]), 'a')
    const wire = Buffer.from('aabcaaabc')
    assert.deepEqual(codesOf(toldAlike(found, wire, everyCutting(wire))), [
      'FRAME_NOISE',
      hex('abc'),
      'FRAME_NOISE',
      hex('abc'),
    ])
  })

  test('what is left of an over-long frame belongs to it, whatever it looks like', () => {
    const wire = Buffer.from('*12345678$*9#$123*0#')
    const cuttings = Array.from({ length: wire.length }, (_, place) => cutAt(wire, [place, place + 2]))
    assert.deepEqual(codesOf(toldAlike(both, wire, cuttings)), ['FRAME_TOO_LONG', hex('$123'), hex('*0')])
  })

  test('an end within the bytes that tell, or within a frame, is that of an unfinished frame', () => {
    assert.deepEqual(toldAlike(both, Buffer.from('a')), [
      `FRAME_UNTERMINATED: the connection ended 1 bytes into a frame [${hex('a')}]`,
    ])
    assert.deepEqual(toldAlike(both, Buffer.from('$12')), [
      `FRAME_UNTERMINATED: the connection ended 3 bytes into a frame of 4 bytes [${hex('$12')}]`,
    ])
  })

  test('down, a frame goes by the alternative that would take it back', () => {
    assert.equal(frame(both, Buffer.from('*hi')).toString(), '*hi#')
    assert.equal(frame(both, Buffer.from('$#*1')).toString(), '$#*1')
    const lines = choice([{ match: '*', framing: text }, { framing: delimited({ delimiter: '\n', maxLength: 8 }) }])
    assert.equal(frame(lines, Buffer.from('hi')).toString(), 'hi\n')
    // The first alternative cannot frame it, and would take what the second makes of it.
    assert.throws(() => frame(lines, Buffer.from('*a#b')), { code: 'BUG', message: /contains the delimiter/ })
  })

  test('down, a frame that suits no kind, or of which it depends on the next, is a bug of who sends it', () => {
    assert.throws(() => frame(both, Buffer.from('$1')), { code: 'BUG', message: /2 bytes instead of 4/ })
    assert.throws(() => frame(both, Buffer.from('hi')), { code: 'BUG' })
    const bare = choice([{ match: 'ab', framing: fixedLength({ length: 4 }) }, { framing: asymmetric(text, unframed) }])
    assert.equal(frame(bare, Buffer.from('ac')).toString(), 'ac')
    assert.throws(() => frame(bare, Buffer.from('a')), { code: 'BUG' })
    const any = choice([{ match: (byte) => byte !== 1, framing: asymmetric(text, unframed) }])
    for (const each of [bare, any]) assert.throws(() => frame(each, Buffer.alloc(0)), { code: 'BUG' })
  })

  test('options that cannot work are refused', () => {
    assert.throws(() => choice([]), { code: 'CONFIGURATION', message: 'choice: there must be an alternative' })
    for (const match of ['', [], ['a', '']]) {
      assert.throws(() => choice([{ match, framing: text }]), {
        code: 'CONFIGURATION',
        message: 'choice: match must not be empty',
      })
    }
  })
})

function reference(input: string): string[] {
  const expected: string[] = []
  let rest = input
  while (rest.length > 0) {
    if (rest === 'a') return [...expected, 'FRAME_UNTERMINATED']
    const end = rest.startsWith('*') ? rest.indexOf('#') : /^(\$|ab)/.test(rest) ? 4 : -2
    if (end === -2) return [...expected, 'FRAME_CORRUPT']
    if (rest.startsWith('*')) {
      const length = end < 0 ? rest.length : end
      if (length > 6) expected.push('FRAME_TOO_LONG')
      else expected.push(end < 0 ? 'FRAME_UNTERMINATED' : hex(rest.slice(0, end)))
      rest = rest.slice(length + 1)
    } else {
      expected.push(rest.length < 4 ? 'FRAME_UNTERMINATED' : hex(rest.slice(0, 4)))
      rest = rest.slice(4)
    }
  }
  return expected
}
