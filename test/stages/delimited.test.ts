import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { GatewayError } from '../../src/core/errors.ts'
import { delimited } from '../../src/stages/delimited.ts'
import { bytesOf, cutAt, deframe, everyCutting, frame, placesIn, singly, upOf } from './cutting.ts'
import { chunksKept } from './kept.ts'
import { countTouched } from './touched.ts'

const text = (frames: readonly Buffer[]) => frames.map((each) => each.toString('latin1'))
const alphabet = [0x61, 0x62, 0x00, 0xff]
const delimiters = ['ab', 'aab', 'aba', 'aa', 'abab', 'aabaaab', 'b'].map((each) => Buffer.from(each))

describe('delimited', () => {
  test('frames end in the delimiter, which is taken off; a single byte of it belongs to the frame', () => {
    const bytes = Buffer.from('01 0a 02 0d 0a 03 0d 0d 0a 0d 0a'.replaceAll(' ', ''), 'hex')
    const { frames, errors } = deframe(delimited({ delimiter: '\r\n', maxLength: 8 }), [bytes])
    assert.deepEqual(
      frames.map((each) => each.toString('hex')),
      ['010a02', '030d', ''],
    )
    assert.deepEqual(errors, [])
  })

  test('every cutting of the same bytes gives the same frames', () => {
    const small: [string, string][] = [
      ['\r\n', 'a\r\n\r\r\nb\r\n'],
      ['aab', 'aaabxaabaab'],
      ['abab', 'abaababab'],
    ]
    for (const [delimiter, input] of small) {
      const stage = delimited({ delimiter, maxLength: 10 })
      const whole = text(deframe(stage, [Buffer.from(input)]).frames)
      for (const chunks of everyCutting(Buffer.from(input)))
        assert.deepEqual(text(deframe(stage, chunks).frames), whole)
    }
  })

  test('any bytes in any cutting give what Buffer.indexOf would find, over-long frames refused in their place', () => {
    const limit = 5
    const input = bytesOf(alphabet, 60).chain((bytes) => fc.tuple(fc.constant(bytes), placesIn(bytes)))
    fc.assert(
      fc.property(fc.constantFrom(...delimiters), input, (delimiter, [bytes, places]) => {
        const stage = delimited({ delimiter, maxLength: limit })
        const expected = reference(bytes, delimiter, limit)
        for (const chunks of [[bytes], cutAt(bytes, places), singly(bytes)]) {
          const got = deframe(stage, chunks).events.map((each) =>
            'frame' in each ? each.frame.toString('hex') : each.error.code,
          )
          assert.deepEqual(got, expected)
        }
      }),
    )
  })

  test('deframing what was framed gives it back', () => {
    const frames = fc.array(bytesOf(alphabet, 12), { maxLength: 8 })
    fc.assert(
      fc.property(fc.constantFrom(...delimiters), frames, fc.nat(80), (delimiter, candidates, place) => {
        const stage = delimited({ delimiter, maxLength: 12 })
        const sent = candidates.filter((each) => Buffer.concat([each, delimiter]).indexOf(delimiter) === each.length)
        const wire = Buffer.concat(sent.map((each) => frame(stage, each)))
        assert.deepEqual(text(deframe(stage, cutAt(wire, [Math.min(place, wire.length)])).frames), text(sent))
      }),
    )
  })

  test('of several delimiters the one that ends first ends the frame, and the longest of those that end together', () => {
    const stage = delimited({ delimiter: ['\r\n', '\n', ';;'], maxLength: 8 })
    for (const chunks of everyCutting(Buffer.from('a\r\nb\n;c;;d\r\n'))) {
      assert.deepEqual(text(deframe(stage, chunks).frames), ['a', 'b', ';c', 'd'])
    }
    assert.equal(frame(stage, Buffer.from('a')).toString(), 'a\r\n')
    for (const bad of ['a\nb', 'a;;', ';;', 'a\n'])
      assert.throws(() => frame(stage, Buffer.from(bad)), { code: 'BUG' }, bad)
  })

  test('several delimiters in any cutting give what looking at every place gives', () => {
    const several = [
      ['ab', 'b'],
      ['aa', 'ab'],
      ['aab', 'ba', 'bb'],
    ].map((each) => each.map((one) => Buffer.from(one)))
    const input = bytesOf(alphabet, 40).chain((bytes) => fc.tuple(fc.constant(bytes), placesIn(bytes)))
    fc.assert(
      fc.property(fc.constantFrom(...several), input, (delimiter, [bytes, places]) => {
        const stage = delimited({ delimiter, maxLength: 50 })
        const expected: string[] = []
        let from = 0
        for (let end = 1; end <= bytes.length; end++) {
          const lengths = delimiter
            .filter((each) => end - each.length >= from && bytes.subarray(end - each.length, end).equals(each))
            .map((each) => each.length)
          if (lengths.length === 0) continue
          expected.push(bytes.toString('hex', from, end - Math.max(...lengths)))
          from = end
        }
        for (const chunks of [[bytes], cutAt(bytes, places), singly(bytes)]) {
          assert.deepEqual(
            deframe(stage, chunks).frames.map((each) => each.toString('hex')),
            expected,
          )
        }
      }),
    )
  })

  test('frames that keep their delimiter bring it with them on the way down', () => {
    const stage = delimited({ delimiter: '#', maxLength: 4, keep: true })
    for (const chunks of everyCutting(Buffer.from('*1234##*#')))
      assert.deepEqual(text(deframe(stage, chunks).events.flatMap((each) => ('frame' in each ? [each.frame] : []))), [
        '#',
        '*#',
      ])
    assert.equal(frame(stage, Buffer.from('*1#')).toString(), '*1#')
    for (const bad of ['*1', '*#1#']) assert.throws(() => frame(stage, Buffer.from(bad)), { code: 'BUG' })
  })

  test('a frame that contains the delimiter, or makes one together with it, is a bug of who sends it', () => {
    const stage = delimited({ delimiter: '\r\n\r\n', maxLength: 100 })
    for (const bad of ['a\r\n\r\nb', '\r\n\r\n', 'a\r\n']) {
      assert.throws(() => frame(stage, Buffer.from(bad)), { name: 'GatewayError', code: 'BUG' }, JSON.stringify(bad))
    }
    assert.equal(frame(stage, Buffer.from('a\r\nb')).toString(), 'a\r\nb\r\n\r\n')
  })

  test('a frame over the limit is refused with its length and the limit as soon as that is certain', () => {
    const stage = delimited({ delimiter: '\r\n', maxLength: 4 })
    const whole = deframe(stage, [Buffer.from('123456\r\nok\r\n')])
    assert.match(whole.errors[0]?.message as string, /of at least 5 bytes exceeds the limit of 4/)
    assert.deepEqual(text(whole.frames), ['ok'])

    const up = upOf(stage)
    const refused: [string, unknown][] = []
    const out = {
      emit: () => {},
      reply: () => {},
      fail: (e: GatewayError, item: unknown) => refused.push([e.message, item]),
    }
    up.push(Buffer.from('1234\r'), out)
    assert.equal(refused.length, 0, 'the fifth byte may begin the delimiter')
    up.push(Buffer.from('5'), out)
    assert.deepEqual(refused, [['a frame of at least 5 bytes exceeds the limit of 4', Buffer.from('1234\r5')]])
  })

  test('a policy that goes on gets the next frame, even where the delimiter straddles the refusal', () => {
    const stage = delimited({ delimiter: '\r\n', maxLength: 4 })
    for (const chunks of everyCutting(Buffer.from('123456\r\nok\r\n'))) {
      const { errors, frames } = deframe(stage, chunks)
      assert.deepEqual([text(frames), errors.map((each) => each.code)], [['ok'], ['FRAME_TOO_LONG']])
    }
  })

  test('a frame of exactly the limit passes in every cutting', () => {
    const stage = delimited({ delimiter: '\r\n', maxLength: 4 })
    for (const chunks of everyCutting(Buffer.from('123\r\r\n4567\r\n'))) {
      assert.deepEqual(text(deframe(stage, chunks).frames), ['123\r', '4567'])
    }
  })

  test('an unfinished frame is refused at the end and never passed on; what was refused before is not refused again', () => {
    const stage = delimited({ delimiter: '\r\n', maxLength: 4 })
    const { events, errors } = deframe(stage, [Buffer.from('ok\r\n12'), Buffer.from('3\r')])
    assert.equal(errors[0]?.code, 'FRAME_UNTERMINATED')
    assert.match(errors[0]?.message as string, /ended 4 bytes into a frame/)
    assert.deepEqual(events[1], { error: errors[0], item: Buffer.from('123\r') })
    assert.deepEqual(
      deframe(stage, [Buffer.from('123456'), Buffer.from('78')]).errors.map((each) => each.code),
      ['FRAME_TOO_LONG'],
    )
  })

  test('a megabyte in single bytes is looked at once and copied once', () => {
    const bytes = Buffer.alloc(1 << 20, 'a')
    bytes.write('aaaaaaab', bytes.length - 8)
    const up = upOf(delimited({ delimiter: 'aaaaaaab', maxLength: bytes.length }))
    let frameBytes = 0
    const out = { emit: (each: Buffer) => (frameBytes = each.length), reply: () => {}, fail: assert.ifError }
    const touched = countTouched((watch) => {
      const byte = watch(bytes.subarray(0, 1))
      for (let at = 0; at < bytes.length - 1; at++) up.push(byte, out)
      up.push(watch(bytes.subarray(-1)), out)
    })
    assert.equal(frameBytes, bytes.length - 8)
    assert.ok(touched.read <= 2 * bytes.length, `${touched.read} reads of ${bytes.length} bytes`)
    // Its length is not known beforehand: the first 4 KiB are moved once more.
    assert.ok(touched.copied <= bytes.length + 4096 + 256, `${touched.copied} copied of ${bytes.length} bytes`)
  })

  test('a frame in very many pieces keeps its bytes, not the chunks that they came in', async () => {
    const stage = delimited({ delimiter: '\r\n', maxLength: 4_000 })
    const sent = Buffer.alloc(4_000, 'abcdefg')
    const frames: Buffer[] = []
    const out = { emit: (each: Buffer) => frames.push(each), reply: () => {}, fail: assert.ifError }
    const up = upOf(stage)
    assert.ok((await chunksKept(Buffer.concat([sent, Buffer.from('\r')]), (chunk) => up.push(chunk, out))) <= 256)
    up.push(Buffer.from('\nok\r\n'), out)
    assert.deepEqual(text(frames), text([sent, Buffer.from('ok')]))
  })

  test('a frame in very many pieces is refused like any other', () => {
    const stage = delimited({ delimiter: '\r\n', maxLength: 300 })
    const messages = (input: string, ...last: string[]) =>
      deframe(stage, [...singly(Buffer.from(input)), ...last.map((each) => Buffer.from(each))]).errors.map(
        ({ message }) => message,
      )
    assert.deepEqual(messages('x'.repeat(302)), ['a frame of at least 301 bytes exceeds the limit of 300'])
    const rest = `${'x'.repeat(500)}\r\n`
    assert.deepEqual(messages('x'.repeat(299), rest), ['a frame of at least 301 bytes exceeds the limit of 300'])
    const [cut] = deframe(stage, singly(Buffer.from(`${'x'.repeat(300)}\r`))).events
    assert.ok(cut !== undefined && 'error' in cut)
    assert.equal(cut.error.message, 'the connection ended 301 bytes into a frame')
    assert.deepEqual(cut.item, Buffer.from(`${'x'.repeat(300)}\r`))
  })

  test('however chunks are cut, each byte is read at most twice and copied at most once', () => {
    const input = bytesOf(alphabet, 200).chain((bytes) => fc.tuple(fc.constant(bytes), placesIn(bytes)))
    fc.assert(
      fc.property(fc.constantFrom(...delimiters), input, (delimiter, [bytes, places]) => {
        const touched = countTouched((watch) => {
          deframe(delimited({ delimiter, maxLength: 16 }), cutAt(bytes, places).map(watch))
        })
        assert.ok(touched.read <= 2 * bytes.length)
        assert.ok(touched.copied <= bytes.length)
      }),
    )
  })

  test('a frame within one chunk is not copied', () => {
    const chunk = Buffer.from('abc\r\ndef\r\n')
    const touched = countTouched(() => {
      const { frames } = deframe(delimited({ delimiter: '\r\n', maxLength: 8 }), [chunk])
      assert.ok(frames.every((each) => each.buffer === chunk.buffer))
    })
    assert.equal(touched.copied, 0)
  })

  test('what is held never exceeds the limit and a delimiter, whatever comes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...delimiters), bytesOf(alphabet, 80), (delimiter, bytes) => {
        for (let length = 0; length <= bytes.length; length++) {
          // What a deframer holds at some moment is what it refuses as unterminated if the end comes then.
          const last = deframe(delimited({ delimiter, maxLength: 7 }), singly(bytes.subarray(0, length))).events.at(-1)
          if (last !== undefined && 'item' in last) assert.ok((last.item as Buffer).length < 8 + delimiter.length)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('options that cannot work are refused', () => {
    for (const options of [
      { delimiter: '', maxLength: 1 },
      { delimiter: Buffer.alloc(0), maxLength: 1 },
      { delimiter: '\n', maxLength: 0 },
      { delimiter: '\n', maxLength: 1.5 },
      { delimiter: '\n', maxLength: Number.NaN },
    ]) {
      assert.throws(() => delimited(options), { code: 'CONFIGURATION' })
    }
  })

  test('a delimiter that is changed later does not change the stage', () => {
    const delimiter = Buffer.from('\r\n')
    const stage = delimited({ delimiter, maxLength: 4 })
    delimiter.fill(0)
    assert.deepEqual(text(deframe(stage, [Buffer.from('a\r\n')]).frames), ['a'])
  })
})

function reference(bytes: Buffer, delimiter: Buffer, limit: number): string[] {
  const expected: string[] = []
  let from = 0
  for (let at = bytes.indexOf(delimiter); at >= 0; at = bytes.indexOf(delimiter, from)) {
    expected.push(at - from > limit ? 'FRAME_TOO_LONG' : bytes.toString('hex', from, at))
    from = at + delimiter.length
  }
  const rest = bytes.subarray(from)
  let matched = Math.min(rest.length, delimiter.length - 1)
  while (!rest.subarray(rest.length - matched).equals(delimiter.subarray(0, matched))) matched--
  // What cannot begin the delimiter any more is certain to belong to the frame.
  if (rest.length > 0) expected.push(rest.length - matched > limit ? 'FRAME_TOO_LONG' : 'FRAME_UNTERMINATED')
  return expected
}
