import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type MeasureHeader, measuredBy } from '../../src/stages/measured-by.ts'
import { skipUntil } from '../../src/stages/skip-until.ts'
import { bytesOf, cutAt, deframe, everyCutting, frame, placesIn, singly } from './cutting.ts'
import { bytes, codesOf, toldAlike } from './told.ts'
import { countTouched } from './touched.ts'

const modbus: MeasureHeader = ([, code = 0, count = 0]) =>
  code >= 0x80 ? 5 : code >= 1 && code <= 4 ? 5 + count : [5, 6, 15, 16].includes(code) ? 8 : 'corrupt'

const replies = measuredBy({ maxLength: 256, headerLength: 3, measure: modbus })

/** The first byte: how many bytes the length takes, which follows in one byte each, added up; 9 is no frame. */
const summed: MeasureHeader = (header) => {
  const size = (header[0] as number) + 1
  if (size === 10) return 'corrupt'
  if (header.length < size) return { need: size }
  return header.reduce((sum, each) => sum + each, 0)
}

describe('measuredBy', () => {
  test('what the doc comment draws is what happens, both ways, in every cutting', () => {
    const frames = ['010302 1234 b533', '0106 0001 0003 980b', '0183 02 c0f1'].map((each) => each.replaceAll(' ', ''))
    const wire = bytes(frames.join(''))
    const cuttings = Array.from({ length: wire.length }, (_, place) => cutAt(wire, [place, place + 2]))
    assert.deepEqual(toldAlike(replies, wire, cuttings), frames)
    for (const each of frames) assert.equal(frame(replies, bytes(each)).toString('hex'), each)
  })

  test('the function sees exactly as many bytes as it asked for, however they come', () => {
    const wire = bytes('03 010107 a1a2a3a4a5a6a7a8 02 0203')
    for (const chunks of [[wire], singly(wire), cutAt(wire, [2, 11])]) {
      const seen = new Set<string>()
      const measure: MeasureHeader = (header) => {
        seen.add(header.toString('hex'))
        return summed(header)
      }
      deframe(measuredBy({ maxLength: 64, headerLength: 1, measure }), chunks)
      assert.deepEqual([...seen], ['03', '03010107', '02', '020203'])
    }
  })

  test('any bytes in any cutting give what cutting by hand gives', () => {
    const stage = measuredBy({ maxLength: 8, headerLength: 1, measure: summed })
    const input = bytesOf([0, 1, 2, 3, 9, 12], 40).chain((each) => fc.tuple(fc.constant(each), placesIn(each)))
    fc.assert(
      fc.property(input, ([input, places]) => {
        assert.deepEqual(codesOf(toldAlike(stage, input, [cutAt(input, places)])), reference(input, 8))
      }),
      { numRuns: 300 },
    )
  })

  test('what begins no frame ends the framing for good; within skipUntil the next mark is looked for', () => {
    const input = bytes('0106 0001 0003 980b 0107 00 0183 02 c0f1')
    assert.deepEqual(toldAlike(replies, input), [
      '010600010003980b',
      'FRAME_CORRUPT: what begins with 010700 is none [010700]',
    ])
    const found = skipUntil(replies, Buffer.of(1))
    assert.deepEqual(codesOf(toldAlike(found, input)), ['010600010003980b', 'FRAME_NOISE', '018302c0f1'])
  })

  test('a length within what was looked at, or that is none, is corrupt', () => {
    for (const [said, says] of [
      [1, 'would have 1 bytes'],
      [-3, 'would have -3 bytes'],
      [Number.NaN, 'would have NaN bytes'],
      [4.5, 'would have 4.5 bytes'],
      [Number.POSITIVE_INFINITY, 'would have Infinity bytes'],
    ] as const) {
      const stage = measuredBy({ maxLength: 8, headerLength: 2, measure: () => said })
      assert.deepEqual(toldAlike(stage, bytes('a1a2a3')), [`FRAME_CORRUPT: what begins with a1a2 ${says} [a1a2]`])
    }
    const shortest = measuredBy({ maxLength: 8, headerLength: 2, measure: () => 2 })
    assert.deepEqual(toldAlike(shortest, bytes('a1a2a3a4')), ['a1a2', 'a3a4'])
  })

  test('a frame over the limit is refused and discarded exactly, one of just the limit passes; nor may a header be over it', () => {
    const stage = measuredBy({ maxLength: 4, headerLength: 1, measure: ([first = 0]) => first })
    const input = bytes('05 a2a3a4a5 04 b2b3b4')
    assert.deepEqual(toldAlike(stage, input, everyCutting(input)), [
      'FRAME_TOO_LONG: a frame of 5 bytes exceeds the limit of 4 [05]',
      '04b2b3b4',
    ])
    const needy = measuredBy({ maxLength: 4, headerLength: 1, measure: (header) => ({ need: header.length * 2 + 1 }) })
    assert.deepEqual(toldAlike(needy, bytes('01020304050607')), [
      'FRAME_CORRUPT: what begins with 010203 takes 7 bytes to measure, the limit is 4 [010203]',
    ])
  })

  test('a function that asks for as many bytes as it has is a bug', () => {
    for (const need of [2, 1, Number.NaN, 2.5]) {
      const stage = measuredBy({ maxLength: 8, headerLength: 2, measure: () => ({ need }) })
      assert.throws(() => deframe(stage, [bytes('a1a2')]), {
        code: 'BUG',
        message: new RegExp(`asks for ${need} bytes`),
      })
    }
  })

  test('an unfinished frame is refused at the end, with as much as is known of it', () => {
    assert.deepEqual(toldAlike(replies, bytes('0103')), [
      'FRAME_UNTERMINATED: the connection ended 2 bytes into a frame [0103]',
    ])
    assert.deepEqual(toldAlike(replies, bytes('01030212')), [
      'FRAME_UNTERMINATED: the connection ended 4 bytes into a frame of 7 bytes [01030212]',
    ])
  })

  test('down, a frame that measures otherwise is a bug of who sends it', () => {
    for (const [bad, message] of [
      ['0103021234b5', /a frame of 6 bytes .* says otherwise of itself: 7 bytes/],
      ['0103021234b53300', /says otherwise of itself: 7 bytes/],
      ['0107021234b533', /what begins with 010702 is none/],
      ['01', /says otherwise of itself: more/],
      ['', /says otherwise of itself: more/],
    ] as const) {
      assert.throws(() => frame(replies, bytes(bad)), { code: 'BUG', message }, bad)
    }
  })

  test('deframing what was framed gives it back', () => {
    const stage = measuredBy({ maxLength: 9, headerLength: 1, measure: ([first = 0]) => first })
    const sent = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 8 })
    fc.assert(
      fc.property(sent, fc.nat(72), (sent, place) => {
        const wire = Buffer.concat(sent.map((length) => frame(stage, Buffer.alloc(length, length))))
        const { frames } = deframe(stage, cutAt(wire, [Math.min(place, wire.length)]))
        assert.deepEqual(
          frames.map((each) => each.length),
          sent,
        )
      }),
    )
  })

  test('a header of a kilobyte in single bytes is asked for once a step, and its frame is copied once', () => {
    let asked = 0
    const measure: MeasureHeader = (header) => {
      asked++
      return header.length < 1024 ? { need: header.length + 1 } : 2048
    }
    const wire = Buffer.alloc(2048, 3)
    const touched = countTouched(() => {
      const { frames } = deframe(measuredBy({ maxLength: 4096, headerLength: 1, measure }), singly(wire))
      assert.equal(frames.length, 1)
    })
    assert.ok(asked <= 2 * 1024, `asked ${asked} times`)
    assert.ok(touched.copied <= 2 * wire.length, `${touched.copied} bytes copied of ${wire.length}`)
    asked = 0
    const whole = countTouched(() => deframe(measuredBy({ maxLength: 4096, headerLength: 1, measure }), [wire]))
    assert.deepEqual([asked, whole.copied], [1024, 0])
  })

  test('options that cannot work are refused', () => {
    const cases: [number, number, RegExp][] = [
      [8, 0, /headerLength must be a positive integer, not 0/],
      [8, 1.5, /headerLength .* not 1.5/],
      [2, 3, /maxLength must be an integer of at least 3, the headerLength, not 2/],
      [Number.POSITIVE_INFINITY, 3, /maxLength .* not Infinity/],
    ]
    for (const [maxLength, headerLength, message] of cases) {
      assert.throws(() => measuredBy({ maxLength, headerLength, measure: modbus }), { code: 'CONFIGURATION', message })
    }
  })
})

function reference(input: Buffer, limit: number): string[] {
  const expected: string[] = []
  let at = 0
  while (at < input.length) {
    const size = (input[at] as number) + 1
    if (size === 10 || size > limit) return [...expected, 'FRAME_CORRUPT']
    if (at + size > input.length) return [...expected, 'FRAME_UNTERMINATED']
    const total = input.subarray(at, at + size).reduce((sum, each) => sum + each, 0)
    if (total < size) return [...expected, 'FRAME_CORRUPT']
    if (total > limit) expected.push('FRAME_TOO_LONG')
    else if (at + total > input.length) return [...expected, 'FRAME_UNTERMINATED']
    else expected.push(input.toString('hex', at, at + total))
    at += total
  }
  return expected
}
