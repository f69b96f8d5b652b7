import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import type { GatewayError } from '../../src/core/errors.ts'
import { json } from '../../src/stages/json.ts'
import { feed, stepOf } from '../../src/testing.ts'

const up = async (...lines: string[]) => (await feed(json(), lines)).up
const never = () => assert.fail('that was not to happen')
/** The error of one bad line. */
const refusal = async (line: string) => {
  const { errors, emitted, replied } = await up(line)
  assert.deepEqual([emitted, replied, errors.length], [[], [], 1], line)
  return errors[0] as GatewayError
}

describe('json, from the device', () => {
  test('a hello carries a key, a token, or neither', async () => {
    const { emitted, errors } = await up(
      '{"$hello":{"deviceId":"d1","key":"c2VjcmV0"}}',
      '{"$hello":{"deviceId":"d1","sas":"SharedAccessSignature sr=x"}}',
      '{"$hello":{"deviceId":"d1"}}',
    )
    assert.deepEqual(errors, [])
    const claims = emitted.map((each) => (each.kind === 'hello' ? [each.deviceId, each.credentials?.type] : each))
    assert.deepEqual(claims, [
      ['d1', 'key'],
      ['d1', 'sas'],
      ['d1', undefined],
    ])
    const [first] = emitted
    assert.ok(first?.kind === 'hello' && first.credentials?.type === 'key')
    assert.equal(first.credentials.key.reveal(), 'c2VjcmV0')
  })

  test('the message id is of $seq and the line: the same for a line that is sent again, another for another reading', async () => {
    const idsOf = async (...lines: string[]) =>
      (await up(...lines)).emitted.map((each) => (each.kind === 'telemetry' ? each.messageId : each))
    const [one, again, other, otherProperties, without] = await idsOf(
      '{"$seq":7,"t":20}',
      '{"$seq":7,"t":20}',
      '{"$seq":7,"t":21}',
      '{"$seq":7,"t":20,"$properties":{"a":"b"}}',
      '{"t":20}',
    )
    assert.match(String(one), /^7-[\da-f]{12}$/)
    assert.equal(again, one)
    assert.equal(new Set([one, other, otherProperties]).size, 3)
    assert.equal(without, undefined)
    assert.match(String((await idsOf('{"$seq":"not/an id","t":1}'))[0]), /^[\da-f]{12}$/)
  })

  test('no form of a hello shows its secret', async () => {
    const { emitted } = await up(
      '{"$hello":{"deviceId":"d1","key":"c2VjcmV0"}}',
      '{"$hello":{"deviceId":"d1","sas":"c2VjcmV0"}}',
    )
    const shown = [inspect(emitted, { depth: 9, showHidden: true }), JSON.stringify(emitted), `${emitted}`].join()
    assert.doesNotMatch(shown, /c2VjcmV0/)
    assert.match(shown, /\[secret\]/)
  })

  test('a hello that claims nothing that IoT Hub could know is refused without quoting it', async () => {
    for (const claim of [
      '1',
      '{}',
      '{"deviceId":7}',
      '{"deviceId":""}',
      `{"deviceId":"${'d'.repeat(129)}"}`,
      '{"deviceId":"zebra/1"}',
      '{"deviceId":"d","key":123454321}',
      '{"deviceId":"d","sas":["zebra"]}',
      '{"deviceId":"d","key":"zebra","sas":"zebra"}',
    ]) {
      const error = await refusal(`{"$hello":${claim}}`)
      assert.equal(error.code, 'BAD_HELLO')
      assert.doesNotMatch(error.message, /zebra|123454321/)
    }
  })

  for (const line of [
    '{"$ping":1,"$seq":7,"t":20}',
    '{"$answer":"x","$seq":7,"t":20}',
    '{"$report":{},"$seq":7,"t":20}',
  ]) {
    test(`a line that says two things is refused with the receipt of its reading: ${line}`, async () => {
      const { emitted, replied, errors } = await up(line)
      assert.deepEqual([emitted, replied], [[], []])
      assert.deepEqual(
        errors.map(({ code }) => code),
        ['BAD_CONTENT'],
      )
    })
  }

  test('a hello beside which something else stands is a bad hello', async () => {
    assert.equal((await refusal('{"$hello":{"deviceId":"d1"},"t":1}')).code, 'BAD_HELLO')
  })

  for (const name of ['\\"', '\\\\', 'a b', 'ü', '\\u0061', '']) {
    test(`a property name that IoT Hub does not allow, or that is written with escapes, is refused: ${name}`, async () => {
      const { emitted, errors } = await up(`{"$seq":1,"$properties":{"ok":"1","${name}":"2"},"t":1}`)
      assert.deepEqual(emitted, [])
      assert.match(errors[0]?.message ?? '', /name 2 in \$properties/)
    })
  }

  test('telemetry is the object without its $ members, with its sequence number and properties beside it', async () => {
    const { emitted } = await up('{"$seq":7,"$properties":{"alert":"true"},"t":20.5}')
    const [item] = emitted
    assert.ok(item?.kind === 'telemetry')
    assert.equal(item.body.toString(), '{"t":20.5}')
    assert.deepEqual([item.tag, item.properties, item.value], [7, { alert: 'true' }, { t: 20.5 }])
    assert.deepEqual([item.contentType, item.contentEncoding], ['application/json', 'utf-8'])
  })

  test('digits that JavaScript could not hold reach the body as they came', async () => {
    const { emitted } = await up(
      '{"a":12345678901234567890,"b":1.10}',
      '{"$seq":"x","a":12345678901234567890,"b":1.10}',
    )
    for (const item of emitted) {
      assert.ok(item.kind === 'telemetry')
      assert.equal(item.body.toString(), '{"a":12345678901234567890,"b":1.10}')
    }
  })

  test('a line without $ keys is the body as it stands, its whitespace too', async () => {
    const [item] = (await up(' {"a" : 1 } ')).emitted
    assert.ok(item?.kind === 'telemetry')
    assert.equal(item.body.toString(), ' {"a" : 1 } ')
    assert.equal(item.tag, undefined)
  })

  test('a sequence number may be a text, and zero and the empty text are ones', async () => {
    const { emitted } = await up('{"$seq":"a-1"}', '{"$seq":0}', '{"$seq":""}', '{"\\u0024seq":3}')
    assert.deepEqual(
      emitted.map((each) => each.kind === 'telemetry' && each.tag),
      ['a-1', 0, '', 3],
    )
  })

  test('a sequence number that could not be acknowledged as it was sent is refused', async () => {
    for (const seq of ['12345678901234567890', '1e400', '-1e400', 'null', 'true', '[1]', '{}']) {
      assert.equal((await refusal(`{"$seq":${seq}}`)).code, 'BAD_CONTENT', seq)
    }
  })

  test('a report is a patch of reported properties', async () => {
    const [item] = (await up('{"$report":{"fan":"on"},"$seq":8}')).emitted
    assert.ok(item?.kind === 'report')
    assert.deepEqual([item.patch, item.tag], [{ fan: 'on' }, 8])
  })

  test('a reading or report with one bad part is refused under its own sequence number', async () => {
    const failed: unknown[] = []
    const { up: half } = json().open({} as never)
    const push = stepOf(half)
    const fail = (error: GatewayError, item: unknown) => failed.push([error.code, (item as { tag: unknown }).tag])
    const out = { emit: never, reply: never, fail }
    push('{"$seq":1,"$properties":{"a":1}}', out)
    push('{"$seq":2,"$properties":null}', out)
    push('{"$seq":3,"$report":[]}', out)
    assert.deepEqual(
      failed,
      [1, 2, 3].map((tag) => ['BAD_CONTENT', tag]),
    )
  })

  test('a ping is answered at once with what it carried', async () => {
    const { emitted, replied } = await up('{"$ping":1}', '{"$ping":"a"}', '{"$ping":null}')
    assert.deepEqual([emitted, replied], [[], ['{"$pong":1}', '{"$pong":"a"}', '{"$pong":null}']])
  })

  test('a ping with an object or array is refused: it could nest deeper than can be answered', async () => {
    const error = await refusal(`{"$ping":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)
    assert.equal(error.code, 'BAD_CONTENT')
  })

  test('what is not a JSON object is refused without being quoted', async () => {
    for (const line of [
      '',
      'zebra',
      '{"zebra":',
      '"zebra"',
      '["zebra"]',
      'null',
      '7',
      '{"a":1}{"zebra":1}',
      '\ufeff{}',
    ]) {
      const error = await refusal(line)
      assert.equal(error.code, 'BAD_CONTENT')
      assert.doesNotMatch(error.message, /zebra/)
    }
  })

  test('a $ key that the protocol does not know is refused without being quoted', async () => {
    const error = await refusal('{"$seq":1,"$zebra":2}')
    assert.equal(error.code, 'BAD_CONTENT')
    assert.match(error.message, /position 2/)
    assert.doesNotMatch(error.message, /zebra/)
  })

  test('a member called __proto__ is data like any other', async () => {
    const { emitted } = await up('{"__proto__":{"$seq":9},"a":1}', '{"$seq":1,"$properties":{"__proto__":"x"}}')
    const [first, second] = emitted
    assert.ok(first?.kind === 'telemetry' && second?.kind === 'telemetry')
    assert.deepEqual([first.tag, first.body.toString()], [undefined, '{"__proto__":{"$seq":9},"a":1}'])
    assert.deepEqual(Object.entries(second.properties), [['__proto__', 'x']])
  })

  test('whatever a device sends, the only error is bad content, a bad hello or an unknown command', async () => {
    const key = fc.constantFrom('$hello', '$seq', '$properties', '$report', '$ping', '$answer', '$x', 'a', '__proto__')
    const object = fc.dictionary(key, fc.jsonValue({ maxDepth: 2 })).map((each) => JSON.stringify(each))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(object, fc.string(), fc.json())), async (lines) => {
        const { errors } = await up(...lines)
        const expected = ['BAD_CONTENT', 'BAD_HELLO', 'UNKNOWN_COMMAND']
        for (const { code } of errors) assert.ok(expected.includes(code), code)
      }),
    )
  })
})
