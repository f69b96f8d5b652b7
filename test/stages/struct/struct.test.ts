import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  array,
  bit,
  bits,
  bytes,
  constant,
  countOf,
  type Field,
  field,
  flags,
  is,
  on,
  rest,
  scaled,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  uintBits,
  union,
  unixSeconds,
  unusedBits,
  type ValueOf,
  when,
} from '../../../src/struct.ts'
import { seeded } from '../../../src/testing.ts'
import { bytesOf, refusesOptions } from './both-ways.ts'

/** Compiles only where both types are the same. */
function same<A, B>(_: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false): void {}

const position = struct('position', {
  start: constant(u8, 0x7e),
  time: unixSeconds(u32),
  latitude_deg: scaled(u32, { divideBy: 1e6, unit: 'deg' }),
  state: flags(u8, { fix: 0 }),
  count: countOf('names', u8),
  names: array(text(u8), field('count')),
})

const wire = '7e 5fee6600 02b2b1e0 01 02 0161 026263'
const value = {
  time: '2021-01-01T00:00:00.000Z',
  latitude_deg: 45.265376,
  state: { fix: true, others: 0 },
  names: ['a', 'bc'],
}

describe('struct', () => {
  test('the type that it decodes to is inferred', () => {
    same<
      ValueOf<typeof position>,
      { time: string; latitude_deg: number; state: { fix: boolean } & { others: number }; names: string[] }
    >(true)
    const all = struct('all', {
      id: u64,
      head: bits({ on: bit, kind: uintBits(3), unused: unusedBits(4) }),
      more: when(is('head.on', true), u16),
      body: union(
        u8,
        { login: on(1, text(u8)), data: on(2, struct('data', { raw: bytes(rest) })) },
        { keepUnknown: true },
      ),
    })
    same<
      ValueOf<typeof all>,
      {
        id: bigint
        head: { on: boolean; kind: number }
        body:
          | { readonly kind: 'login'; readonly value: string }
          | { readonly kind: 'data'; readonly value: { raw: Buffer } }
          | { readonly kind: 'unknown'; readonly tag: number; readonly value: Buffer }
        more?: number
      }
    >(true)
    // @ts-expect-error: a number is not a text
    same<ValueOf<typeof position>['time'], number>(true)
    assert.ok(all.minSize > 0)
  })

  test('decodes and encodes, both ways', () => {
    assert.deepEqual(position.decode(bytesOf(wire)), value)
    assert.deepEqual(position.encode(value), bytesOf(wire))
  })

  test('bytes behind the last field are refused with their number and place', () => {
    assert.throws(() => position.decode(bytesOf(`${wire} ffff`)), {
      code: 'BAD_CONTENT',
      message: '2 bytes are left at 16, behind the last of position',
    })
  })

  test('the beginning of a frame is decoded where the rest is for others', () => {
    assert.deepEqual(position.decodePrefix(bytesOf(`${wire} ffff`)), { value, length: 16 })
  })

  test('a frame cut short at any byte is refused, and nothing else is thrown', () => {
    const whole = bytesOf(wire)
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => position.decode(whole.subarray(0, length)), { name: 'GatewayError', code: 'BAD_CONTENT' })
    }
  })

  test('what is no object is refused', () => {
    for (const wrong of [undefined, null, 7, 'x']) {
      assert.throws(() => position.encode(wrong as never), {
        code: 'BAD_CONTENT',
        message: /position must be an object/,
      })
    }
  })

  test('makes up the same values with the same seed, and others with another', () => {
    const samples = (seed: number) => {
      const random = seeded(seed)
      return JSON.stringify(Array.from({ length: 20 }, () => position.sample(random)))
    }
    assert.equal(samples(1), samples(1))
    assert.notEqual(samples(1), samples(2))
  })

  test('names that an object or the code could not hold are refused', () => {
    for (const name of ['1', '__proto__', 'a-b', 'a`b', '', 'a.b', 'a$b']) {
      refusesOptions(() => struct('s', { [name]: u8 as Field<unknown> }), /a field of s cannot be named/)
    }
    refusesOptions(() => struct('a b', { x: u8 }), /a struct's name has letters/)
    refusesOptions(() => struct('`', { x: u8 }), /a struct's name/)
  })

  test('a field may have any other name', () => {
    const odd = struct('odd', {
      constructor: u8,
      at: u8,
      b: u8,
      end: u8,
      w: u8,
      run: u8,
      k: u8,
      value: u8,
      toString: u8,
    })
    const frame = bytesOf('010203040506070809')
    assert.deepEqual(odd.encode(odd.decode(frame)), frame)
    assert.equal(odd.decode(frame).constructor, 1)
  })

  test('fields without a value make an empty object', () => {
    assert.deepEqual(struct('empty', {}).decode(Buffer.alloc(0)), {})
    assert.deepEqual(struct('empty', {}).encode({}), Buffer.alloc(0))
  })
})

