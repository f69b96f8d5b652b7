import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Connection } from '../../src/core/connection.ts'
import { PipelineMeter } from '../../src/core/meter.ts'
import { choice } from '../../src/stages/choice.ts'
import { delimited } from '../../src/stages/delimited.ts'
import { fixedLength } from '../../src/stages/fixed-length.ts'
import { idleBytes } from '../../src/stages/idle-bytes.ts'
import { lengthField } from '../../src/stages/length-field.ts'
import { sequence } from '../../src/stages/sequence.ts'
import { skipUntil } from '../../src/stages/skip-until.ts'
import { tail } from '../../src/stages/tail.ts'
import { trailer } from '../../src/stages/trailer.ts'
import { bytesOf, cutAt, deframe, everyCutting, frame, placesIn, singly, upOf } from './cutting.ts'
import { bytes, codesOf, hex, toldAlike } from './told.ts'
import { countTouched } from './touched.ts'

/** As GT06 frames, but for the checksum: 78 78, a length, so many bytes, 0D 0A. */
const tracker = (maxFrameLength: number) =>
  tail(lengthField({ lengthFieldOffset: 2, lengthFieldLength: 1, lengthAdjustment: 2, maxFrameLength }), '\r\n')
const start = Buffer.of(0x78, 0x78)
const stage = skipUntil(tracker(16), start)

