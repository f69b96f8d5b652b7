import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mllpReady } from '../../../src/cli/ready/mllp.ts'
import { readyProtocol } from '../../../src/cli/ready-protocols.ts'
import { runVector } from '../../pipelines/vector-runs.ts'
import { block, message, pulse } from '../../stages/hl7/messages.ts'

test('mllp is a protocol that the program knows', () => {
  assert.equal(readyProtocol('mllp'), mllpReady)
})

test('decode shows messages that name no sender as those of a device mllp', async () => {
  const { ups, errors } = await runVector(mllpReady.decode, [block(message({ 3: '', 4: '' }))])
  assert.deepEqual(errors, [])
  assert.deepEqual(
    ups.map(({ deviceId }) => deviceId),
    ['mllp', 'mllp'],
  )
})

test('decode shows each message of a log under its own sender', async () => {
  const log = [block(message({ 3: 'ONE' })), block(message({ 3: 'TWO' }))]
  const { ups, errors } = await runVector(mllpReady.decode, log, { framed: true })
  assert.deepEqual(errors, [])
  assert.deepEqual(
    ups.filter(({ kind }) => kind === 'telemetry').map(({ deviceId }) => deviceId),
    ['ONE:ICU', 'TWO:ICU'],
  )
})

test('decode of an identified connection takes messages without a hello, whoever sends them', async () => {
  for (const sender of ['', 'ONE']) {
    const { ups, down, errors } = await runVector(mllpReady.decode, [block(message({ 3: sender }))], { hello: 'bed-4' })
    assert.deepEqual(errors, [])
    assert.deepEqual(
      ups.map(({ kind, deviceId }) => [kind, deviceId]),
      [['telemetry', 'bed-4']],
    )
    assert.match(Buffer.from(down, 'hex').toString(), /\rMSA\|AA\|M1\r/)
  }
})

test('decode tells lengths, annotate shows fields', async () => {
  const wire = block(message({}, pulse))
  const { ups } = await runVector(mllpReady.decode, [wire])
  assert.equal(ups[1]?.body.payload_bytes, wire.length - 3)
  assert.match(mllpReady.annotate(wire), /OBX-5 +"72"/)
})
