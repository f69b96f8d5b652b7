import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import * as found from '../../src/core/found.ts'
import { type Framing, framing } from '../../src/core/framing.ts'
import { asymmetric, unframed } from '../../src/stages/asymmetric.ts'
import { checkOf } from '../../src/stages/check-kinds.ts'
import { checked } from '../../src/stages/checked.ts'
import { checksum } from '../../src/stages/checksum.ts'
import { choice } from '../../src/stages/choice.ts'
import { delimited } from '../../src/stages/delimited.ts'
import { fixedLength } from '../../src/stages/fixed-length.ts'
import { lengthField } from '../../src/stages/length-field.ts'
import { skipUntil } from '../../src/stages/skip-until.ts'
import { tail } from '../../src/stages/tail.ts'
import { bytesOf, cutAt, deframe, everyCutting, frame, placesIn, singly } from './cutting.ts'
import { countTouched } from './touched.ts'
import { vectorsOf } from './vectors.ts'

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')

/** Events in a few words: the frame, or the code and what the error shows. */
function told(stage: Framing, chunks: readonly Buffer[]): string[] {
  return deframe(stage, chunks).events.map((each) =>
    'frame' in each ? each.frame.toString('hex') : `${each.error.code} ${(each.item as Buffer).toString('hex')}`,
  )
}

/** Answers to the reading of registers: unit, function 3, bytes that follow, registers, CRC. */
const answers = checked(
  lengthField({ lengthFieldOffset: 2, lengthFieldLength: 1, lengthAdjustment: 2, maxFrameLength: 256 }),
  checksum('CRC-16/MODBUS', { byteOrder: 'little-endian' }),
)
const modbus = skipUntil(answers, Buffer.of(1, 3))

const tracker = (lengthFieldLength: 1 | 2) =>
  checked(
    tail(lengthField({ lengthFieldOffset: 2, lengthFieldLength, lengthAdjustment: 2, maxFrameLength: 1024 }), '\r\n'),
    checksum('CRC-16/X-25', { over: { from: 2 } }),
  )
const starts = [Buffer.of(0x78, 0x78), Buffer.of(0x79, 0x79)] as const
const trackers = skipUntil(
  choice([
    { match: starts[0], framing: tracker(1) },
    { match: starts[1], framing: tracker(2) },
  ]),
  starts,
)

/** A mark, a length, so many bytes, their XOR. */
const little = checked(
  lengthField({ lengthFieldOffset: 1, lengthFieldLength: 1, lengthAdjustment: 1, maxFrameLength: 8 }),
  checksum('XOR', { over: { from: 1 } }),
)

