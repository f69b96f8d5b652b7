import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { cborPayload } from '../../src/stages/cbor-payload.ts'
import { jsonText } from '../../src/stages/json-text.ts'
import { referenceCbor } from './cbor-reference.ts'
import { anyValue, attempt } from './payload-values.ts'
import { hex, thrownBy } from './refusals.ts'

const cbor = cborPayload()
const heads =
  '00 17 18 19 1a 1b 20 37 38 3b 40 41 42 58 5f 60 61 62 63 78 7f 80 81 82 98 9a 9f a0 a1 a2 b8 bf c0 c1 c2 c3 c4 d8 d9 f0 f4 f6 f7 f8 f9 fa fb ff'
const alphabet = [...hex(heads), ...Buffer.from('ab1_\xe9\x80', 'latin1')]

describe('cborPayload', () => {
  test('the drawing of its comment, both ways', () => {
    const frame = hex('a2 6269 64 626431 6174 fb4034800000000000')
    assert.deepEqual(cbor.decode(frame), { id: 'd1', t: 20.5 })
    assert.deepEqual(cbor.encode({ id: 'd1', t: 20.5 }), frame)
  })

  const examples: readonly [string, string, unknown][] = [
    ['an array and a map of indefinite length', '9f 01 bf 6161 02 ff ff', [1, { a: 2 }]],
    ['an integer that JavaScript can hold is a number, whatever its length', '1b 001fffffffffffff', 2 ** 53 - 1],
    ['a greater one is a BigInt', '1b 0020000000000000', 2n ** 53n],
    ['the least of eight bytes', '3b ffffffffffffffff', -(2n ** 64n)],
    ['a big number', 'c2 49 010000000000000000', 2n ** 64n],
    ['a time in seconds', 'c1 fb 41d452d9ec200000', new Date('2013-03-21T20:04:00.5Z')],
    ['a time as text', 'c0 74 323031332d30332d32315432303a30343a30305a', new Date('2013-03-21T20:04:00Z')],
    ['half floats', '83 f9 3e00 f9 7c00 f9 7e00', [1.5, Number.POSITIVE_INFINITY, Number.NaN]],
    ['undefined', '81 f7', [undefined]],
    ['a frame that says that it is CBOR', 'd9d9f7 01', 1],
    ['an integer as key is its digits', 'a2 01 02 20 03', { 1: 2, '-1': 3 }],
    ['a text that begins with a byte order mark', '64 efbbbf 61', '\ufeffa'],
  ]
  for (const [name, bytes, value] of examples) {
    test(`${name}`, () => assert.deepEqual(cbor.decode(hex(bytes)), value))
  }

  test('a byte string is a Buffer, and base64 in JSON', () => {
    const value = cbor.decode(hex('a1 6172 42 0102'))
    assert.deepEqual(value, { r: Buffer.of(1, 2) })
    assert.equal(jsonText(value), '{"r":"AQI="}')
  })

  test('a key __proto__ is a member like any other', () => {
    const value = cbor.decode(hex('a1 69 5f5f70726f746f5f5f a1 6161 01')) as object
    assert.deepEqual(Object.keys(value), ['__proto__'])
    assert.equal(Object.getPrototypeOf(value), Object.prototype)
    assert.equal(({} as { a?: unknown }).a, undefined)
    assert.equal(jsonText(value), '{"__proto__":{"a":1}}')
  })

  const refused: readonly [string, string, RegExp][] = [
    ['nothing', '', /ends too early at byte 0/],
    ['bytes behind the item', '01 01', /goes on at byte 1/],
    ['an array that claims more than is there', '9a ffffffff 01', /ends too early/],
    ['a text that claims more than is there', '7b ffffffffffffffff 61', /ends too early/],
    ['a map that claims more than is there', 'ba ffffffff', /ends too early/],
    ['a string of indefinite length', '5f 41 01 ff', /length of a kind that is not supported/],
    ['a record of cbor-x', 'd9 dfff 83 19e000 81 6161 01', /tag that is not supported/],
    ['a legacy record of cbor-x', 'd8 69 83 19e000 81 6161 01', /tag that is not supported/],
    ['a shared value', 'd8 1c 80', /tag that is not supported/],
    ['a reference', 'd8 1d 00', /tag that is not supported/],
    ['a typed array', 'd8 55 44 00000000', /tag that is not supported/],
    ['a decimal fraction', 'c4 82 21 19 6ab3', /tag that is not supported/],
    ['a big number that is a text', 'c2 61 61', /tag that is not supported/],
    ['a big number of 33 bytes', `c2 58 21 ${'00'.repeat(33)}`, /tag that is not supported/],
    ['a time that is none', 'c0 61 7a', /a date is none/],
    ['a time without end', 'c1 f9 7c00', /a date is none/],
    ['a simple value that means nothing', 'e0', /simple value/],
    ['a simple value of two bytes', 'f8 20', /simple value that means nothing at byte 1/],
    ['a break alone', 'ff', /break/],
    ['a break in a map behind a key', 'bf 61 61 ff', /break/],
    ['a break in an array that has a length', '82 01 ff', /break/],
    ['a key twice', 'a2 6161 01 6161 02', /same key twice/],
    ['a key twice, as a number and as its digits', 'a2 01 01 6131 02', /same key twice/],
    ['a key twice, deep inside', '81 81 a2 6161 01 6161 02', /same key twice/],
    ['a key that is a list', 'a1 80 01', /neither a text nor an integer/],
    ['a key that is a fraction', 'a1 f9 3e00 01', /neither a text nor an integer/],
    ['a text that is not UTF-8', '61 ff', /not UTF-8/],
  ]
  for (const [name, bytes, message] of refused) {
    test(`${name} is refused`, () => {
      const error = thrownBy(() => cbor.decode(hex(bytes)))
      assert.equal(error.code, 'BAD_CONTENT')
      assert.match(error.message, message)
    })
  }

  test('64 arrays, maps or tags in one another are taken, one more is refused, and so are a million', () => {
    for (const head of ['81', 'd9d9f7', '9f']) {
      const end = head === '9f' ? 'ff' : ''
      const nested = (depth: number) => hex(`${head.repeat(depth)}00${end.repeat(depth)}`)
      cbor.decode(nested(64))
      assert.match(thrownBy(() => cbor.decode(nested(65))).message, /nests deeper than 64/)
      assert.match(thrownBy(() => cbor.decode(nested(1_000_000))).message, /nests deeper than 64/)
    }
  })

  test('a big number of 32 bytes is taken', () => {
    assert.equal(cbor.decode(hex(`c2 58 20 01${'00'.repeat(31)}`)), 2n ** 248n)
  })

  test('no refusal quotes the frame', () => {
    for (const bytes of ['65 7a65627261 01', 'a2 657a65627261 01 657a65627261 02', 'c0 65 7a65627261']) {
      assert.doesNotMatch(thrownBy(() => cbor.decode(hex(bytes))).message, /zebra/)
    }
  })

  test('a refused frame leaves nothing behind: the next is decoded as ever', () => {
    thrownBy(() => cbor.decode(hex('a2 6161 01 61')))
    assert.deepEqual(cbor.decode(hex('a1 6161 01')), { a: 1 })
  })

  test('the frame is left as it came', () => {
    const frame = hex('a1 6161 01')
    cbor.decode(frame)
    assert.deepEqual(Object.keys(frame), Object.keys(hex('a1 6161 01')))
  })

  test('any bytes give what a plain reading of RFC 8949 gives, or BAD_CONTENT where it gives nothing', () => {
    const byte = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...alphabet) }, fc.nat(255))
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 24 }), (bytes) => {
        const frame = Buffer.from(bytes)
        const expected = attempt(() => referenceCbor(frame))
        if (expected === undefined) assert.equal(thrownBy(() => cbor.decode(frame)).code, 'BAD_CONTENT')
        else assert.deepEqual(cbor.decode(frame), expected.value)
      }),
      { numRuns: 4000 },
    )
  })

  test('what is encoded decodes to the same value, and is what RFC 8949 reads', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const frame = cbor.encode(value)
        assert.deepEqual(cbor.decode(frame), value)
        assert.deepEqual(referenceCbor(frame), value)
      }),
    )
  })

  test('a value that CBOR cannot say is a BUG', () => {
    const ring: unknown[] = []
    ring.push(ring)
    for (const value of [ring, { f: () => 1 }]) assert.equal(thrownBy(() => cbor.encode(value)).code, 'BUG')
  })
})
