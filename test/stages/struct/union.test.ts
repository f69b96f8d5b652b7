import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  array,
  bytes,
  constant,
  field,
  on,
  rest,
  struct,
  tagOf,
  text,
  u8,
  u16,
  u32,
  union,
} from '../../../src/struct.ts'
import { seeded } from '../../../src/testing.ts'
import { bothWays, bytesOf, refusesBytes, refusesOptions, refusesValue } from './both-ways.ts'

const heartbeat = struct('heartbeat', { level: u8 })
const message = union(u8, { login: on(0x01, text(u8)), heartbeat: on(0x13, heartbeat) })
const extras = array(union(u8, { mileage: on(0x01, u32) }, { length: u8, keepUnknown: true }), rest)

describe('union', () => {
  test('what the doc comment draws is what happens', () => {
    bothWays(message, '1306', { kind: 'heartbeat', value: { level: 6 } })
    bothWays(message, '01026162', { kind: 'login', value: 'ab' })
    bothWays(extras, '010400000064e10107', [
      { kind: 'mileage', value: 100 },
      { kind: 'unknown', tag: 0xe1, value: Buffer.of(7) },
    ])
  })

  test('a tag that is not named is refused with those that are, either way', () => {
    refusesBytes(message, '0206', /only.v.tag must be one of 1, 19, not 2/)
    refusesValue(
      message,
      { kind: 'alarm', value: 1 },
      /only.v.kind must be one of login, heartbeat, not a text of 5 characters/,
    )
    refusesValue(message, 7, /only.v must be an object, not 7/)
  })

  test('with a length each kind has exactly its bytes', () => {
    refusesBytes(extras, '01050000006401', /1 bytes are left at 6, behind the last of only.v\[0\]/)
    refusesBytes(extras, '0103000064', /only.v\[0\].value takes 4 bytes at 2, of 5/)
    refusesBytes(extras, 'e10507', /only.v\[0\] takes 5 bytes at 2, of 3/)
    refusesValue(
      extras,
      [{ kind: 'unknown', tag: 1000, value: Buffer.alloc(0) }],
      /only.v\[0\].tag must be a whole number/,
    )
    refusesValue(
      extras,
      [{ kind: 'unknown', tag: 2, value: Buffer.alloc(256) }],
      /only.v\[0\].value.length must be .* 255, not 256/,
    )
  })

  test('chosen by an earlier field, that is made sure of', () => {
    const schema = struct('s', { id: u16, serial: u8, body: union(field('id'), { a: on(1, u8), b: on(2, u16) }) })
    assert.deepEqual(schema.decode(bytesOf('0002 07 0009')), { id: 2, serial: 7, body: { kind: 'b', value: 9 } })
    const value = { id: 1, serial: 7, body: { kind: 'b', value: 9 } } as const
    assert.throws(() => schema.encode(value), { message: 'id is 1 instead of 2' })
    assert.deepEqual(schema.encode({ ...value, id: 2 }), bytesOf('0002 07 0009'))
  })

  test('chosen by its own tag, that follows from its kind', () => {
    const schema = struct('s', {
      id: tagOf('body', u16),
      serial: u8,
      body: union(field('id'), { a: on(1, u8), b: on(2, u16) }, { keepUnknown: true }),
    })
    assert.deepEqual(schema.decode(bytesOf('0002 07 0009')), { serial: 7, body: { kind: 'b', value: 9 } })
    assert.deepEqual(schema.encode({ serial: 7, body: { kind: 'b', value: 9 } }), bytesOf('0002 07 0009'))
    const unknown = { serial: 7, body: { kind: 'unknown', tag: 9, value: bytesOf('a1') } } as const
    assert.deepEqual(schema.decode(bytesOf('0009 07 a1')), unknown)
    assert.deepEqual(schema.encode(unknown), bytesOf('0009 07 a1'))
    assert.throws(() => schema.encode({ serial: 7 } as never), {
      code: 'BAD_CONTENT',
      message: /s.id must be a whole number/,
    })
  })

  test('made up where an earlier field chooses is of a kind that there is', () => {
    const schema = struct('s', { id: u16, body: union(field('id'), { a: on(7, u8), b: on(900, u16) }) })
    const outer = struct('outer', {
      head: struct('head', { id: u16 }),
      body: union(field('head.id'), { a: on(7, u8) }),
    })
    const random = seeded(1)
    const ids = new Set<number>()
    for (let count = 0; count < 50; count++) {
      const value = schema.sample(random)
      ids.add(value.id)
      assert.deepEqual(schema.decode(schema.encode(value)), value)
      assert.equal(outer.sample(random).head.id, 7)
    }
    assert.deepEqual([...ids].sort(), [7, 900])
  })

  test('that cannot be is refused', () => {
    refusesOptions(() => union(u8, {}), /must have a kind/)
    refusesOptions(() => union(u8, { a: on(1, u8), b: on(1, u16) }), /two kinds with the tag 1/)
    refusesOptions(() => union(u8, { unknown: on(1, u8) }, { keepUnknown: true }), /has no kind 'unknown'/)
    refusesOptions(() => union(u8, { a: on(1, constant(u8, 1) as never) }), /a of a union must have a value/)
    refusesOptions(
      () => struct('s', { id: tagOf('body', u8), body: bytes(rest) }),
      /make that a union by field\('id'\)/,
    )
    refusesOptions(() => struct('s', { body: union(u8, { a: on(1, u8) }), id: tagOf('body', u8) }), /make that a union/)
  })
})
