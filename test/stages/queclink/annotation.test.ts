import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { annotateMessages } from '../../../src/stages/queclink/annotation.ts'

/** The column of fields, without the columns of bytes. */
function paths(text: string): string[] {
  const lines = annotateMessages(Buffer.from(text)).trimEnd().split('\n').slice(1)
  return lines.flatMap((line) => line.slice(33).split(/\s/)[0] || [])
}

test('each field that is not empty has a line with its place in the body', () => {
  assert.deepEqual(
    paths(
      '+RESP:GTFRI,1A0800,350000000000017,,0,,1,4.3,92,70.0,121.354335,31.222073,20260501115900,0460,0000,18D8,6141,85,20260501120000,00A1$',
    ),
    [
      ...['message', 'protocol_version', 'imei', 'fields[0]'],
      ...[
        'hdop_or_accuracy',
        'speed_kmh',
        'azimuth_deg',
        'altitude_m',
        'longitude_deg',
        'latitude_deg',
        'fix_time_utc',
      ].map((each) => `locations[0].${each}`),
      ...['mcc', 'mnc', 'lac', 'cell_id'].map((each) => `cells[0].${each}`),
      ...['fields[13]', 'send_time_utc', 'count', 'end'],
    ],
  )
})

test('a group without a cell names none', () => {
  const text =
    '+RESP:GTFRI,1A0800,350000000000017,,1,4.3,92,70.0,121.354335,31.222073,20260501115900,85,20260501120000,00A1$'
  assert.deepEqual(paths(text).slice(-4), ['fields[7]', 'send_time_utc', 'count', 'end'])
})

test('an answer has its serial, and no locations', () => {
  assert.deepEqual(paths('+ACK:GTRTO,080100,350000000000017,,IOS,0014,20260501120000,00A1$'), [
    ...['message', 'protocol_version', 'imei', 'fields[0]', 'command_serial', 'send_time_utc', 'count', 'end'],
  ])
})

test('several messages, and what a server said', () => {
  assert.deepEqual(paths('+SACK:0001$\r\n+ACK:GTHBD,1A0800$'), ['text[0]', 'end', 'message', 'protocol_version', 'end'])
})

test('a message without an end is annotated with the error that it is', () => {
  assert.match(
    annotateMessages(Buffer.from('+SACK:0')),
    /text\[0\] +"\+SACK:0"\nFRAME_UNTERMINATED: the message has no \$\n/,
  )
})

test('any bytes are annotated, all of them but commas', () => {
  const withoutCommas = (hex: string) => hex.replace(/../g, (pair) => (pair === '2c' ? '' : pair))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const columns = annotateMessages(Buffer.from(bytes))
        .split('\n')
        .slice(1)
        .map((line) => line.slice(8, 32))
      const shown = columns.filter((column) => /^([\da-f]{2} ?)+ *$/.test(column)).join('')
      assert.equal(withoutCommas(shown.replace(/ /g, '')), withoutCommas(Buffer.from(bytes).toString('hex')))
    }),
  )
})
