import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Telemetry } from '../../src/core/items.ts'
import { json } from '../../src/stages/json.ts'
import { feed } from '../../src/testing.ts'

/** What both ways of decoding make of lines, the values of readings apart. */
async function heard(parse: 'all' | 'keys', lines: readonly string[]): Promise<unknown> {
  const { up } = await feed(json({ parse }), lines)
  return {
    emitted: up.emitted.map((item) => (item.kind === 'telemetry' ? { ...item, value: undefined } : item)),
    replied: up.replied,
    errors: up.errors.map(({ code, message }) => [code, message]),
  }
}

const member = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '"t":20.5',
      '"é":"°"',
      '"a":{"$b":[1,2]}',
      '"deep":[[[[]]]]',
      '"n":12345678901234567890',
    ),
  },
  fc.constantFrom(
    '"$seq":7',
    '"$seq":-7',
    '"$seq":1.5',
    '"$seq":007',
    '"$seq":"x"',
    '"$seq":12345678901234567',
    '"\\u0024seq":8',
  ),
  fc.constantFrom(
    '"$properties":{"alert":"true"}',
    '"$properties":{"a b":"x"}',
    '"$ping":1',
    '"$report":{"a":1}',
    '"$strange":1',
  ),
  fc.json({ maxDepth: 2 }).map((value) => `"any":${value}`),
)
const line = fc
  .tuple(fc.array(member, { maxLength: 4 }), fc.constantFrom('', ' '), fc.constantFrom('', ',', '}', ' '))
  .map(([members, space, rest]) => `{${members.join(`,${space}`)}}${rest}`)

describe("json({ parse: 'keys' })", () => {
  test('accepts, refuses and answers what json() does, with the same bytes, tags, ids and properties', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 5 }), async (lines) => {
        assert.deepEqual(await heard('keys', lines), await heard('all', lines))
      }),
      { numRuns: 1500 },
    )
  })

  test('makes no value of a reading, and leaves its bytes as they are', async () => {
    const said = '{"$seq":7,"t": 20.50,"n":12345678901234567890}'
    const [all, keys] = await Promise.all(
      (['all', 'keys'] as const).map(async (parse) => (await feed(json({ parse }), [said])).up.emitted[0] as Telemetry),
    )
    assert.deepEqual(all?.value, { t: 20.5, n: Number('12345678901234567890') })
    assert.equal(keys?.value, undefined)
    for (const each of [all, keys]) {
      assert.equal(String(each?.body), '{"t": 20.50,"n":12345678901234567890}')
      assert.equal(each?.tag, 7)
    }
  })

  test('makes no value of any reading, whatever stands beside its number, however deep it nests', async () => {
    const deep = `{"a":${'['.repeat(40)}${']'.repeat(40)}}`
    const { up } = await feed(json({ parse: 'keys' }), [
      '{"$seq":7,"$properties":{"a":"b"},"t":1}',
      '{"t":1,"$seq":7}',
      '{"\\u0061":1}',
      deep,
    ])
    assert.deepEqual(
      up.emitted.map((item) => item.kind === 'telemetry' && item.value),
      [undefined, undefined, undefined, undefined],
    )
  })

  test('white space around the members of a numbered line stays, also where a key is written with an escape', async () => {
    for (const parse of ['all', 'keys'] as const) {
      const { up } = await feed(json({ parse }), ['{"$seq":7,"\\u0061": 1 , "b":2 } '])
      assert.deepEqual(
        up.emitted.map((item) => item.kind === 'telemetry' && String(item.body)),
        ['{"\\u0061": 1 , "b":2 } '],
        parse,
      )
    }
  })

  test('a line is what it was whether its number stands first or not, but for the place', async () => {
    const { up } = await feed(json(), ['{"$seq":7,"t":1}', '{"t":1,"$seq":7}', '{"$seq":7}'])
    const readings = up.emitted as Telemetry[]
    assert.deepEqual(
      readings.map(({ body, tag, value }) => [String(body), tag, value]),
      [
        ['{"t":1}', 7, { t: 1 }],
        ['{"t":1}', 7, { t: 1 }],
        ['{}', 7, {}],
      ],
    )
  })

  test('what begins as a numbered reading and is no JSON is refused, whichever way it is read', async () => {
    const lines = [
      '{"$seq":007,"t":1}',
      '{"$seq":7,"t"}',
      '{"$seq":7,}',
      '{"$seq":,"t":1}',
      '{"$seq":7,"t":1',
      '{"$seq":7,"t":1}}',
    ]
    for (const parse of ['all', 'keys'] as const) {
      const { up } = await feed(json({ parse }), lines)
      assert.deepEqual(up.emitted, [], parse)
      assert.deepEqual(
        up.errors.map(({ code }) => code),
        lines.map(() => 'BAD_CONTENT'),
      )
    }
  })

  test('another word for it is refused', () => {
    assert.throws(() => json({ parse: 'some' as 'all' }), { code: 'CONFIGURATION' })
  })
})
