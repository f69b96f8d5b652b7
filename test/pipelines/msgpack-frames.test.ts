import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MsgpackFramesOptions, msgpackFrames } from '../../src/pipelines/msgpack-frames.ts'
import { lengthField } from '../../src/stages/length-field.ts'
import { msgpackPayload } from '../../src/stages/msgpack-payload.ts'
import { embed, memoryHub } from '../../src/testing.ts'
import { hex, thrownBy } from '../stages/refusals.ts'
import { behaves } from './field-device.ts'

const msgpack = msgpackPayload()
const u32 = lengthField({ lengthFieldLength: 4, maxFrameLength: 65_540 })
const wire = (value: unknown) => u32.frame(msgpack.encode(value))

behaves('msgpackFrames', {
  make: (to, options) =>
    msgpackFrames(to, {
      length: 'u32',
      deviceId: { field: ['head', 'id'] },
      sequence: ['head', 'n'],
      heartbeat: { field: 'op', equals: 'ping', answer: { op: 'pong' } },
      acknowledge: { complete: ['ack', '{sequence}'], reject: ['nak', '{sequence}'] },
      refuse: { error: '{code}' },
      command: { run: '{id}', what: '{body}' },
      answer: { field: 'done', outcome: { field: 'status', reject: [1, 2] } },
      ...options,
    }),
  reading: (id, sequence) => wire({ head: { id, n: sequence }, t: 20.5 }),
  body: (id, sequence) => `{"head":{"id":"${id}","n":${sequence}},"t":20.5}`,
  acknowledged: (sequence) => wire(['ack', sequence]),
  rejected: (sequence) => wire(['nak', sequence]),
  heartbeat: wire({ op: 'ping' }),
  heartbeatAnswer: wire({ op: 'pong' }),
  heartbeatBody: '{"op":"ping"}',
  bad: u32.frame(hex('c1')),
  badAnswer: wire({ error: 'BAD_CONTENT' }),
  command: (id) => wire({ run: id, what: 'open' }),
  answer: (id, done) => wire({ done: id, status: done ? 0 : 2 }),
  protocol: 'msgpack',
})

test('the drawing of its comment', async () => {
  const to = memoryHub()
  const acknowledge = { complete: { ack: '{sequence}' } }
  const device = embed(msgpackFrames(to, { length: 'u32', deviceId: { field: 'id' }, sequence: 'n', acknowledge }))
  device.write(hex('0000000a 82 a26964 a26431 a16e 07'))
  assert.deepEqual(await device.read(10), hex('00000006 81 a361636b 07'))
  device.end()
  await device.ended()
  assert.equal(`${to.accepted[0]?.message.body}`, '{"id":"d1","n":7}')
})

test('an answer that names no command is refused, and what follows goes through', async () => {
  const to = memoryHub()
  const codes: string[] = []
  const options: MsgpackFramesOptions = { length: 'u32', deviceId: { fixed: 'd' }, answer: { field: 'done' } }
  const device = embed(msgpackFrames(to, options), { onDeadLetter: ({ error }) => codes.push(error.message) })
  for (const value of [{ n: 1 }, { done: 5 }, { n: 2 }]) device.write(wire(value))
  device.end()
  await device.ended()
  assert.deepEqual([codes, to.accepted.length], [['the field done is not a text'], 2])
})

test('options that cannot work are named', () => {
  const error = thrownBy(() => msgpackFrames(memoryHub(), { length: 'u32' }))
  assert.equal(error.message, 'msgpackFrames: one of deviceId and hello is needed, and not both')
})
