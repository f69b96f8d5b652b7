import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../src/core/errors.ts'
import { type LengthFieldOptions, lengthField } from '../../src/stages/length-field.ts'
import { bytesOf, cutAt, deframe, everyCutting, frame, placesIn, singly, upOf } from './cutting.ts'
import { chunksKept } from './kept.ts'
import { countTouched } from './touched.ts'

const bytes = (hex: string) => Buffer.from(hex.replaceAll(/[^0-9a-f]/gi, ''), 'hex')
const hex = (frames: readonly Buffer[]) => frames.map((each) => each.toString('hex'))

/** The drawings of the doc comment and some more: options, wire, frame. */
const drawings: [Omit<LengthFieldOptions, 'maxFrameLength'>, string, string][] = [
  [{ lengthFieldLength: 2 }, '0003 a1a2a3', 'a1a2a3'],
  [{ lengthFieldLength: 2, initialBytesToStrip: 0 }, '0003 a1a2a3', '0003a1a2a3'],
  [{ lengthFieldLength: 2, lengthAdjustment: -2 }, '0005 a1a2a3', 'a1a2a3'],
  [{ lengthFieldLength: 2, lengthAdjustment: 2 }, '0003 a1a2a3c1c2', 'a1a2a3c1c2'],
  [{ lengthFieldLength: 2, lengthFieldOffset: 1 }, '7e 0003 a1a2a3', '7e0003a1a2a3'],
  [{ lengthFieldLength: 2, byteOrder: 'little-endian' }, '0300 a1a2a3', 'a1a2a3'],
  [{ lengthFieldLength: 1 }, '03 a1a2a3', 'a1a2a3'],
  [{ lengthFieldLength: 4, byteOrder: 'little-endian', lengthFieldOffset: 2 }, '0102 01000000 a1', '010201000000a1'],
  [{ lengthFieldLength: 4, lengthAdjustment: -6, lengthFieldOffset: 2 }, 'beef 00000007 a1', 'beef00000007a1'],
  [{ lengthFieldLength: 3 }, '000003 a1a2a3', 'a1a2a3'],
  [{ lengthFieldLength: 8 }, '0000000000000003 a1a2a3', 'a1a2a3'],
  [{ lengthFieldLength: 8, byteOrder: 'little-endian' }, '0300000000000000 a1a2a3', 'a1a2a3'],
  [{ lengthFieldLength: 3, lengthEncoding: 'decimal' }, '303033 a1a2a3', 'a1a2a3'],
  [{ lengthFieldLength: 2, lengthEncoding: 'hex' }, '3041 a1a2a3a4a5a6a7a8a9aa', 'a1a2a3a4a5a6a7a8a9aa'],
  [{ lengthFieldLength: 2, lengthEncoding: 'bcd' }, '0012 a1a2a3a4a5a6a7a8a9aaabac', 'a1a2a3a4a5a6a7a8a9aaabac'],
  [
    { lengthFieldLength: 2, lengthFieldOffset: 1, initialBytesToStrip: 3, stripped: bytes('7effff') },
    '7e 0003 a1a2a3',
    'a1a2a3',
  ],
  [{ lengthFieldLength: 2, initialBytesToStrip: 1 }, '0003 a1a2a3', '03a1a2a3'],
  [
    { lengthFieldLength: 1, initialBytesToStrip: 2, lengthAdjustment: 1, stripped: bytes('0044') },
    '03 44 a1a2a3',
    'a1a2a3',
  ],
  [{ lengthFieldLength: 1 }, '00', ''],
  [{ lengthFieldLength: 2, initialBytesToStrip: 0 }, '0000', '0000'],
]

const layouts: fc.Arbitrary<LengthFieldOptions> = fc
  .record({
    byteOrder: fc.constantFrom('big-endian' as const, 'little-endian' as const),
    lengthFieldOffset: fc.nat(3),
    lengthFieldLength: fc.constantFrom(1, 2, 3, 4),
    lengthAdjustment: fc.integer({ min: -8, max: 4 }),
    keepHeader: fc.boolean(),
  })
  .map(({ keepHeader, ...layout }) => ({
    ...layout,
    maxFrameLength: 16,
    initialBytesToStrip: keepHeader || layout.lengthFieldOffset > 0 ? 0 : layout.lengthFieldLength,
  }))

