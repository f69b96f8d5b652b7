import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { keyValuePayload } from '../../src/stages/key-value-payload.ts'
import { thrownBy } from './refusals.ts'

const pairs = keyValuePayload({ numbers: ['t'] })
const decode = (line: string) => pairs.decode(Buffer.from(line))

describe('keyValuePayload', () => {
  test('the drawing of its comment, both ways', () => {
    assert.deepEqual(decode('id=7;t=20.5'), { id: '7', t: 20.5 })
    assert.equal(pairs.encode({ id: '7', t: 20.5 }).toString(), 'id=7;t=20.5')
  })

  const examples: readonly [string, string, unknown][] = [
    ['a separator behind the last pair is none between two', 'id=7;', { id: '7' }],
    ['a value may hold the separator of keys', 'url=a=b', { url: 'a=b' }],
    ['a value may be empty, a number then is null', 'id=;t=', { id: '', t: null }],
    ['spaces are not taken off', ' id = 7', { ' id ': ' 7' }],
  ]
  for (const [name, line, value] of examples) test(name, () => assert.deepEqual(decode(line), value))

  test('separators may be any texts', () => {
    const format = keyValuePayload({ pairSeparator: ' | ', keySeparator: ': ' })
    assert.deepEqual(format.decode(Buffer.from('id: 7 | t: 1')), { id: '7', t: '1' })
  })

  const refused: readonly [string, string, RegExp][] = [
    ['nothing', '', /has no key and value/],
    ['a separator alone', ';', /has no key and value/],
    ['a part that is no pair', 'id=7;zebra', /no key and value in part 2/],
    ['an empty part', 'id=7;;t=1', /no key and value in part 2/],
    ['an empty key', '=zebra', /no key and value in part 1/],
    ['a key twice', 'zebra=7;zebra=8', /same key twice/],
    ['a number that is none', 't=zebra', /field 1 of a line is not a number/],
  ]
  for (const [name, line, message] of refused) {
    test(`${name} is refused without being quoted`, () => {
      const error = thrownBy(() => decode(line))
      assert.equal(error.code, 'BAD_CONTENT')
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /zebra/)
    })
  }

  test('what is not UTF-8 is refused', () => {
    assert.match(thrownBy(() => pairs.decode(Buffer.from('a=\xff', 'latin1'))).message, /not UTF-8/)
  })

  test('a key __proto__ is a member like any other', () => {
    assert.deepEqual(Object.entries(decode('__proto__=a;b=1')), [
      ['__proto__', 'a'],
      ['b', '1'],
    ])
  })

  test('what is encoded decodes to the same value, or is a BUG where separators stand in it', () => {
    const text = fc.array(fc.constantFrom('a', 'b', '=', ';', '1', 'ü')).map((each) => each.join(''))
    fc.assert(
      fc.property(fc.dictionary(text, text, { noNullPrototype: true }), (value) => {
        const entries = Object.entries(value)
        const sayable = ([key, each]: [string, string]) => /^[^=;]+$/.test(key) && !each.includes(';')
        const numbers = entries.every(([key, each]) => key !== 't' || each === '')
        if (entries.length > 0 && entries.every(sayable) && numbers)
          assert.deepEqual(pairs.decode(pairs.encode(value)), value)
        else assert.equal(thrownBy(() => pairs.encode(value)).code, 'BUG')
      }),
    )
  })

  test('options out of range are named', () => {
    for (const options of [
      { pairSeparator: '' },
      { keySeparator: '' },
      { pairSeparator: '=' },
      { keySeparator: '=;' },
    ]) {
      const error = thrownBy(() => keyValuePayload(options))
      assert.equal(error.code, 'CONFIGURATION')
      assert.match(error.message, /(pair|key)Separator/)
    }
  })
})
