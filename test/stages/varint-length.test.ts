import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { varintLength } from '../../src/stages/varint-length.ts'
import { bytesOf, cutAt, deframe, everyCutting, frame, placesIn, singly } from './cutting.ts'
import { bytes, codesOf, toldAlike } from './told.ts'
import { countTouched } from './touched.ts'

const stage = varintLength({ maxLength: 300 })

describe('varintLength', () => {
  test('what the doc comment draws is what happens, in every cutting', () => {
    const drawn = bytes('03 a1a2a3 83 80 00 a1a2a3 00 01 b1')
    assert.deepEqual(toldAlike(stage, drawn, everyCutting(drawn)), ['a1a2a3', 'a1a2a3', '', 'b1'])
    const long = Buffer.concat([bytes('ac02'), Buffer.alloc(300, 7)])
    assert.deepEqual(toldAlike(stage, long), [long.toString('hex', 2)])
  })

  test('down, a length is as short as it can be', () => {
    for (const [length, begin] of [
      [0, '00'],
      [3, '03'],
      [127, '7f'],
      [128, '8001'],
      [300, 'ac02'],
      [16_383, 'ff7f'],
      [16_384, '808001'],
      [2_097_152, '80808001'],
    ] as const) {
      const wire = frame(stage, Buffer.alloc(length, 0xa1))
      assert.deepEqual([wire.toString('hex', 0, begin.length / 2), wire.length], [begin, length + begin.length / 2])
    }
  })

  test('any bytes in any cutting give what cutting by hand gives', () => {
    const small = varintLength({ maxLength: 5 })
    const input = bytesOf([0, 1, 2, 6, 0x80, 0x81, 0xff], 40).chain((each) =>
      fc.tuple(fc.constant(each), placesIn(each)),
    )
    fc.assert(
      fc.property(input, ([input, places]) => {
        assert.deepEqual(codesOf(toldAlike(small, input, [cutAt(input, places)])), reference(input, 5))
      }),
      { numRuns: 300 },
    )
  })

  test('deframing what was framed gives it back', () => {
    const sent = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 })
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

  test('a frame over the limit is refused with both numbers and discarded exactly; one of just the limit passes', () => {
    const small = varintLength({ maxLength: 3 })
    const input = bytes('84 00 a1a2a3a4 03 b1b2b3')
    assert.deepEqual(toldAlike(small, input, everyCutting(input)), [
      'FRAME_TOO_LONG: a frame of 4 bytes exceeds the limit of 3 [8400]',
      'b1b2b3',
    ])
  })

  test('lengths of 31, 32 and 35 bits are numbers like any other, not negative ones, and make no room for themselves', () => {
    for (const [wire, length] of [
      ['ffffffff07', 2 ** 31 - 1],
      ['8080808008', 2 ** 31],
      ['ffffffff0f', 2 ** 32 - 1],
      ['8080808010', 2 ** 32],
      ['ffffffff7f', 2 ** 35 - 1],
    ] as const) {
      const says = `FRAME_TOO_LONG: a frame of ${length} bytes exceeds the limit of 300 [${wire}]`
      assert.deepEqual(toldAlike(stage, bytes(`${wire} a1a2`)), [says])
    }
  })

  test('a length that has not ended after 5 bytes ends the framing for good', () => {
    const input = bytes('01 a1 80 ff 80 80 80 01 01 b1')
    assert.deepEqual(toldAlike(stage, input, everyCutting(input)), [
      'a1',
      'FRAME_CORRUPT: the length of a frame does not end within 5 bytes: 80ff808080 [80ff808080]',
    ])
  })

  test('an unfinished frame is refused at the end, with as much as is known of it', () => {
    const cut = (input: string) => toldAlike(stage, bytes(input), everyCutting(bytes(input)))
    assert.deepEqual(cut('81'), ['FRAME_UNTERMINATED: the connection ended 1 bytes into a frame [81]'])
    assert.deepEqual(cut('03 a1a2'), [
      'FRAME_UNTERMINATED: the connection ended 3 bytes into a frame of 4 bytes [03a1a2]',
    ])
  })

  test('however it is cut, a length is read once or twice and a frame copied once; one within a chunk is not copied', () => {
    const wire = frame(varintLength({ maxLength: 1 << 20 }), Buffer.alloc(1 << 17, 1))
    const touched = countTouched((watch) => {
      const chunks = singly(wire).map((each, index) => (index < 3 ? watch(each) : each))
      assert.equal(deframe(varintLength({ maxLength: 1 << 17 }), chunks).frames[0]?.length, 1 << 17)
    })
    assert.ok(touched.read <= 6, `${touched.read} reads`)
    assert.ok(touched.copied <= wire.length + 3, `${touched.copied} copied of ${wire.length}`)
    const whole = countTouched(() =>
      assert.equal(deframe(varintLength({ maxLength: 1 << 17 }), [wire]).frames.length, 1),
    )
    assert.equal(whole.copied, 0)
  })

  test('options that cannot work are refused', () => {
    for (const maxLength of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => varintLength({ maxLength }), {
        code: 'CONFIGURATION',
        message: `varintLength: maxLength must be a positive integer, not ${maxLength}`,
      })
    }
  })
})

function reference(input: Buffer, limit: number): string[] {
  const expected: string[] = []
  let at = 0
  while (at < input.length) {
    const last = input.subarray(at, at + 5).findIndex((byte) => byte < 0x80)
    if (last < 0) return [...expected, input.length - at < 5 ? 'FRAME_UNTERMINATED' : 'FRAME_CORRUPT']
    let length = 0n
    for (let index = last; index >= 0; index--) length = (length << 7n) | BigInt((input[at + index] as number) & 127)
    const begin = at + last + 1
    at = begin + Number(length)
    if (length > BigInt(limit)) expected.push('FRAME_TOO_LONG')
    else if (at > input.length) return [...expected, 'FRAME_UNTERMINATED']
    else expected.push(input.toString('hex', begin, at))
  }
  return expected
}
