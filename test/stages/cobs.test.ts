import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { cobs } from '../../src/stages/cobs.ts'
import { bytesOf, cutAt, deframe, everyCutting, frame, placesIn, singly, upOf } from './cutting.ts'
import { flagReference } from './flag-reference.ts'
import { countTouched } from './touched.ts'
import { alone, assertTold, bytes, readsOf, told } from './unframing.ts'

const framing = cobs({ maxLength: 1024 })
const counting = (from: number, to: number) => Buffer.from(Array.from({ length: to - from + 1 }, (_, at) => from + at))
const joined = (...parts: (string | Buffer)[]) =>
  Buffer.concat(parts.map((each) => (typeof each === 'string' ? bytes(each) : each)))

/** Frames and their wire: the beginning of an IP packet that the paper uses, and the examples of Wikipedia's article. */
const examples: [Buffer, Buffer][] = [
  [bytes('45 0000 2c4c79 0000 40064f37'), bytes('0245 01 042c4c79 01 0540064f37 00')],
  [bytes(''), bytes('01 00')],
  [bytes('00'), bytes('01 01 00')],
  [bytes('0000'), bytes('01 01 01 00')],
  [bytes('001100'), bytes('01 0211 01 00')],
  [bytes('11220033'), bytes('031122 0233 00')],
  [bytes('11223344'), bytes('0511223344 00')],
  [bytes('11000000'), bytes('0211 01 01 01 00')],
  [counting(1, 254), joined('ff', counting(1, 254), '00')],
  [joined('00', counting(1, 254)), joined('01 ff', counting(1, 254), '00')],
  [counting(1, 255), joined('ff', counting(1, 254), '02ff 00')],
  [joined(counting(2, 255), '00'), joined('ff', counting(2, 255), '01 01 00')],
  [joined(counting(3, 255), '00 01'), joined('fe', counting(3, 255), '0201 00')],
]

