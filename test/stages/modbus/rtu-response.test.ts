import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { decodeResponse, encodeException, encodeResponse } from '../../../src/stages/modbus/rtu-response.ts'
import { anyResponse } from './rtu-frames.ts'

describe('Modbus responses', () => {
  test('stand on the wire as the specification draws them', () => {
    const wire = (...[response]: Parameters<typeof encodeResponse>) =>
      encodeResponse(response).toString('hex').slice(0, -4)
    assert.equal(wire({ unit: 17, function: 1, bits: [1, 0, 1, 1, 0, 0, 1, 1, 1] }), '110102cd01')
    assert.equal(wire({ unit: 17, function: 3, registers: [0x022b, 0, 0x64] }), '110306022b00000064')
    assert.equal(wire({ unit: 17, function: 4, registers: [10] }), '110402000a')
    assert.equal(wire({ unit: 17, function: 5, address: 0xac, value: 0xff00 }), '110500acff00')
    assert.equal(wire({ unit: 17, function: 16, address: 1, quantity: 2 }), '111000010002')
    assert.equal(encodeException(10, 1, 2).toString('hex').slice(0, -4), '0a8102')
  })

  test('come back as they were answered', () => {
    fc.assert(
      fc.property(anyResponse, (response) => {
        const { kind, on, ...decoded } = decodeResponse(encodeResponse(response))
        assert.equal(kind, 'response')
        assert.equal(on, response.function === 5 ? 'value' in response && response.value === 0xff00 : undefined)
        assert.deepEqual(decoded, { ...response })
      }),
    )
  })

  test('have as many bits as were asked for', () => {
    const frame = encodeResponse({ unit: 1, function: 2, bits: [1, 0, 1, 1] })
    assert.deepEqual(decodeResponse(frame).bits, [1, 0, 1, 1, 0, 0, 0, 0])
    assert.deepEqual(decodeResponse(frame, { bits: 3 }).bits, [1, 0, 1])
  })

  test('that are exceptions name the function that was asked, and say what is wrong in words', () => {
    for (const [code, exception] of [
      [1, 'illegal function'],
      [2, 'illegal data address'],
      [11, 'gateway target device failed to respond'],
      [99, 'unknown'],
    ] as const) {
      const decoded = decodeResponse(encodeException(7, 16, code))
      assert.deepEqual(decoded, { kind: 'exception', unit: 7, function: 16, exception_code: code, exception })
    }
    // Functions that are not known here may be refused all the same.
    assert.equal(decodeResponse(encodeException(7, 43, 1)).function, 43)
  })

  test('show what frames them where that is wanted', () => {
    const frame = encodeResponse({ unit: 1, function: 4, registers: [1206] })
    assert.deepEqual(decodeResponse(frame, { envelope: true }), {
      kind: 'response',
      unit: 1,
      function: 4,
      byte_count: 2,
      registers: [1206],
      crc: '3a46',
    })
    assert.deepEqual(decodeResponse(encodeException(1, 3, 2), { envelope: true }).crc, 'c0f1')
  })

  test('that are not whole, or none, give coded errors only', () => {
    const codedOnly = (bytes: Buffer) => {
      try {
        decodeResponse(bytes, { envelope: true, bits: 9 })
      } catch (thrown) {
        assert.ok(thrown instanceof GatewayError && thrown.code !== 'BUG', String(thrown))
        return
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => codedOnly(Buffer.from(bytes))))
    fc.assert(
      fc.property(anyResponse, fc.nat(), fc.integer({ min: 1, max: 255 }), (response, where, change) => {
        const frame = encodeResponse(response)
        const at = where % frame.length
        frame[at] = (frame[at] as number) ^ change
        assert.throws(() => decodeResponse(frame), GatewayError)
      }),
    )
  })
})
