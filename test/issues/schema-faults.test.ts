import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import {
  array,
  atLeast,
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
  f32,
  field,
  flags,
  i8,
  i16,
  i48,
  is,
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
  u32,
  u64,
  uintBits,
  union,
  unixSeconds,
  unusedBits,
  when,
} from '../../src/struct.ts'
import { seeded } from '../../src/testing.ts'

const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex')

function refuses(call: () => unknown, code: string, message?: RegExp): void {
  assert.throws(call, (thrown) => {
    assert.ok(thrown instanceof GatewayError, String((thrown as Error).stack))
    assert.equal(thrown.code, code, thrown.message)
    if (message !== undefined) assert.match(thrown.message, message)
    return true
  })
}

describe('a length below 0', () => {
  test('never makes the decoder go back', () => {
    const item = struct('item', { id: u16, len: scaled(u16, { add: -4 }), b: bytes(field('len')) })
    refuses(() => struct('s', { items: array(item, rest) }).decode(hex('00010000')), 'BAD_CONTENT', /length.* not -4/)
    refuses(
      () => struct('s', { items: array(struct('i', { n: i8, b: bytes(field('n')) }), rest) }).decode(hex('ff')),
      'BAD_CONTENT',
    )
    const kept = union(u8, { a: on(1, u8) }, { length: i8, keepUnknown: true })
    refuses(() => struct('s', { items: array(kept, rest) }).decode(hex('05fe')), 'BAD_CONTENT', /not -2/)
    refuses(() => struct('s', { n: i8, b: bytes(field('n')), x: bytes(rest) }).decode(hex('ff01')), 'BAD_CONTENT')
    refuses(
      () => struct('s', { n: scaled(u8, { divideBy: 2 }), l: array(u8, field('n')) }).decode(hex('0107')),
      'BAD_CONTENT',
    )
    refuses(() => struct('s', { n: u64, b: bytes(field('n')) }).decode(hex('0000000000000001 07')), 'BAD_CONTENT')
  })
})

describe('what is thrown is always coded', () => {
  test('for a time far before 1970, and a dump of very many fields', () => {
    refuses(() => struct('s', { t: unixSeconds(i48) }).decode(hex('800000000000')), 'BAD_CONTENT', /no date/)
    const many = struct('s', { l: array(u8, rest) })
    assert.ok(many.describe(Buffer.alloc(150_000)).length > 150_000)
  })

  test('for a count of what may be absent, and of what is no list', () => {
    const counted = (l: Field<unknown>) => struct('s', { f: u8, l, c: countOf('l', u8) } as Fields)
    refuses(() => counted(when(is('f', 1), array(u8, u8))), 'CONFIGURATION', /counts l/)
    refuses(() => counted(text(u8)), 'CONFIGURATION', /counts l/)
  })

  test('for values that cannot be shown', () => {
    refuses(() => struct('s', { a: u8 }).encode({ a: (10n ** 100_000n) as never }), 'BAD_CONTENT', /^.{1,200}$/)
    const odd = Object.assign(() => {}, { toString: () => assert.fail() })
    refuses(() => struct('s', { a: u8 }).encode({ a: odd as never }), 'BAD_CONTENT')
  })
})

describe('what follows from other fields', () => {
  test('cannot hide in when, sized or a list, where nobody would make sure of it', () => {
    for (const hidden of [check('XOR', u8), countOf('l', u8), tagOf('u', u8)]) {
      refuses(() => when(is('f', 1), hidden), 'CONFIGURATION')
      refuses(() => sized(1, hidden), 'CONFIGURATION')
      refuses(() => array(hidden as never, 1), 'CONFIGURATION')
    }
    refuses(() => array(padding(1) as never, 2), 'CONFIGURATION', /must have a value/)
  })

  test('is compared wherever it is used', () => {
    const two = struct('s', { n: countOf('a', u8), a: array(u8, field('n')), b: array(u8, field('n')) })
    refuses(() => two.encode({ a: [1, 2], b: [3] }), 'BAD_CONTENT', /n is 2 instead of 1/)
    const fixed = struct('s', { n: constant(u8, 2), b: bytes(field('n')), c: u8 })
    refuses(() => fixed.encode({ b: hex('01'), c: 7 }), 'BAD_CONTENT', /n is 2 instead of 1/)
    assert.deepEqual(fixed.encode({ b: hex('0102'), c: 7 }), hex('02 0102 07'))
    const chosen = struct('s', { t: constant(u8, 1), u: union(field('t'), { a: on(1, u8), b: on(2, u8) }) })
    refuses(() => chosen.encode({ u: { kind: 'b', value: 9 } }), 'BAD_CONTENT', /t is 1 instead of 2/)
    const shared = struct('s', {
      t: tagOf('u', u8),
      u: union(field('t'), { a: on(1, u8), b: on(2, u8) }),
      v: union(field('t'), { c: on(1, u8), d: on(2, u8) }),
    })
    refuses(
      () => shared.encode({ u: { kind: 'a', value: 1 }, v: { kind: 'd', value: 1 } }),
      'BAD_CONTENT',
      /t is 1 instead of 2/,
    )
    const conditional = struct('s', { n: constant(u8, 1), x: when(is('n', 1), u8) })
    assert.deepEqual(conditional.encode(conditional.decode(hex('0107'))), hex('0107'))
  })

  test('means the field before it, not itself, where both have one name', () => {
    const outer = struct('o', { n: u8, i: struct('i', { n: bytes(field('n')) }) })
    assert.deepEqual(outer.encode(outer.decode(hex('0105'))), hex('0105'))
    const version = struct('o', { v: u8, i: struct('i', { v: when(is('v', 1), u8) }) })
    assert.deepEqual(version.encode(version.decode(hex('0105'))), hex('0105'))
  })

  test('a check takes an unsigned number that can hold it', () => {
    refuses(() => check('CRC-16/ARC', i16), 'CONFIGURATION', /unsigned/)
  })
})

