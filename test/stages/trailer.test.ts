import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { delimited } from '../../src/stages/delimited.ts'
import { fixedLength } from '../../src/stages/fixed-length.ts'
import { lengthField } from '../../src/stages/length-field.ts'
import { skipUntil } from '../../src/stages/skip-until.ts'
import { tail } from '../../src/stages/tail.ts'
import { trailer } from '../../src/stages/trailer.ts'
import { bytesOf, cutAt, deframe, everyCutting, frame, placesIn, upOf } from './cutting.ts'
import { bytes, codesOf, hex, toldAlike } from './told.ts'

const of = lengthField({ lengthFieldLength: 1, maxFrameLength: 8 })
const stage = trailer(of, '\r\n')

describe('trailer', () => {
  test('what the doc comment draws is what happens, both ways, in every cutting', () => {
    const wire = bytes('02 a1a2 0d0a 01 b1 01 c1')
    assert.deepEqual(toldAlike(stage, wire, everyCutting(wire)), ['a1a2', 'b1', 'c1'])
    assert.equal(frame(stage, bytes('a1a2')).toString('hex'), '02a1a2')
    assert.equal(frame(trailer(of, '\r\n', { write: true }), bytes('a1a2')).toString('hex'), '02a1a20d0a')
  })

  test('any bytes in any cutting give what cutting by hand gives', () => {
    const input = bytesOf([0, 1, 2, 0x0d, 0x0a], 40).chain((each) => fc.tuple(fc.constant(each), placesIn(each)))
    fc.assert(
      fc.property(input, ([input, places]) => {
        const told = codesOf(toldAlike(stage, input, [cutAt(input, places)]))
        assert.deepEqual(told, reference(input, 8))
      }),
      { numRuns: 500 },
    )
  })

  test('a frame is given up at once, it does not wait for a trailer', () => {
    const up = upOf(stage)
    const frames: Buffer[] = []
    up.push(bytes('01 b1'), { emit: (each) => frames.push(each), reply: () => {}, fail: assert.ifError })
    assert.deepEqual(frames, [bytes('b1')])
  })

  test('there is one behind a frame; what else looks like it, or begins like it, is of the next frame', () => {
    const lines = trailer(delimited({ delimiter: ';', maxLength: 8 }), '\r\n')
    const wire = Buffer.from('\r\na;\r\n\r\nb;\rc;')
    assert.deepEqual(toldAlike(lines, wire, everyCutting(wire)), ['\r\na', '\r\nb', '\rc'].map(hex))
  })

  test('a refused frame is followed by one like any other, be it passed over first', () => {
    const lines = trailer(delimited({ delimiter: ';', maxLength: 3 }), '\n')
    const wire = Buffer.from('12345678;\na;\nb;')
    assert.deepEqual(codesOf(toldAlike(lines, wire, everyCutting(wire))), ['FRAME_TOO_LONG', hex('a'), hex('b')])
    const same = trailer(delimited({ delimiter: ';', maxLength: 3 }), ';')
    const begun = Buffer.from('1234;;a;')
    assert.deepEqual(codesOf(toldAlike(same, begun, everyCutting(begun))), ['FRAME_TOO_LONG', hex('a')])
    const bare = Buffer.from('1234;a;')
    assert.deepEqual(codesOf(toldAlike(same, bare, everyCutting(bare))), ['FRAME_TOO_LONG', hex('a')])
    const checked = trailer(tail(fixedLength({ length: 2 }), '#'), '\n')
    const damaged = Buffer.from('ab\nc#\n')
    assert.deepEqual(codesOf(toldAlike(checked, damaged, everyCutting(damaged))), ['FRAME_DAMAGED', hex('c')])
  })

  test('around skipUntil it is no noise, unless it comes behind noise', () => {
    const found = trailer(skipUntil(tail(fixedLength({ length: 3 }), '#'), '*'), '\r\n')
    const wire = Buffer.from('*a#\r\n*b#x\r\n*c#\r')
    const cuttings = Array.from({ length: wire.length }, (_, place) => cutAt(wire, [place, place + 2]))
    assert.deepEqual(toldAlike(found, wire, cuttings), [
      hex('*a'),
      hex('*b'),
      `FRAME_NOISE: 3 bytes belong to no frame [${hex('x\r\n')}]`,
      hex('*c'),
    ])
  })

  test('an end within a trailer is none within a frame', () => {
    assert.deepEqual(toldAlike(stage, bytes('01 b1 0d')), ['b1'])
    assert.deepEqual(codesOf(toldAlike(stage, bytes('01 b1 0d0a 02'))), ['b1', 'FRAME_UNTERMINATED'])
    assert.deepEqual(codesOf(toldAlike(stage, bytes('01'))), ['FRAME_UNTERMINATED'])
  })

  test('deframing what was framed gives it back, written or not', () => {
    fc.assert(
      fc.property(fc.array(bytesOf([1, 0x0d, 0x0a], 5)), fc.boolean(), fc.nat(60), (sent, write, place) => {
        const one = trailer(of, '\r\n', { write })
        const wire = Buffer.concat(sent.map((each) => frame(one, each)))
        const { frames } = deframe(one, cutAt(wire, [Math.min(place, wire.length)]))
        assert.deepEqual(frames.map(String), sent.map(String))
      }),
    )
  })

  test('a trailer must not be empty', () => {
    assert.throws(() => trailer(of, ''), { code: 'CONFIGURATION', message: 'trailer: bytes must not be empty' })
  })
})

function reference(input: Buffer, limit: number): string[] {
  const expected: string[] = []
  let at = 0
  let due = false
  while (at < input.length) {
    if (due && input.toString('latin1', at, at + 2) === '\r\n') {
      at += 2
      due = false
      continue
    }
    if (due && input.length - at === 1 && input[at] === 0x0d) return expected
    const end = at + 1 + (input[at] as number)
    due = true
    if (end - at > limit) expected.push('FRAME_TOO_LONG')
    else if (end > input.length) return [...expected, 'FRAME_UNTERMINATED']
    else expected.push(input.toString('hex', at + 1, end))
    at = end
  }
  return expected
}
