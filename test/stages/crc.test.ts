import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type CrcParameters, crc } from '../../src/stages/crc.ts'

const genibus = { width: 16, poly: 0x1021, init: 0xffff, reflectIn: false, reflectOut: false, xorOut: 0xffff } as const

const parameters: fc.Arbitrary<CrcParameters> = fc.constantFrom(8 as const, 16 as const, 32 as const).chain((width) => {
  const number = fc.integer({ min: 0, max: 2 ** width - 1 })
  return fc.record({
    width: fc.constant(width),
    poly: number.map((each) => (each % 2 === 0 ? each + 1 : each)),
    init: number,
    reflectIn: fc.boolean(),
    reflectOut: fc.boolean(),
    xorOut: number,
  })
})

describe('crc', () => {
  test('a CRC from its parameters in the catalogue has its check value there', () => {
    const bytes = Buffer.from('123456789')
    const jamcrc = { poly: 0x04c11db7, init: 0xffffffff, reflectIn: true, reflectOut: true, xorOut: 0 }
    const cases: [CrcParameters, number][] = [
      [genibus, 0xd64e],
      [{ width: 32, ...jamcrc }, 0x340bc6d9],
      [{ width: 32, ...jamcrc, reflectIn: false, reflectOut: false, xorOut: 0xffffffff }, 0xfc891918],
      [{ width: 8, poly: 0x9b, init: 0xff, reflectIn: false, reflectOut: false, xorOut: 0 }, 0xda],
      [{ width: 8, poly: 0x31, init: 0, reflectIn: true, reflectOut: true, xorOut: 0 }, 0xa1],
    ]
    for (const [each, value] of cases) assert.equal(crc(each).compute(bytes, 0, 9), value)
  })

  test('any parameters give for any bytes what shifting bit by bit gives', () => {
    const any = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))
    fc.assert(
      fc.property(parameters, any, fc.nat(40), fc.nat(40), (each, bytes, a, b) => {
        const [from = 0, to = 0] = [a, b].map((place) => Math.min(place, bytes.length)).sort((x, y) => x - y)
        assert.equal(crc(each).compute(bytes, from, to), bitByBit(bytes.subarray(from, to), each))
      }),
      { numRuns: 500 },
    )
  })

  test('it is named as its parameters say, else by its width, and takes as many bytes as that', () => {
    assert.deepEqual([crc({ name: 'mine', ...genibus }).name, crc(genibus).name], ['mine', 'CRC-16'])
    for (const [width, size] of [
      [8, 1],
      [16, 2],
      [32, 4],
    ] as const) {
      assert.equal(crc({ ...genibus, width, poly: 1, init: 0, xorOut: 0 }).size, size)
    }
  })

  test('parameters that cannot be are refused with their name, their value and what they may be', () => {
    const cases: [Partial<Record<'width' | 'poly' | 'init' | 'xorOut', number>>, RegExp][] = [
      [{ width: 12 }, /^crc: width must be 8, 16 or 32, not 12$/],
      [{ poly: 0x11021 }, /^crc: poly must be an integer of 16 bits, not 69665$/],
      [{ init: -1 }, /^crc: init must be an integer of 16 bits, not -1$/],
      [{ xorOut: 0.5 }, /^crc: xorOut must be an integer of 16 bits, not 0.5$/],
      [{ poly: Number.NaN }, /^crc: poly must be an integer of 16 bits, not NaN$/],
      [
        { poly: 0x8408 },
        /^crc: poly must be odd and have its highest bit first, also where it is reflected, not 0x8408$/,
      ],
    ]
    for (const [wrong, message] of cases) {
      assert.throws(() => crc({ ...genibus, ...wrong } as CrcParameters), { code: 'CONFIGURATION', message })
    }
  })
})

/** The definition: a register of single bits, divided by the polynomial. */
function bitByBit(bytes: Buffer, { width, poly, init, reflectIn, reflectOut, xorOut }: CrcParameters): number {
  const bits = (value: number, count: number) =>
    Array.from({ length: count }, (_, index) => Math.floor(value / 2 ** (count - 1 - index)) % 2)
  let register = bits(init, width)
  const divisor = bits(poly, width)
  for (const byte of bytes) {
    for (const bit of reflectIn ? bits(byte, 8).reverse() : bits(byte, 8)) {
      const out = (register[0] as number) ^ bit
      register = [...register.slice(1), 0].map((each, index) => each ^ (out * (divisor[index] as number)))
    }
  }
  if (reflectOut) register.reverse()
  const last = bits(xorOut, width)
  return register.reduce((value, bit, index) => value * 2 + (bit ^ (last[index] as number)), 0)
}
