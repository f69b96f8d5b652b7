import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { jsonText } from '../../src/stages/json-text.ts'
import { msgpackPayload } from '../../src/stages/msgpack-payload.ts'
import { referenceMsgpack } from './msgpack-reference.ts'
import { anyValue, attempt } from './payload-values.ts'
import { hex, thrownBy } from './refusals.ts'

const msgpack = msgpackPayload()
const heads =
  '00 01 40 72 7f 80 81 82 90 91 92 a0 a1 a2 bf c0 c1 c2 c3 c4 c5 c6 c7 c8 ca cb cc cd ce cf d0 d1 d2 d3 d4 d5 d6 d7 d8 d9 da db dc dd de df e0 ff'
const alphabet = [...hex(heads), ...Buffer.from('ab1_\xe9\x80', 'latin1')]

describe('msgpackPayload', () => {
  test('the drawing of its comment, both ways', () => {
    const frame = hex('82 a26964 a26431 a174 cb4034800000000000')
    assert.deepEqual(msgpack.decode(frame), { id: 'd1', t: 20.5 })
    assert.deepEqual(msgpack.encode({ id: 'd1', t: 20.5 }), frame)
  })

  const examples: readonly [string, string, unknown][] = [
    ['an integer that JavaScript can hold is a number, whatever its length', 'cf 001fffffffffffff', 2 ** 53 - 1],
    ['a greater one is a BigInt', 'cf 0020000000000000', 2n ** 53n],
    ['the least of eight bytes', 'd3 8000000000000000', -(2n ** 63n)],
    ['a time in seconds', 'd6 ff 514b67b0', new Date('2013-03-21T20:04:00Z')],
    ['a time before 1970', 'c7 0c ff 00000000 ffffffffffffffff', new Date(-1000)],
    ['a number that is none', 'ca 7fc00000', Number.NaN],
    ['an integer as key is its digits', '82 01 02 ff 03', { 1: 2, '-1': 3 }],
  ]
  for (const [name, bytes, value] of examples) {
    test(`${name}`, () => assert.deepEqual(msgpack.decode(hex(bytes)), value))
  }

  test('bin is a Buffer, and base64 in JSON', () => {
    const value = msgpack.decode(hex('81 a172 c4 02 0102'))
    assert.deepEqual(value, { r: Buffer.of(1, 2) })
    assert.equal(jsonText(value), '{"r":"AQI="}')
  })

  test('a key __proto__ is a member like any other', () => {
    const value = msgpack.decode(hex('81 a9 5f5f70726f746f5f5f 81 a161 01')) as object
    assert.deepEqual(Object.keys(value), ['__proto__'])
    assert.equal(Object.getPrototypeOf(value), Object.prototype)
    assert.equal(({} as { a?: unknown }).a, undefined)
  })

  const refused: readonly [string, string, RegExp][] = [
    ['nothing', '', /ends too early at byte 0/],
    ['bytes behind the value', '01 01', /goes on at byte 1/],
    ['a list that claims more than is there', 'dd ffffffff 01', /ends too early/],
    ['a text that claims more than is there', 'db ffffffff 61', /ends too early/],
    ['a map that claims more than is there', 'df ffffffff', /ends too early/],
    ['a byte that begins nothing', 'c1', /begins nothing/],
    ['a record of msgpackr', 'd4 72 40 91 a161 01', /not a timestamp/],
    ['a value with an id', 'd6 69 00000001 90', /not a timestamp/],
    ['a reference', 'd6 70 00000001', /not a timestamp/],
    ['a set', 'd4 73 00 91 01', /not a timestamp/],
    ['an expression', 'd4 78 00 92 a161 a0', /not a timestamp/],
    ['an error', 'd4 65 00 93 a161 a162 c0', /not a timestamp/],
    ['a big number', 'c7 09 42 010000000000000000', /not a timestamp/],
    ['undefined as other libraries have it', 'd4 00 00', /not a timestamp/],
    ['a timestamp of two bytes', 'd5 ff 0000', /not a timestamp/],
    ['a time that is none', 'c7 0c ff 00000000 7fffffffffffffff', /a date is none/],
    ['a key twice', '82 a161 01 a161 02', /same key twice/],
    ['a key twice, as a number and as its digits', '82 01 01 a131 02', /same key twice/],
    ['a key that is a list', '81 90 01', /neither a text nor an integer/],
    ['a text that is not UTF-8', 'a1 ff', /not UTF-8/],
  ]
  for (const [name, bytes, message] of refused) {
    test(`${name} is refused`, () => {
      const error = thrownBy(() => msgpack.decode(hex(bytes)))
      assert.equal(error.code, 'BAD_CONTENT')
      assert.match(error.message, message)
    })
  }

  test('64 lists or maps in one another are taken, one more is refused, and so are a million', () => {
    for (const head of ['91', '81a0', 'dc0001']) {
      const nested = (depth: number) => hex(`${head.repeat(depth)}00`)
      msgpack.decode(nested(64))
      assert.match(thrownBy(() => msgpack.decode(nested(65))).message, /nests deeper than 64/)
      assert.match(thrownBy(() => msgpack.decode(nested(1_000_000))).message, /nests deeper than 64/)
    }
  })

  test('no refusal quotes the frame', () => {
    for (const bytes of ['a5 7a65627261 01', '82 a57a65627261 01 a57a65627261 02', 'd5 01 7a65']) {
      assert.doesNotMatch(thrownBy(() => msgpack.decode(hex(bytes))).message, /zebra|ze/)
    }
  })

  test('any bytes give what a plain reading of the specification gives, or BAD_CONTENT where it gives nothing', () => {
    const byte = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...alphabet) }, fc.nat(255))
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 24 }), (bytes) => {
        const frame = Buffer.from(bytes)
        const expected = attempt(() => referenceMsgpack(frame))
        if (expected === undefined) assert.equal(thrownBy(() => msgpack.decode(frame)).code, 'BAD_CONTENT')
        else assert.deepEqual(msgpack.decode(frame), expected.value)
      }),
      { numRuns: 4000 },
    )
  })

  test('what is encoded decodes to the same value, and is what the specification reads', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const frame = msgpack.encode(value)
        assert.deepEqual(msgpack.decode(frame), value)
        assert.deepEqual(referenceMsgpack(frame), value)
      }),
    )
  })

  test('a value that MessagePack cannot say is a BUG', () => {
    const ring: unknown[] = []
    ring.push(ring)
    for (const value of [ring, 2n ** 64n]) assert.equal(thrownBy(() => msgpack.encode(value)).code, 'BUG')
  })
})
