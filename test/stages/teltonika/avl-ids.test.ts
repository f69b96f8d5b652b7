import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkAvlIds, commonAvlIds, namedValues } from '../../../src/stages/teltonika/avl-ids.ts'

const io = (id: number, hex: string) => ({ id, bytes: hex.length / 2, hex })

describe('names of AVL ids', () => {
  test('common ids are named in their units', () => {
    const values = namedValues(
      [io(239, '01'), io(66, '3069'), io(182, '000b'), io(181, '0007'), io(5000, '02')],
      commonAvlIds,
    )
    assert.deepEqual(values, { ignition: 1, supply_voltage_mv: 12_393, hdop: 1.1, pdop: 0.7 })
  })

  test('a signed value is below zero where its first bit is set', () => {
    const ids = { 72: { name: 'temperature_c', scale: 0.1, signed: true }, 73: { name: 'raw' } }
    assert.deepEqual(namedValues([io(72, 'ffffff9c'), io(73, 'ff9c')], ids), { temperature_c: -10, raw: 65_436 })
  })

  test('what numbers do not hold is a bigint, and what has no size of a number stays in hex', () => {
    const ids = { 1: { name: 'a' }, 2: { name: 'b' }, 3: { name: 'c' }, 4: { name: 'd', signed: true } }
    const values = namedValues(
      [io(1, 'ffffffffffffffff'), io(2, '11'.repeat(16)), io(3, ''), io(4, 'ffffffffffffffff')],
      ids,
    )
    assert.deepEqual(values, { a: 2n ** 64n - 1n, b: '11'.repeat(16), c: '', d: -1 })
  })

  test('meanings that cannot be are a configuration error', () => {
    checkAvlIds(commonAvlIds)
    for (const [ids, message] of [
      [{ 1: { name: '' } }, /1 has no name/],
      [{ 1: { name: 'a' }, 2: { name: 'a' } }, /two have the name a/],
      [{ 1: { name: 'a', scale: Number.NaN } }, /scale of a is NaN/],
      [{ 1: { name: 'a', scale: 0 } }, /scale of a is 0/],
    ] as const) {
      assert.throws(() => checkAvlIds(ids), { code: 'CONFIGURATION', message })
    }
  })
})
