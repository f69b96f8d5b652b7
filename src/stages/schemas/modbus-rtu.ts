import { array } from '../struct/array.ts'
import { bytes } from '../struct/blob.ts'
import { check } from '../struct/check.ts'
import { u8, u16, u16le } from '../struct/integers.ts'
import { field, rest } from '../struct/size.ts'
import { sized } from '../struct/sized.ts'
import { struct } from '../struct/struct.ts'
import { on, union } from '../struct/union.ts'

const range = struct('range', { address: u16, quantity: u16 })
const single = struct('single', { address: u16, value: u16 })
const coils = struct('coils', { bits: bytes(u8) })
const registers = struct('registers', { registers: sized(u8, array(u16, rest)) })
const exception = struct('exception', { exception_code: u8 })

/** What a server asks of a Modbus unit. Bits are least significant first, eight a byte. */
export const modbusRequest = struct('modbusRequest', {
  unit: u8,
  request: union(u8, {
    readCoils: on(0x01, range),
    readDiscreteInputs: on(0x02, range),
    readHoldingRegisters: on(0x03, range),
    readInputRegisters: on(0x04, range),
    writeSingleCoil: on(0x05, single),
    writeSingleRegister: on(0x06, single),
    writeMultipleCoils: on(0x0f, struct('writeMultipleCoils', { address: u16, quantity: u16, bits: bytes(u8) })),
    writeMultipleRegisters: on(
      0x10,
      struct('writeMultipleRegisters', {
        address: u16,
        quantity: u16,
        registers: sized(u8, array(u16, field('quantity'))),
      }),
    ),
  }),
  crc: check('CRC-16/MODBUS', u16le),
})

/**
 * What a Modbus unit answers, in the framing of a serial line (RTU).
 *
 * ```
 * 01 │ 04 │ 02 04 B6 │ 3A 46
 * unit function bytes, registers  CRC-16/MODBUS, least significant byte first
 * ```
 * Source: MODBUS Application Protocol Specification V1.1b3, section 6; MODBUS over serial line V1.02.
 */
export const modbusResponse = struct('modbusResponse', {
  unit: u8,
  response: union(u8, {
    readCoils: on(0x01, coils),
    readDiscreteInputs: on(0x02, coils),
    readHoldingRegisters: on(0x03, registers),
    readInputRegisters: on(0x04, registers),
    writeSingleCoil: on(0x05, single),
    writeSingleRegister: on(0x06, single),
    writeMultipleCoils: on(0x0f, range),
    writeMultipleRegisters: on(0x10, range),
    readCoilsException: on(0x81, exception),
    readDiscreteInputsException: on(0x82, exception),
    readHoldingRegistersException: on(0x83, exception),
    readInputRegistersException: on(0x84, exception),
    writeSingleCoilException: on(0x85, exception),
    writeSingleRegisterException: on(0x86, exception),
    writeMultipleCoilsException: on(0x8f, exception),
    writeMultipleRegistersException: on(0x90, exception),
  }),
  crc: check('CRC-16/MODBUS', u16le),
})
