import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  type RegisterType,
  registersFor,
  registersOf,
  registerValue,
  type ValueForm,
} from '../../../src/stages/modbus/register-values.ts'

const order = fc.constantFrom(undefined, 'big-endian' as const, 'little-endian' as const)

describe('values of registers', () => {
  test('are read in every type', () => {
    assert.equal(registerValue([0xffff], { type: 'u16' }), 65_535)
    assert.equal(registerValue([0xffff], { type: 'i16' }), -1)
    assert.equal(registerValue([0x0001, 0x86a0], { type: 'u32' }), 100_000)
    assert.equal(registerValue([0xffff, 0xfffe], { type: 'i32' }), -2)
    assert.equal(registerValue([0x41ac, 0x0000], { type: 'f32' }), 21.5)
    assert.equal(registerValue([0x4035, 0x8000, 0, 0], { type: 'f64' }), 21.5)
    assert.equal(registerValue([0, 0, 0, 7], { type: 'u64' }), 7)
    assert.equal(registerValue([0xffff, 0xffff, 0xffff, 0xffff], { type: 'u64' }), 2n ** 64n - 1n)
    assert.equal(registerValue([0xffff, 0xffff, 0xffff, 0xfff9], { type: 'i64' }), -7)
    assert.deepEqual(registerValue([0x8001], { type: 'bits' }), [1, ...new Array(14).fill(0), 1])
  })

  test('are read in all four orders of two registers that meters have', () => {
    const orders = ['big-endian', 'little-endian'] as const
    const wire = [
      [0x41ac, 0x1234],
      [0xac41, 0x3412],
      [0x1234, 0x41ac],
      [0x3412, 0xac41],
    ]
    const read = orders.flatMap((wordOrder) =>
      orders.map((byteOrder) => registerValue(wire.shift() as number[], { type: 'u32', wordOrder, byteOrder })),
    )
    assert.deepEqual(read, new Array(4).fill(0x41ac1234))
  })

  test('are scaled and shifted without digits that nobody measured', () => {
    assert.equal(registerValue([3], { type: 'u16', scale: 0.1 }), 0.3)
    assert.equal(registerValue([1206], { type: 'u16', scale: 0.01 }), 12.06)
    assert.equal(registerValue([2982], { type: 'u16', scale: 0.1, offset: -273.2 }), 25)
    assert.equal(registersFor(25, { type: 'u16', scale: 0.1, offset: -273.2 })[0], 2982)
  })

  test('of 64 bits keep every digit when they are scaled, and whole numbers are exact', () => {
    // 999 999 999 999 999
    const registers = [0x0003, 0x8d7e, 0xa4c6, 0x7fff]
    for (const type of ['u64', 'i64'] as const) {
      assert.equal(registerValue(registers, { type, scale: 0.001 }), 999_999_999_999.999)
      assert.deepEqual(registersFor(999_999_999_999.999, { type, scale: 0.001 }), registers)
      assert.equal(registerValue(registers, { type, scale: 1000, offset: 1 }), 999_999_999_999_999_001n)
    }
  })

  test('come back as registers, in every type and order', () => {
    const integer = (type: RegisterType, min: number, max: number) =>
      fc.record({ type: fc.constant(type), value: fc.integer({ min, max }) })
    const typed = fc.oneof(
      integer('u16', 0, 65_535),
      integer('i16', -32_768, 32_767),
      integer('u32', 0, 2 ** 32 - 1),
      integer('i32', -(2 ** 31), 2 ** 31 - 1),
      integer('u64', 0, Number.MAX_SAFE_INTEGER),
      integer('i64', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
      fc.record({ type: fc.constant('f32' as const), value: fc.float({ noNaN: true, noDefaultInfinity: true }) }),
      fc.record({ type: fc.constant('f64' as const), value: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
    )
    fc.assert(
      fc.property(typed, order, order, ({ type, value }, wordOrder, byteOrder) => {
        const form: ValueForm = { type, wordOrder, byteOrder }
        const registers = registersFor(value, form)
        assert.equal(registers.length, registersOf[type])
        // JSON knows no minus zero.
        assert.equal(Number(registerValue(registers, form)) + 0, value + 0)
      }),
    )
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65_535 }), order, (register, byteOrder) => {
        const form: ValueForm = { type: 'bits', byteOrder }
        assert.deepEqual(registersFor(registerValue([register], form), form), [register])
      }),
    )
  })

  test('that registers cannot hold are refused with the range', () => {
    const refusal = (value: unknown, form: ValueForm) => {
      try {
        registersFor(value, form)
      } catch (error) {
        return (error as { code: string }).code + (error as Error).message
      }
      return assert.fail('not refused')
    }
    assert.match(refusal(65_536, { type: 'u16' }), /^BAD_CONTENT.*65536.*0 to 65535/)
    assert.match(refusal(-1, { type: 'u32' }), /^BAD_CONTENT.*-1.*0 to 4294967295/)
    assert.match(refusal(400, { type: 'i16', scale: 0.01 }), /^BAD_CONTENT.*40000.*-32768 to 32767/)
    assert.match(refusal(1e39, { type: 'f32' }), /^BAD_CONTENT.*f32/)
    assert.match(refusal(2 ** 60, { type: 'u64' }), /^BAD_CONTENT.*digits/)
    for (const value of ['7', null, Number.NaN, [1], true])
      assert.match(refusal(value, { type: 'u16' }), /^BAD_CONTENT/)
    for (const value of [7, [1, 0], new Array(16).fill(2)])
      assert.match(refusal(value, { type: 'bits' }), /^BAD_CONTENT/)
  })
})
