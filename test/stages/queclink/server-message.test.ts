import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeServerMessage } from '../../../src/stages/queclink/server-message.ts'

test('acknowledgements say what they count, and for heartbeats the version', () => {
  assert.deepEqual(decodeServerMessage('+SACK:11F0'), { kind: 'sack', count: '11F0' })
  assert.deepEqual(decodeServerMessage('+SACK:GTHBD,1A0102,11F0'), {
    kind: 'sack',
    report: 'GTHBD',
    protocol_version: '1A0102',
    count: '11F0',
  })
})

test('a command has parameters and a serial, and keeps its password to itself', () => {
  assert.deepEqual(decodeServerMessage('AT+GTRTO=secret,0,,x,0014'), {
    kind: 'command',
    report: 'GTRTO',
    parameters: ['0', '', 'x'],
    command_serial: '0014',
  })
  assert.deepEqual(decodeServerMessage('AT+GTVER=secret,0014'), {
    kind: 'command',
    report: 'GTVER',
    parameters: [],
    command_serial: '0014',
  })
})

test('anything else is no message of a server', () => {
  const others = [
    '',
    '+SACK:',
    '+SACK:11F',
    '+SACK:GTHBD,11F0',
    'AT+GTRTO',
    'AT+GTRTO=',
    'AT+GTRTO=0014',
    'AT+GTRTO=secret,14',
    '+ACK:GTHBD,1A0102',
  ]
  for (const text of others) assert.equal(decodeServerMessage(text), undefined, text)
})