describe('cobs', () => {
  test('the examples of the paper and of Wikipedia, both ways, whole and byte by byte', () => {
    for (const [content, wire] of examples) {
      assert.equal(frame(framing, content).toString('hex'), wire.toString('hex'))
      for (const chunks of [[wire], singly(wire)])
        assert.deepEqual(told(deframe(framing, chunks)), [content.toString('hex')])
    }
  })

  test('what the doc comment draws is what happens in every cutting', () => {
    const drawings: [string, string[]][] = [
      ['03a1a2 02b1 00', ['a1a200b1']],
      ['01 00', ['']],
      ['02a1 000000 02b1 00', ['a1', 'b1']],
      ['05a1a2 00', ['FRAME_DAMAGED 05a1a200']],
    ]
    for (const [wire, expected] of drawings) {
      for (const chunks of everyCutting(bytes(wire))) assert.deepEqual(told(deframe(framing, chunks)), expected)
    }
    const full = counting(1, 254)
    assert.deepEqual(told(deframe(framing, [joined('ff', full, '01 00')])), [full.toString('hex')])
  })

  test('any bytes in any cutting give what reading code by code gives', () => {
    const reference = { flag: 0, begun: true, maxLength: 4, maxBody: 5, decode }
    const input = bytesOf([0, 1, 2, 3, 4, 0xff], 50).chain((wire) => fc.tuple(fc.constant(wire), placesIn(wire)))
    fc.assert(
      fc.property(input, ([wire, places]) => {
        assertTold(cobs({ maxLength: 4 }), wire, places, flagReference(wire, reference))
      }),
    )
  })

  test('deframing what was framed gives it back, in blocks of every length', () => {
    const runs = fc.array(fc.tuple(fc.constantFrom(0, 1, 2, 252, 253, 254, 255, 508), fc.constantFrom(0, 1, 2)), {
      maxLength: 5,
    })
    const blocks = runs.map((parts) =>
      joined(...parts.flatMap(([full, zeros]) => [Buffer.alloc(full, 7), Buffer.alloc(zeros)])),
    )
    const frames = fc.array(fc.oneof(bytesOf([0, 1, 0xff], 12), blocks), { maxLength: 4 })
    fc.assert(
      fc.property(frames, fc.nat(3000), (sent, place) => {
        const stage = cobs({ maxLength: 4096 })
        const wires = sent.map((each) => frame(stage, each))
        for (const [index, wire] of wires.entries()) {
          const { length } = sent[index] as Buffer
          assert.equal(wire.indexOf(0), wire.length - 1)
          assert.ok(wire.length <= length + Math.max(1, Math.ceil(length / 254)) + 1, 'one byte in 254 at most')
        }
        const wire = Buffer.concat(wires)
        const got = told(deframe(stage, cutAt(wire, [Math.min(place, wire.length)])))
        assert.deepEqual(
          got,
          sent.map((each) => each.toString('hex')),
        )
      }),
    )
  })

  test('a frame of exactly the limit passes, also as the paper writes a last block of 254; one byte more is refused', () => {
    const stage = cobs({ maxLength: 254 })
    const full = Buffer.alloc(254, 7)
    for (const wire of [joined('ff', full, '00'), joined('ff', full, '01 00')])
      assert.deepEqual(told(deframe(stage, singly(wire))), [full.toString('hex')])
    const zeros = frame(stage, Buffer.alloc(254))
    assert.equal(deframe(stage, [zeros]).frames[0]?.length, 254)
    const codes = (wire: Buffer) =>
      deframe(stage, [joined(wire, '02a1 00')]).events.map((each) => ('frame' in each ? '' : each.error.code))
    assert.deepEqual(codes(frame(stage, Buffer.alloc(255))), ['FRAME_TOO_LONG', ''])
    assert.deepEqual(codes(frame(stage, Buffer.alloc(255, 7))), ['FRAME_TOO_LONG', ''])
  })

  test('a damaged frame says which block is too short', () => {
    const [error] = deframe(framing, [bytes('02a1 04b1 00')]).errors
    assert.equal(error?.message, 'the block at byte 2 of 4 should have 4 bytes')
  })

  test('a frame that the end cuts is refused, nothing else', () => {
    for (const chunks of everyCutting(bytes('02a1 00 03b1')))
      assert.deepEqual(told(deframe(framing, chunks)), ['a1', 'FRAME_UNTERMINATED 03b1'])
    for (const chunks of everyCutting(bytes('02a1 0000'))) assert.deepEqual(told(deframe(framing, chunks)), ['a1'])
  })

  test('a megabyte in single bytes is looked at once and copied once before it is taken apart', () => {
    const content = Buffer.alloc(1 << 20, 7)
    const wire = frame(cobs({ maxLength: content.length }), content)
    const up = upOf(cobs({ maxLength: content.length }))
    const frames: Buffer[] = []
    const out = { emit: (each: Buffer) => frames.push(each), reply: () => {}, fail: assert.ifError }
    const { copied } = countTouched(() => {
      for (const byte of wire) up.push(Buffer.of(byte), out)
    })
    assert.ok(frames[0]?.equals(content))
    assert.ok(copied <= wire.length + 4096 + 256, `${copied} copied of ${wire.length} bytes`)
    const short = joined(Buffer.alloc(65_536, 1), '00')
    assert.ok(readsOf(cobs({ maxLength: 65_536 }), short) <= short.length + 8)
  })

  test('a frame of one block within one chunk is a view of it', () => {
    const chunk = alone('03a1a2 00')
    assert.equal(deframe(framing, [chunk]).frames[0]?.buffer, chunk.buffer)
  })

  test('options that cannot work are refused', () => {
    for (const maxLength of [0, 1.5, Number.NaN])
      assert.throws(() => cobs({ maxLength }), { code: 'CONFIGURATION', message: /cobs: maxLength .* not / })
  })
})

/** Each code tells where the next one is; all but the first, and those that an FF points to, are a 00 of the frame. */
function decode(body: readonly number[]): number[] | undefined {
  const frame: number[] = []
  let code = 0xff
  let left = 0
  for (const byte of body) {
    if (left > 0) {
      frame.push(byte)
    } else {
      if (code !== 0xff) frame.push(0)
      code = byte
      left = byte
    }
    left--
  }
  return left === 0 ? frame : undefined
}
