import assert from 'node:assert/strict'
import { test } from 'node:test'
import { annotateTeltonika } from '../../../src/stages/teltonika/annotate.ts'
import { damaged, login, message, packetHex, packetOf, record } from './frames.ts'

test('a login and a keepalive are short', () => {
  assert.match(annotateTeltonika(login), /^ {5}0 {2}00 0f .* length +15$/m)
  assert.match(annotateTeltonika(login), /imei +"350000000000017"$/m)
  assert.match(annotateTeltonika(Buffer.of(0xff)), /ff .* keepalive$/m)
})

test('a packet is shown byte for byte, with offsets that count from its beginning', () => {
  const text = annotateTeltonika(message(12, 5, 'getinfo'))
  assert.match(text, /^ {5}4 {2}00 00 00 0f .* length +15$/m)
  assert.match(text, /^ {4}10 {2}05 .*messages\[0\]\.type +5$/m)
  assert.match(text, /^ {4}23 {2}00 00 \w\w \w\w +crc16 +\d+\n$/m)
  assert.doesNotMatch(text, /\?/)
})

test('records of codec 8 with values of 16 bytes are shown as such', () => {
  const text = annotateTeltonika(packetOf([record(1, [{ id: 7, bytes: 16, hex: '01'.repeat(16) }])]))
  assert.match(text, /records\[0\]\.io16\[0\]\.id +7/)
  assert.doesNotMatch(text, /BAD_CONTENT/)
})

test('what is wrong stands below what could be read', () => {
  assert.match(
    annotateTeltonika(damaged(packetOf([record(1)]))),
    /speed_kmh +36 km\/h[\s\S]*\nCHECKSUM_MISMATCH: CRC-16\/ARC is/,
  )
  assert.match(annotateTeltonika(packetHex('08 01 00')), /data\.value\.count +1\n[\s\S]*\nBAD_CONTENT: /)
  assert.match(annotateTeltonika(packetHex('07 01 00')), /data\.tag +7[\s\S]*\nBAD_CONTENT: /)
})
