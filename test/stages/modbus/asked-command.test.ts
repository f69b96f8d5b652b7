import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { type CommandOptions, command } from '../../../src/core/items.ts'
import { askedBy } from '../../../src/stages/modbus/asked-command.ts'
import { checkedPlan } from '../../../src/stages/modbus/poll-plan.ts'

const plan = checkedPlan([
  { name: 'setpoint_c', unit: 1, function: 3, address: 4, type: 'i16', scale: 0.1 },
  { name: 'limit_kw', unit: 1, function: 3, address: 6, type: 'f32' },
  { name: 'ramp', unit: 1, function: 3, address: 10, count: 3 },
  { name: 'mode', unit: 1, function: 3, address: 20, type: 'bits' },
  { name: 'pump', unit: 2, function: 1, address: 3 },
  { name: 'valves', unit: 2, function: 1, address: 8, count: 3 },
  { name: 'temperature_c', unit: 1, function: 4, address: 0 },
])

const asked = (body: unknown, options: CommandOptions = {}) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return askedBy(command('c', Buffer.from(text), options), plan)
}

describe('commands', () => {
  test('write what the plan names, by the function that fits', () => {
    const write = (name: string, value: unknown) => asked({ write: name, value }).exchange.asked
    assert.deepEqual(write('setpoint_c', 21.5), { unit: 1, function: 6, address: 4, value: 215 })
    assert.deepEqual(write('setpoint_c', -0.1), { unit: 1, function: 6, address: 4, value: 0xffff })
    assert.deepEqual(write('limit_kw', 21.5), { unit: 1, function: 16, address: 6, registers: [0x41ac, 0] })
    assert.deepEqual(write('ramp', [1, 2, 3]), { unit: 1, function: 16, address: 10, registers: [1, 2, 3] })
    const bits = [1, ...new Array(15).fill(0)]
    assert.deepEqual(write('mode', bits), { unit: 1, function: 6, address: 20, value: 1 })
    assert.deepEqual(write('pump', true), { unit: 2, function: 5, address: 3, value: 0xff00 })
    assert.deepEqual(write('pump', 0), { unit: 2, function: 5, address: 3, value: 0 })
    assert.deepEqual(write('valves', [true, 0, 1]), { unit: 2, function: 15, address: 8, bits: [1, 0, 1] })
  })

  test('read what the plan names, or what they name themselves', () => {
    const { exchange, poll } = asked({ read: 'temperature_c' })
    assert.deepEqual([exchange.asked, poll?.name], [{ unit: 1, function: 4, address: 0, quantity: 1 }, 'temperature_c'])
    const raw = asked({ read: { unit: 9, function: 2, address: 7, count: 3 } })
    assert.deepEqual([raw.exchange.asked, raw.poll], [{ unit: 9, function: 2, address: 7, quantity: 3 }, undefined])
    assert.deepEqual(asked({ read: { unit: 9, function: 3, address: 7 } }).exchange.asked, {
      unit: 9,
      function: 3,
      address: 7,
      quantity: 1,
    })
  })

  test('write what they name themselves, to all units too', () => {
    const write = (body: object) => asked(body).exchange.asked
    assert.deepEqual(write({ unit: 0, function: 5, address: 1, value: true }), {
      unit: 0,
      function: 5,
      address: 1,
      value: 0xff00,
    })
    assert.deepEqual(write({ unit: 1, function: 6, address: 1, value: 9 }), {
      unit: 1,
      function: 6,
      address: 1,
      value: 9,
    })
    assert.deepEqual(write({ unit: 1, function: 15, address: 1, values: [1, false] }), {
      unit: 1,
      function: 15,
      address: 1,
      bits: [1, 0],
    })
    assert.deepEqual(write({ unit: 1, function: 16, address: 1, values: [1, 2] }), {
      unit: 1,
      function: 16,
      address: 1,
      registers: [1, 2],
    })
  })

  const wrong: readonly [string, unknown, RegExp][] = [
    ['what is not JSON', 'on', /2 bytes is not JSON/],
    ['what is no object', '[1]', /JSON object/],
    ['an empty object', {}, /'function' of a write/],
    ['a name that the plan lacks', { write: 'x', value: 1 }, /no point named 'x'/],
    ['a read of a name that the plan lacks', { read: 'x' }, /nothing named 'x'/],
    ['a value of an input', { write: 'temperature_c', value: 1 }, /function 4 and cannot be written/],
    ['a value out of range', { write: 'setpoint_c', value: 5000 }, /50000.*-32768 to 32767/],
    ['a text for a number', { write: 'setpoint_c', value: '1' }, /takes a number/],
    ['too few values', { write: 'ramp', value: [1, 2] }, /list of 3 values/],
    ['a number for a coil', { write: 'pump', value: 7 }, /true, false, 1 or 0/],
    ['a function that is none', { unit: 1, function: 7, address: 0, value: 1 }, /5, 6, 15 or 16/],
    ['a read by function 6', { read: { unit: 1, function: 6, address: 0 } }, /1, 2, 3 or 4/],
    ['a read of all units', { read: { unit: 0, function: 3, address: 0 } }, /'unit' must be an integer from 1 to 255/],
    ['too many registers to read', { read: { unit: 1, function: 3, address: 0, count: 126 } }, /1 to 125/],
    ['too many registers', { unit: 1, function: 16, address: 0, values: new Array(124).fill(0) }, /124 .* 123/],
    ['too many coils', { unit: 1, function: 15, address: 0, values: new Array(1969).fill(0) }, /1969 .* 1968/],
    ['no registers', { unit: 1, function: 16, address: 0, values: [] }, /1 or more/],
    ['a register that is none', { unit: 1, function: 16, address: 0, values: [65_536] }, /0 to 65535/],
    ['no address', { unit: 1, function: 6, value: 0 }, /'address' must be/],
  ]
  for (const [what, body, message] of wrong) {
    test(`are refused for ${what}`, () => {
      assert.throws(() => asked(body), { code: 'BAD_CONTENT', message })
    })
  }

  test('are refused for a name that is an object, though it cannot be made a text', () => {
    assert.throws(() => asked({ write: { toString: 0 } }), {
      code: 'BAD_CONTENT',
      message: `'write' is the name of a point, not an object or a list`,
    })
  })

  test('that are desired properties are not supported', () => {
    assert.throws(() => asked({ setpoint_c: 1 }, { via: 'desired' }), { code: 'NOT_SUPPORTED' })
  })

  test('of any JSON make a request or a coded error', () => {
    const member = fc.constantFrom('write', 'read', 'unit', 'function', 'address', 'value', 'values', 'count')
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom(1, 3, 5, 6, 15, 16, 'ramp', 'mode'))
    fc.assert(
      fc.property(fc.dictionary(member, value, { noNullPrototype: true }), (body) => {
        try {
          asked(body)
        } catch (thrown) {
          assert.ok(thrown instanceof GatewayError && thrown.code === 'BAD_CONTENT', String(thrown))
        }
      }),
      { numRuns: 500 },
    )
  })
})
