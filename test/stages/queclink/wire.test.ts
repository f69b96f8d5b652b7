import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandBytes, fourDigits, heartbeatSack, messageBytes, sack } from '../../../src/stages/queclink/wire.ts'

test('the manual of GL300 writes these answers, and this heartbeat', () => {
  assert.equal(heartbeatSack('1A0102', '11F0').toString(), '+SACK:GTHBD,1A0102,11F0$')
  assert.equal(sack('11F0').toString(), '+SACK:11F0$')
  const heartbeat = messageBytes({
    prefix: 'ACK',
    report: 'GTHBD',
    protocol_version: '1A0102',
    imei: '135790246811220',
    device_name: '',
    fields: [],
    sendTime: new Date('2010-02-14T09:32:54Z'),
    count: '11F0',
  })
  assert.equal(heartbeat.toString(), '+ACK:GTHBD,1A0102,135790246811220,,20100214093254,11F0$')
})

test('a command is its password, parameters and serial behind its name', () => {
  assert.equal(commandBytes('GTRTO', 'gmt100', ['0', '', ''], '0014').toString(), 'AT+GTRTO=gmt100,0,,,0014$')
})

test('numbers are four hexadecimal digits and begin again', () => {
  assert.deepEqual([0, 20, 0xffff, 0x10000].map(fourDigits), ['0000', '0014', 'FFFF', '0000'])
})
