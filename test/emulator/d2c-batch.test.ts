import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isBatch, parseBatch } from '../../src/emulator/d2c-batch.ts'
import { HubError } from '../../src/emulator/errors.ts'

const refusal = (code: number, text: RegExp) => (error: unknown) =>
  error instanceof HubError && error.code === code && text.test(error.message)
const parse = (text: string) => parseBatch(Buffer.from(text))

describe('a batch', () => {
  it('is told by its media type', () => {
    assert.equal(isBatch('Application/vnd.microsoft.iothub.json; charset=utf-8'), true)
    assert.equal(isBatch('application/json'), false)
    assert.equal(isBatch(undefined), false)
  })

  it('of the C SDK holds text that is not base64 and properties', () => {
    const text = '[{"body":"say \\"hi\\" \\u00e9","base64Encoded":false,"properties":{"iothub-app-a":"1"}}]'
    assert.deepEqual(parse(text), [{ body: Buffer.from('say "hi" é'), properties: { a: '1' }, systemProperties: {} }])
  })

  it('of the .NET SDK leaves base64Encoded out and always has properties', () => {
    assert.deepEqual(parse('[{"body":"aGk=","properties":{}}]'), [
      { body: Buffer.from('hi'), properties: {}, systemProperties: {} },
    ])
  })

  it('of the Java SDK says base64Encoded and carries system properties without a prefix', () => {
    const properties = '{"iothub-messageid":"m","iothub-correlationid":"c","iothub-app-p":"v","iothub-contenttype":"t"}'
    assert.deepEqual(parse(`[{"body":"aGk=","base64Encoded":true,"properties":${properties}}]`), [
      {
        body: Buffer.from('hi'),
        properties: { p: 'v' },
        systemProperties: { 'message-id': 'm', 'correlation-id': 'c', 'content-type': 't' },
      },
    ])
  })

  it('of the Node SDK holds base64 and may lack properties', () => {
    assert.deepEqual(parse('[{"body": "aGk="},{"body": "", "properties":{"iothub-app-a":"1","dt-subject":"s"}}]'), [
      { body: Buffer.from('hi'), properties: {}, systemProperties: {} },
      { body: Buffer.alloc(0), properties: { a: '1' }, systemProperties: { 'dt-subject': 's' } },
    ])
  })

  it('ignores names that the hub does not know and keeps the case of those of the application', () => {
    const [message] = parse('[{"body":"","properties":{"iothub-app-CamelCase":"1","Host":"x","IoTHub-MessageId":"m"}}]')
    assert.deepEqual(message?.properties, { CamelCase: '1' })
    assert.deepEqual(message?.systemProperties, { 'message-id': 'm' })
  })

  it('takes __proto__ for a name like any other', () => {
    const [message] = parse('[{"body":"","properties":{"iothub-app-__proto__":"1"}}]')
    assert.deepEqual(Object.entries(message?.properties ?? {}), [['__proto__', '1']])
  })

  it('that is not JSON, or not UTF-8, is refused with 400006', () => {
    assert.throws(() => parse('[{"body":"aGk="},'), refusal(400006, /JSON/))
    assert.throws(() => parseBatch(Buffer.from([0x5b, 0xff, 0x5d])), refusal(400006, /UTF-8/))
  })

  it('of another shape is refused with 400004, and the entry is named', () => {
    for (const text of ['{}', '[]', 'null', '"x"']) assert.throws(() => parse(text), refusal(400004, /array/))
    const good = '{"body":""}'
    assert.throws(() => parse(`[${good},7]`), refusal(400004, /entry 1 must be an object/))
    assert.throws(() => parse(`[${good},{"body":7}]`), refusal(400004, /body of entry 1/))
    assert.throws(() => parse('[{"body":"hi!"}]'), refusal(400004, /body of entry 0 must be base64/))
    assert.throws(() => parse('[{"body":"","base64Encoded":"no"}]'), refusal(400004, /base64Encoded of entry 0/))
    assert.throws(() => parse('[{"body":"","properties":[]}]'), refusal(400004, /properties of entry 0/))
    assert.throws(() => parse('[{"body":"","properties":{"a":1}}]'), refusal(400004, /properties of entry 0/))
  })

  it('of random bytes or random JSON is read or refused, never anything else', () => {
    const batchLike = fc.array(
      fc.record(
        {
          body: fc.oneof(fc.base64String(), fc.jsonValue()),
          base64Encoded: fc.jsonValue(),
          properties: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
    )
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => Buffer.from(text)),
      batchLike.map((value) => Buffer.from(JSON.stringify(value))),
    )
    fc.assert(
      fc.property(bytes, (input) => {
        try {
          assert.ok(parseBatch(input).length > 0)
        } catch (error) {
          assert.ok(refusal(400004, /./)(error) || refusal(400006, /./)(error), String(error))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('gives back every body and property that was written', () => {
    const message = fc.record({
      body: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      properties: fc.dictionary(fc.string(), fc.string()).map((each) => Object.fromEntries(Object.entries(each))),
    })
    fc.assert(
      fc.property(fc.array(message, { minLength: 1 }), (messages) => {
        const wire = messages.map(({ body, properties }) => ({
          body: body.toString('base64'),
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, value]) => [`iothub-app-${name}`, value]),
          ),
        }))
        const expected = messages.map((each) => ({ ...each, systemProperties: {} }))
        assert.deepEqual(parse(JSON.stringify(wire)), expected)
      }),
      { numRuns: 200 },
    )
  })
})
