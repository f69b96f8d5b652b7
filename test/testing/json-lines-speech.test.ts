import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonLinesSpeech } from '../../src/testing/json-lines-speech.ts'
import { everyCut } from '../../src/testing.ts'

const said = [
  '{"$welcome":"d1"}',
  '{"$ack":7}',
  '{"$pong":1}',
  '{"$nack":8,"code":"HUB_THROTTLED","retry":true}',
  '{"$nack":9,"code":"HUB_REJECTED","retry":false}',
  '{"$command":{"id":"c1","via":"c2d","body":"ü","properties":{}}}',
  '{"$error":{"code":"UNAUTHORIZED","message":"no"}}',
].join('\n')

test('it hears welcome, receipts, commands and refusals, however the bytes are cut', () => {
  const { listen } = jsonLinesSpeech()
  for (const chunks of everyCut(Buffer.from(`${said}\n`))) {
    const ears = listen()
    assert.deepEqual(
      chunks.flatMap((chunk) => [...ears(chunk)]),
      [
        { said: 'welcome' },
        { said: 'receipt', number: 7, outcome: 'complete' },
        { said: 'receipt', number: 8, outcome: 'abandon' },
        { said: 'receipt', number: 9, outcome: 'reject' },
        { said: 'command', id: 'c1' },
        { said: 'refused' },
      ],
    )
  }
})

test('hellos carry a key where there is one', () => {
  const speech = jsonLinesSpeech({ keyOf: (deviceId) => (deviceId === 'd1' ? 'a2V5' : undefined) })
  assert.equal(speech.hello('d1'), '{"$hello":{"deviceId":"d1","key":"a2V5"}}\n')
  assert.equal(speech.hello('d2'), '{"$hello":{"deviceId":"d2"}}\n')
})

test('the body of a reading says whose it is, and other bodies do not', () => {
  const { originOf } = jsonLinesSpeech()
  assert.deepEqual(originOf(Buffer.from('{"device":"d1","number":7}')), { deviceId: 'd1', number: 7 })
  for (const body of [
    '',
    'x',
    '7',
    '{}',
    '{"device":"d1"}',
    '{"device":1,"number":7}',
    '{"device":"d1","number":1.5}',
  ]) {
    assert.equal(originOf(Buffer.from(body)), undefined, body)
  }
})
