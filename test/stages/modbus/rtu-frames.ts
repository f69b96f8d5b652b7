import fc from 'fast-check'
import type { Bit } from '../../../src/stages/modbus/packed-bits.ts'
import type { RtuRequest } from '../../../src/stages/modbus/rtu-request.ts'
import type { RtuResponse } from '../../../src/stages/modbus/rtu-response.ts'

const byte = fc.integer({ min: 0, max: 255 })
const word = fc.integer({ min: 0, max: 65_535 })
const bits = (max: number) => fc.array(fc.constantFrom<Bit>(0, 1), { minLength: 1, maxLength: max })
const words = (max: number) => fc.array(word, { minLength: 1, maxLength: max })

/** Any request that the specification allows. */
export const anyRequest: fc.Arbitrary<RtuRequest> = fc.oneof(
  fc.record({
    unit: byte,
    function: fc.constantFrom(1 as const, 2 as const),
    address: word,
    quantity: fc.integer({ min: 1, max: 2000 }),
  }),
  fc.record({
    unit: byte,
    function: fc.constantFrom(3 as const, 4 as const),
    address: word,
    quantity: fc.integer({ min: 1, max: 125 }),
  }),
  fc.record({ unit: byte, function: fc.constant(5 as const), address: word, value: fc.constantFrom(0, 0xff00) }),
  fc.record({ unit: byte, function: fc.constant(6 as const), address: word, value: word }),
  fc.record({ unit: byte, function: fc.constant(15 as const), address: word, bits: bits(1968) }),
  fc.record({ unit: byte, function: fc.constant(16 as const), address: word, registers: words(123) }),
)

/** Any response that the specification allows; bits by the byte. */
export const anyResponse: fc.Arbitrary<RtuResponse> = fc.oneof(
  fc.record({
    unit: byte,
    function: fc.constantFrom(1 as const, 2 as const),
    bits: fc
      .array(fc.array(fc.constantFrom<Bit>(0, 1), { minLength: 8, maxLength: 8 }), { minLength: 1, maxLength: 250 })
      .map((bytes) => bytes.flat()),
  }),
  fc.record({ unit: byte, function: fc.constantFrom(3 as const, 4 as const), registers: words(125) }),
  fc.record({ unit: byte, function: fc.constant(5 as const), address: word, value: fc.constantFrom(0, 0xff00) }),
  fc.record({ unit: byte, function: fc.constant(6 as const), address: word, value: word }),
  fc.record({
    unit: byte,
    function: fc.constantFrom(15 as const, 16 as const),
    address: word,
    quantity: fc.integer({ min: 1, max: 123 }),
  }),
)
