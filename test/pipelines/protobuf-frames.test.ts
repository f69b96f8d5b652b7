import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ProtobufFramesOptions, protobufFrames } from '../../src/pipelines/protobuf-frames.ts'
import { protobufPayload } from '../../src/stages/protobuf-payload.ts'
import { varintLength } from '../../src/stages/varint-length.ts'
import { embed, memoryHub } from '../../src/testing.ts'
import { hex, thrownBy } from '../stages/refusals.ts'
import { behaves } from './field-device.ts'
import { DownSchema, UpSchema } from './generic-schema.ts'

const varint = varintLength({ maxLength: 65_536 })
const up = (value: object) => varint.frame(protobufPayload<object>(UpSchema).encode(value))
const down = (value: object) => varint.frame(protobufPayload<object>(DownSchema).encode(value))

const options: ProtobufFramesOptions = {
  schema: UpSchema,
  schemaToDevice: DownSchema,
  length: 'varint',
  deviceId: { field: 'id' },
  sequence: 'n',
  acknowledge: { complete: { ack: '{sequence}' }, reject: { nak: '{sequence}' } },
}

behaves('protobufFrames', {
  make: (to, given) =>
    protobufFrames(to, {
      ...options,
      heartbeat: { field: 'ping', equals: true, answer: { pong: true } },
      refuse: { error: '{code}' },
      command: { run: '{id}', what: '{body}' },
      answer: { field: 'done', outcome: { field: 'failed', reject: [true] } },
      ...given,
    }),
  reading: (id, n) => up({ id, n, t: 20.5 }),
  body: (id, n) => JSON.stringify({ id, n, t: 20.5, done: '', failed: false, ping: false }),
  acknowledged: (ack) => down({ ack }),
  rejected: (nak) => down({ nak }),
  heartbeat: up({ ping: true }),
  heartbeatAnswer: down({ pong: true }),
  heartbeatBody: JSON.stringify({ id: '', n: 0, t: 0, done: '', failed: false, ping: true }),
  bad: varint.frame(hex('ff')),
  badAnswer: down({ error: 'BAD_CONTENT' }),
  command: (run) => down({ run, what: 'open' }),
  answer: (done, well) => up({ done, failed: !well }),
  protocol: 'protobuf',
})

describe('options of protobufFrames', () => {
  test('the drawing of its comment', async () => {
    const to = memoryHub()
    const device = embed(protobufFrames(to, options))
    device.write(hex('06 0a 02 6431 10 07'))
    assert.deepEqual(await device.read(3), hex('02 08 07'))
    device.end()
    await device.ended()
    assert.equal(to.accepted[0]?.deviceId, 'd1')
  })

  test('without a type of their own, messages to the device are of the type of those from it', async () => {
    const { schemaToDevice: _, ...others } = options
    const device = embed(protobufFrames(memoryHub(), { ...others, acknowledge: { complete: { n: '{sequence}' } } }))
    device.write(up({ id: 'd1', n: 7 }))
    assert.deepEqual(await device.read(up({ n: 7 }).length), up({ n: 7 }))
    device.end()
    await device.ended()
  })

  const wrong: readonly [object, RegExp][] = [
    [{ schema: undefined }, /protobufFrames: schema must be a message type, not undefined/],
    [{ schemaToDevice: { kind: 'enum' } }, /schemaToDevice must be a message type, not \{ kind: 'enum' \}/],
    [{ sequence: 'seq' }, /protobufFrames: sequence must be a field of plant.Up, not 'seq'/],
    [{ acknowledge: { complete: { akc: 1 } } }, /acknowledge.complete must have fields of plant.Down only, not 'akc'/],
    [{ acknowledge: { complete: 'ACK' } }, /acknowledge.complete must be an object, not 'ACK'/],
  ]
  for (const [each, message] of wrong) {
    test(`options that cannot work are named with their value: ${message.source}`, () => {
      const error = thrownBy(() => protobufFrames(memoryHub(), { ...options, ...each } as ProtobufFramesOptions))
      assert.equal(error.code, 'CONFIGURATION')
      assert.match(error.message, message)
    })
  }
})
