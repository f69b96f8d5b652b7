import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { faultOfLength, readMessage, terminalIdOf, writeMessage } from '../../../src/stages/jt808/message.ts'
import { hex, thrownBy } from '../refusals.ts'

describe('messages of JT/T 808', () => {
  test('what is written is read again: both forms of the header, whole and in parts', () => {
    const written = fc.record({
      id: fc.integer({ min: 0, max: 0xffff }),
      serial: fc.integer({ min: 0, max: 0xffff }),
      encryption: fc.integer({ min: 0, max: 7 }),
      body: fc.uint8Array({ maxLength: 1023 }).map((bytes) => Buffer.from(bytes)),
      subpackage: fc.option(fc.record({ total: fc.nat(0xffff), index: fc.nat(0xffff) }), { nil: undefined }),
    })
    const terminal = fc
      .tuple(fc.boolean(), fc.uint8Array({ minLength: 10, maxLength: 10 }), fc.nat(255))
      .map(([version2019, id, version]) => ({
        version2019,
        protocolVersion: version2019 ? version : undefined,
        terminalIdHex: Buffer.from(id.subarray(version2019 ? 0 : 4)).toString('hex'),
      }))
    fc.assert(
      fc.property(terminal, written, (from, { body, ...others }) => {
        const frame = writeMessage(from, { body, ...others })
        const message = readMessage(frame)
        const place = others.subpackage === undefined ? undefined : { ...others.subpackage }
        assert.deepEqual(message.header, { ...from, ...others, subpackage: place, bodyLength: body.length })
        assert.deepEqual(message.body, body)
        assert.equal(faultOfLength(message), undefined)
      }),
    )
  })

  test('any bytes are a message, or refused with BAD_CONTENT', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          readMessage(Buffer.from(bytes))
        } catch (thrown) {
          assert.equal((thrown as { code?: string }).code, 'BAD_CONTENT')
        }
      }),
    )
  })

  test('a header cut short is refused with how many bytes there are', () => {
    const { code, message } = thrownBy(() => readMessage(hex('0100002c012345')))
    assert.deepEqual([code, message], ['BAD_CONTENT', 'the header of a message of 7 bytes is cut short'])
  })

  test('a body of another length than its header says is told with both numbers', () => {
    const { code, message } = faultOfLength(readMessage(hex('0200 0003 013800000001 0001 aabb'))) ?? {}
    assert.deepEqual([code, message], ['BAD_CONTENT', 'the header of a 0x0200 says 3 bytes of body, 2 are there'])
  })

  test('a body of 1024 bytes goes in no message', () => {
    const terminal = { version2019: false, protocolVersion: undefined, terminalIdHex: '013800000001' }
    const { code, message } = thrownBy(() =>
      writeMessage(terminal, { id: 0x8300, serial: 0, body: Buffer.alloc(1024) }),
    )
    assert.deepEqual(
      [code, message],
      ['MESSAGE_TOO_LARGE', 'the body of a 0x8300 has 1024 bytes, a message holds 1023'],
    )
  })

  test('an id is its digits without zeros in front, or all of its hexadecimal digits where one is no digit', () => {
    assert.deepEqual(
      ['013800000001', '00000000013800000001', '4eb6fb4afd9e', '00b6fb4afd9e', '000000000000'].map(terminalIdOf),
      ['13800000001', '13800000001', '4eb6fb4afd9e', '00b6fb4afd9e', ''],
    )
  })
})
