import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CborFramesOptions, cborFrames } from '../../src/pipelines/cbor-frames.ts'
import type { FrameLength } from '../../src/pipelines/field-frames.ts'
import { cborPayload } from '../../src/stages/cbor-payload.ts'
import { lengthField } from '../../src/stages/length-field.ts'
import { varintLength } from '../../src/stages/varint-length.ts'
import { embed, memoryHub } from '../../src/testing.ts'
import { hex, thrownBy } from '../stages/refusals.ts'
import { behaves } from './field-device.ts'

const cbor = cborPayload()
const u16 = lengthField({ lengthFieldLength: 2, maxFrameLength: 65_538 })
const wire = (value: unknown) => u16.frame(cbor.encode(value))

behaves('cborFrames', {
  make: (to, options) =>
    cborFrames(to, {
      length: 'u16',
      deviceId: { field: 'id' },
      sequence: 'n',
      heartbeat: { field: 'ping', answer: { pong: '{sequence}' } },
      acknowledge: { complete: { ack: '{sequence}' }, reject: { nak: '{sequence}', why: 'it was a {outcome}' } },
      refuse: ['{code}'],
      command: { run: '{id}', what: '{body}' },
      answer: { field: ['done', 'id'], outcome: { field: ['done', 'ok'], reject: [false] } },
      ...options,
    }),
  reading: (id, sequence) => wire({ id, n: sequence, t: 20.5 }),
  body: (id, sequence) => `{"id":"${id}","n":${sequence},"t":20.5}`,
  acknowledged: (sequence) => wire({ ack: sequence }),
  rejected: (sequence) => wire({ nak: sequence, why: 'it was a reject' }),
  heartbeat: wire({ ping: true, n: 2n ** 60n }),
  heartbeatAnswer: wire({ pong: 2n ** 60n }),
  heartbeatBody: '{"ping":true,"n":1152921504606846976}',
  bad: u16.frame(hex('ff')),
  badAnswer: wire(['BAD_CONTENT']),
  command: (id) => wire({ run: id, what: 'open' }),
  answer: (id, ok) => wire({ done: { id, ok } }),
  protocol: 'cbor',
})

