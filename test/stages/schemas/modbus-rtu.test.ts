import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { modbusRequest, modbusResponse } from '../../../src/stages/schemas/modbus-rtu.ts'
import { seeded } from '../../../src/testing.ts'
import { type Vector, vectorsOf } from '../vectors.ts'

type Request = ReturnType<typeof modbusRequest.decode>
type Response = ReturnType<typeof modbusResponse.decode>

const functions: Readonly<Record<string, number>> = {
  readCoils: 1,
  readDiscreteInputs: 2,
  readHoldingRegisters: 3,
  readInputRegisters: 4,
  writeSingleCoil: 5,
  writeSingleRegister: 6,
  writeMultipleCoils: 15,
  writeMultipleRegisters: 16,
}

/** What the vectors expect, in their words; they do not count bits beyond those that were asked for. */
function inTheirWords({ unit }: { unit: number }, { kind, value }: Request['request'] | Response['response']): unknown {
  const said = { unit, function: functions[kind.replace('Exception', '')], ...value }
  if (kind.endsWith('Exception')) return { kind: 'exception', ...said }
  if (kind === 'writeSingleCoil' && 'value' in value) return { ...said, on: value.value === 0xff00 }
  return said
}

function expectedOf({ expected }: Vector): unknown {
  const { kind, crc, byte_count, scaled, bits, exception, ...said } = expected
  assert.ok(typeof crc === 'string')
  return kind === 'exception' ? { kind, ...said } : said
}

describe('the Modbus schemas', () => {
  test('give what the vectors expect, and the same bytes back', () => {
    const vectors = vectorsOf('modbus-rtu-dtu')?.filter(({ expected: { kind } }) =>
      /^(request|response|exception)$/.test(kind),
    )
    if (vectors === undefined) return
    for (const vector of vectors) {
      const frame = Buffer.from(vector.hex, 'hex')
      if (vector.expected.kind === 'request') {
        const decoded = modbusRequest.decode(frame)
        const { bits, ...said } = inTheirWords(decoded, decoded.request) as Record<string, unknown>
        assert.equal(bits === undefined, vector.expected.bits === undefined)
        assert.deepEqual(said, expectedOf(vector), vector.name)
        assert.deepEqual(modbusRequest.encode(decoded), frame, vector.name)
      } else {
        const decoded = modbusResponse.decode(frame)
        const { bits, ...said } = inTheirWords(decoded, decoded.response) as Record<string, unknown>
        assert.equal(bits === undefined, vector.expected.bits === undefined)
        assert.deepEqual(said, expectedOf(vector), vector.name)
        assert.deepEqual(modbusResponse.encode(decoded), frame, vector.name)
      }
    }
    assert.ok(vectors.length >= 20, `${vectors.length} vectors`)
  })

  test('refuse a frame whose CRC is wrong, as the vectors want it', () => {
    const vectors = vectorsOf('modbus-rtu-dtu')?.filter(({ expected: { error } }) => error === 'crc')
    for (const { hex } of vectors ?? []) {
      // A frame that is also too long for its function is refused for that, before its CRC is reached.
      assert.throws(() => modbusResponse.decode(Buffer.from(hex, 'hex')), { name: 'GatewayError' })
    }
    assert.throws(() => modbusResponse.decode(Buffer.from('01040204b63a47', 'hex')), {
      code: 'CHECKSUM_MISMATCH',
      message: 'modbusResponse.crc: CRC-16/MODBUS is 0x463a, the frame says 0x473a',
    })
  })

  test('make up requests and responses that come back', () => {
    const random = seeded(1)
    for (let count = 0; count < 200; count++) {
      const request = modbusRequest.sample(random)
      assert.deepEqual(modbusRequest.decode(modbusRequest.encode(request)), request)
      const response = modbusResponse.sample(random)
      assert.deepEqual(modbusResponse.decode(modbusResponse.encode(response)), response)
    }
  })
})
