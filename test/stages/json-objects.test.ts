import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { choice } from '../../src/stages/choice.ts'
import { fixedLength } from '../../src/stages/fixed-length.ts'
import { idleBytes } from '../../src/stages/idle-bytes.ts'
import { jsonObjects } from '../../src/stages/json-objects.ts'
import { skipUntil } from '../../src/stages/skip-until.ts'
import { trailer } from '../../src/stages/trailer.ts'
import { cutAt, deframe, everyCutting, frame, placesIn, singly, upOf } from './cutting.ts'
import { chunksKept } from './kept.ts'
import { bytes, codesOf, hex, toldAlike } from './told.ts'
import { countTouched } from './touched.ts'

const stage = jsonObjects({ maxLength: 1024 })
const everyPlace = (wire: Buffer) => Array.from({ length: wire.length }, (_, place) => cutAt(wire, [place, place + 2]))

describe('jsonObjects', () => {
  test('what the doc comment draws is what happens, both ways, however it is cut', () => {
    const frames = ['{"a":{"b":1}}', '{"c":"}\\""}', '{}']
    const wire = Buffer.from('{"a":{"b":1}}{"c":"}\\""}\r\n{}')
    assert.deepEqual(toldAlike(stage, wire, everyPlace(wire)), frames.map(hex))
    for (const each of frames) assert.equal(frame(stage, Buffer.from(each)).toString(), each)
    for (const chunks of everyCutting(Buffer.from('{"}\\""}{ } {}')))
      assert.deepEqual(deframe(stage, chunks).frames.map(String), ['{"}\\""}', '{ }', '{}'])
  })

  test('UTF-8, escapes and white space of every kind are cut anywhere', () => {
    const wire = Buffer.from('\t{"é€𝄞":"\\\\"} \r\n {"\\u007d":["{",{"x":"\\\\\\""}]}\n')
    const frames = ['{"é€𝄞":"\\\\"}', '{"\\u007d":["{",{"x":"\\\\\\""}]}']
    for (const chunks of [[wire], singly(wire), ...everyPlace(wire)])
      assert.deepEqual(deframe(stage, chunks).frames.map(String), frames)
  })

  test('any JSON in any cutting comes back as it was written', () => {
    const objects = fc.array(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 3 })), {
      maxLength: 5,
    })
    const space = fc.constantFrom('', ' ', '\n', '\r\n\t')
    fc.assert(
      fc.property(objects, space, fc.boolean(), fc.array(fc.nat(2000)), (objects, space, pretty, places) => {
        const texts = objects.map((each) => JSON.stringify(each, null, pretty ? 2 : 0))
        const wire = Buffer.from(texts.join(space))
        const one = jsonObjects({ maxLength: 10_000 })
        for (const chunks of [
          [wire],
          singly(wire),
          cutAt(
            wire,
            places.filter((each) => each <= wire.length),
          ),
        ]) {
          const { frames, errors } = deframe(one, chunks)
          assert.deepEqual([frames.map(String), errors], [texts, []])
        }
        for (const each of texts) assert.equal(frame(one, Buffer.from(each)).toString(), each)
      }),
    )
  })

  test('any bytes over a small alphabet give what counting braces by hand gives, and the same errors, in any cutting', () => {
    const input = fc
      .array(fc.constantFrom(...'{{{}}}[]"\\ x'), { maxLength: 40 })
      .map((each) => Buffer.from(each.join('')))
      .chain((each) => fc.tuple(fc.constant(each), placesIn(each)))
    fc.assert(
      fc.property(input, ([input, places]) => {
        const small = jsonObjects({ maxLength: 8, maxDepth: 3 })
        assert.deepEqual(codesOf(toldAlike(small, input, [cutAt(input, places)])), reference(input.toString(), 8, 3))
      }),
      { numRuns: 1000 },
    )
  })

  test('bytes between objects that are no white space end the framing for good', () => {
    for (const [bad, shown] of [
      ['x', '78'],
      ['[', '5b'],
      ['}', '7d'],
      [',', '2c'],
      ['\u0000', '00'],
    ] as const) {
      const wire = Buffer.from(`{} ${bad}{}`)
      assert.deepEqual(toldAlike(stage, wire, everyCutting(wire)), [
        hex('{}'),
        `FRAME_CORRUPT: no JSON object begins with the byte ${shown} [${shown}]`,
      ])
    }
  })

  test('within skipUntil the next object is found after bytes that are none; white space between objects is idle still', () => {
    const found = idleBytes(skipUntil(stage, '{'), ' \t\r\n')
    const wire = Buffer.from('{"a":1}\r\nOK\r\n{"b":2}\n {"c":3}\n')
    assert.deepEqual(toldAlike(found, wire, everyPlace(wire)), [
      hex('{"a":1}'),
      `FRAME_NOISE: 4 bytes belong to no frame [${hex('OK\r\n')}]`,
      hex('{"b":2}'),
      hex('{"c":3}'),
    ])
  })

  test('an object of just the limit passes; one over it is refused as soon as that is certain, and passed over to its end', () => {
    const small = jsonObjects({ maxLength: 7 })
    const wire = Buffer.from('{"a":1} {"a":12} {"b":2}')
    assert.deepEqual(toldAlike(small, wire, everyPlace(wire)), [
      hex('{"a":1}'),
      `FRAME_TOO_LONG: a frame of at least 8 bytes exceeds the limit of 7 [${hex('{"a":12')}]`,
      hex('{"b":2}'),
    ])
    const cut = Buffer.from('{"a":123456')
    assert.deepEqual(codesOf(toldAlike(small, cut, everyCutting(cut))), ['FRAME_TOO_LONG'])
    const unsure = Buffer.from('{"a":1')
    assert.deepEqual(codesOf(toldAlike(small, unsure)), ['FRAME_UNTERMINATED'])
  })

  test('within choice, what is left of a refused object belongs to it', () => {
    const both = choice([
      { match: '"', framing: fixedLength({ length: 2 }) },
      { match: '{', framing: jsonObjects({ maxLength: 4 }) },
    ])
    const wire = Buffer.from('{"a":"b"}"c{}')
    assert.deepEqual(codesOf(toldAlike(both, wire, everyPlace(wire))), ['FRAME_TOO_LONG', hex('"c'), hex('{}')])
  })

  test('within skipUntil, what follows a refused object is found at the next brace', () => {
    const found = skipUntil(jsonObjects({ maxLength: 8 }), '{')
    const wire = Buffer.from('{"a":"12345","b{"c":1}')
    assert.deepEqual(codesOf(toldAlike(found, wire, everyPlace(wire))), ['FRAME_NOISE', hex('{"c":1}')])
  })

  test('objects and arrays may be as deep as the limit, strings hold any number of braces', () => {
    const shallow = jsonObjects({ maxLength: 64, maxDepth: 3 })
    const wire = Buffer.from('{"a":[{}]}{"a":[[{}]]}{"b":"{{{{[[[["}')
    assert.deepEqual(toldAlike(shallow, wire, everyPlace(wire)), [
      hex('{"a":[{}]}'),
      `FRAME_CORRUPT: a JSON object has more than 3 objects and arrays open at once [${hex('{"a":[[{')}]`,
      hex('{"b":"{{{{[[[["}'),
    ])
    // Arrays that were closed too often do not make up for others.
    assert.deepEqual(codesOf(toldAlike(shallow, Buffer.from('{]]]]{{{}}}}'))), ['FRAME_CORRUPT'])
    assert.equal(deframe(stage, [Buffer.from(`{"a":${'['.repeat(63)}${']'.repeat(63)}}`)]).frames.length, 1)
    assert.equal(deframe(stage, [Buffer.from(`{"a":${'['.repeat(64)}${']'.repeat(64)}}`)]).errors.length, 1)
  })

  test('what is wrong within the braces is for the next stage to say', () => {
    const wire = Buffer.from('{]}{x"]"}{"a":[}{1}')
    assert.deepEqual(toldAlike(stage, wire), ['{]}', '{x"]"}', '{"a":[}', '{1}'].map(hex))
  })

  test('an unfinished object is refused at the end, white space is not', () => {
    assert.deepEqual(toldAlike(stage, Buffer.from('{} {"a')), [
      hex('{}'),
      `FRAME_UNTERMINATED: the connection ended 3 bytes into a frame [${hex('{"a')}]`,
    ])
    assert.deepEqual(toldAlike(stage, Buffer.from('{}\r\n')), [hex('{}')])
  })

  test('down, what is not exactly one object within the limits is a bug of who sends it', () => {
    const small = jsonObjects({ maxLength: 9, maxDepth: 2 })
    assert.equal(frame(small, Buffer.from('{"a":[1]}')).toString(), '{"a":[1]}')
    for (const bad of ['', ' {}', '{} ', '{}{}', '{', '[]', '1', '"{}"', '{"a"}}', '{[[]]}', '{"a":[12]}', '{"}']) {
      assert.throws(() => frame(small, Buffer.from(bad)), { code: 'BUG', message: /is not one JSON object/ }, bad)
    }
  })

  test('one object a line on the way down, and either on the way up', () => {
    const lines = trailer(stage, '\n', { write: true })
    assert.equal(frame(lines, Buffer.from('{}')).toString(), '{}\n')
    assert.deepEqual(toldAlike(lines, Buffer.from('{}\n{}{"a":1} \n')), ['{}', '{}', '{"a":1}'].map(hex))
  })

  test('a megabyte in single bytes is looked at once and copied once; an object within one chunk is not copied', () => {
    const wire = Buffer.from(JSON.stringify({ a: '}'.repeat(1 << 18), b: [{}] }))
    const one = jsonObjects({ maxLength: wire.length })
    let reads = 0
    const finder = one.finder()
    const watched = new Proxy(wire, {
      get(target, key) {
        if (typeof key === 'string' && /^\d+$/.test(key)) reads++
        const value: unknown = key === 'length' ? shown : Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    let shown = 1
    while (finder.find(watched, 0).kind === 'wait') shown = Math.min(wire.length, shown + 97)
    assert.equal(shown, wire.length)
    assert.ok(reads <= wire.length + 2, `${reads} reads of ${wire.length} bytes`)
    const touched = countTouched(() => assert.equal(deframe(one, singly(wire)).frames.length, 1))
    assert.ok(touched.copied <= wire.length + 4096 + 256, `${touched.copied} copied of ${wire.length} bytes`)
    const whole = countTouched(() => assert.equal(deframe(one, [wire]).frames[0]?.buffer, wire.buffer))
    assert.equal(whole.copied, 0)
  })

  test('an object in very many pieces keeps its bytes, not the chunks that they came in', async () => {
    const up = upOf(stage)
    const out = { emit: () => {}, reply: () => {}, fail: assert.ifError }
    assert.ok((await chunksKept(Buffer.from(`{"a":"${'x'.repeat(900)}`), (chunk) => up.push(chunk, out))) < 4)
  })

  test('bytes that are no UTF-8 are no braces', () => {
    const wire = bytes('7b22 ff7d c322 7d')
    assert.deepEqual(toldAlike(stage, wire, everyCutting(wire)), ['7b22ff7dc3227d'])
  })

  test('options that cannot work are refused', () => {
    const cases: [object, RegExp][] = [
      [{ maxLength: 1 }, /jsonObjects: maxLength must be an integer of at least 2, not 1/],
      [{ maxLength: Number.POSITIVE_INFINITY }, /maxLength .* not Infinity/],
      [{ maxLength: 2, maxDepth: 0 }, /jsonObjects: maxDepth must be a positive integer, not 0/],
      [{ maxLength: 2, maxDepth: 1.5 }, /maxDepth .* not 1.5/],
    ]
    for (const [options, message] of cases) {
      assert.throws(() => jsonObjects({ maxLength: 2, ...options }), { code: 'CONFIGURATION', message })
    }
  })
})

/** Objects found by putting as many dots in the place of every string first. */
function reference(input: string, limit: number, maxDepth: number): string[] {
  const expected: string[] = []
  let at = 0
  while (at < input.length) {
    if (input[at] === ' ') {
      at++
      continue
    }
    if (input[at] !== '{') return [...expected, 'FRAME_CORRUPT']
    const bare = input.slice(at).replace(/"(\\.|[^"\\])*("|\\?$)/g, (each) => '.'.repeat(each.length))
    let braces = 0
    let brackets = 0
    let end = 0
    let code = ''
    do {
      const each = bare[end++]
      if (each === '{') braces++
      if (each === '}') braces--
      if (each === '[') brackets++
      if (each === ']') brackets = Math.max(0, brackets - 1)
      if (code === '' && braces > 0 && braces + brackets > maxDepth) code = 'FRAME_CORRUPT'
      if (code === '' && braces > 0 && end === limit) code = 'FRAME_TOO_LONG'
    } while (braces > 0 && end < bare.length)
    if (code === '' && braces > 0) code = 'FRAME_UNTERMINATED'
    expected.push(code === '' ? hex(input.slice(at, at + end)) : code)
    at += end
  }
  return expected
}
