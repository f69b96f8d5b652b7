import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { overScale, timesScale } from '../../../src/stages/modbus/decimal-scale.ts'

test('whole numbers are scaled as decimals are on paper', () => {
  const cases: [number | bigint, number, number, number | bigint][] = [
    [3, 0.1, 0, 0.3],
    [2982, 0.1, -273.2, 25],
    [-7, 0.001, 0.002, -0.005],
    [0, -0.1, 0, 0],
    [123_456_789_012_345n, 0.01, 0, 1_234_567_890_123.45],
    [999_999_999_999_999n, 0.001, 0, 999_999_999_999.999],
    [9_007_199_254_740_991n, 0.1, 0, 900_719_925_474_099.1],
    [9_007_199_254_740_991n, 1, -1, 9_007_199_254_740_990],
    [9_007_199_254_740_991n, 1, 2, 9_007_199_254_740_993n],
    [9_007_199_254_740_993n, 10, 0, 90_071_992_547_409_930n],
    [2n ** 64n - 1n, 10, 0, 10 * 2 ** 64],
    [3, 1 / 3, 0, 1],
    [27_648, 100 / 27_648, 0, 100],
    [5, 1e21, 0, 5e21],
    [5, 1e-7, 0, 5e-7],
  ]
  for (const [whole, scale, offset, value] of cases) {
    assert.equal(timesScale(whole, scale, offset), value, `${whole} × ${scale} + ${offset}`)
  }
})

/** A scale such as datasheets have: a few digits, at any place. */
const scales = fc
  .tuple(fc.integer({ min: -999_999, max: 999_999 }), fc.integer({ min: -9, max: 9 }))
  .filter(([digits]) => digits !== 0)
  .map(([digits, power]) => Number(`${digits}e${power}`))
const offsets = fc
  .tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.integer({ min: -4, max: 2 }))
  .map(([digits, power]) => Number(`${digits}e${power}`))

test('a scaled number shows the digits of the whole one, with its point elsewhere', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 15n) + 1n, max: 10n ** 15n - 1n }),
      fc.integer({ min: 0, max: 9 }),
      (whole, places) => {
        assert.equal(Number(timesScale(whole, Number(`1e-${places}`), 0)), Number(`${whole}e-${places}`))
      },
    ),
  )
})

test('whatever the scale and the offset, a number of up to 32 bits comes back', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 }), scales, offsets, (whole, scale, offset) => {
      const value = Number(timesScale(whole, scale, offset))
      // A double that the offset fills up has no room for digits of the scale.
      fc.pre(Math.abs(offset) < 1e15 * Math.abs(scale))
      assert.equal(overScale(value, scale, offset) + 0, whole)
    }),
  )
})

test('a number of up to 15 digits comes back without an offset', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -(10 ** 15) + 1, max: 10 ** 15 - 1 }),
      fc.integer({ min: -9, max: 9 }),
      (whole, power) => {
        const scale = Number(`1e${power}`)
        assert.equal(overScale(Number(timesScale(whole, scale, 0)), scale, 0) + 0, whole + 0)
      },
    ),
  )
})

test('what lies between two whole numbers becomes the nearer one, the half the higher one', () => {
  for (const scale of [0.1, -0.1]) {
    fc.assert(
      fc.property(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: -5, max: 4 }), (whole, tenths) => {
        const value = Number(`${BigInt(whole) * 10n + BigInt(tenths)}e-2`) * Math.sign(scale)
        assert.equal(overScale(value, scale, 0) + 0, whole + 0)
      }),
    )
  }
})
