import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { fixedLength } from '../../src/stages/fixed-length.ts'
import { lengthField } from '../../src/stages/length-field.ts'
import { skipUntil } from '../../src/stages/skip-until.ts'
import { tail } from '../../src/stages/tail.ts'
import { bytesOf, cutAt, deframe, everyCutting, frame, placesIn, singly } from './cutting.ts'
import { bytes, codesOf, toldAlike } from './told.ts'
import { countTouched } from './touched.ts'

const of = lengthField({ lengthFieldLength: 1, lengthAdjustment: 2, maxFrameLength: 8 })
const stage = tail(of, '\r\n')

describe('tail', () => {
  test('what the doc comment draws is what happens, both ways, in every cutting', () => {
    const wire = bytes('02 a1a2 0d0a 02 a1a2 a3a4 00 0d0a')
    assert.deepEqual(toldAlike(stage, wire, everyCutting(wire)), [
      'a1a2',
      'FRAME_DAMAGED: a frame of 5 bytes ends in a3a4 instead of 0d0a [02a1a2a3a4]',
      '',
    ])
    assert.equal(frame(stage, bytes('a1a2')).toString('hex'), '02a1a20d0a')
  })

  test('a frame that is shorter than its tail is damaged', () => {
    const short = tail(fixedLength({ length: 2 }), '#\r\n')
    assert.deepEqual(toldAlike(short, bytes('0d0a')), [
      'FRAME_DAMAGED: a frame of 2 bytes ends in 0d0a instead of 230d0a [0d0a]',
    ])
  })

  test('any bytes in any cutting give the frames of the framing, as far as they end in it', () => {
    const input = bytesOf([0, 1, 2, 0x0d, 0x0a], 40).chain((each) => fc.tuple(fc.constant(each), placesIn(each)))
    fc.assert(
      fc.property(input, ([input, places]) => {
        const expected = codesOf(toldAlike(of, input)).map((each) =>
          /[A-Z]/.test(each) ? each : each.endsWith('0d0a') ? each.slice(0, -4) : 'FRAME_DAMAGED',
        )
        assert.deepEqual(codesOf(toldAlike(stage, input, [cutAt(input, places)])), expected)
      }),
      { numRuns: 300 },
    )
  })

  test('deframing what was framed gives it back', () => {
    fc.assert(
      fc.property(fc.array(bytesOf([0, 0x0d, 0x0a], 5)), fc.nat(60), (sent, place) => {
        const wire = Buffer.concat(sent.map((each) => frame(stage, each)))
        const { frames } = deframe(stage, cutAt(wire, [Math.min(place, wire.length)]))
        assert.deepEqual(frames.map(String), sent.map(String))
      }),
    )
  })

  test('within skipUntil the next frame is looked for from the second byte of the damaged one on', () => {
    const found = skipUntil(stage, Buffer.of(2))
    const wire = bytes('02 02 b1b2 0d0a 02 c1c2 0d0a')
    assert.deepEqual(codesOf(toldAlike(found, wire, everyCutting(wire))), ['FRAME_NOISE', 'b1b2', 'c1c2'])
  })

  test('the errors of the framing are its own, and so is its end', () => {
    assert.deepEqual(codesOf(toldAlike(stage, bytes('07 010203040506070d0a 00 0d0a'))), ['FRAME_TOO_LONG', ''])
    assert.deepEqual(toldAlike(stage, bytes('02 a1')), [
      'FRAME_UNTERMINATED: the connection ended 2 bytes into a frame of 5 bytes [02a1]',
    ])
  })

  test('a frame within one chunk is a view of it, and one in pieces is copied once', () => {
    const wire = frame(stage, bytes('a1a2a3'))
    const whole = countTouched(() => assert.equal(deframe(stage, [wire]).frames[0]?.buffer, wire.buffer))
    assert.equal(whole.copied, 0)
    const cut = countTouched(() => assert.equal(deframe(stage, singly(wire)).frames.length, 1))
    assert.ok(cut.copied <= wire.length, `${cut.copied} copied of ${wire.length}`)
  })

  test('a mark must not be empty, and may be changed later', () => {
    assert.throws(() => tail(of, ''), { code: 'CONFIGURATION', message: 'tail: bytes must not be empty' })
    const mark = Buffer.from('\r\n')
    const own = tail(of, mark)
    mark.fill(0)
    assert.equal(frame(own, Buffer.alloc(0)).toString('hex'), '000d0a')
  })
})
