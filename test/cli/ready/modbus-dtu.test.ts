import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { modbusDtuReady } from '../../../src/cli/ready/modbus-dtu.ts'
import { GatewayError } from '../../../src/core/errors.ts'
import { encodeRequest } from '../../../src/stages/modbus/rtu-request.ts'
import { encodeException, encodeResponse } from '../../../src/stages/modbus/rtu-response.ts'
import { runVector } from '../../pipelines/vector-runs.ts'

const { annotate } = modbusDtuReady
const decode = (...lines: Buffer[]) => runVector((to) => modbusDtuReady.decode(to), lines, { framed: true })

describe('headgate decode modbusDtu', () => {
  test('calls a device modbus that has not registered, and by its registration one that has', async () => {
    const response = encodeResponse({ unit: 1, function: 3, registers: [7] })
    assert.deepEqual(
      (await decode(response)).ups.map(({ kind, deviceId }) => [kind, deviceId]),
      [
        ['hello', 'modbus'],
        ['telemetry', 'modbus'],
      ],
    )
    assert.deepEqual(
      (await decode(Buffer.from('LOGIN:1001'), response)).ups.map(({ kind, deviceId }) => [kind, deviceId]),
      [
        ['hello', '1001'],
        ['telemetry', '1001'],
      ],
    )
  })

  test('takes a log of both directions: a reply has the bits that were asked for, an echo is a response', async () => {
    const read = encodeRequest({ unit: 1, function: 1, address: 0, quantity: 3 })
    const write = encodeRequest({ unit: 1, function: 6, address: 1, value: 7 })
    const { ups } = await decode(read, encodeResponse({ unit: 1, function: 1, bits: [1, 0, 1] }), write, write)
    assert.deepEqual(
      ups.slice(1).map(({ body }) => [body.kind, body.bits]),
      [
        ['request', undefined],
        ['response', [1, 0, 1]],
        ['request', undefined],
        ['response', undefined],
      ],
    )
  })

  test('shows a registration of any length at the end of its line', async () => {
    const { ups, errors } = await decode(Buffer.from('LOGIN:77'))
    assert.deepEqual([ups[0]?.deviceId, errors], ['77', []])
    assert.deepEqual(ups[0]?.body, { kind: 'registration', id: '77', text: 'LOGIN:77', rule: 'LOGIN:, then digits' })
  })

  test('shows what is a heartbeat as one', async () => {
    const { ups } = await decode(Buffer.from('www.usr.cn'), Buffer.of(0xff), Buffer.from('ping'))
    assert.deepEqual(
      ups.slice(1).map(({ body }) => body),
      [
        { kind: 'heartbeat', text: 'www.usr.cn' },
        { kind: 'heartbeat', hex: 'ff' },
        { kind: 'heartbeat', text: 'ping' },
      ],
    )
  })
})

describe('headgate decode modbusDtu --annotate', () => {
  test('draws a table of each frame, and names packets and noise between them', () => {
    const text = annotate(
      Buffer.concat([
        Buffer.from('LOGIN:1001'),
        Buffer.of(0),
        encodeResponse({ unit: 1, function: 4, registers: [1206] }),
        encodeRequest({ unit: 1, function: 3, address: 8, quantity: 3 }),
        encodeException(1, 3, 2),
      ]),
    )
    assert.match(text, /^packet: 4c4f47494e3a31303031\n {2}id: 1001\n\nnoise: 00\n\nresponse of function 4\n/)
    assert.match(text, /3 {2}04 b6 .*registers\[0\] .*1206/)
    assert.match(
      text,
      /\nrequest of function 3\n[\s\S]*quantity +3\n[\s\S]*\nexception of function 3\n[\s\S]*exception_code +2\n/,
    )
  })

  test('shows how far a frame can be read that is wrong', () => {
    const frame = encodeResponse({ unit: 1, function: 4, registers: [1206] })
    frame[6] = 0
    assert.match(annotate(frame), /registers\[0\] +1206[\s\S]*CHECKSUM_MISMATCH/)
  })

  test('throws a coded error for what is nothing, and nothing else for anything', () => {
    assert.throws(() => annotate(Buffer.from('zebra')), GatewayError)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), (bytes) => {
        try {
          assert.equal(typeof annotate(Buffer.from(bytes)), 'string')
        } catch (thrown) {
          assert.ok(thrown instanceof GatewayError && thrown.code !== 'BUG', String(thrown))
        }
      }),
    )
  })
})
