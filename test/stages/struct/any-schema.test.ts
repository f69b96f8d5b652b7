import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import {
  array,
  bcd,
  bcdNumber,
  bit,
  bits,
  bytes,
  calendar,
  check,
  constant,
  countOf,
  either,
  type Field,
  type Fields,
  f64,
  field,
  flags,
  hex,
  i16le,
  i32,
  intBits,
  is,
  mark,
  on,
  padding,
  rest,
  type Struct,
  scaled,
  sized,
  struct,
  tagOf,
  text,
  u8,
  u16,
  u24le,
  u32,
  u64,
  uint,
  uintBits,
  union,
  unixSeconds,
  when,
} from '../../../src/struct.ts'
import { seeded } from '../../../src/testing.ts'

type Value = Field<unknown, 'value'>

const leaf: fc.Arbitrary<Value> = fc.constantFrom<Value>(
  u8,
  u24le,
  i16le,
  i32,
  uint(8),
  u64,
  f64,
  hex(3),
  bcd(5),
  bcdNumber(2),
  text(u8),
  text(4),
  text(6, { pad: 0 }),
  text(u16, { encoding: 'gbk' }),
  text(u8, { encoding: 'utf8' }),
  bytes(u8),
  bytes(3),
  scaled(i32, { divideBy: 1e7, unit: 'deg' }),
  scaled(u16, { divideBy: 10, add: -40 }),
  unixSeconds(u32),
  calendar({ digits: 'bcd', zone: '+08:00' }),
  calendar({ digits: 'binary' }),
  flags(u16, { a: 0, b: 15 }),
  bits({ a: uintBits(3), b: bit, c: intBits(12) }),
)

/** Fields that hold others, a few levels deep; none of them needs a field of the struct around it. */
const { value: anyField } = fc.letrec<{ value: Value; structure: Value }>((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('structure')),
  structure: fc.oneof(
    fc.array(tie('value'), { minLength: 1, maxLength: 4 }).map((fields) => structOf(fields)),
    fc.tuple(tie('value'), tie('value')).map(([item, more]) => array(struct('item', { id: u8, item, more }), u8)),
    tie('value').map((item) => sized(u16, struct('inner', { item, rest: bytes(rest) }))),
    fc.tuple(tie('value'), tie('value')).map(([a, b]) => union(u8, { a: on(1, a), b: on(200, b) })),
    tie('value').map((a) => sized(u16, array(union(u8, { a: on(1, a) }, { length: u16, keepUnknown: true }), rest))),
  ),
}))

function structOf(fields: readonly Value[]): Struct<unknown> {
  return struct('inner', Object.fromEntries(fields.map((each, index) => [`f${index}`, each])))
}

/** A struct that has all that looks at other fields, around some others. */
const anySchema: fc.Arbitrary<Struct<unknown>> = fc.array(anyField, { minLength: 1, maxLength: 4 }).map((given) => {
  const [a = u8, b = u8, c = u8, d = u8] = given
  const fields: Fields = {
    start: mark('$'),
    version: constant(u8, 3),
    head: bits({ long: bit, more: bit, size: uintBits(6) }),
    a,
    count: countOf('list', u8),
    kind: tagOf('body', u8),
    b: when(is('head.more', true), b),
    id: either(is('head.long', true), hex(6), hex(2)),
    own: bytes(field('head.size')),
    length: scaled(i16le, { add: -4 }),
    more: array(struct('far', { size: u8, near: bytes(field('length')), own: text(field('size')) }), u8),
    skip: padding(2),
    list: array(struct('item', { id: u8, d: when(is('head.more', true), d) }), field('count')),
    again: countOf('list', u16),
    body: union(field('kind'), { c: on(7, c), none: on(9, struct('none', {})) }, { keepUnknown: true }),
    crc: check('CRC-16/ARC', u16, { from: 'version' }),
  }
  return struct('any', fields)
})

describe('any schema', () => {
  test('gives back what it made up, and the same bytes for it', () => {
    fc.assert(
      fc.property(anySchema, fc.nat(), (schema, seed) => {
        const random = seeded(seed)
        for (let count = 0; count < 5; count++) {
          const value = schema.sample(random)
          const frame = schema.encode(value)
          assert.deepEqual(schema.decode(frame), value)
          assert.deepEqual(schema.encode(schema.decode(frame)), frame)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('refuses any other bytes with a code, or takes them and keeps what they say', () => {
    fc.assert(
      fc.property(anySchema, fc.nat(), (schema, seed) => {
        const random = seeded(seed)
        const good = schema.encode(schema.sample(random))
        for (let at = 0; at < Math.min(good.length, 60); at++) {
          for (const frame of [good.subarray(0, at), changed(good, at, Math.floor(random() * 256))])
            tryToDecode(schema, frame)
        }
        tryToDecode(schema, Buffer.from(Array.from({ length: 100 }, () => Math.floor(random() * 256))))
      }),
      { numRuns: 150 },
    )
  })

  test('says of every byte of a good frame what it is, once, in order', () => {
    fc.assert(
      fc.property(anySchema, fc.nat(), (schema, seed) => {
        const frame = schema.encode(schema.sample(seeded(seed)))
        const { fields, error } = schema.annotate(frame)
        assert.equal(error, undefined)
        let at = 0
        for (const { offset, bytes: own } of fields) {
          // The parts of a group of bits all show the group.
          assert.ok(offset === at || (offset < at && offset + own.length === at), `${offset} behind ${at}`)
          at = offset + own.length
        }
        assert.equal(at, frame.length)
        assert.ok(schema.describe(frame).split('\n').length > fields.length)
      }),
      { numRuns: 150 },
    )
  })

  test('has a page with every field', () => {
    fc.assert(
      fc.property(anySchema, (schema) => {
        const page = schema.page()
        for (const name of ['head.size', 'list[].id', 'body', 'own', 'crc'])
          assert.ok(page.includes(`\`${name}\``), name)
      }),
      { numRuns: 50 },
    )
  })
})

function changed(bytes: Buffer, at: number, to: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = to
  return copy
}

/** What is taken must be something that the schema can say: it comes back as it was. */
function tryToDecode(schema: Struct<unknown>, frame: Buffer): void {
  let value: unknown
  try {
    value = schema.decode(frame)
  } catch (thrown) {
    assert.ok(
      thrown instanceof GatewayError && /^(BAD_CONTENT|CHECKSUM_MISMATCH)$/.test(thrown.code),
      String((thrown as Error).stack),
    )
    assert.notEqual(schema.annotate(frame).error, undefined)
    return
  }
  assert.deepEqual(schema.decode(schema.encode(value)), value)
}
