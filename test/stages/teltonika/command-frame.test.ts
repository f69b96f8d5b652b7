import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CommandOptions, command } from '../../../src/core/items.ts'
import { speakCommand } from '../../../src/stages/teltonika/command-frame.ts'
import { decodeMessages } from '../../../src/stages/teltonika/messages.ts'
import { openPacket } from '../../../src/stages/teltonika/packet.ts'
import { imei } from './frames.ts'

const spoken = (body: string | Buffer, options: CommandOptions = {}, as: string | undefined = imei) =>
  speakCommand(command('c', Buffer.from(body as string), options), as)
const said = (body: string | Buffer, options: CommandOptions = {}) =>
  decodeMessages(openPacket(spoken(body, options).frame).data)
const textOf = (body: string | Buffer, options: CommandOptions = {}) => said(body, options).messages[0]?.text

describe('a command to a Teltonika device', () => {
  test('goes as codec 12, of text or of bytes', () => {
    assert.deepEqual(said('getinfo'), {
      kind: 'command_request',
      codec: 12,
      messages: [{ type: 5, payload_hex: '676574696e666f', text: 'getinfo' }],
    })
    assert.equal(said(Buffer.of(3, 0xff)).messages[0]?.payload_hex, '03ff')
  })

  test('that a tool wrote as a text in JSON is that text', () => {
    assert.equal(textOf('"setparam 2001:internet"'), 'setparam 2001:internet')
    assert.equal(textOf('"unfinished'), '"unfinished')
    assert.equal(textOf('{"a":1}'), '{"a":1}')
  })

  test('that is a method is its name with the text of its payload behind it', () => {
    for (const payload of ['', 'null', '{}'])
      assert.equal(textOf(payload, { via: 'method', name: 'getinfo' }), 'getinfo')
    assert.equal(textOf('"2001:internet"', { via: 'method', name: 'setparam' }), 'setparam 2001:internet')
    assert.throws(() => spoken('{"a":1}', { via: 'method', name: 'setparam' }), {
      code: 'BAD_CONTENT',
      message: 'the payload of the method is not a text',
    })
  })

  test('goes as codec 14 with the IMEI where its property says so', () => {
    assert.deepEqual(said('getver', { properties: { codec: '14' } }), {
      kind: 'command_request',
      codec: 14,
      messages: [{ type: 5, imei, payload_hex: '676574766572', text: 'getver' }],
    })
    assert.throws(() => speakCommand(command('c', Buffer.from('x'), { properties: { codec: '14' } }), undefined), {
      code: 'NOT_SUPPORTED',
      message: /takes an IMEI/,
    })
    assert.throws(() => spoken('x', { properties: { codec: '14' } }, '1'.repeat(17)), { code: 'NOT_SUPPORTED' })
  })

  test('of another codec, without a word, or for the twin, is refused', () => {
    assert.throws(() => spoken('x', { properties: { codec: '13' } }), { code: 'NOT_SUPPORTED', message: /12 nor 14/ })
    assert.throws(() => spoken(''), { code: 'BAD_CONTENT', message: 'the command is empty' })
    assert.throws(() => spoken('""'), { code: 'BAD_CONTENT' })
    assert.throws(() => spoken('{}', { via: 'desired' }), { code: 'NOT_SUPPORTED', message: /desired/ })
  })
})
