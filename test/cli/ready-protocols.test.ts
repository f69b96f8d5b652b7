import assert from 'node:assert/strict'
import { test } from 'node:test'
import { protocolNames, readyProtocol, readyProtocols } from '../../src/cli/ready-protocols.ts'
import * as headgate from '../../src/index.ts'
import { memoryHub } from '../../src/testing.ts'

test('every ready pipeline that the program knows is exported under its name, and is named so', () => {
  assert.equal(protocolNames(), 'teltonika, gt06, jt808, mllp, modbusDtu, nmea, queclink')
  const exported = new Map(Object.entries(headgate))
  for (const { name, decode, simulated } of readyProtocols) {
    assert.equal(typeof exported.get(name), 'function', name)
    for (const make of [decode, simulated]) assert.equal(make(memoryHub()).name, name)
  }
})

test('simulated devices have ids of their own', () => {
  for (const protocol of readyProtocols) {
    const ids = Array.from({ length: 50 }, (_, index) => protocol.device({ deviceId: `d-${index}`, index }).deviceId)
    assert.equal(new Set(ids).size, 50, protocol.name)
  }
})

test('a name that is none is told with those that are', () => {
  assert.throws(() => readyProtocol('modbus'), {
    code: 'CONFIGURATION',
    message: /no pipeline 'modbus'; there are teltonika, /,
  })
})