describe('lengthField', () => {
  test('what the doc comment draws is what happens, both ways, in every cutting', () => {
    for (const [options, wire, item] of drawings) {
      const stage = lengthField({ ...options, maxFrameLength: 64 })
      for (const chunks of everyCutting(bytes(wire))) {
        const { frames, errors } = deframe(stage, chunks)
        assert.deepEqual([hex(frames), errors], [[item], []], JSON.stringify(options))
      }
      assert.equal(frame(stage, bytes(item)).toString('hex'), wire.replaceAll(' ', ''), JSON.stringify(options))
    }
  })

  test('where frames keep their header, the length in it is written by the stage, whatever stood there', () => {
    const stage = lengthField({ lengthFieldLength: 2, lengthFieldOffset: 1, maxFrameLength: 64 })
    assert.equal(frame(stage, bytes('7e ffff a1a2a3')).toString('hex'), '7e0003a1a2a3')
  })

  test('any bytes under any layout give what cutting by hand gives, in any cutting', () => {
    const input = bytesOf([0, 1, 2, 7, 255], 60).chain((each) => fc.tuple(fc.constant(each), placesIn(each)))
    fc.assert(
      fc.property(layouts, input, (options, [input, places]) => {
        const expected = reference(input, options)
        for (const chunks of [[input], cutAt(input, places), singly(input)]) {
          const got = deframe(lengthField(options), chunks).events.map((each) =>
            'frame' in each ? each.frame.toString('hex') : each.error.code,
          )
          assert.deepEqual(got, expected)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('deframing what was framed gives it back', () => {
    const bodies = fc.array(bytesOf([0, 1, 255], 8), { maxLength: 6 })
    fc.assert(
      fc.property(layouts, bodies, fc.nat(100), (options, candidates, place) => {
        const stage = lengthField(options)
        const header = (options.lengthFieldOffset ?? 0) + options.lengthFieldLength
        const least = options.lengthAdjustment ?? 0
        const fitting = candidates.filter((each) => each.length >= least)
        const sent =
          options.initialBytesToStrip === 0
            ? fitting.map((each) => Buffer.concat([Buffer.alloc(header), each]))
            : fitting
        const framed = sent.map((each) => frame(stage, each))
        // A frame that keeps its header comes back with its length in it.
        const expected = options.initialBytesToStrip === 0 ? framed : sent
        const wire = Buffer.concat(framed)
        assert.deepEqual(hex(deframe(stage, cutAt(wire, [Math.min(place, wire.length)])).frames), hex(expected))
      }),
    )
  })

  test('a frame over the limit is refused with both numbers and discarded exactly; one of just the limit passes', () => {
    const stage = lengthField({ lengthFieldLength: 1, maxFrameLength: 4 })
    for (const chunks of everyCutting(bytes('05 0102030405 02 aabb 03 ccddee'))) {
      const { events, frames } = deframe(stage, chunks)
      const [first] = events
      assert.ok(first !== undefined && 'error' in first)
      assert.equal(first.error.code, 'FRAME_TOO_LONG')
      assert.match(first.error.message, /of 6 bytes exceeds the limit of 4/)
      assert.deepEqual(first.item, Buffer.of(5))
      assert.deepEqual(hex(frames), ['aabb', 'ccddee'])
    }
  })

  test('the greatest length that four bytes can hold is one number, not a negative one, and makes no room for itself', () => {
    for (const byteOrder of ['big-endian', 'little-endian'] as const) {
      const stage = lengthField({ lengthFieldLength: 4, byteOrder, maxFrameLength: 4096 })
      const { errors } = deframe(stage, singly(bytes('ffffffff 0102')))
      assert.deepEqual(
        errors.map((each) => each.message),
        ['a frame of 4294967299 bytes exceeds the limit of 4096'],
      )
    }
  })

  test('a length by which the frame ends before its header ends the framing for good', () => {
    const stage = lengthField({ lengthFieldLength: 2, lengthAdjustment: -2, maxFrameLength: 64 })
    for (const chunks of everyCutting(bytes('0003 a1 0001 0003 a1 0003'))) {
      const { events } = deframe(stage, chunks)
      const [first, second] = events
      assert.equal(events.length, 2)
      assert.ok(first !== undefined && 'frame' in first && second !== undefined && 'error' in second)
      assert.equal(second.error.code, 'FRAME_CORRUPT')
      assert.match(second.error.message, /length 1 .* after 1 bytes.* header of 2/)
      assert.deepEqual(second.item, bytes('0001'))
    }
  })

  test('an unfinished frame is refused at the end with what came of it, and never passed on', () => {
    const stage = lengthField({ lengthFieldLength: 2, maxFrameLength: 64 })
    const cases: [string, RegExp, string][] = [
      ['00', /ended 1 bytes into a frame/, '00'],
      ['0003', /ended 2 bytes into a frame of 5 bytes/, '0003'],
      ['0003 a1a2', /ended 4 bytes into a frame of 5 bytes/, '0003a1a2'],
    ]
    for (const [input, message, item] of cases) {
      for (const chunks of everyCutting(bytes(`0001 ee ${input}`))) {
        const { events } = deframe(stage, chunks)
        const last = events.at(-1)
        assert.equal(events.length, 2)
        assert.ok(last !== undefined && 'error' in last)
        assert.equal(last.error.code, 'FRAME_UNTERMINATED')
        assert.match(last.error.message, message)
        assert.equal((last.item as Buffer).toString('hex'), item)
      }
    }
  })

  test('what is held never exceeds the limit, whatever comes', () => {
    fc.assert(
      fc.property(layouts, bytesOf([0, 1, 2, 7, 255], 40), (options, input) => {
        for (let length = 0; length <= input.length; length++) {
          // What is held at some moment is what is refused as unterminated if the end comes then.
          const last = deframe(lengthField(options), singly(input.subarray(0, length))).events.at(-1)
          if (last !== undefined && 'item' in last) assert.ok((last.item as Buffer).length <= options.maxFrameLength)
        }
      }),
    )
  })

  test('failFast false tells of an over-long frame when it has passed, not before; the next one is taken', () => {
    for (const failFast of [true, false]) {
      const stage = lengthField({ lengthFieldLength: 1, maxFrameLength: 4, failFast })
      for (const chunks of everyCutting(bytes('05 a1a2a3a4a5 01 b1'))) {
        const { events } = deframe(stage, chunks)
        assert.deepEqual(
          events.map((each) => ('error' in each ? each.error.message : each.frame.toString('hex'))),
          ['a frame of 6 bytes exceeds the limit of 4', 'b1'],
        )
      }
      const up = upOf(stage)
      const told: string[] = []
      const out = { emit: () => {}, reply: () => {}, fail: (error: GatewayError) => told.push(error.code) }
      up.push(bytes('05 a1a2a3a4'), out)
      assert.equal(told.length, failFast ? 1 : 0)
      up.push(bytes('a5'), out)
      assert.equal(told.length, 1)
    }
  })

  test('a length that is not written in digits ends the framing', () => {
    for (const [lengthEncoding, wire] of [
      ['decimal', '3141'],
      ['hex', '3147'],
      ['bcd', '001a'],
    ] as const) {
      const stage = lengthField({ lengthFieldLength: 2, lengthEncoding, maxFrameLength: 64 })
      const { errors, frames } = deframe(stage, [bytes(`${wire} a1a2`), bytes('0001 a1')])
      assert.deepEqual([errors.map((each) => each.code), frames], [['FRAME_CORRUPT'], []])
      assert.match(errors[0]?.message as string, new RegExp(`not written in digits: ${wire}`))
    }
  })

  test('a length of 2^53 or 2^64 - 1 exceeds the limit like any other', () => {
    const stage = lengthField({ lengthFieldLength: 8, maxFrameLength: 64 })
    for (const length of ['0020000000000000', 'ffffffffffffffff']) {
      const { errors, frames } = deframe(stage, [bytes(`${length} a1a2a3`)])
      assert.deepEqual([errors.map((each) => each.code), frames], [['FRAME_TOO_LONG'], []])
    }
  })

  test('down, what was stripped and is not known cannot be made up', () => {
    const stage = lengthField({
      lengthFieldLength: 2,
      lengthFieldOffset: 1,
      initialBytesToStrip: 3,
      maxFrameLength: 64,
    })
    assert.deepEqual(hex(deframe(stage, [bytes('7e 0002 a1a2')]).frames), ['a1a2'])
    assert.throws(() => frame(stage, bytes('a1a2')), { code: 'BUG', message: /give the option stripped/ })
  })

  test('down, a length that the field cannot hold is refused, and the greatest that it can hold is not', () => {
    const stage = lengthField({ lengthFieldLength: 1, maxFrameLength: 1024 })
    assert.throws(() => frame(stage, Buffer.alloc(256)), { name: 'GatewayError', code: 'MESSAGE_TOO_LARGE' })
    assert.equal(frame(stage, Buffer.alloc(255))[0], 255)
  })

  test('down, a frame that is too short for any length is a bug of who sends it', () => {
    const keeps = lengthField({ lengthFieldLength: 2, lengthFieldOffset: 1, maxFrameLength: 64 })
    const adjusted = lengthField({ lengthFieldLength: 2, lengthAdjustment: 2, maxFrameLength: 64 })
    for (const call of [() => frame(keeps, Buffer.alloc(2)), () => frame(adjusted, Buffer.alloc(1))]) {
      assert.throws(call, (error) => error instanceof GatewayError && error.code === 'BUG')
    }
  })

  test('however chunks are cut, length bytes are read once and a frame is copied at most once', () => {
    const input = bytesOf([0, 1, 2, 7, 255], 200).chain((each) => fc.tuple(fc.constant(each), placesIn(each)))
    fc.assert(
      fc.property(layouts, input, (options, [input, places]) => {
        const touched = countTouched((watch) => {
          deframe(lengthField(options), cutAt(input, places).map(watch))
        })
        assert.ok(touched.read + touched.copied <= 2 * input.length)
        assert.ok(touched.copied <= input.length)
      }),
    )
  })

  test('a frame in very many pieces keeps its bytes, not the chunks that they came in', async () => {
    const up = upOf(lengthField({ lengthFieldLength: 2, maxFrameLength: 1_002 }))
    const out = { emit: () => {}, reply: () => {}, fail: assert.ifError }
    assert.ok((await chunksKept(Buffer.concat([bytes('03e8'), Buffer.alloc(999)]), (chunk) => up.push(chunk, out))) < 4)
  })

  test('a megabyte in single bytes is copied once, and a frame within one chunk not at all', () => {
    const wire = Buffer.alloc((1 << 20) + 4, 'x')
    wire.writeUInt32BE(1 << 20)
    const stage = lengthField({ lengthFieldLength: 4, maxFrameLength: wire.length })
    const touched = countTouched((watch) => {
      const chunks = singly(wire).map((each, index) => (index < 4 ? watch(each) : each))
      assert.equal(deframe(stage, chunks).frames[0]?.length, 1 << 20)
    })
    // The length is moved once more when it has told how much room the frame needs.
    assert.ok(touched.copied <= wire.length + 4, `${touched.copied} copied of ${wire.length} bytes`)
    const whole = countTouched(() => {
      for (const initialBytesToStrip of [0, 4]) {
        const one = lengthField({ lengthFieldLength: 4, maxFrameLength: wire.length, initialBytesToStrip })
        assert.equal(deframe(one, [wire]).frames[0]?.buffer, wire.buffer)
      }
    })
    assert.equal(whole.copied, 0)
  })

  test('options that cannot work are refused with what is possible', () => {
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ lengthFieldLength: 5 }, /lengthFieldLength must be 1, 2, 3, 4 or 8, not 5/],
      [{ lengthFieldLength: 9, lengthEncoding: 'bcd' }, /lengthFieldLength .* 1 to 8 where the length is bcd, not 9/],
      [{ lengthEncoding: 'roman' }, /lengthEncoding must be .* not roman/],
      [{ byteOrder: 'middle' }, /byteOrder must be 'big-endian' or 'little-endian', not middle/],
      [{ lengthFieldOffset: -1 }, /lengthFieldOffset .* not -1/],
      [{ lengthAdjustment: 0.5 }, /lengthAdjustment .* not 0.5/],
      [{ maxFrameLength: 1 }, /maxFrameLength .* at least 2.* not 1/],
      [{ maxFrameLength: Number.POSITIVE_INFINITY }, /maxFrameLength/],
      [{ initialBytesToStrip: -1 }, /initialBytesToStrip .* from 0 to maxFrameLength .64., not -1/],
      [{ initialBytesToStrip: 65 }, /initialBytesToStrip .* not 65/],
      [{ initialBytesToStrip: 2, stripped: Buffer.alloc(3) }, /stripped .* 2, not 3/],
    ]
    for (const [options, message] of cases) {
      const all = { lengthFieldLength: 2, maxFrameLength: 64, ...options } as LengthFieldOptions
      assert.throws(() => lengthField(all), { code: 'CONFIGURATION', message })
    }
  })
})

/** Netty's rule, applied to all the bytes at once. */
function reference(input: Buffer, options: LengthFieldOptions): string[] {
  const { lengthFieldOffset: offset = 0, lengthFieldLength, lengthAdjustment = 0, maxFrameLength } = options
  const { initialBytesToStrip: strip = 0 } = options
  const headerEnd = offset + lengthFieldLength
  const expected: string[] = []
  let at = 0
  while (at < input.length) {
    if (input.length - at < headerEnd) return [...expected, 'FRAME_UNTERMINATED']
    const length =
      options.byteOrder === 'little-endian'
        ? input.readUIntLE(at + offset, lengthFieldLength)
        : input.readUIntBE(at + offset, lengthFieldLength)
    const total = headerEnd + lengthAdjustment + length
    if (total < headerEnd) return [...expected, 'FRAME_CORRUPT']
    if (total > maxFrameLength) expected.push('FRAME_TOO_LONG')
    else if (total > input.length - at) return [...expected, 'FRAME_UNTERMINATED']
    else expected.push(input.toString('hex', at + strip, at + total))
    at += total
  }
  return expected
}
