import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import * as found from '../../src/core/found.ts'

const error = new GatewayError('FRAME_DAMAGED', 'no')

describe('what a finder tells', () => {
  test('a wait names the bytes that it takes and, where it looks for one, the byte', () => {
    assert.deepEqual(found.wait(7), { kind: 'wait', total: 7, byte: found.noByte })
    assert.deepEqual(found.waitForByte(0x0a, 7), { kind: 'wait', total: 7, byte: 0x0a })
    assert.deepEqual(found.waitForMore(7), { kind: 'wait', total: 7, byte: found.anyByte })
  })

  test('the values of byte that are no byte are none', () => {
    for (const each of [found.noByte, found.anyByte]) assert.ok(each < 0 || each > 255)
  })

  test('filler is noise or not', () => {
    assert.deepEqual(found.idle(3), { kind: 'filler', next: 3, noise: false, why: undefined, more: false })
    assert.deepEqual(found.noise(3, error), { kind: 'filler', next: 3, noise: true, why: error, more: true })
  })

  test('a refusal is looked past from where its shown bytes end, unless it says otherwise', () => {
    const refused = { kind: 'refuse', error, next: 9, shown: 4, more: false }
    assert.deepEqual(found.refuse(error, 9, 4), { ...refused, resync: 4, late: false })
    assert.deepEqual(found.refuseLate(error, 9, 4, 1), { ...refused, resync: 1, late: true })
  })

  test('what follows is for the same finder after a wait, after noise, and after a frame that was refused before its end', () => {
    assert.deepEqual(found.refuseBegun(error, 9, 4), { ...found.refuse(error, 9, 4), more: true })
    assert.deepEqual(found.idleWithin(3), { ...found.idle(3), more: true })
    for (const each of [found.wait(3), found.refuseBegun(error, 9, 4), found.idleWithin(3), found.noise(3)])
      assert.ok(found.isWithin(each))
    for (const each of [found.frame(Buffer.of(1), 1), found.refuse(error, 9, 4), found.idle(3)])
      assert.ok(!found.isWithin(each))
  })
})
