import { modbusResponse } from '../schemas/modbus-rtu.ts'
import { exceptionName } from './exception-names.ts'
import { type Bit, bitsOf, bytesOfBits } from './packed-bits.ts'
import { crcText, rtuCheck } from './rtu-crc.ts'
import { coilOn } from './rtu-request.ts'

/** What a unit answers, to be put on the wire by {@link encodeResponse}. */
export type RtuResponse =
  | { readonly unit: number; readonly function: 1 | 2; readonly bits: readonly Bit[] }
  | { readonly unit: number; readonly function: 3 | 4; readonly registers: readonly number[] }
  | { readonly unit: number; readonly function: 5 | 6; readonly address: number; readonly value: number }
  | { readonly unit: number; readonly function: 15 | 16; readonly address: number; readonly quantity: number }

/**
 * A response as it goes on the wire.
 *
 * ```
 * 01 │ 04 │ 02 │ 04 B6 │ 3A 46            functions 1 to 4: unit, function, bytes that follow, bits or registers, CRC
 * 11 │ 05 │ 00 AC │ FF 00 │ 4E 8B         5, 6: the request once more
 * 01 │ 10 │ 8A 00 │ 00 03 │ AA 10         15, 16: address, quantity
 * ```
 * Errors: `BAD_CONTENT` for numbers that have no room.
 */
export function encodeResponse(answer: RtuResponse): Buffer {
  const { unit } = answer
  switch (answer.function) {
    case 1:
    case 2: {
      const kind = answer.function === 1 ? 'readCoils' : 'readDiscreteInputs'
      return modbusResponse.encode({ unit, response: { kind, value: { bits: bytesOfBits(answer.bits) } } })
    }
    case 3:
    case 4: {
      const kind = answer.function === 3 ? 'readHoldingRegisters' : 'readInputRegisters'
      return modbusResponse.encode({ unit, response: { kind, value: { registers: [...answer.registers] } } })
    }
    case 5:
    case 6: {
      const kind = answer.function === 5 ? 'writeSingleCoil' : 'writeSingleRegister'
      const { address, value } = answer
      return modbusResponse.encode({ unit, response: { kind, value: { address, value } } })
    }
    default: {
      const kind = answer.function === 15 ? 'writeMultipleCoils' : 'writeMultipleRegisters'
      const { address, quantity } = answer
      return modbusResponse.encode({ unit, response: { kind, value: { address, quantity } } })
    }
  }
}

/**
 * The answer of a unit that cannot do what function `of` asked.
 *
 * ```
 * 31 │ 82 │ 02 │ C1 6E      unit, function + 80, exception code, CRC
 * ```
 */
export function encodeException(unit: number, of: number, code: number): Buffer {
  return rtuCheck.write(Buffer.of(unit, of | exceptionBit, code))
}

/** Set in the function of an exception. */
export const exceptionBit = 0x80

/** What {@link decodeResponse} gives, in the words of a message body. */
export interface DecodedResponse {
  readonly kind: 'response' | 'exception'
  readonly unit: number
  /** The function that was asked for, also in an exception. */
  readonly function: number
  /** Envelope: bytes of bits or registers that follow. */
  readonly byte_count?: number
  readonly bits?: readonly Bit[]
  readonly registers?: readonly number[]
  readonly address?: number
  readonly value?: number
  /** Function 5: whether the coil was switched on. */
  readonly on?: boolean
  readonly quantity?: number
  readonly exception_code?: number
  /** In the words of the specification, such as `illegal data address`. */
  readonly exception?: string
  /** Envelope: the CRC as it stands on the wire, in hexadecimal. */
  readonly crc?: string
}

/** How {@link decodeResponse} reads. */
export interface ResponseReading {
  /** Also what only frames it; default false. */
  readonly envelope?: boolean
  /** How many bits were asked for: a response has them by the byte; default all that there are. */
  readonly bits?: number | undefined
}

/** Takes a response or an exception apart, see {@link encodeResponse}. Errors: `BAD_CONTENT`, `CHECKSUM_MISMATCH`. */
export function decodeResponse(frame: Buffer, { envelope = false, bits }: ResponseReading = {}): DecodedResponse {
  const tail = envelope ? { crc: crcText(frame) } : {}
  const unit = frame[0] as number
  const code = frame[1] as number
  if ((code & exceptionBit) !== 0 && frame.length === exceptionBytes) {
    const damaged = rtuCheck.verify(frame)
    if (damaged !== undefined) throw damaged
    const exception_code = frame[2] as number
    const exception = exceptionName(exception_code)
    return { kind: 'exception', unit, function: code ^ exceptionBit, exception_code, exception, ...tail }
  }
  const { response } = modbusResponse.decode(frame)
  const head = { kind: 'response', unit, function: code } as const
  const counted = envelope ? { byte_count: frame[2] as number } : {}
  switch (response.kind) {
    case 'readCoils':
    case 'readDiscreteInputs':
      return { ...head, ...counted, bits: bitsOf(response.value.bits, bits), ...tail }
    case 'readHoldingRegisters':
    case 'readInputRegisters':
      return { ...head, ...counted, registers: response.value.registers, ...tail }
    case 'writeSingleCoil':
      return { ...head, ...response.value, on: response.value.value === coilOn, ...tail }
    default:
      return { ...head, ...response.value, ...tail }
  }
}

/** Bytes of an exception. */
export const exceptionBytes = 5
