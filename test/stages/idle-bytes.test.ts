import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { delimited } from '../../src/stages/delimited.ts'
import { fixedLength } from '../../src/stages/fixed-length.ts'
import { idleBytes } from '../../src/stages/idle-bytes.ts'
import { lengthField } from '../../src/stages/length-field.ts'
import { skipUntil } from '../../src/stages/skip-until.ts'
import { bytesOf, cutAt, deframe, everyCutting, frame, placesIn, singly } from './cutting.ts'
import { bytes, codesOf, hex, toldAlike } from './told.ts'
import { countTouched } from './touched.ts'

const of = lengthField({ lengthFieldLength: 2, maxFrameLength: 8 })
const stage = idleBytes(of, Buffer.of(0xff))

describe('idleBytes', () => {
  test('what the doc comment draws is what happens, both ways, in every cutting', () => {
    const wire = bytes('ff 0002 a1a2 ffff 0001 b1')
    assert.deepEqual(toldAlike(stage, wire, everyCutting(wire)), ['a1a2', 'b1'])
    assert.equal(frame(stage, bytes('a1a2')).toString('hex'), '0002a1a2')
  })

  test('within a frame they are bytes like any other', () => {
    const wire = bytes('00 02 ffff ff 0001 ff')
    assert.deepEqual(toldAlike(stage, wire, everyCutting(wire)), ['ffff', 'ff'])
  })

  test('any bytes in any cutting give what cutting by hand gives', () => {
    const some = idleBytes(lengthField({ lengthFieldLength: 1, maxFrameLength: 4 }), Buffer.of(0xff, 5))
    const input = bytesOf([0, 1, 2, 4, 5, 0xff], 40).chain((each) => fc.tuple(fc.constant(each), placesIn(each)))
    fc.assert(
      fc.property(input, ([input, places]) => {
        const expected: string[] = []
        let at = 0
        while (at < input.length) {
          const first = input[at] as number
          const end = at + 1 + first
          if (first === 0xff || first === 5) {
            at++
            continue
          }
          if (end - at > 4) expected.push('FRAME_TOO_LONG')
          else expected.push(end > input.length ? 'FRAME_UNTERMINATED' : input.toString('hex', at + 1, end))
          at = end
        }
        assert.deepEqual(codesOf(toldAlike(some, input, [cutAt(input, places)])), expected)
      }),
      { numRuns: 500 },
    )
  })

  test('what is left of a refused frame belongs to it, whatever it holds', () => {
    const lines = idleBytes(delimited({ delimiter: '\r\n', maxLength: 3 }), '\n')
    const wire = Buffer.from('\n1234\n56\r\n\nok\r\n')
    const cuttings = Array.from({ length: wire.length }, (_, place) => cutAt(wire, [place, place + 2]))
    assert.deepEqual(codesOf(toldAlike(lines, wire, cuttings)), ['FRAME_TOO_LONG', hex('ok')])
  })

  test('around skipUntil they are silent between frames, and noise within noise', () => {
    const found = idleBytes(skipUntil(fixedLength({ length: 2 }), '*'), ' \n')
    const wire = Buffer.from(' *1 \n*2\n x \n*3\n')
    const cuttings = Array.from({ length: wire.length }, (_, place) => cutAt(wire, [place, place + 2]))
    assert.deepEqual(toldAlike(found, wire, cuttings), [
      hex('*1'),
      hex('*2'),
      `FRAME_NOISE: 3 bytes belong to no frame [${hex('x \n')}]`,
      hex('*3'),
    ])
  })

  test('they hide no error and no end', () => {
    assert.deepEqual(codesOf(toldAlike(stage, bytes('ff 0007 01020304050607 ff 0001 b1 ff'))), ['FRAME_TOO_LONG', 'b1'])
    assert.deepEqual(toldAlike(stage, bytes('ff 00')), [
      'FRAME_UNTERMINATED: the connection ended 1 bytes into a frame [00]',
    ])
    assert.deepEqual(toldAlike(stage, bytes('ffff')), [])
  })

  test('deframing what was framed gives it back, whatever idles in between', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), bytesOf([0, 0xff], 6))), fc.nat(90), (parts, place) => {
        const wire = Buffer.concat(parts.flatMap(([idle, each]) => [Buffer.alloc(idle, 0xff), frame(stage, each)]))
        const { frames } = deframe(stage, cutAt(wire, [Math.min(place, wire.length)]))
        assert.deepEqual(
          frames.map((each) => each.toString('hex')),
          parts.map(([, each]) => each.toString('hex')),
        )
      }),
    )
  })

  test('down, a frame that begins with an idle byte is a bug of who sends it', () => {
    const lines = idleBytes(delimited({ delimiter: ';', maxLength: 8 }), ' ;')
    for (const [bad, message] of [
      [' a', /begins with 20, which is idle/],
      ['', /begins with 3b, which is idle/],
    ] as const) {
      assert.throws(() => frame(lines, Buffer.from(bad)), { code: 'BUG', message })
    }
    assert.equal(frame(lines, Buffer.from('a ')).toString(), 'a ;')
  })

  test('nothing but idle bytes is looked at twice at most, and not copied', () => {
    const idle = Buffer.alloc(10_000, 0xff)
    for (const chunks of [[idle], singly(idle)]) {
      const touched = countTouched((watch) => deframe(stage, chunks.map(watch)))
      assert.ok(touched.read <= 2 * idle.length, `${touched.read} reads`)
      assert.equal(touched.copied, 0)
    }
  })

  test('there must be an idle byte', () => {
    assert.throws(() => idleBytes(of, ''), { code: 'CONFIGURATION', message: 'idleBytes: bytes must not be empty' })
  })
})