describe('checked', () => {
  test('what the doc comment draws is what happens, both ways, in every cutting', () => {
    const wire = bytes('010302 010302002a399b')
    for (const chunks of everyCutting(wire))
      assert.deepEqual(told(modbus, chunks), ['FRAME_NOISE 010302', '010302002a'])
    assert.deepEqual(frame(modbus, bytes('010302002a')), bytes('010302002a399b'))
    assert.equal(
      deframe(modbus, [wire]).errors[0]?.message,
      '3 bytes belong to no frame; they looked like a frame: CRC-16/MODBUS is 0xd5f9, the frame says 0x0002',
    )
  })

  test('without skipUntil a frame with a wrong check is refused whole, and the next one begins behind it, in every cutting', () => {
    const wire = bytes('55 02 a1a2 00 55 01 b1 b0')
    for (const chunks of everyCutting(wire)) {
      const { errors } = deframe(little, chunks)
      assert.deepEqual(
        errors.map((each) => each.message),
        ['XOR is 0x01, the frame says 0x00'],
      )
      assert.deepEqual(told(little, chunks), ['CHECKSUM_MISMATCH 5502a1a200', '5501b1'])
    }
  })

  test('any bytes in any cutting give what trying every place gives', () => {
    const stage = skipUntil(little, Buffer.of(0x55))
    const input = bytesOf([0x55, 0, 1, 2, 3], 60).chain((each) => fc.tuple(fc.constant(each), placesIn(each)))
    fc.assert(
      fc.property(input, ([input, places]) => {
        const expected = reference(input)
        for (const chunks of [[input], cutAt(input, places), singly(input)])
          assert.deepEqual(told(stage, chunks), expected)
      }),
      { numRuns: 500 },
    )
  })

  test('deframing what was framed gives it back, whatever stood where the framing writes', () => {
    const contents = fc.array(bytesOf([0x55, 0, 1, 0xff], 5), { maxLength: 6 })
    fc.assert(
      fc.property(contents, fc.nat(60), fc.nat(255), (contents, place, length) => {
        const sent = contents.map((each) => Buffer.concat([Buffer.of(0x55, each.length), each]))
        const wire = Buffer.concat(
          sent.map((each) => {
            const without = Buffer.from(each)
            without[1] = length
            return frame(little, without)
          }),
        )
        const chunks = cutAt(wire, [Math.min(place, wire.length)])
        assert.deepEqual(
          told(skipUntil(little, Buffer.of(0x55)), chunks),
          sent.map((each) => each.toString('hex')),
        )
      }),
    )
  })

  test('a check that covers a length is that of the length which the framing writes', () => {
    // A tracker's answer to a login, as the vendor prints it.
    for (const length of [0, 5, 0xff]) {
      const answer = Buffer.of(0x78, 0x78, length, 1, 0, 1)
      assert.deepEqual(frame(tracker(1), answer), bytes('787805010001d9dc0d0a'))
      assert.equal(answer[2], length)
    }
  })

  test('a frame that the framing would not find again is a bug of who sends it', () => {
    const longer = asymmetric(fixedLength({ length: 4 }), unframed)
    assert.throws(() => frame(checked(longer, checksum('XOR')), bytes('a1a2')), {
      code: 'BUG',
      message: 'a frame of 3 bytes to be sent would not be found again',
    })
    assert.throws(() => frame(checked(longer, checksum('XOR', { strip: false })), Buffer.alloc(0)), { code: 'BUG' })
    const find = (window: Buffer, from: number) => {
      assert.ok(from < window.length, 'a finder is shown a byte or more')
      return found.wait(2)
    }
    const empty = framing('empty', { maxBytes: 2, finder: () => ({ find }), frame: () => Buffer.alloc(0) })
    assert.throws(() => frame(checked(empty, checksum('XOR')), bytes('a1a2')), { code: 'BUG', message: /of 0 bytes/ })
    let count = 0
    const counting = asymmetric(longer, (each) => Buffer.from([...each.subarray(0, 3), count++]))
    assert.throws(() => frame(checked(counting, checksum('XOR', { strip: false })), bytes('a1a2a300')), {
      code: 'BUG',
      message: 'a frame of 4 bytes to be sent cannot be checked: XOR is 0xa0, the frame says 0x01',
    })
    assert.throws(() => frame(checked(delimited({ delimiter: '#', maxLength: 9 }), checksum('XOR')), bytes('23')), {
      code: 'BUG',
      message: /contains the delimiter/,
    })
  })

  test('what the framing refuses, skips or waits for stays as it is', () => {
    for (const chunks of everyCutting(bytes('55 09 55 01 b1 b0')))
      assert.equal(told(little, chunks)[0], 'FRAME_TOO_LONG 5509')
    const { errors } = deframe(little, [bytes('55 01 b1 b0 55 03 a1')])
    assert.deepEqual(
      errors.map((each) => each.message),
      ['the connection ended 3 bytes into a frame of 6 bytes'],
    )
    assert.deepEqual([little.name, little.maxBytes], ['lengthField', 8])
  })

  test('a frame too short for its check is damaged, and the next one is found', () => {
    const stage = checked(lengthField({ lengthFieldLength: 1, maxFrameLength: 8 }), checksum('CRC-16/ARC'))
    for (const chunks of everyCutting(bytes('01 a1 03 00 0000')))
      assert.deepEqual(told(stage, chunks), ['FRAME_DAMAGED 01a1', '00'])
  })

  test('the check of a frame is computed once however it was cut', () => {
    let computed = 0
    const { compute, ...xor } = checkOf('XOR')
    const counting = checksum({
      ...xor,
      compute: (each, from, to) => {
        computed += to - from
        return compute(each, from, to)
      },
    })
    const stage = checked(fixedLength({ length: 1 << 16 }), counting)
    assert.equal(deframe(stage, singly(Buffer.alloc(1 << 16))).frames.length, 1)
    assert.equal(computed, (1 << 16) - 1)
  })

  test('a frame within one chunk is a view of it; one that is cut is copied once', () => {
    const wire = bytes('55 02 a1a2 01')
    const whole = countTouched(() => {
      const [given] = deframe(little, [wire]).frames
      assert.deepEqual([given?.buffer === wire.buffer, given?.byteOffset], [true, wire.byteOffset])
    })
    assert.equal(whole.copied, 0)
    const cut = countTouched(() => assert.deepEqual(told(little, cutAt(wire, [3])), ['5502a1a2']))
    assert.equal(cut.copied, wire.length)
  })
})

