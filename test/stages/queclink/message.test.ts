import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { decodeMessage, isSerial } from '../../../src/stages/queclink/message.ts'
import { fourDigits, type MessageParts, messageBytes } from '../../../src/stages/queclink/wire.ts'

const imei = '350000000000017'

function decoded(parts: Partial<MessageParts>) {
  const bytes = messageBytes({
    prefix: 'RESP',
    report: 'GTFRI',
    protocol_version: '1A0800',
    imei,
    device_name: 'van 7',
    fields: [],
    sendTime: new Date('2026-05-01T12:00:00Z'),
    count: '00A1',
    ...parts,
  })
  return decodeMessage(bytes.toString('latin1', 0, bytes.length - 1))
}

test('a message has version, IMEI and name in front, send time and count behind, and its own fields between them', () => {
  assert.deepEqual(decoded({ report: 'GTINF', fields: ['41', '', '3.82'] }), {
    kind: 'report',
    report: 'GTINF',
    buffered: false,
    protocol_version: '1A0800',
    imei,
    device_name: 'van 7',
    send_time_utc: '2026-05-01T12:00:00Z',
    count: '00A1',
    field_count: 9,
    fields: ['41', '', '3.82'],
  })
})

test('BUFF is buffered, ACK answers a command, ACK of GTHBD is a heartbeat', () => {
  assert.deepEqual([decoded({ prefix: 'BUFF' }).kind, decoded({ prefix: 'BUFF' }).buffered], ['report', true])
  assert.deepEqual([decoded({ prefix: 'ACK' }).kind, decoded({ prefix: 'ACK' }).buffered], ['command_ack', false])
  assert.equal(decoded({ prefix: 'ACK', report: 'GTHBD' }).kind, 'heartbeat')
})

test('the serial of an answer stands before its send time, whatever comes before that', () => {
  const [short, long] = [['0014'], ['IOS', '0014']].map((fields) => decoded({ prefix: 'ACK', report: 'GTRTO', fields }))
  assert.deepEqual([short?.command_serial, short?.fields], ['0014', []])
  assert.deepEqual([long?.command_serial, long?.fields], ['0014', ['IOS']])
})

test('an answer without a serial has none, and loses no field', () => {
  const { fields, ...others } = decoded({ prefix: 'ACK', report: 'GTRTO', fields: ['IOS'] })
  assert.deepEqual(fields, ['IOS'])
  assert.ok(!('command_serial' in others))
  assert.ok(!('command_serial' in decoded({ prefix: 'ACK', device_name: 'ABCD' })), 'nor is the name one')
})

test('a send time that was left out or does not exist is null', () => {
  assert.equal(decoded({ sendTime: undefined }).send_time_utc, null)
  assert.equal(decodeMessage(`+RESP:GTPNA,1A0800,${imei},,20260231000000,0001`).send_time_utc, null)
})

test('models of ten digits, and an IMEI of a CDMA device, are taken', () => {
  assert.equal(decoded({ protocol_version: '8020040305' }).protocol_version, '8020040305')
  assert.equal(decoded({ imei: 'A1000043D20CA1' }).imei, 'A1000043D20CA1')
})

test('text is UTF-8, and where it is none, a character a byte', () => {
  assert.equal(decoded({ device_name: 'Müller' }).device_name, 'Müller')
  assert.equal(decodeMessage(`+RESP:GTPNA,1A0800,${imei},M\xfcller,,0001`).device_name, 'Müller')
})

test('heads, fields, versions, IMEIs and counts that are none are refused without being quoted', () => {
  const refused: [string, RegExp][] = [
    ['', /a text of 0 characters/],
    ['+RESP', /a text of 5 characters/],
    [`+RSVP:GTFRI,1A0800,${imei},,20260501120000,0001`, /begins as no message/],
    [`+RESP:FRI,1A0800,${imei},,20260501120000,0001`, /begins as no message/],
    [`+RESP:GTPNA,1A0800,${imei},,0001`, /has 5 fields, at least 6/],
    [`+RESP:GTPNA,1A.800,${imei},,20260501120000,0001`, /field 2/],
    ['+RESP:GTPNA,1A0800,secret,,20260501120000,0001', /field 3/],
    [`+RESP:GTPNA,1A0800,${imei},,20260501120000,secret`, /last of the 6 fields/],
    [`+RESP:GTFRI,1A0800,${imei},van,0,0,1,1,4.3`, /count of 4 hexadecimal digits/],
  ]
  for (const [text, message] of refused) {
    assert.throws(() => decodeMessage(text), { code: 'BAD_CONTENT', message })
    assert.doesNotMatch(String(message), /secret/)
  }
})

const plainText = fc.stringMatching(/^[^,$]{0,12}$/)

test('what is written comes back', () => {
  const parts = fc.record({
    prefix: fc.constantFrom('RESP' as const, 'BUFF' as const),
    report: fc.stringMatching(/^GT[A-Z0-9]{3}$/),
    protocol_version: fc.stringMatching(/^([0-9A-F]{6}|[0-9A-F]{10})$/),
    imei: fc.stringMatching(/^[0-9]{15}$/),
    device_name: plainText,
    fields: fc.array(plainText, { maxLength: 60 }),
    sendTime: fc.option(fc.date({ min: new Date(0), max: new Date('2099-12-31'), noInvalidDate: true }), {
      nil: undefined,
    }),
    count: fc.nat(0xffff).map(fourDigits),
  })
  fc.assert(
    fc.property(parts, (written) => {
      const read = decoded(written)
      const { report, protocol_version, device_name, fields, count } = read
      const same = { report, protocol_version, imei: read.imei, device_name, fields, count }
      const { prefix, sendTime, ...others } = written
      assert.deepEqual(same, { ...others })
      assert.equal(read.buffered, prefix === 'BUFF')
      assert.equal(read.send_time_utc, sendTime === undefined ? null : `${sendTime.toISOString().slice(0, 19)}Z`)
    }),
  )
})

test('any text, and any message with a few characters changed, is read or refused by a code', () => {
  const message = `+RESP:GTFRI,1A0800,${imei},van,0,0,1,1,4.3,92,70.0,121.354335,31.222073,20090214013254,0460,0000,18d8,6141,,85,20260501120000,00A1`
  const mutated = fc
    .array(fc.tuple(fc.nat(message.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 })
    .map((changes) => {
      const characters = [...message]
      for (const [at, code] of changes) characters[at] = String.fromCharCode(code)
      return characters.join('')
    })
  const latin1 = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
  fc.assert(
    fc.property(fc.oneof(mutated, latin1), (text) => {
      try {
        JSON.stringify(decodeMessage(text))
      } catch (error) {
        assert.ok(error instanceof GatewayError && error.code === 'BAD_CONTENT', String(error))
      }
    }),
    { numRuns: 500 },
  )
})

test('a serial is four hexadecimal digits', () => {
  assert.deepEqual(['0014', 'fFfF', '014', '00014', 'g000', '', undefined].map(isSerial), [
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ])
})
