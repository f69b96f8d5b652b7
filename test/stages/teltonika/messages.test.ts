import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { decodeMessages, encodeMessage, type MessageCodec } from '../../../src/stages/teltonika/messages.ts'

const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex')
const codecs: readonly MessageCodec[] = [12, 13, 14, 15]

describe('messages of Teltonika', () => {
  test('a command of codec 12 is its text with type and size', () => {
    const data = encodeMessage(12, { type: 5, payload: Buffer.from('getinfo') })
    assert.deepEqual(data, hex('0c 01 05 00000007 676574696e666f 01'))
    const messages = [{ type: 5, payload_hex: '676574696e666f', text: 'getinfo' }]
    assert.deepEqual(decodeMessages(data), { kind: 'command_request', codec: 12, messages })
  })

  test('codec 13 has the time before the text, codec 14 the IMEI, codec 15 both; the size counts them', () => {
    assert.deepEqual(decodeMessages(hex('0d 01 06 00000006 0000016c 6f6b 01')), {
      kind: 'command_response',
      codec: 13,
      messages: [{ type: 6, timestamp_s: 364, payload_hex: '6f6b', text: 'ok' }],
    })
    assert.deepEqual(decodeMessages(hex('0e 01 11 00000008 0350000000000017 01')), {
      kind: 'command_response',
      codec: 14,
      messages: [{ type: 17, imei: '350000000000017', payload_hex: '', text: '' }],
    })
    assert.deepEqual(decodeMessages(hex('0f 01 0b 0000000d 654b65a4 0350000000000017 0a 01')), {
      kind: 'serial_message',
      codec: 15,
      messages: [{ type: 11, timestamp_s: 1_699_440_036, imei: '350000000000017', payload_hex: '0a', text: '\n' }],
    })
  })

  test('a payload that is not printable has no text, and several messages are all there', () => {
    const { messages } = decodeMessages(hex('0c 02 06 00000002 0103 06 00000001 41 02'))
    assert.deepEqual(messages, [
      { type: 6, payload_hex: '0103' },
      { type: 6, payload_hex: '41', text: 'A' },
    ])
  })

  test('what is encoded comes back', () => {
    const digits = fc.array(fc.nat(9), { minLength: 15, maxLength: 15 }).map((each) => `1${each.slice(1).join('')}`)
    const message = fc.record({ type: fc.nat(255), payload: fc.uint8Array(), timestamp_s: fc.nat(), imei: digits })
    fc.assert(
      fc.property(fc.constantFrom(...codecs), message, (codec, { payload, ...said }) => {
        const decoded = decodeMessages(encodeMessage(codec, { ...said, payload: Buffer.from(payload) }))
        const [back] = decoded.messages
        assert.equal(decoded.messages.length, 1)
        assert.deepEqual([back?.type, back?.payload_hex], [said.type, Buffer.from(payload).toString('hex')])
        assert.equal(back?.timestamp_s, codec === 13 || codec === 15 ? said.timestamp_s : undefined)
        assert.equal(back?.imei, codec >= 14 ? said.imei : undefined)
      }),
    )
  })

  test('any bytes give messages or BAD_CONTENT', () => {
    fc.assert(
      fc.property(fc.constantFrom(...codecs), fc.uint8Array({ minLength: 2 }), (codec, bytes) => {
        try {
          decodeMessages(Buffer.of(codec, ...bytes))
        } catch (error) {
          assert.ok(error instanceof GatewayError && error.code === 'BAD_CONTENT', String(error))
        }
      }),
    )
  })

  test('counts that differ, a size beyond the end and another codec are refused', () => {
    const refused = (data: string, message: RegExp) =>
      assert.throws(() => decodeMessages(hex(data)), { code: 'BAD_CONTENT', message })
    refused('0c 01 06 00000001 41 02', /repeated_count is 2 instead of 1/)
    refused('0c 01 06 000000ff 41 01', /payload|length|content/)
    refused('0e 01 06 00000007 03500000000000 01', /imei/)
    refused('08 00 00', /codec 8/)
    assert.throws(() => encodeMessage(14, { type: 5, payload: Buffer.from('x') }), { message: /takes an IMEI/ })
  })
})
