import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { report, telemetry } from '../../src/core/items.ts'
import { describeDeadLetter } from '../../src/gateway/describe-dead-letter.ts'
import { readDeadLetter } from '../../src/gateway/read-dead-letter.ts'
import { knownConnection, letterOf } from './letters.ts'

const optional = (text: fc.Arbitrary<string>) => fc.option(text, { nil: undefined })
const messages = fc
  .record({
    body: fc.uint8Array({ maxLength: 200 }),
    properties: fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), fc.string({ unit: 'binary' }), { maxKeys: 3 }),
    messageId: optional(fc.stringMatching(/^[\w.:-]{1,40}$/)),
    correlationId: optional(fc.string()),
    contentType: optional(fc.string()),
    contentEncoding: optional(fc.string()),
    creationTimeUtc: optional(fc.date({ noInvalidDate: true }).map((date) => date.toISOString())),
  })
  .map(({ body, ...options }) => telemetry(Buffer.from(body), { ...options, properties: { ...options.properties } }))

const line = async (item: unknown) => JSON.stringify(describeDeadLetter(letterOf(item), await knownConnection()))

describe('readDeadLetter', () => {
  test('gives back every reading as it was described', async () => {
    const connection = await knownConnection('d7')
    fc.assert(
      fc.property(messages, (message) => {
        const text = JSON.stringify(describeDeadLetter(letterOf(message), connection, { redact: (bytes) => bytes }))
        const read = readDeadLetter(text)
        assert.deepEqual(read, { kind: 'telemetry', code: 'BAD_CONTENT', deviceId: 'd7', message })
      }),
    )
  })

  test('a reading that was masked or cut is altered', async () => {
    const connection = await knownConnection()
    const masked = JSON.stringify(describeDeadLetter(letterOf(telemetry(Buffer.from('key=abc'))), connection))
    const cut = JSON.stringify(
      describeDeadLetter(letterOf(telemetry(Buffer.from('abc'))), connection, { maxBodyBytes: 2 }),
    )
    for (const text of [masked, cut]) assert.deepEqual(readDeadLetter(text), { kind: 'altered', code: 'BAD_CONTENT' })
  })

  test('frames and lines have their bytes in hexadecimal; everything else is something else', async () => {
    const frame = readDeadLetter(await line(Buffer.of(1, 2)))
    assert.deepEqual(frame, {
      kind: 'frame',
      code: 'BAD_CONTENT',
      pipeline: 'p',
      stage: 'codec.up',
      deviceId: 'd1',
      frameHex: '0102',
      isCut: false,
      isRedacted: false,
    })
    assert.equal(readDeadLetter(await line('text')).kind, 'frame')
    assert.equal(readDeadLetter(await line(report({}))).kind, 'other')
  })

  test('a reading of nobody is something else: it cannot be sent in any name', async () => {
    const { deviceId, ...rest } = JSON.parse(await line(telemetry(Buffer.from('1'))))
    assert.equal(deviceId, 'd1')
    assert.equal(readDeadLetter(JSON.stringify(rest)).kind, 'other')
  })

  test('says what is wrong with a line, and quotes nothing of it', async () => {
    const good = JSON.parse(await line(telemetry(Buffer.from('zebra'))))
    const frame = JSON.parse(await line(Buffer.of(1)))
    for (const [text, words] of [
      ['{"zebra', /not JSON/],
      ['["zebra"]', /not an object/],
      ['null', /not an object/],
      [JSON.stringify({ ...good, code: undefined }), /code is missing/],
      [JSON.stringify({ ...good, kind: 7 }), /kind is not a text/],
      [JSON.stringify({ ...good, deviceId: 'ze/bra' }), /deviceId/],
      [JSON.stringify({ ...good, body: '?zebra' }), /base64/],
      [JSON.stringify({ ...good, bodyBytes: 1 }), /bodyBytes/],
      [JSON.stringify({ ...good, bodyBytes: '5' }), /bodyBytes/],
      [JSON.stringify({ ...good, properties: ['zebra'] }), /properties/],
      [JSON.stringify({ ...good, properties: { 'ze bra': '1' } }), /properties/],
      [JSON.stringify({ ...good, properties: { zebra: 1 } }), /properties/],
      [JSON.stringify({ ...good, messageId: 'ze bra' }), /messageId/],
      [JSON.stringify({ ...good, contentType: 7 }), /contentType/],
      [JSON.stringify({ ...frame, frameHex: 'zebra' }), /hexadecimal/],
      [JSON.stringify({ ...frame, frameBytes: 0 }), /frameBytes/],
    ] as const) {
      assert.throws(
        () => readDeadLetter(text),
        (error: Error) => words.test(error.message) && !/ze.?bra/.test(error.message),
        text,
      )
    }
  })

  test('whatever the line, it is read or refused with BAD_CONTENT', async () => {
    const texts = [await line(telemetry(Buffer.from('1'))), await line(Buffer.of(1))]
    const spoilt = fc
      .record({
        text: fc.constantFrom(...texts),
        at: fc.nat(400),
        length: fc.nat(20),
        put: fc.string({ maxLength: 5 }),
      })
      .map(({ text, at, length, put }) => text.slice(0, at) + put + text.slice(at + length))
    fc.assert(
      fc.property(fc.oneof(spoilt, fc.json(), fc.string()), (text) => {
        try {
          readDeadLetter(text)
        } catch (thrown) {
          assert.equal((thrown as { code?: string }).code, 'BAD_CONTENT')
        }
      }),
    )
  })
})
