import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { choice } from '../../src/stages/choice.ts'
import { delimited } from '../../src/stages/delimited.ts'
import { octetCounted } from '../../src/stages/octet-counted.ts'
import { bytesOf, cutAt, deframe, everyCutting, frame, placesIn } from './cutting.ts'
import { codesOf, hex, toldAlike } from './told.ts'

const stage = octetCounted({ maxLength: 300 })

describe('octetCounted', () => {
  test('what the doc comment draws is what happens, both ways, in every cutting', () => {
    assert.equal(stage.name, 'octetCounted')
    assert.equal(frame(stage, Buffer.from('<34>1 - - -')).toString(), '11 <34>1 - - -')
    const wire = Buffer.from('11 <34>1 - - -')
    assert.deepEqual(toldAlike(stage, wire, everyCutting(wire)), [hex('<34>1 - - -')])
  })

  test('messages may hold anything, line ends and digits and spaces among it', () => {
    const wire = Buffer.from('5 1 2\n33 4 \u0000')
    assert.deepEqual(toldAlike(stage, wire, everyCutting(wire)), [hex('1 2\n3'), hex('4 \u0000')])
  })

  test('any bytes in any cutting give what a regular expression finds', () => {
    const small = octetCounted({ maxLength: 12 })
    const input = bytesOf([0x20, 0x30, 0x31, 0x33, 0x61], 40).chain((each) =>
      fc.tuple(fc.constant(each), placesIn(each)),
    )
    fc.assert(
      fc.property(input, ([input, places]) => {
        const told = toldAlike(small, input, [cutAt(input, places)])
        assert.deepEqual(codesOf(told), reference(input.toString('latin1'), 12))
      }),
      { numRuns: 300 },
    )
  })

  test('deframing what was framed gives it back', () => {
    const sent = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 4 })
    fc.assert(
      fc.property(sent, fc.nat(1300), (sent, place) => {
        const wire = Buffer.concat(sent.map((each) => frame(stage, Buffer.from(each))))
        const { frames } = deframe(stage, cutAt(wire, [Math.min(place, wire.length)]))
        assert.deepEqual(
          frames.map((each) => [...each]),
          sent.map((each) => [...each]),
        )
      }),
    )
  })

  test('a message over the limit is refused with both numbers and discarded exactly; one of just the limit passes', () => {
    const small = octetCounted({ maxLength: 9 })
    const wire = Buffer.from('10 0123456789' + '9 abcdefghi')
    assert.deepEqual(toldAlike(small, wire), [
      `FRAME_TOO_LONG: a frame of 10 bytes exceeds the limit of 9 [${hex('10 ')}]`,
      hex('abcdefghi'),
    ])
    assert.deepEqual(codesOf(toldAlike(small, Buffer.from('999999999999999 abc'))), ['FRAME_TOO_LONG'])
  })

  test('leading zeros, no digits, other digits and too many of them end the framing', () => {
    for (const [wire, shown] of [
      ['0 ', '0'],
      ['05 hello', '0'],
      [' 5 hello', ' '],
      ['5: hello', '5:'],
      ['<34>1 - - -\n', '<'],
      ['1234567890123456 x', '1234567890123456'],
    ] as const) {
      const told = toldAlike(stage, Buffer.from(wire))
      assert.deepEqual(codesOf(told), ['FRAME_CORRUPT'])
      assert.ok(told[0]?.endsWith(` [${hex(shown)}]`), told[0])
    }
  })

  test('an unfinished message is refused at the end', () => {
    assert.deepEqual(codesOf(toldAlike(stage, Buffer.from('2 ok5 hell'))), [hex('ok'), 'FRAME_UNTERMINATED'])
    assert.deepEqual(codesOf(toldAlike(stage, Buffer.from('2 ok5'))), [hex('ok'), 'FRAME_UNTERMINATED'])
  })

  test('a sender may use line ends instead: the first byte tells', () => {
    const both = choice([
      { match: (byte) => byte >= 0x31 && byte <= 0x39, framing: stage },
      { match: '<', framing: delimited({ delimiter: '\n', maxLength: 300 }) },
    ])
    const wire = Buffer.from('5 <1>ab<2>c\n4 <3>d')
    assert.deepEqual(toldAlike(both, wire), [hex('<1>ab'), hex('<2>c'), hex('<3>d')])
    assert.equal(frame(both, Buffer.from('<1>ab')).toString(), '5 <1>ab')
  })

  test('down, a message of no bytes is a bug of who sends it', () => {
    assert.throws(() => frame(stage, Buffer.alloc(0)), { code: 'BUG' })
  })

  test('options that cannot work are refused', () => {
    for (const maxLength of [0, 1.5, Number.NaN]) {
      assert.throws(() => octetCounted({ maxLength }), {
        code: 'CONFIGURATION',
        message: `octetCounted: maxLength must be a positive integer, not ${maxLength}`,
      })
    }
  })
})

function reference(input: string, limit: number): string[] {
  const expected: string[] = []
  let rest = input
  while (rest.length > 0) {
    const match = /^([1-9][0-9]{0,14}) /.exec(rest)
    if (match === null) return [...expected, /^[1-9][0-9]{0,14}$/.test(rest) ? 'FRAME_UNTERMINATED' : 'FRAME_CORRUPT']
    const end = match[0].length + Number(match[1])
    if (Number(match[1]) > limit) expected.push('FRAME_TOO_LONG')
    else if (end > rest.length) return [...expected, 'FRAME_UNTERMINATED']
    else expected.push(hex(rest.slice(match[0].length, end)))
    rest = rest.slice(end)
  }
  return expected
}
