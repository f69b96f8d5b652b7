import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { slip } from '../../src/stages/slip.ts'
import { bytesOf, cutAt, deframe, everyCutting, frame, placesIn } from './cutting.ts'
import { flagReference, unescaped } from './flag-reference.ts'
import { assertTold, bytes, readsOf, told } from './unframing.ts'

const framing = slip({ maxLength: 16 })
const alphabet = [0xc0, 0xdb, 0xdc, 0xdd, 0xa1]

describe('slip', () => {
  test('what the doc comment draws is what happens, both ways, in every cutting', () => {
    const drawings: [string, string[]][] = [
      ['c0 a1 dbdc b1 dbdd c0', ['a1c0b1db']],
      ['a1 c0c0 b1 c0 c1 c0', ['a1', 'b1', 'c1']],
      ['a1 db01 c0', ['FRAME_DAMAGED a1db01c0']],
    ]
    for (const [wire, expected] of drawings) {
      for (const chunks of everyCutting(bytes(wire))) assert.deepEqual(told(deframe(framing, chunks)), expected)
    }
    assert.equal(frame(framing, bytes('a1c0b1db')).toString('hex'), 'c0a1dbdcb1dbddc0')
    assert.equal(frame(slip({ maxLength: 1, leadingEnd: false }), bytes('a1')).toString('hex'), 'a1c0')
  })

  test('any bytes in any cutting give what splitting at END gives', () => {
    const codes = new Map([
      [0xdc, 0xc0],
      [0xdd, 0xdb],
    ])
    const reference = {
      flag: 0xc0,
      begun: true,
      maxLength: 3,
      maxBody: 6,
      decode: (body: readonly number[]) => unescaped(body, 0xdb, codes),
    }
    const input = bytesOf(alphabet, 50).chain((wire) => fc.tuple(fc.constant(wire), placesIn(wire)))
    fc.assert(
      fc.property(input, ([wire, places]) => {
        assertTold(slip({ maxLength: 3 }), wire, places, flagReference(wire, reference))
      }),
    )
  })

  test('deframing what was framed gives it back, with END in front and without', () => {
    const frames = fc.array(fc.oneof(bytesOf(alphabet, 16), fc.uint8Array({ maxLength: 16 }).map(Buffer.from)))
    fc.assert(
      fc.property(frames, fc.boolean(), fc.nat(80), (candidates, leadingEnd, place) => {
        const stage = slip({ maxLength: 16, leadingEnd })
        const sent = candidates.filter((each) => each.length > 0)
        const wire = Buffer.concat(sent.map((each) => frame(stage, each)))
        const got = told(deframe(stage, cutAt(wire, [Math.min(place, wire.length)])))
        assert.deepEqual(
          got,
          sent.map((each) => each.toString('hex')),
        )
      }),
    )
  })

  test('a frame of exactly the limit passes however much of it is escaped; one byte more is refused', () => {
    const stage = slip({ maxLength: 2 })
    for (const chunks of everyCutting(bytes('dbdc dbdd c0'))) assert.deepEqual(told(deframe(stage, chunks)), ['c0db'])
    for (const chunks of everyCutting(bytes('a1a2a3 c0 b1 c0')))
      assert.deepEqual(told(deframe(stage, chunks)), ['FRAME_TOO_LONG a1a2a3c0', 'b1'])
    const { errors } = deframe(stage, [bytes('a1a2a3 c0')])
    assert.equal(errors[0]?.message, 'a frame of at least 3 bytes exceeds the limit of 2')
  })

  test('a bad escape says which and where', () => {
    const messages = (wire: string) => deframe(framing, [bytes(wire)]).errors.map((each) => each.message)
    assert.deepEqual(messages('a1 db01 b1 c0'), ['db01 at byte 1 of a body of 4 is no escape'])
    assert.deepEqual(messages('a1 db c0'), ['db at byte 1 of a body of 2 is no escape'])
  })

  test('END that fills the line is nothing, also at the end; a frame that the end cuts is refused', () => {
    for (const chunks of everyCutting(bytes('c0c0 a1 c0c0'))) assert.deepEqual(told(deframe(framing, chunks)), ['a1'])
    for (const chunks of everyCutting(bytes('c0 a1 c0 b1')))
      assert.deepEqual(told(deframe(framing, chunks)), ['a1', 'FRAME_UNTERMINATED b1'])
  })

  test('an empty frame cannot be sent', () => {
    for (const leadingEnd of [true, false])
      assert.throws(() => frame(slip({ maxLength: 1, leadingEnd }), Buffer.alloc(0)), { code: 'BUG' })
  })

  test('a long frame in single bytes is looked at once', () => {
    const wire = Buffer.concat([Buffer.alloc(65_536, 0xdb), bytes('c0')])
    assert.ok(readsOf(slip({ maxLength: 65_536 }), wire) <= wire.length + 8)
  })

  test('options that cannot work are refused', () => {
    for (const maxLength of [0, 1.5, Number.NaN])
      assert.throws(() => slip({ maxLength }), { code: 'CONFIGURATION', message: /slip: maxLength .* not / })
  })
})