describe('nothing is silently another value', () => {
  test('an unknown kind cannot have the tag of a known one', () => {
    const kept = struct('s', { u: union(u8, { a: on(1, u16) }, { keepUnknown: true }) })
    refuses(() => kept.encode({ u: { kind: 'unknown', tag: 1, value: hex('0708') } }), 'BAD_CONTENT', /tag/)
  })

  test('a number that f32 cannot hold is refused', () => {
    refuses(() => struct('s', { a: f32 }).encode({ a: 1e300 }), 'BAD_CONTENT', /4 bytes/)
  })

  test('a time is ISO 8601 with its zone, and a day that there is', () => {
    const time = struct('s', { t: unixSeconds(u32) })
    for (const t of [
      '2019-02-30T00:00:00Z',
      '1',
      '2019-10-15T21:20:00',
      '2019-10-15',
      '2019-10-15T24:00:00Z',
      '2019-10-15T21:20:00+99:99',
    ]) {
      refuses(() => time.encode({ t }), 'BAD_CONTENT', /ISO 8601/)
    }
    assert.deepEqual(time.encode({ t: '2019-10-15T21:20:00+08:00' }), time.encode({ t: '2019-10-15T13:20:00Z' }))
    const local = struct('s', { t: calendar({ digits: 'bcd' }) })
    for (const t of ['May 2019 ', '2019-02-30T00:00:00', '2019-10-15T21:20:00Z'])
      refuses(() => local.encode({ t }), 'BAD_CONTENT')
    refuses(() => calendar({ digits: 'bcd', zone: '+99:99' }), 'CONFIGURATION')
  })

  test('text in two bytes a character is padded in whole characters', () => {
    const name = struct('s', { n: text(8, { encoding: 'utf-16le', pad: 0 }) })
    assert.deepEqual(name.decode(name.encode({ n: 'abc' })), { n: 'abc' })
    assert.deepEqual(name.encode({ n: 'ab' }), hex('6100 6200 0000 0000'))
    refuses(() => text(7, { encoding: 'utf-16le', pad: 0 }), 'CONFIGURATION')
    refuses(() => text(8, { encoding: 'utf-16le', pad: 0x20 }), 'CONFIGURATION')
    for (const encoding of ['hex', 'base64', 'utf-16']) refuses(() => text(8, { encoding }), 'CONFIGURATION')
  })

  test('lengths and quantities of the schemas that ship are made sure of', async () => {
    const { jt808Message, modbusRequest } = await import('../../src/index.ts')
    const header = jt808Message.decode(hex('0002 0000 012345678901 7fff'))
    const attributes = { ...header.attributes, body_length: 1000 }
    refuses(() => jt808Message.encode({ ...header, attributes, body: hex('07') }), 'BAD_CONTENT', /body_length/)
    const value = { address: 1, quantity: 9, registers: [1] }
    refuses(
      () => modbusRequest.encode({ unit: 1, request: { kind: 'writeMultipleRegisters', value } }),
      'BAD_CONTENT',
      /quantity/,
    )
  })
})

