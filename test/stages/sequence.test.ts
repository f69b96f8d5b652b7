import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { delimited } from '../../src/stages/delimited.ts'
import { fixedLength } from '../../src/stages/fixed-length.ts'
import { idleBytes } from '../../src/stages/idle-bytes.ts'
import { lengthField } from '../../src/stages/length-field.ts'
import { sequence } from '../../src/stages/sequence.ts'
import { skipUntil } from '../../src/stages/skip-until.ts'
import { tail } from '../../src/stages/tail.ts'
import { bytesOf, cutAt, everyCutting, frame, placesIn } from './cutting.ts'
import { bytes, codesOf, hex, toldAlike } from './told.ts'

const login = lengthField({ lengthFieldLength: 2, maxFrameLength: 8 })
const data = delimited({ delimiter: ';', maxLength: 8 })
const stage = sequence(login, data)

describe('sequence', () => {
  test('what the doc comment draws is what happens, in every cutting', () => {
    const wire = bytes('0002 d1d2 6162 3b 63 3b')
    assert.deepEqual(toldAlike(stage, wire, everyCutting(wire)), ['d1d2', '6162', '63'])
  })

  test('each framing takes one frame, the last one all that follow', () => {
    const three = sequence(fixedLength({ length: 1 }), fixedLength({ length: 2 }), fixedLength({ length: 3 }))
    const wire = bytes('a1 b1b2 c1c2c3 d1d2d3 e1')
    assert.deepEqual(toldAlike(three, wire, everyCutting(wire)), [
      'a1',
      'b1b2',
      'c1c2c3',
      'd1d2d3',
      'FRAME_UNTERMINATED: the connection ended 1 bytes into a frame of 3 bytes [e1]',
    ])
  })

  test('any bytes in any cutting give what the one framing gives of the beginning and the other of the rest', () => {
    const input = bytesOf([0, 1, 2, 0x3b], 30).chain((each) => fc.tuple(fc.constant(each), placesIn(each)))
    fc.assert(
      fc.property(input, ([input, places]) => {
        const told = codesOf(toldAlike(stage, input, [cutAt(input, places)]))
        // How long the first frame is, and whether it is one.
        let from = 0
        const expected: string[] = []
        while (input.length - from >= 2 && input.readUInt16BE(from) > 6) {
          expected.push('FRAME_TOO_LONG')
          from = Math.min(input.length, from + 2 + input.readUInt16BE(from))
        }
        const end = input.length - from >= 2 ? from + 2 + input.readUInt16BE(from) : Number.POSITIVE_INFINITY
        if (end <= input.length) {
          expected.push(input.toString('hex', from + 2, end), ...codesOf(toldAlike(data, input.subarray(end))))
        } else if (from < input.length) expected.push('FRAME_UNTERMINATED')
        assert.deepEqual(told, expected)
      }),
      { numRuns: 300 },
    )
  })

  test('a refused frame is no frame: its turn stays', () => {
    const wire = bytes('0007 a1a2a3a4a5a6a7 0001 d1 61 3b')
    assert.deepEqual(toldAlike(stage, wire, [cutAt(wire, [3, 9])]), [
      'FRAME_TOO_LONG: a frame of 9 bytes exceeds the limit of 8 [0007]',
      'd1',
      '61',
    ])
  })

  test('idle bytes may come before the first frame and between any', () => {
    const kept = idleBytes(stage, Buffer.of(0xff))
    const wire = bytes('ff 0001 ff ff 61 3b ff ff 62 3b')
    assert.deepEqual(toldAlike(kept, wire, everyCutting(wire)), ['ff', '61', '62'])
  })

  test('within skipUntil a refused frame does not begin the sequence anew', () => {
    const marked = (length: number) => tail(fixedLength({ length }), '#')
    const found = skipUntil(sequence(marked(3), marked(4)), '*')
    const wire = Buffer.from('*a#*bc#*xyz*de#')
    const cuttings = Array.from({ length: wire.length }, (_, place) => cutAt(wire, [place]))
    assert.deepEqual(codesOf(toldAlike(found, wire, cuttings)), [hex('*a'), hex('*bc'), 'FRAME_NOISE', hex('*de')])
  })

  test('down, all frames get the last framing', () => {
    assert.equal(frame(stage, Buffer.from('ok')).toString(), 'ok;')
    assert.throws(() => frame(stage, Buffer.from('o;')), { code: 'BUG' })
  })

  test('an end within the login is that of an unfinished frame, an end behind it is none', () => {
    assert.deepEqual(codesOf(toldAlike(stage, bytes('0002 d1'))), ['FRAME_UNTERMINATED'])
    assert.deepEqual(toldAlike(stage, bytes('0001 d1')), ['d1'])
  })

  test('there must be a framing', () => {
    assert.throws(() => sequence(), { code: 'CONFIGURATION', message: 'sequence: there must be a framing' })
  })
})
