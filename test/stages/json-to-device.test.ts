import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../src/core/errors.ts'
import { command, failedReceipt, hello, receipt, report, telemetry } from '../../src/core/items.ts'
import type { Messages } from '../../src/core/levels.ts'
import { json } from '../../src/stages/json.ts'
import { feed, stepOf } from '../../src/testing.ts'

const down = async (...items: Messages['down'][]) => (await feed(json(), [], items)).down.emitted
const never = () => assert.fail('that was not to happen')

describe('json, to the device', () => {
  const error = new GatewayError('HUB_THROTTLED', 'slow down')

  test('a hello is welcomed or refused with code and message', async () => {
    const claim = hello({ deviceId: 'd1' })
    assert.deepEqual(
      await down(receipt(claim, 'complete'), failedReceipt(claim, new GatewayError('UNAUTHORIZED', 'no'))),
      ['{"$welcome":"d1"}', '{"$error":{"code":"UNAUTHORIZED","message":"no"}}'],
    )
  })

  test('telemetry and reports are acknowledged by their sequence number, or refused with whether to try again', async () => {
    const never = new GatewayError('HUB_REJECTED', 'never')
    for (const item of [telemetry(Buffer.of(), { tag: 7 }), report({}, 7)]) {
      assert.deepEqual(await down(receipt(item, 'complete'), failedReceipt(item, error), failedReceipt(item, never)), [
        '{"$ack":7}',
        '{"$nack":7,"code":"HUB_THROTTLED","retry":true}',
        '{"$nack":7,"code":"HUB_REJECTED","retry":false}',
      ])
    }
    assert.deepEqual(await down(receipt(telemetry(Buffer.of(), { tag: 'a"1' }), 'complete')), ['{"$ack":"a\\"1"}'])
  })

  test('what had no sequence number is not answered, whatever became of it', async () => {
    const item = telemetry(Buffer.of())
    assert.deepEqual(await down(receipt(item, 'complete'), failedReceipt(item, error)), [])
  })

  test('a refusal without a reason still names one', async () => {
    const item = telemetry(Buffer.of(), { tag: 1 })
    assert.deepEqual(await down(receipt(item, 'reject'), receipt(item, 'abandon')), [
      '{"$nack":1,"code":"HUB_REJECTED","retry":false}',
      '{"$nack":1,"code":"HUB_UNAVAILABLE","retry":true}',
    ])
  })

  test('an error that answers no item is told, a defect without its message', () => {
    const { refuse } = json().open({} as never)
    assert.equal(
      refuse?.(new GatewayError('BAD_CONTENT', 'not JSON')),
      '{"$error":{"code":"BAD_CONTENT","message":"not JSON"}}',
    )
    assert.equal(
      refuse?.(new GatewayError('BUG', 'read c2VjcmV0 of undefined')),
      '{"$error":{"code":"BUG","message":"see the log of the gateway"}}',
    )
  })

  test('a command says its id, way, name, body and properties', async () => {
    const item = command('id-1', Buffer.from('{"open":true}'), { via: 'method', name: 'valve', properties: { a: 'b' } })
    assert.deepEqual(await down(item, command('id-2', Buffer.from('1.10'))), [
      '{"$command":{"id":"id-1","via":"method","name":"valve","body":{"open":true},"properties":{"a":"b"}}}',
      '{"$command":{"id":"id-2","via":"c2d","body":1.10,"properties":{}}}',
    ])
  })

  test('a command whose body is JSON over several lines stays one line', async () => {
    const [line] = await down(command('c', Buffer.from('{\r\n  "a": "x\\ny",\n  "b": 12345678901234567890\n}')))
    assert.doesNotMatch(line as string, /[\r\n]/)
    assert.match(line as string, /"b": 12345678901234567890/)
    assert.deepEqual(JSON.parse(line as string).$command.body.a, 'x\ny')
  })

  test('a command whose body is not JSON goes in base64, whatever its bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), async (bytes) => {
        const [line] = await down(command('c', Buffer.from(bytes)))
        const { body } = JSON.parse(line as string).$command
        const back =
          typeof body?.$base64 === 'string' ? Buffer.from(body.$base64, 'base64') : Buffer.from(JSON.stringify(body))
        // Two digits, say, are JSON: then the body is the value itself.
        if (typeof body?.$base64 === 'string') assert.deepEqual(back, Buffer.from(bytes))
        else assert.deepEqual(body, JSON.parse(Buffer.from(bytes).toString()))
      }),
    )
    const inText = Buffer.from([0x22, 0xff, 0x22])
    assert.match((await down(command('c', inText)))[0] as string, /"body":\{"\$base64":"Iv8i"\}/)
    assert.match((await down(command('c', Buffer.of())))[0] as string, /"body":\{"\$base64":""\}/)
  })
})

describe('json, an answer to a command', () => {
  const asked = command('id-1', Buffer.from('1'), { via: 'method' })
  const answers = async (...lines: string[]) => {
    const halves = json().open({} as never)
    const [encode, decode] = [stepOf(halves.down), stepOf(halves.up)]
    const emitted: unknown[] = []
    const codes: string[] = []
    const out = { emit: (item: unknown) => emitted.push(item), reply: never, fail: never }
    encode(asked, { ...out, emit: () => {} })
    for (const line of lines) {
      try {
        decode(line, out)
      } catch (error) {
        codes.push((error as GatewayError).code)
      }
    }
    return { emitted, codes }
  }

  test('becomes the receipt of that command, with a method’s status and body', async () => {
    const { emitted } = await answers('{"$answer":"id-1","outcome":"complete","status":200,"body":{"a":1}}')
    assert.deepEqual(emitted, [receipt(asked, 'complete', undefined, { status: 200, body: { a: 1 } })])
  })

  test('says done unless it says otherwise', async () => {
    assert.deepEqual((await answers('{"$answer":"id-1"}')).emitted, [receipt(asked, 'complete')])
    for (const outcome of ['abandon', 'reject'] as const) {
      const { emitted } = await answers(`{"$answer":"id-1","outcome":"${outcome}"}`)
      assert.deepEqual(emitted, [receipt(asked, outcome)])
    }
  })

  test('is taken once; another one, or one that nobody asked for, is unknown', async () => {
    const { emitted, codes } = await answers('{"$answer":"id-2"}', '{"$answer":"id-1"}', '{"$answer":"id-1"}')
    assert.equal(emitted.length, 1)
    assert.deepEqual(codes, ['UNKNOWN_COMMAND', 'UNKNOWN_COMMAND'])
  })

  test('that makes no sense is refused and leaves the command waiting', async () => {
    const { emitted, codes } = await answers(
      '{"$answer":1}',
      '{"$answer":"id-1","outcome":"maybe"}',
      '{"$answer":"id-1","status":"200"}',
      '{"$answer":"id-1","status":1.5}',
      '{"$answer":"id-1"}',
    )
    assert.deepEqual(codes, ['BAD_CONTENT', 'BAD_CONTENT', 'BAD_CONTENT', 'BAD_CONTENT'])
    assert.equal(emitted.length, 1)
  })
})