describe('names', () => {
  test('that are no identifiers are refused wherever they would be in code, and never run', () => {
    const bad = ['x: (globalThis.pwned = 1), y', 'a-b', "it's", '7', '__proto__', '', '`', 'a b']
    for (const name of bad) {
      refuses(() => bits({ [name]: bit, rest: unusedBits(7) }), 'CONFIGURATION')
      refuses(() => flags(u8, { [name]: 0 }), 'CONFIGURATION')
      refuses(() => field(name), 'CONFIGURATION')
      refuses(() => is(`a.${name}`, 1), 'CONFIGURATION')
      refuses(() => atLeast(name, 1), 'CONFIGURATION')
      refuses(() => countOf(name, u8), 'CONFIGURATION')
    }
    for (const name of ["it's", 'a`b', 'a$', 'x\\']) {
      const odd = struct('s', { u: union(u8, { [name]: on(1, u8) }) })
      assert.deepEqual(odd.encode(odd.decode(hex('0107'))), hex('0107'))
      refuses(() => odd.decode(hex('0207')), 'BAD_CONTENT')
      refuses(() => odd.encode({ u: { kind: 'other', value: 1 } } as never), 'BAD_CONTENT')
      assert.ok(odd.page().includes(name))
    }
    refuses(() => flags(u8, { others: 0 }), 'CONFIGURATION')
    refuses(() => on('(globalThis.pwned = 1)' as never, u8), 'CONFIGURATION')
    refuses(() => on(1.5, u8), 'CONFIGURATION')
    refuses(() => union(u8, { a: on(300, u8) }), 'CONFIGURATION', /300/)
    refuses(() => struct('s', { v: u8, toString: when(is('v', 1), u8) }), 'CONFIGURATION')
    assert.equal((globalThis as { pwned?: unknown }).pwned, undefined)
  })

  test('something that goes to the end can only have fields of a fixed size behind it', () => {
    refuses(() => struct('s', { a: bytes(rest), b: text(u8) }), 'CONFIGURATION', /a goes to the end/)
    refuses(
      () => struct('s', { a: struct('i', { x: array(u8, rest) }), b: text(u8) }),
      'CONFIGURATION',
      /a goes to the end/,
    )
  })

  test('an error names the field that is short, not the one before it', () => {
    refuses(() => struct('s', { a: text(u8), b: u16 }).decode(hex('01')), 'BAD_CONTENT', /^s.b takes 2 bytes/)
  })
})

describe('samples', () => {
  const random = seeded(7)
  const valid = (schema: Struct<unknown>) => {
    for (let count = 0; count < 100; count++) {
      const value = schema.sample(random)
      assert.deepEqual(schema.decode(schema.encode(value)), value)
    }
  }

  test('are valid where fields look at each other across structs, lists and unions', () => {
    const head = bits({ k: uintBits(4), n: uintBits(4) })
    valid(struct('s', { h: head, u: union(field('h.k'), { a: on(3, u8), b: on(5, u16) }) }))
    valid(struct('s', { k: u16, l: array(struct('i', { u: union(field('k'), { a: on(900, u8) }) }), u8) }))
    valid(struct('s', { n: u32, u: union(u8, { a: on(1, struct('i', { b: bytes(field('n')) })) }) }))
    valid(
      struct('o', {
        t: u8,
        i: struct('i', { t: tagOf('u', u8), u: union(field('t'), { a: on(1, u8), b: on(2, u8) }) }),
      }),
    )
    valid(struct('s', { n: countOf('a', u8), a: array(u8, field('n')), b: array(u16, field('n')) }))
    valid(struct('s', { n: bits({ n: uintBits(32) }), b: bytes(field('n.n')) }))
  })

  test('are valid where a size is given', () => {
    valid(struct('s', { a: sized(4, array(u16, rest)), b: u8 }))
    valid(struct('s', { a: sized(10, struct('i', { x: u16, y: bytes(rest), z: u8 })) }))
    valid(struct('s', { a: sized(u8, array(struct('i', { x: bytes(100) }), rest)) }))
    valid(struct('s', { n: scaled(u8, { add: -4 }), b: bytes(field('n')) }))
    valid(struct('s', { a: text(5, { pad: 0x30 }), b: text(u8, { encoding: 'utf-16le' }) }))
  })

  test('that cannot be found are no values but an error', () => {
    refuses(() => struct('s', { a: sized(3, array(u16, rest)) }).sample(random), 'CONFIGURATION', /no valid value/)
  })
})

describe('the page', () => {
  test('has the length of a sized field, small factors, both places of either, and no note in a wrong row', () => {
    const page = struct('s', {
      a: u8,
      s: sized(u8, struct('i', { x: u8 })),
      e: either(is('a', 1), u16, u16),
      v: when(is('a', 1), struct('empty', {})),
      d: scaled(u8, { divideBy: 0.0001, unit: 'two\nlines' }),
    }).page()
    assert.match(page, /\| 1 \| 1 \| `s.length` \| u8 \|/)
    assert.match(page, /\| 2 \| 1 \| `s.x` \|/)
    assert.match(page, /÷ 0.0001/)
    assert.match(page, /`d` \| u8 \| two lines; ÷ 0.0001 \|/)
    const plain = struct('s', { a: u8, e: either(is('a', 1), u16, u16), z: u8 }).page()
    assert.match(plain, /\| 1 \| 2 \| `e` \| u16 \| else \|\n\| 3 \| 1 \| `z` \|/)
  })
})
