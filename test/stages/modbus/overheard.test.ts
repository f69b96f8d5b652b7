import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Overheard } from '../../../src/stages/modbus/overheard.ts'
import { encodeRequest } from '../../../src/stages/modbus/rtu-request.ts'
import { encodeResponse } from '../../../src/stages/modbus/rtu-response.ts'

describe('frames that nobody here asked for', () => {
  test('that write a single value are the request, and the same once more its response', () => {
    const write = encodeRequest({ unit: 1, function: 6, address: 1, value: 7 })
    const overheard = new Overheard(false)
    const kinds = [write, write, write].map((frame) => overheard.decode(frame, true, true).kind)
    assert.deepEqual(kinds, ['request', 'response', 'request'])
  })

  test('have as many bits as the request before them asked for, where it was theirs', () => {
    const response = encodeResponse({ unit: 1, function: 1, bits: [1, 0, 1] })
    const bitsAfter = (unit: number, quantity: number) => {
      const overheard = new Overheard(false)
      overheard.decode(encodeRequest({ unit, function: 1, address: 0, quantity }), true, false)
      return overheard.decode(response, false, true).bits?.length
    }
    assert.equal(bitsAfter(1, 3), 3)
    assert.equal(bitsAfter(2, 3), 8)
    assert.equal(bitsAfter(1, 9), 8)
    assert.equal(new Overheard(false).decode(response, false, true).bits?.length, 8)
  })

  test('that may be a request of bits or a response of three bytes of them are what the frame before makes them', () => {
    // 03 is the high byte of the address, or the number of bytes.
    const both = encodeRequest({ unit: 1, function: 1, address: 0x0300, quantity: 20 })
    const asked = encodeRequest({ unit: 1, function: 1, address: 0, quantity: 24 })
    const alone = new Overheard(false)
    assert.equal(alone.decode(both, true, true).kind, 'response')
    const paired = new Overheard(false)
    assert.equal(paired.decode(asked, true, false).kind, 'request')
    assert.equal(paired.decode(both, true, true).kind, 'response')
    const polling = new Overheard(false)
    polling.decode(encodeRequest({ unit: 1, function: 3, address: 0, quantity: 1 }), true, false)
    assert.equal(polling.decode(both, true, true).kind, 'request')
  })
})
