import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { hdlc } from '../../src/stages/hdlc.ts'
import { bytesOf, cutAt, deframe, everyCutting, frame, placesIn, upOf } from './cutting.ts'
import { flagReference, unescaped } from './flag-reference.ts'
import { countTouched } from './touched.ts'
import { alone, assertTold, bytes, readsOf, told } from './unframing.ts'

const framing = hdlc({ maxLength: 16 })
const alphabet = [0x7e, 0x7d, 0x5e, 0x5d, 0x31, 0xa1]

describe('hdlc', () => {
  test('what the doc comment draws is what happens, both ways, in every cutting', () => {
    const drawings: [string, string[]][] = [
      ['7e a1 7d5e b1 7d5d 7e', ['a17eb17d']],
      ['7e a1 7e b1 7e7e7e c1 7e', ['a1', 'b1', 'c1']],
      ['7e 7d31 7e', ['11']],
      ['7e a1 7d 7e b1 7e', ['FRAME_DAMAGED 7ea17d7e', 'b1']],
    ]
    for (const [wire, expected] of drawings) {
      for (const chunks of everyCutting(bytes(wire))) assert.deepEqual(told(deframe(framing, chunks)), expected)
    }
    assert.equal(frame(framing, bytes('a17eb17d')).toString('hex'), '7ea17d5eb17d5d7e')
  })

  test('any bytes in any cutting give what splitting at the flags gives', () => {
    const codes = new Map(Array.from({ length: 256 }, (_, byte) => [byte ^ 0x20, byte]))
    const reference = {
      flag: 0x7e,
      begun: false,
      maxLength: 3,
      maxBody: 6,
      decode: (body: readonly number[]) => unescaped(body, 0x7d, codes),
    }
    const input = bytesOf(alphabet, 50).chain((wire) => fc.tuple(fc.constant(wire), placesIn(wire)))
    fc.assert(
      fc.property(input, ([wire, places]) => {
        assertTold(hdlc({ maxLength: 3 }), wire, places, flagReference(wire, reference))
      }),
    )
  })

  test('deframing what was framed gives it back; only flags and escapes are escaped', () => {
    const frames = fc.array(fc.oneof(bytesOf(alphabet, 16), fc.uint8Array({ maxLength: 16 }).map(Buffer.from)))
    fc.assert(
      fc.property(frames, fc.nat(80), (candidates, place) => {
        const sent = candidates.filter((each) => each.length > 0)
        const wires = sent.map((each) => frame(framing, each))
        for (const [index, wire] of wires.entries()) {
          const escaped = [...(sent[index] as Buffer)].filter((byte) => byte === 0x7e || byte === 0x7d).length
          assert.equal(wire.length, (sent[index] as Buffer).length + escaped + 2)
        }
        const wire = Buffer.concat(wires)
        const got = told(deframe(framing, cutAt(wire, [Math.min(place, wire.length)])))
        assert.deepEqual(
          got,
          sent.map((each) => each.toString('hex')),
        )
      }),
    )
  })

  test('every byte may come escaped, but for the one that would be written as a flag', () => {
    for (let byte = 0; byte < 256; byte++) {
      const wire = Buffer.of(0x7e, 0x7d, byte ^ 0x20, 0x7e)
      const expected = byte === 0x5e ? 'FRAME_DAMAGED 7e7d7e' : Buffer.of(byte).toString('hex')
      assert.equal(told(deframe(framing, [wire]))[0], expected)
    }
  })

  test('a frame of exactly the limit passes however much of it is escaped; one byte more is refused', () => {
    const stage = hdlc({ maxLength: 2 })
    for (const chunks of everyCutting(bytes('7e 7d5e 7d5e 7e')))
      assert.deepEqual(told(deframe(stage, chunks)), ['7e7e'])
    for (const chunks of everyCutting(bytes('7e a1a2a3 7e b1 7e')))
      assert.deepEqual(told(deframe(stage, chunks)), ['FRAME_TOO_LONG 7ea1a2a37e', 'b1'])
    for (const chunks of everyCutting(bytes('7e a1a2a3a4a5a6 7e b1 7e')))
      assert.deepEqual(told(deframe(stage, chunks)), ['FRAME_TOO_LONG 7ea1a2a3a4a5', 'b1'])
  })

  test('flags that fill the line are nothing, also at the end; a frame that the end cuts is refused', () => {
    for (const chunks of everyCutting(bytes('7e7e7e a1 7e7e'))) assert.deepEqual(told(deframe(framing, chunks)), ['a1'])
    for (const chunks of everyCutting(bytes('7e a1 7e b1')))
      assert.deepEqual(told(deframe(framing, chunks)), ['a1', 'FRAME_UNTERMINATED b1'])
    for (const chunks of everyCutting(bytes('7e b17d')))
      assert.deepEqual(told(deframe(framing, chunks)), ['FRAME_UNTERMINATED 7eb17d'])
  })

  test('bytes before the first flag are noise', () => {
    for (const chunks of everyCutting(bytes('a1a2 7e b1 7e')))
      assert.deepEqual(told(deframe(framing, chunks)), ['FRAME_NOISE a1a2', 'b1'])
    assert.deepEqual(told(deframe(framing, [bytes('a1a2')])), ['FRAME_NOISE a1a2'])
  })

  test('an empty frame cannot be sent', () => {
    assert.throws(() => frame(framing, Buffer.alloc(0)), { code: 'BUG', message: /a frame of 0 bytes to be sent/ })
  })

  test('a long frame in single bytes is looked at once and copied once', () => {
    const body = Buffer.alloc(1 << 20, 0xa1)
    const wire = Buffer.concat([bytes('7e'), body, bytes('7e')])
    const short = Buffer.concat([bytes('7e'), body.subarray(0, 65_536), bytes('7e')])
    assert.ok(readsOf(hdlc({ maxLength: body.length }), short) <= short.length + 8)
    const up = upOf(hdlc({ maxLength: body.length }))
    const lengths: number[] = []
    const out = { emit: (each: Buffer) => lengths.push(each.length), reply: () => {}, fail: assert.ifError }
    const { copied } = countTouched(() => {
      for (const byte of wire) up.push(Buffer.of(byte), out)
    })
    assert.deepEqual(lengths, [body.length])
    assert.ok(copied <= wire.length + 4096 + 256, `${copied} copied of ${wire.length} bytes`)
  })

  test('a frame without escapes within one chunk is a view of it', () => {
    const chunk = alone('7e a1a2 7e b1b2 7e')
    assert.ok(deframe(framing, [chunk]).frames.every((each) => each.buffer === chunk.buffer))
  })

  test('options that cannot work are refused', () => {
    for (const maxLength of [0, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => hdlc({ maxLength }), { code: 'CONFIGURATION', message: /hdlc: maxLength .* not / })
  })
})
