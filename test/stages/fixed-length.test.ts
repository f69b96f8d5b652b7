import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { fixedLength } from '../../src/stages/fixed-length.ts'
import { bytesOf, cutAt, deframe, everyCutting, frame, placesIn, singly } from './cutting.ts'
import { bytes, toldAlike } from './told.ts'
import { countTouched } from './touched.ts'

const stage = fixedLength({ length: 3 })

describe('fixedLength', () => {
  test('what the doc comment draws is what happens, both ways, in every cutting', () => {
    const wire = bytes('a1a2a3 b1b2b3')
    assert.deepEqual(toldAlike(stage, wire, everyCutting(wire)), ['a1a2a3', 'b1b2b3'])
    assert.equal(frame(stage, bytes('a1a2a3')).toString('hex'), 'a1a2a3')
  })

  test('any bytes in any cutting give what slicing gives, and are sent as they came', () => {
    const input = bytesOf([0, 1, 255], 40).chain((each) => fc.tuple(fc.constant(each), placesIn(each)))
    fc.assert(
      fc.property(input, fc.integer({ min: 1, max: 9 }), ([input, places], length) => {
        const one = fixedLength({ length })
        const whole = input.subarray(0, input.length - (input.length % length))
        const { frames, errors } = deframe(one, cutAt(input, places))
        assert.ok(frames.every((each) => each.length === length))
        assert.deepEqual(Buffer.concat(frames.map((each) => frame(one, each))), whole)
        assert.deepEqual(
          errors.map((each) => each.code),
          whole.length === input.length ? [] : ['FRAME_UNTERMINATED'],
        )
      }),
    )
  })

  test('an unfinished frame is refused at the end with both numbers', () => {
    const wire = bytes('a1a2a3 b1b2')
    assert.deepEqual(toldAlike(stage, wire, everyCutting(wire)), [
      'a1a2a3',
      'FRAME_UNTERMINATED: the connection ended 2 bytes into a frame of 3 bytes [b1b2]',
    ])
  })

  test('down, a frame of another length is a bug of who sends it', () => {
    for (const length of [0, 2, 4]) {
      assert.throws(() => frame(stage, Buffer.alloc(length)), {
        code: 'BUG',
        message: `a frame to be sent has ${length} bytes instead of 3`,
      })
    }
  })

  test('a frame within one chunk is a view of it; one in pieces is copied once, and none of its bytes is looked at', () => {
    const wire = Buffer.alloc(100_000, 1)
    const large = fixedLength({ length: wire.length })
    const whole = countTouched(() => assert.equal(deframe(large, [wire]).frames[0]?.buffer, wire.buffer))
    assert.equal(whole.copied, 0)
    const cut = countTouched((watch) => assert.equal(deframe(large, singly(wire).map(watch)).frames.length, 1))
    assert.deepEqual(cut, { read: 0, copied: wire.length })
  })

  test('options that cannot work are refused', () => {
    for (const length of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => fixedLength({ length }), {
        code: 'CONFIGURATION',
        message: `fixedLength: length must be a positive integer, not ${length}`,
      })
    }
  })
})
