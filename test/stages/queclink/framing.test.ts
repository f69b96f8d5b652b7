import assert from 'node:assert/strict'
import { test } from 'node:test'
import { queclinkFraming } from '../../../src/stages/queclink/framing.ts'
import { everyCut, hostile, roundTrip, splitInvariant } from '../../../src/testing.ts'
import { codesOf, hex, toldAlike } from '../told.ts'

function told(text: string, maxLength?: number): string[] {
  const bytes = Buffer.from(text, 'latin1')
  return toldAlike(queclinkFraming(maxLength), bytes, everyCut(bytes))
}

const a = '+RESP:GTPNA,1A0800,350000000000017,,20260501120000,0001$'
const b = '+ACK:GTHBD,1A0800,350000000000017,,20260501120001,0002$'

test('texts from + to $ are frames, with both', () => {
  assert.deepEqual(told(a + b), [hex(a), hex(b)])
})

test('white space and NUL before, between and behind them mean nothing', () => {
  assert.deepEqual(told(`\r\n${a}\r\n\0 \t${b}\0`), [hex(a), hex(b)])
})

test('what a server says is a frame as well', () => {
  const command = 'AT+GTRTO=gmt100,0,,,,,,0014$'
  assert.deepEqual(told(`${command}+SACK:0001$`), [hex(command), hex('+SACK:0001$')])
})

test('anything else in front of a frame is noise, dropped up to the next +', () => {
  assert.deepEqual(told(`$$$${a}\0xx$${b}`), [
    `FRAME_NOISE: 3 bytes belong to no frame [${hex('$$$')}]`,
    hex(a),
    `FRAME_NOISE: 3 bytes belong to no frame [${hex('xx$')}]`,
    hex(b),
  ])
})

test('a frame over the limit is refused once and passed over to its $', () => {
  assert.deepEqual(codesOf(told(`+${'x'.repeat(200)}$${a}`, 64)), ['FRAME_TOO_LONG', hex(a)])
  assert.match(told(`+${'x'.repeat(200)}$${a}`, 64)[0] as string, /at least 65 bytes exceeds the limit of 64/)
  assert.deepEqual(codesOf(told(`+${'x'.repeat(64)}$${a}`, 64)), [hex(`+${'x'.repeat(64)}$`), hex(a)])
})

test('the limit is 2048 bytes, unless it is given', () => {
  assert.equal(codesOf(told(`+${'x'.repeat(2048)}$`)).length, 1)
  assert.deepEqual(codesOf(told(`+${'x'.repeat(2049)}$`)), ['FRAME_TOO_LONG'])
})

test('an end within a frame is told, with what there was', () => {
  assert.deepEqual(codesOf(told(`${a}${b.slice(0, -1)}`)), [hex(a), 'FRAME_UNTERMINATED'])
})

test('frames come back as they were sent, and every cutting of hostile bytes gives the same', async () => {
  const frames = [a, b, '+SACK:0001$', 'AT+GTRTO=gmt100,0,,,,,,0014$'].map((each) => Buffer.from(each))
  const wire = await roundTrip(queclinkFraming(), frames)
  await splitInvariant(queclinkFraming(), wire)
  const { errors } = await hostile(queclinkFraming(), wire)
  assert.ok((errors.FRAME_NOISE ?? 0) > 0)
})