describe('options of cborFrames', () => {
  const fixed: CborFramesOptions = { length: 'u16', deviceId: { fixed: 'd' } }

  test('the drawing of its comment', async () => {
    const to = memoryHub()
    const acknowledge = { complete: { ack: '{sequence}' } }
    const device = embed(cborFrames(to, { length: 'u16', deviceId: { field: 'id' }, sequence: 'n', acknowledge }))
    device.write(hex('00 0a a2 626964 626431 616e 07'))
    assert.deepEqual(await device.read(8), hex('00 06 a1 6361636b 07'))
    device.end()
    await device.ended()
    assert.equal(`${to.accepted[0]?.message.body}`, '{"id":"d1","n":7}')
  })

  test('the length may be of 16 or 32 bits in either order, or a varint', async () => {
    const frame = cbor.encode({ n: 1 })
    const lengths: Record<FrameLength, Buffer> = {
      u16: u16.frame(frame),
      u32: lengthField({ lengthFieldLength: 4, maxFrameLength: 100 }).frame(frame),
      'u16-little-endian': Buffer.concat([Buffer.of(frame.length, 0), frame]),
      'u32-little-endian': Buffer.concat([Buffer.of(frame.length, 0, 0, 0), frame]),
      varint: varintLength({ maxLength: 100 }).frame(frame),
    }
    for (const [length, bytes] of Object.entries(lengths)) {
      const to = memoryHub()
      const device = embed(cborFrames(to, { ...fixed, length: length as FrameLength }))
      device.write(bytes)
      device.end()
      await device.ended()
      assert.equal(`${to.accepted[0]?.message.body}`, '{"n":1}', length)
    }
  })

  test('a frame of the longest length passes, one byte more ends the connection', async () => {
    for (const [maxFrameLength, code] of [
      [cbor.encode({ n: 1 }).length, undefined],
      [cbor.encode({ n: 1 }).length - 1, 'FRAME_TOO_LONG'],
    ] as const) {
      for (const length of ['u32', 'varint'] as const) {
        const device = embed(cborFrames(memoryHub(), { ...fixed, length, maxFrameLength }))
        const framing =
          length === 'varint'
            ? varintLength({ maxLength: 9 })
            : lengthField({ lengthFieldLength: 4, maxFrameLength: 9 })
        device.write(framing.frame(cbor.encode({ n: 1 })))
        device.end()
        await device.ended()
        assert.equal(device.ring.failure?.code, code)
      }
    }
  })

  test('a device may be known by a number; what is neither text nor integer is no id', async () => {
    for (const [id, known] of [
      [356938035643809, 'p-356938035643809'],
      [2n ** 60n, 'p-1152921504606846976'],
      [1.5, undefined],
      [{ a: 1 }, undefined],
      [true, undefined],
    ] as const) {
      const to = memoryHub()
      const device = embed(cborFrames(to, { length: 'u16', deviceId: { field: 'id' }, idPrefix: 'p-' }))
      device.write(wire({ id }))
      device.end()
      await device.ended()
      assert.equal(to.accepted[0]?.deviceId, known)
      assert.equal(device.ring.failure?.code, known === undefined ? 'BAD_HELLO' : undefined)
    }
  })

  test('a sequence of a wrong type refuses its frame, and the next goes through; members are never inherited', async () => {
    const to = memoryHub()
    const codes: string[] = []
    const pipeline = cborFrames(to, {
      ...fixed,
      sequence: 'n',
      type: { field: '__proto__' },
      acknowledge: { complete: { ack: '{sequence}' } },
    })
    const device = embed(pipeline, { onDeadLetter: ({ error }) => codes.push(`${error.code} ${error.message}`) })
    const hostile = [{ n: [1] }, { n: true }, { n: Number.NaN }, { n: Buffer.of(1) }]
    for (const each of hostile) device.write(wire(each))
    device.write(u16.frame(hex('a2 69 5f5f70726f746f5f5f 61 78 61 6e 07')))
    device.write(wire({ n: null }))
    device.write(wire(7))
    device.end()
    await device.ended()
    assert.deepEqual(
      codes,
      hostile.map(() => 'BAD_CONTENT the field n is neither a text nor a number'),
    )
    assert.deepEqual(device.pending(), wire({ ack: 7 }))
    assert.deepEqual(
      to.accepted.map(({ message }) => `${message.properties.type} ${message.body}`),
      ['x {"__proto__":"x","n":7}', 'reading {"n":null}', 'reading 7'],
    )
  })

  test('time is as the language says it, or as a number or text', async () => {
    const to = memoryHub()
    const device = embed(cborFrames(to, { ...fixed, time: { field: 'at', as: 'unixMilliseconds' } }))
    for (const at of [new Date(1_700_000_000_000), 1_700_000_000_000, '1700000000000', 1_700_000_000_000n])
      device.write(wire({ at }))
    device.end()
    await device.ended()
    assert.equal(to.accepted.length, 4)
    for (const { message } of to.accepted) assert.equal(message.creationTimeUtc, '2023-11-14T22:13:20.000Z')
  })

  test('a hello may be a frame with the device id and its key, answered by what the hub says', async () => {
    for (const [key, said] of [
      ['c2VjcmV0', { hello: 'd1' }],
      ['d3Jvbmc=', { bye: true }],
    ] as const) {
      const to = memoryHub({ keys: { d1: 'c2VjcmV0' } })
      const authenticator = ({ deviceId, credentials }: { deviceId: string; credentials: unknown }) =>
        ({ deviceId, credentials }) as never
      const hello = { field: 'id', key: 'key', accepted: { hello: '{id}' }, refused: { bye: true } }
      const device = embed(cborFrames(to, { length: 'u16', hello, authenticator }))
      device.write(wire({ id: 'd1', key }))
      device.end()
      await device.ended()
      assert.deepEqual(device.pending(), wire(said))
    }
  })

  test('a command is its body as it is, or by template: JSON as a value, text as a text, else bytes', async () => {
    for (const [body, value] of [
      [Buffer.from('{"a":[1]}'), { run: { a: [1] } }],
      [Buffer.from('open'), { run: 'open' }],
      [hex('ff'), { run: hex('ff') }],
    ] as const) {
      for (const command of [undefined, { run: '{body}' }]) {
        const to = memoryHub()
        const device = embed(cborFrames(to, { ...fixed, ...(command && { command }), acknowledge: { complete: 0 } }))
        device.write(wire({}))
        await device.read(wire(0).length)
        to.queueCommand('d', body)
        const wanted = command === undefined ? u16.frame(body) : wire(value)
        assert.deepEqual(await device.read(wanted.length), wanted)
        await to.until(() => to.settled.length === 1)
        assert.equal(to.settled[0]?.outcome, 'complete')
        device.end()
        await device.ended()
      }
    }
  })

  const wrong: readonly [object, RegExp][] = [
    [{ length: 'u8' }, /cborFrames: length must be u16, .*, not 'u8'/],
    [{ maxFrameLength: 0 }, /cborFrames: maxFrameLength must be a positive integer, not 0/],
    [{ heartbeat: { line: 'PING' } }, /cborFrames: heartbeat must name a field, .*, not \{ line: 'PING' \}/],
    [{ answer: null }, /cborFrames: answer must be an object, not null/],
    [{ type: null }, /cborFrames: type must be an object, not null/],
    [{ acknowledge: 'ACK' }, /cborFrames: acknowledge must be an object, not 'ACK'/],
    [{ sequence: [] }, /cborFrames: sequence must be the name of a field.*, not \[\]/],
    [{ acknowledge: { complete: { a: ['{seq}'] } } }, /acknowledge.complete has \{seq\}, but may have \{outcome\}/],
    [
      { acknowledge: { complete: { a: () => 1 } } },
      /acknowledge.complete must be a value that can be sent, not \[Function/,
    ],
  ]
  for (const [each, message] of wrong) {
    test(`options that cannot work are named with their value: ${message.source}`, () => {
      const error = thrownBy(() => cborFrames(memoryHub(), { ...fixed, ...each } as CborFramesOptions))
      assert.equal(error.code, 'CONFIGURATION')
      assert.match(error.message, message)
    })
  }
})
