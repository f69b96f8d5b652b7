import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { decodeRequest, encodeRequest } from '../../../src/stages/modbus/rtu-request.ts'
import { anyRequest } from './rtu-frames.ts'

describe('Modbus requests', () => {
  test('stand on the wire as the specification draws them', () => {
    const wire = (...[request]: Parameters<typeof encodeRequest>) => encodeRequest(request).toString('hex')
    // The examples of the MODBUS Application Protocol Specification, sections 6.1 to 6.12, as unit 17.
    assert.equal(wire({ unit: 17, function: 1, address: 0x13, quantity: 0x13 }).slice(0, -4), '110100130013')
    assert.equal(wire({ unit: 17, function: 2, address: 0xc4, quantity: 22 }).slice(0, -4), '110200c40016')
    assert.equal(wire({ unit: 17, function: 3, address: 0x6b, quantity: 3 }), '1103006b00037687')
    assert.equal(wire({ unit: 17, function: 4, address: 8, quantity: 1 }).slice(0, -4), '110400080001')
    assert.equal(wire({ unit: 17, function: 5, address: 0xac, value: 0xff00 }), '110500acff004e8b')
    assert.equal(wire({ unit: 17, function: 6, address: 1, value: 3 }).slice(0, -4), '110600010003')
    const bits = [1, 0, 1, 1, 0, 0, 1, 1, 1, 0] as const
    assert.equal(wire({ unit: 17, function: 15, address: 0x13, bits }).slice(0, -4), '110f0013000a02cd01')
    const registers = [10, 0x102]
    assert.equal(wire({ unit: 17, function: 16, address: 1, registers }).slice(0, -4), '11100001000204000a0102')
  })

  test('come back as they were asked', () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        const { kind, on, ...decoded } = decodeRequest(encodeRequest(request))
        assert.equal(kind, 'request')
        assert.equal(on, request.function === 5 ? 'value' in request && request.value === 0xff00 : undefined)
        const quantity =
          'bits' in request ? request.bits.length : 'registers' in request ? request.registers.length : undefined
        assert.deepEqual(decoded, quantity === undefined ? { ...request } : { ...request, quantity })
      }),
    )
  })

  test('show what frames them where that is wanted', () => {
    const coils = decodeRequest(encodeRequest({ unit: 1, function: 15, address: 0, bits: [1, 1, 1, 1] }), true)
    assert.deepEqual([coils.byte_count, coils.crc, coils.quantity], [1, '7e92', 4])
    const registers = decodeRequest(encodeRequest({ unit: 1, function: 16, address: 0, registers: [1, 2] }), true)
    assert.equal(registers.byte_count, 4)
    assert.equal(decodeRequest(encodeRequest({ unit: 1, function: 3, address: 0, quantity: 1 })).crc, undefined)
  })

  test('with numbers that have no room are refused', () => {
    assert.throws(() => encodeRequest({ unit: 256, function: 6, address: 0, value: 0 }), { code: 'BAD_CONTENT' })
    assert.throws(() => encodeRequest({ unit: 1, function: 6, address: 65_536, value: 0 }), { code: 'BAD_CONTENT' })
    assert.throws(() => encodeRequest({ unit: 1, function: 16, address: 0, registers: new Array(200).fill(1) }), {
      code: 'BAD_CONTENT',
    })
  })

  test('that are not whole, or none, give coded errors only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          decodeRequest(Buffer.from(bytes), true)
        } catch (thrown) {
          assert.ok(thrown instanceof GatewayError && thrown.code !== 'BUG', String(thrown))
        }
      }),
    )
    fc.assert(
      fc.property(anyRequest, fc.nat(), fc.integer({ min: 1, max: 255 }), (request, where, change) => {
        const frame = encodeRequest(request)
        const at = where % frame.length
        frame[at] = (frame[at] as number) ^ change
        assert.throws(() => decodeRequest(frame), GatewayError)
      }),
    )
  })
})
