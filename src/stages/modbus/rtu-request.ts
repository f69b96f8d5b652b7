import { modbusRequest } from '../schemas/modbus-rtu.ts'
import { type Bit, bitsOf, bytesOfBits } from './packed-bits.ts'
import { crcText } from './rtu-crc.ts'

/** The functions that read: coils, discrete inputs, holding registers, input registers. */
export type ReadFunction = 1 | 2 | 3 | 4

/** Reads `quantity` bits (functions 1, 2) or registers (3, 4) from `address` on. */
export interface ReadRequest {
  readonly unit: number
  readonly function: ReadFunction
  readonly address: number
  readonly quantity: number
}

/** Writes one coil (function 5: FF00 is on, 0000 off) or one holding register (6). */
export interface WriteSingle {
  readonly unit: number
  readonly function: 5 | 6
  readonly address: number
  readonly value: number
}

/** Writes coils from `address` on. */
export interface WriteCoils {
  readonly unit: number
  readonly function: 15
  readonly address: number
  readonly bits: readonly Bit[]
}

/** Writes holding registers from `address` on. */
export interface WriteRegisters {
  readonly unit: number
  readonly function: 16
  readonly address: number
  readonly registers: readonly number[]
}

/** What a Modbus client, here the gateway, asks of a unit (0 to 255; 0 is all of them). */
export type RtuRequest = ReadRequest | WriteSingle | WriteCoils | WriteRegisters

/** A coil that is on, as function 5 writes it. */
export const coilOn = 0xff00

/** Kinds of the schema by function. */
const readKinds = {
  1: 'readCoils',
  2: 'readDiscreteInputs',
  3: 'readHoldingRegisters',
  4: 'readInputRegisters',
} as const

/**
 * A request as it goes on the wire.
 *
 * ```
 * 01 │ 04 │ 00 0E │ 00 01 │ 50 09                    functions 1 to 4: unit, function, address, quantity, CRC
 * 11 │ 05 │ 00 AC │ FF 00 │ 4E 8B                    5, 6: address, value
 * 01 │ 0F │ 00 00 │ 00 04 │ 01 │ 0F │ 7E 92          15, 16: address, quantity, bytes that follow, bits or registers
 * ```
 * Integers are big-endian, the CRC-16/MODBUS little-endian. Errors: `BAD_CONTENT` for numbers that have no room.
 */
export function encodeRequest(asked: RtuRequest): Buffer {
  const { unit, address } = asked
  switch (asked.function) {
    case 5:
    case 6: {
      const kind = asked.function === 5 ? 'writeSingleCoil' : 'writeSingleRegister'
      return modbusRequest.encode({ unit, request: { kind, value: { address, value: asked.value } } })
    }
    case 15: {
      const value = { address, quantity: asked.bits.length, bits: bytesOfBits(asked.bits) }
      return modbusRequest.encode({ unit, request: { kind: 'writeMultipleCoils', value } })
    }
    case 16: {
      const value = { address, quantity: asked.registers.length, registers: [...asked.registers] }
      return modbusRequest.encode({ unit, request: { kind: 'writeMultipleRegisters', value } })
    }
    default: {
      const value = { address, quantity: asked.quantity }
      return modbusRequest.encode({ unit, request: { kind: readKinds[asked.function], value } })
    }
  }
}

/** What {@link decodeRequest} gives, in the words of a message body. */
export interface DecodedRequest {
  readonly kind: 'request'
  readonly unit: number
  readonly function: number
  readonly address: number
  /** Bits or registers that are read or written by functions other than 5 and 6. */
  readonly quantity?: number
  /** What functions 5 and 6 write. */
  readonly value?: number
  /** Function 5: whether the coil is switched on. */
  readonly on?: boolean
  /** Envelope: bytes of bits or registers that follow. */
  readonly byte_count?: number
  readonly bits?: readonly Bit[]
  readonly registers?: readonly number[]
  /** Envelope: the CRC as it stands on the wire, in hexadecimal. */
  readonly crc?: string
}

/** Takes a request apart, see {@link encodeRequest}. With `envelope` also what only frames it. Errors: `BAD_CONTENT`, `CHECKSUM_MISMATCH`. */
export function decodeRequest(frame: Buffer, envelope = false): DecodedRequest {
  const { unit, request } = modbusRequest.decode(frame)
  const head = { kind: 'request', unit, function: frame[1] as number, address: request.value.address } as const
  const tail = envelope ? { crc: crcText(frame) } : {}
  switch (request.kind) {
    case 'writeSingleCoil':
      return { ...head, value: request.value.value, on: request.value.value === coilOn, ...tail }
    case 'writeSingleRegister':
      return { ...head, value: request.value.value, ...tail }
    case 'writeMultipleCoils': {
      const { quantity, bits } = request.value
      const counted = envelope ? { byte_count: bits.length } : {}
      return { ...head, quantity, ...counted, bits: bitsOf(bits, quantity), ...tail }
    }
    case 'writeMultipleRegisters': {
      const { quantity, registers } = request.value
      const counted = envelope ? { byte_count: 2 * registers.length } : {}
      return { ...head, quantity, ...counted, registers, ...tail }
    }
    default:
      return { ...head, quantity: request.value.quantity, ...tail }
  }
}