const registers = vectorsOf('modbus-rtu-dtu')
if (registers !== undefined) {
  test('a stray byte before an answer of a real device is skipped, and no answer is lost', () => {
    const stray = registers.find(({ name }) => name === 'stream-stray-byte')
    assert.ok(stray !== undefined)
    const wire = bytes(stray.hex)
    for (const chunks of everyCutting(wire))
      assert.deepEqual(told(modbus, chunks), ['FRAME_NOISE 00', '010306002a00800005'])
    const many = Buffer.concat(Array.from({ length: 256 }, () => wire))
    assert.equal(deframe(modbus, [many]).frames.length, 256)
  })

  test('answers of real devices are verified, and those with a wrong check refused', () => {
    let verified = 0
    for (const { name, variant, hex, expected } of registers) {
      // Exceptions and echoes have another layout.
      if (!/^(response-fc0[1-4]|invalid)$/.test(variant) || !/^..0[1-4]/.test(hex)) continue
      const wanted = expected.kind === 'error' ? `CHECKSUM_MISMATCH ${hex}` : hex.slice(0, -4)
      assert.deepEqual(told(answers, [bytes(hex)]), [wanted], name)
      verified++
    }
    assert.ok(verified > 5, `${verified} answers`)
  })
}

const positions = vectorsOf('gt06')
if (positions !== undefined) {
  test('frames of real trackers are found behind noise, and those with a wrong check are noise', () => {
    let verified = 0
    for (const { name, hex, expected } of positions) {
      if (expected.kind === 'error' && expected.error !== 'crc') continue
      const wire = bytes(`ff24 ${hex} 787805010001d9dc0d0a`)
      const frames = deframe(trackers, [wire]).frames.map((each) => each.toString('hex'))
      const sent = expected.kind === 'error' ? [] : (expected.frames ?? [hex])
      assert.deepEqual(frames, [...sent.map((each) => `${each}`.slice(0, -8)), '787805010001'], name)
      verified++
    }
    assert.ok(verified > 60, `${verified} frames`)
  })
}

/** Tries to read a frame at every place, the slow way. */
function reference(input: Buffer): string[] {
  const expected: string[] = []
  let noise = ''
  const endNoise = () => {
    if (noise !== '') expected.push(`FRAME_NOISE ${noise}`)
    noise = ''
  }
  let at = 0
  while (at < input.length) {
    const end = at + 3 + (input[at + 1] as number)
    const isMark = input[at] === 0x55
    if (isMark && (at + 1 === input.length || (end - at <= 8 && end > input.length))) {
      endNoise()
      return [...expected, `FRAME_UNTERMINATED ${input.toString('hex', at)}`]
    }
    const range = [...input.subarray(at + 1, end - 1)]
    if (isMark && end - at <= 8 && range.reduce((all, byte) => all ^ byte, 0) === input[end - 1]) {
      endNoise()
      expected.push(input.toString('hex', at, end - 1))
      at = end
    } else {
      noise += input.toString('hex', at, at + 1)
      at++
    }
  }
  endNoise()
  return expected
}