describe('annotate', () => {
  test('says of every byte which field it is', () => {
    const { fields, error } = position.annotate(bytesOf(wire))
    assert.equal(error, undefined)
    assert.deepEqual(
      fields.map(({ offset, bytes: own, path, value: meaning, unit }) => [offset, own.length, path, meaning, unit]),
      [
        [0, 1, 'start', 0x7e, undefined],
        [1, 4, 'time', '2021-01-01T00:00:00.000Z', undefined],
        [5, 4, 'latitude_deg', 45.265376, 'deg'],
        [9, 1, 'state.fix', true, undefined],
        [9, 1, 'state.others', 0, undefined],
        [10, 1, 'count', 2, undefined],
        [11, 1, 'names[0].length', 1, undefined],
        [12, 1, 'names[0]', 'a', undefined],
        [13, 1, 'names[1].length', 2, undefined],
        [14, 2, 'names[1]', 'bc', undefined],
      ],
    )
  })

  test('of a frame that is wrong goes as far as it could be read, and says what is wrong', () => {
    const { fields, error } = position.annotate(bytesOf(wire).subarray(0, 8))
    assert.deepEqual(
      fields.map(({ path }) => path),
      ['start', 'time'],
    )
    assert.match(error?.message ?? '', /position.latitude_deg takes 4 bytes at 5, of 8/)
  })
})

describe('describe', () => {
  test('is a dump with a line a field, further bytes below, and the error at the end', () => {
    const schema = struct('s', { id: u8, body: bytes(10), speed: scaled(u8, { unit: 'km/h' }), more: u16 })
    assert.equal(
      schema.describe(bytesOf('01 000102030405060708ff 2a 07')),
      `offset  bytes                    field  value
     0  01                       id     1
     1  00 01 02 03 04 05 06 07  body
        08 ff
    11  2a                       speed  42 km/h
    12  07                       ?
BAD_CONTENT: s.more takes 2 bytes at 12, of 13 that there are
`,
    )
  })
})

describe('page', () => {
  test('is a table of bytes, with one more for each kind of a union', () => {
    const schema = struct('frame', {
      id: u8,
      head: bits({ on: bit, unused: unusedBits(7) }),
      speed: scaled(u16, { divideBy: 10, unit: 'km/h' }),
      more: when(is('head.on', true), u8),
      list: array(struct('item', { a: u8, b: u16 }), u8),
      body: union(u8, { login: on(1, text(u8)) }),
    })
    assert.equal(
      schema.page(),
      `# frame

| offset | bytes | field | type | meaning |
| --: | --: | --- | --- | --- |
| 0 | 1 | \`id\` | u8 |  |
| 1 | 1 | \`head\` | bits | most significant first |
|  |  | \`head.on\` | bit 7 | boolean |
|  |  | \`head.unused\` | bits 6–0 | unused |
| 2 | 2 | \`speed\` | u16 | km/h; ÷ 10 |
| 4 | 1 | \`more\` | u8 | where \`head.on\` is true |
| … | … | \`list\` | list | a u8 with the number of items first |
| +0 | 1 | \`list[].a\` | u8 |  |
| +1 | 2 | \`list[].b\` | u16 |  |
| … | 1 | \`body.tag\` | u8 |  |
| … | … | \`body\` | one of | a u8 says which |

\`body\` is login (1, 0x1)

| offset | bytes | field | type | meaning |
| --: | --: | --- | --- | --- |
| +0 | … | \`body.value\` | text | ascii, a u8 with the number of bytes first |
`,
    )
  })

  test('may say what the frame is, and show one', () => {
    assert.equal(
      struct('ping', { id: u8 }).page({ about: 'Sent every minute.', example: Buffer.of(7) }),
      `# ping

Sent every minute.

| offset | bytes | field | type | meaning |
| --: | --: | --- | --- | --- |
| 0 | 1 | \`id\` | u8 |  |

An example:

\`\`\`
offset  bytes                    field  value
     0  07                       id     7
\`\`\`
`,
    )
  })
})