describe('skipUntil', () => {
  test('what the doc comment draws is what happens, in every cutting', () => {
    const wire = bytes('00ff 7878 01 a1 0d0a 7878 ff 7878 01 b1 0d0a')
    const cuttings = Array.from({ length: wire.length }, (_, place) => cutAt(wire, [place, place + 3]))
    assert.deepEqual(toldAlike(stage, wire, cuttings), [
      'FRAME_NOISE: 2 bytes belong to no frame [00ff]',
      '787801a1',
      'FRAME_NOISE: 3 bytes belong to no frame; they looked like a frame: a frame of 260 bytes exceeds the limit of 16 [7878ff]',
      '787801b1',
    ])
  })

  test('any bytes in any cutting give what looking at every place gives, and the same noise', () => {
    const input = bytesOf([0x78, 0, 1, 3, 0x0d, 0x0a], 60).chain((each) => fc.tuple(fc.constant(each), placesIn(each)))
    fc.assert(
      fc.property(input, fc.constantFrom(4, 1000), ([input, places], maxSkipped) => {
        const small = skipUntil(tracker(8), start, { maxSkipped })
        const told = toldAlike(small, input, [cutAt(input, places)]).map((each) =>
          each.replace(/^FRAME_NOISE: (\d+).*/, 'noise $1').replace(/:.*/, ''),
        )
        assert.deepEqual(told, reference(input, 8, maxSkipped))
      }),
      { numRuns: 1000 },
    )
  })

  test('a frame that is cut short is given up for the next one, which lies in its place', () => {
    const wire = bytes('7878 05 a1 7878 02 b1b2 0d0a')
    assert.deepEqual(toldAlike(stage, wire, everyCutting(wire)), [
      'FRAME_NOISE: 4 bytes belong to no frame; they looked like a frame: ' +
        'a frame of 10 bytes ends in b20d instead of 0d0a [787805a1]',
      '787802b1b2',
    ])
  })

  test('a length that points beyond what comes is waited for up to the limit of a frame, and not beyond', () => {
    const good = bytes('7878 01 b1 0d0a')
    const up = upOf(skipUntil(tracker(20), start))
    const frames: string[] = []
    const out = { emit: (each: Buffer) => frames.push(each.toString('hex')), reply: () => {}, fail: () => {} }
    up.push(Buffer.concat([bytes('7878 0f'), good, good]), out)
    assert.deepEqual(frames, [])
    up.push(good, out)
    assert.deepEqual(frames, ['787801b1', '787801b1', '787801b1'])
    // One more than the limit is refused at once.
    frames.length = 0
    up.push(Buffer.concat([bytes('7878 10'), good]), out)
    assert.deepEqual(frames, ['787801b1'])
  })

  test('a mark that only begins is waited for, and skipped when it is none', () => {
    const wire = bytes('78 00 78 78 78 01 c1 0d0a 78')
    assert.deepEqual(toldAlike(stage, wire, everyCutting(wire)).slice(0, 1), [
      'FRAME_NOISE: 3 bytes belong to no frame; they looked like a frame: a frame of 125 bytes exceeds the limit of 16 [780078]',
    ])
    assert.deepEqual(codesOf(toldAlike(stage, wire)), ['FRAME_NOISE', '787801c1', 'FRAME_UNTERMINATED'])
  })

  test('of several marks any begins a frame, and the shorter of two does not wait for the longer', () => {
    const one = skipUntil(fixedLength({ length: 2 }), ['abc', 'ab', 'z'])
    const wire = Buffer.from('xabzyac')
    assert.deepEqual(codesOf(toldAlike(one, wire, everyCutting(wire))), [
      'FRAME_NOISE',
      hex('ab'),
      hex('zy'),
      'FRAME_NOISE',
    ])
    const up = upOf(one)
    const frames: string[] = []
    up.push(Buffer.from('ab'), { emit: (each) => frames.push(String(each)), reply: () => {}, fail: assert.ifError })
    assert.deepEqual(frames, ['ab'])
  })

  test('marks may be longer than any frame', () => {
    const one = skipUntil(fixedLength({ length: 1 }), 'abc')
    const wire = Buffer.from('ababcab')
    assert.deepEqual(codesOf(toldAlike(one, wire, everyCutting(wire))), [
      'FRAME_NOISE',
      hex('a'),
      'FRAME_NOISE',
      'FRAME_UNTERMINATED',
    ])
  })

  test('an over-long frame without its end is noise up to where that was certain, and its delimiter no more than others', () => {
    const found = skipUntil(delimited({ delimiter: '#', maxLength: 4 }), '*')
    const wire = Buffer.from('*12*345#*1#x*2#')
    const cuttings = Array.from({ length: wire.length }, (_, place) => cutAt(wire, [place, place + 3]))
    assert.deepEqual(codesOf(toldAlike(found, wire, cuttings)), ['FRAME_NOISE', hex('*1'), 'FRAME_NOISE', hex('*2')])
  })

  test('a refused frame leaves nothing behind, in whatever the framing is wrapped', () => {
    const lines = delimited({ delimiter: '#', maxLength: 3 })
    const wire = Buffer.from('*12345*ab#')
    for (const [wrapped, expected] of [
      [lines, '*ab'],
      [tail(lines, 'b'), '*a'],
      [trailer(lines, '\n'), '*ab'],
      [idleBytes(lines, ' '), '*ab'],
      [sequence(lines, fixedLength({ length: 1 })), '*ab'],
      [choice([{ match: '*', framing: lines }]), '*ab'],
      [choice([{ match: '*1', framing: lines }, { framing: fixedLength({ length: 2 }) }]), '*a'],
      [skipUntil(lines, '*'), '*ab'],
    ] as const) {
      const told = codesOf(toldAlike(skipUntil(wrapped, '*'), wire, everyCutting(wire)))
      assert.deepEqual(told.slice(0, 2), ['FRAME_NOISE', hex(expected)])
    }
    const idle = skipUntil(idleBytes(lines, '*'), ['*', '+'])
    assert.deepEqual(codesOf(toldAlike(idle, Buffer.from('+12345*+a#'))), ['FRAME_NOISE', hex('+a')])
  })

  test('where another skipUntil within gives up, the search goes on behind its mark', () => {
    const inner = skipUntil(fixedLength({ length: 2 }), 'ab', { maxSkipped: 2 })
    const found = skipUntil(inner, 'a')
    const wire = Buffer.from('axyzaxyzab')
    assert.deepEqual(codesOf(toldAlike(found, wire, everyCutting(wire))), ['FRAME_NOISE', hex('ab')])
  })

  test('after maxSkipped bytes without a frame there will be none; just so many are allowed, and a frame begins the count anew', () => {
    const found = skipUntil(fixedLength({ length: 2 }), '*', { maxSkipped: 3 })
    const wire = Buffer.from('xyz*1xyz*2xyzz*3')
    const cuttings = Array.from({ length: wire.length }, (_, place) => cutAt(wire, [place, place + 2]))
    const noise = `FRAME_NOISE: 3 bytes belong to no frame [${hex('xyz')}]`
    assert.deepEqual(toldAlike(found, wire, cuttings), [
      noise,
      hex('*1'),
      noise,
      hex('*2'),
      noise,
      'FRAME_CORRUPT: no frame within 3 bytes []',
    ])
    assert.equal(
      deframe(skipUntil(fixedLength({ length: 2 }), '*'), [Buffer.alloc(65_536), Buffer.from('*1')]).frames.length,
      1,
    )
    assert.equal(
      deframe(skipUntil(fixedLength({ length: 2 }), '*'), [Buffer.alloc(65_537)]).errors.at(-1)?.code,
      'FRAME_CORRUPT',
    )
  })

  test('a refused frame counts as skipped', () => {
    const found = skipUntil(tail(fixedLength({ length: 2 }), '#'), '*', { maxSkipped: 3 })
    assert.deepEqual(codesOf(toldAlike(found, Buffer.from('********'))), ['FRAME_NOISE', 'FRAME_CORRUPT'])
    assert.deepEqual(codesOf(toldAlike(found, Buffer.from('****#'))), ['FRAME_NOISE', hex('*')])
  })

  test('skipped bytes are counted in the meter', () => {
    const meter = new PipelineMeter('p')
    const up = upOf(stage, new Connection({ id: 'c', pipeline: 'p', meter }))
    const out = { emit: () => {}, reply: () => {}, fail: () => {} }
    for (const chunk of singly(bytes('0000 7878 ff 7878 00 0d0a 00'))) up.push(chunk, out)
    assert.equal(meter.stage(stage.name, 'up').noiseBytes, 6)
  })

  test('an end within a frame is that of an unfinished frame, one within noise is none', () => {
    assert.deepEqual(codesOf(toldAlike(stage, bytes('00 7878 02 a1'))), ['FRAME_NOISE', 'FRAME_UNTERMINATED'])
    assert.deepEqual(codesOf(toldAlike(stage, bytes('0000'))), ['FRAME_NOISE'])
  })

  test('deframing what was framed gives it back, whatever comes in between', () => {
    const body = bytesOf([0x78, 0x0d, 0x0a, 1], 6)
    const noise = bytesOf([0, 0x0d, 0x0a], 5)
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, body), { maxLength: 6 }), placesIn(Buffer.alloc(90)), (parts, places) => {
        const sent = parts.map(([, each]) => Buffer.concat([start, Buffer.of(0), each]))
        const framed = sent.map((each) => frame(stage, each))
        const wire = Buffer.concat(parts.flatMap(([noise], index) => [noise, framed[index] as Buffer]))
        const { frames } = deframe(
          stage,
          cutAt(
            wire,
            places.map((each) => Math.min(each, wire.length)),
          ),
        )
        assert.deepEqual(
          frames.map(String),
          framed.map((each) => String(each.subarray(0, -2))),
        )
      }),
      { numRuns: 300 },
    )
  })

  test('down, a frame that does not begin with a mark is a bug of who sends it', () => {
    assert.equal(frame(stage, bytes('7878 00 a1')).toString('hex'), '787801a10d0a')
    assert.throws(() => frame(stage, bytes('7979 00 a1')), { code: 'BUG', message: /does not begin with a mark/ })
  })

  test('noise is looked at a few times at most and never copied, however it comes', () => {
    const noise = Buffer.alloc(20_000, 0x78)
    for (let at = 1; at < noise.length; at += 2) noise[at] = 0
    for (const size of [1, 2, 1000, 20_000]) {
      const touched = countTouched((watch) => {
        const chunks = cutAt(
          noise,
          Array.from({ length: noise.length / size - 1 }, (_, index) => (index + 1) * size),
        )
        deframe(stage, chunks.map(watch))
      })
      assert.ok(touched.read <= 4 * noise.length, `${touched.read} reads of ${noise.length}`)
      // A byte that may begin a mark is held until the next one comes.
      assert.ok(touched.copied <= noise.length + 64, `${touched.copied} copied of ${noise.length}`)
    }
  })

  test('marks everywhere, each of which claims the longest frame, cost a look at each header and one copy', () => {
    const hostile = Buffer.alloc(10_000, 0x78)
    const limit = 0x78 + 5
    for (const size of [1, 7, 10_000]) {
      let asked = 0
      const inner = tracker(limit)
      const counting = {
        ...inner,
        finder() {
          const finder = inner.finder()
          return {
            find(window: Buffer, from: number) {
              asked++
              return finder.find(window, from)
            },
          }
        },
      }
      const touched = countTouched(() => {
        const chunks = cutAt(
          hostile,
          Array.from({ length: Math.ceil(hostile.length / size) - 1 }, (_, index) => (index + 1) * size),
        )
        deframe(skipUntil(counting, start), chunks)
      })
      assert.ok(asked <= 3 * hostile.length, `asked ${asked} times for ${hostile.length} bytes`)
      assert.ok(touched.copied <= 3 * hostile.length, `${touched.copied} copied of ${hostile.length}`)
    }
  })

  test('options that cannot work are refused', () => {
    for (const marks of ['', [], ['a', '']]) {
      assert.throws(() => skipUntil(tracker(16), marks), {
        code: 'CONFIGURATION',
        message: 'skipUntil: marks must not be empty',
      })
    }
    for (const maxSkipped of [0, 1.5, Number.NaN]) {
      assert.throws(() => skipUntil(tracker(16), start, { maxSkipped }), {
        code: 'CONFIGURATION',
        message: `skipUntil: maxSkipped must be a positive integer, not ${maxSkipped}`,
      })
    }
  })
})

/** Every place looked at with all the bytes at hand. */
function reference(input: Buffer, limit: number, maxSkipped: number): string[] {
  const expected: string[] = []
  let noise = 0
  let at = 0
  const endNoise = () => {
    if (noise > 0) expected.push(`noise ${noise}`)
    noise = 0
  }
  while (at < input.length) {
    const rest = input.subarray(at)
    const total = 5 + (rest[2] ?? 0)
    const marked = rest.length >= 2 ? rest.indexOf(start) === 0 : rest[0] === 0x78
    const unsure = rest.length < 3 || (total <= limit && rest.length < total)
    if (marked && unsure) {
      endNoise()
      return [...expected, 'FRAME_UNTERMINATED']
    }
    if (marked && total <= limit && rest.toString('latin1', total - 2, total) === '\r\n') {
      endNoise()
      expected.push(rest.toString('hex', 0, total - 2))
      at += total
    } else if (noise === maxSkipped) {
      endNoise()
      return [...expected, 'FRAME_CORRUPT']
    } else {
      noise++
      at++
    }
  }
  endNoise()
  return expected
}
