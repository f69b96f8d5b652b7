import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Connection } from '../../src/core/connection.ts'
import { lines } from '../../src/stages/lines.ts'
import { bytesOf, cutAt, deframe, everyCutting, frame, placesIn, singly, upOf } from './cutting.ts'
import { chunksKept } from './kept.ts'
import { turn } from './turn.ts'

/** Pieces of UTF-8 and of what is not UTF-8; line breaks are frequent. */
const alphabet = [0x0a, 0x0a, 0x0d, 0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0xff, 0xef, 0xbf, 0xbd]
const codes = (cut: ReturnType<typeof deframe>) =>
  cut.events.map((each) => ('frame' in each ? JSON.stringify(each.frame) : each.error.code))

describe('lines', () => {
  test('a line ends in \\n or \\r\\n; an empty line is a line; \\r alone belongs to the line', () => {
    const { frames, errors } = deframe(lines(), [Buffer.from('a\nb\r\n\n\r\nc\rd\ne\r\r\n')])
    assert.deepEqual(frames, ['a', 'b', '', '', 'c\rd', 'e\r'])
    assert.deepEqual(errors, [])
  })

  test('every cutting of the same bytes gives the same lines, through characters and through \\r\\n', () => {
    const input = Buffer.from('é\r\n€\n😀\r\r\n')
    for (const chunks of everyCutting(input)) assert.deepEqual(deframe(lines(), chunks).frames, ['é', '€', '😀\r'])
  })

  test('any bytes in any cutting give the same lines and the same refusals, over-long and invalid ones in their place', () => {
    const input = bytesOf(alphabet, 60).chain((bytes) => fc.tuple(fc.constant(bytes), placesIn(bytes)))
    fc.assert(
      fc.property(input, ([bytes, places]) => {
        const stage = lines({ maxLength: 5 })
        const expected = reference(bytes, 5)
        for (const chunks of [[bytes], cutAt(bytes, places), singly(bytes)]) {
          const got = codes(deframe(stage, chunks))
          // An unfinished line over the limit is refused as either: by its characters before the end, by its bytes at it.
          const last = got.at(-1)
          if (last === 'FRAME_TOO_LONG' && expected.at(-1) === 'UNFINISHED') got[got.length - 1] = 'UNFINISHED'
          if (last === 'FRAME_UNTERMINATED') got[got.length - 1] = 'UNFINISHED'
          assert.deepEqual(got, expected)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('deframing what was framed gives it back', () => {
    const line = fc.string({ unit: 'binary', maxLength: 20 }).filter((each) => !/\n|\r$/.test(each))
    const cutting = fc.array(fc.nat(200), { maxLength: 10 })
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), cutting, (sent, places) => {
        const wire = Buffer.concat(sent.map((each) => frame(lines(), each)))
        const inside = places.filter((place) => place < wire.length)
        assert.deepEqual(deframe(lines(), cutAt(wire, inside)).frames, sent)
      }),
    )
  })

  test('a line that would not arrive as it is sent is a bug of who sends it', () => {
    for (const bad of ['a\nb', '\n', 'a\r']) assert.throws(() => frame(lines(), bad), { code: 'BUG' })
    assert.equal(frame(lines(), 'é').toString('hex'), 'c3a90a')
  })

  test('lines of one turn go down in one buffer, as each would alone', () => {
    const { down } = lines().open(new Connection({ id: 'c', pipeline: 'p' }))
    assert.deepEqual(turn(down, ['a', 'é', '']), { deeds: [['emit', Buffer.from('a\né\n\n')]], taken: 3 })
  })

  test('where one of several would not arrive as it is sent, it is refused in its place and each of the others goes alone', () => {
    const { down } = lines().open(new Connection({ id: 'c', pipeline: 'p' }))
    for (const bad of ['b\r', 'd\ne', 'f\n']) {
      const { deeds } = turn(down, ['a', bad, 'c'])
      assert.deepEqual(deeds, [
        ['emit', Buffer.from('a\n')],
        ['fail', 'BUG: a line to be sent contains a line break', bad],
        ['emit', Buffer.from('c\n')],
      ])
    }
    const { deeds } = turn(down, ['b\r', 'c', 'd\ne', 'f'])
    assert.deepEqual(
      deeds.map(([deed, , item]) => item ?? deed),
      ['b\r', 'emit', 'd\ne', 'emit'],
    )
  })

  test('a line that is not UTF-8 is refused with its bytes, those around it pass', () => {
    const input = Buffer.from('\u00e9\n?\n\u00e9\r\n')
    input[3] = 0xff
    for (const chunks of everyCutting(input)) {
      const { events } = deframe(lines(), chunks)
      const refused = events[1]
      assert.deepEqual(codes({ events, frames: [], errors: [] }), ['"é"', 'BAD_CONTENT', '"é"'])
      assert.ok(refused !== undefined && 'error' in refused)
      assert.deepEqual(refused.item, Buffer.of(0xff))
      assert.equal(refused.error.message, 'a line of 1 bytes is not UTF-8')
    }
  })

  test('a replacement character that the device itself sent passes', () => {
    for (const chunks of everyCutting(Buffer.from('a\ufffdb\n'))) {
      assert.deepEqual(deframe(lines(), chunks).frames, ['a\ufffdb'])
    }
  })

  test('a character that is cut short by the line break is refused, not completed by the next line', () => {
    const input = Buffer.from([0xe2, 0x82, 0x0a, 0xac, 0x0a])
    for (const chunks of everyCutting(input)) {
      assert.deepEqual(codes(deframe(lines(), chunks)), ['BAD_CONTENT', 'BAD_CONTENT'])
    }
  })

  test('a line of exactly the limit passes in every cutting, also between \\r and \\n', () => {
    for (const chunks of everyCutting(Buffer.from('abcd\r\nabcd\n'))) {
      assert.deepEqual(codes(deframe(lines({ maxLength: 4 }), chunks)), ['"abcd"', '"abcd"'])
    }
  })

  test('the limit counts bytes, not characters', () => {
    const { frames, errors } = deframe(lines({ maxLength: 5 }), [Buffer.from('ééé\néa€\n')])
    assert.equal(errors[0]?.message, 'a line of at least 6 bytes exceeds the limit of 5')
    assert.deepEqual(frames, [])
    assert.equal(errors.length, 2)
  })

  test('a line that is too long to keep is refused before it ends, in the same words and with the same bytes in every cutting', () => {
    for (const chunks of everyCutting(Buffer.from('ok\nabcdefgh'))) {
      const { errors, events } = deframe(lines({ maxLength: 4 }), chunks)
      assert.deepEqual(
        errors.map((each) => [each.code, each.message]),
        [['FRAME_TOO_LONG', 'a line of at least 5 bytes exceeds the limit of 4']],
      )
      assert.deepEqual(events[1], { error: errors[0], item: Buffer.from('abcde') })
    }
  })

  test('a policy that goes on gets the line after an over-long one, in every cutting', () => {
    for (const chunks of everyCutting(Buffer.from('abcdef\r\nok\r\n'))) {
      assert.deepEqual(codes(deframe(lines({ maxLength: 4 }), chunks)), ['FRAME_TOO_LONG', '"ok"'])
    }
  })

  test('each of two over-long lines is refused, also where the second begins in the chunk that ends the first', () => {
    for (const chunks of everyCutting(Buffer.from('abcd\nefgh\nx\n'))) {
      const got = codes(deframe(lines({ maxLength: 2 }), chunks))
      assert.deepEqual(got, ['FRAME_TOO_LONG', 'FRAME_TOO_LONG', '"x"'])
    }
  })

  test('lines behind the end of an over-long one are judged by their own bytes', () => {
    const end = Buffer.concat([Buffer.from('end\nok\n'), Buffer.of(0xff, 0x0a)])
    const got = codes(deframe(lines({ maxLength: 4 }), [Buffer.from('abcdefgh'), end]))
    assert.deepEqual(got, ['FRAME_TOO_LONG', '"ok"', 'BAD_CONTENT'])
  })

  test('an unfinished line is refused at the end with its bytes and never passed on', () => {
    const { events, errors } = deframe(lines(), [Buffer.from('{"t":1}\n{"t"'), Buffer.from(':20')])
    assert.deepEqual(codes({ events, frames: [], errors }), ['"{\\"t\\":1}"', 'FRAME_UNTERMINATED'])
    assert.match(errors[0]?.message as string, /ended 7 bytes into a line/)
    assert.deepEqual(events[1], { error: errors[0], item: Buffer.from('{"t":20') })
  })

  test('what is kept of an unfinished line stays within three times the limit and one chunk, whatever comes', () => {
    // The limit is checked by characters while a line grows, and a character has at most three bytes for each unit.
    fc.assert(
      fc.property(bytesOf(alphabet, 100), (bytes) => {
        for (let length = 0; length <= bytes.length; length++) {
          const last = deframe(lines({ maxLength: 4 }), singly(bytes.subarray(0, length))).events.at(-1)
          if (last !== undefined && 'item' in last) assert.ok(Buffer.byteLength(last.item as string) <= 3 * 6 + 1)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('a line in very many pieces keeps its bytes, not the chunks that they came in', async () => {
    const up = upOf(lines())
    const sent = 'é€'.repeat(400)
    const received: string[] = []
    const out = { emit: (line: string) => received.push(line), reply: () => {}, fail: assert.ifError }
    assert.ok((await chunksKept(Buffer.from(sent), (chunk) => up.push(chunk, out))) <= 256)
    up.push(Buffer.from('\r\n'), out)
    assert.deepEqual(received, [sent])
  })

  test('a limit that is not a positive integer is refused', () => {
    for (const maxLength of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => lines({ maxLength }), { code: 'CONFIGURATION' })
    }
  })
})

function reference(bytes: Buffer, limit: number): string[] {
  const expected: string[] = []
  let from = 0
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, from)) {
    const raw = bytes.subarray(from, bytes[at - 1] === 0x0d && at > from ? at - 1 : at)
    if (raw.length > limit) expected.push('FRAME_TOO_LONG')
    else if (!Buffer.from(raw.toString()).equals(raw)) expected.push('BAD_CONTENT')
    else expected.push(JSON.stringify(raw.toString()))
    from = at + 1
  }
  if (from < bytes.length) expected.push('UNFINISHED')
  return expected
}
