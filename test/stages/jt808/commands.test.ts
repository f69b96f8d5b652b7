import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type CommandOptions, command } from '../../../src/core/items.ts'
import { decodeBody } from '../../../src/stages/jt808/bodies.ts'
import { askedBy } from '../../../src/stages/jt808/commands.ts'
import { thrownBy } from '../refusals.ts'

function asked(body: object | string | Buffer, options: CommandOptions = {}, version2019 = false) {
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? Buffer.from(body) : Buffer.from(JSON.stringify(body))
  const { id, body: bodyOf } = askedBy(command('c', text, options))
  return { id, hex: bodyOf(version2019).toString('hex') }
}

describe('commands for terminals of JT/T 808', () => {
  test('parameters are set by text, numbers and bytes', () => {
    const parameters = [
      { id: '0x13', text: '10.0.0.1' },
      { id: '0x00000001', u32: 60 },
      { id: '0x0031', u16: 500 },
      { id: '0x84', u8: 1 },
      { id: '0x110', hex: 'FFff' },
    ]
    const { id, hex } = asked({ id: '0x8103', parameters })
    assert.equal(id, 0x8103)
    assert.deepEqual(decodeBody(id, Buffer.from(hex, 'hex'), false).fields.parameters, [
      { id: '0x00000013', hex: '31302e302e302e31' },
      { id: '0x00000001', hex: '0000003c' },
      { id: '0x00000031', hex: '01f4' },
      { id: '0x00000084', hex: '01' },
      { id: '0x00000110', hex: 'ffff' },
    ])
  })

  test('queries have no body; control has its command, a text its flag, and its type since 2019', () => {
    assert.deepEqual(asked({ id: '0x8104' }), { id: 0x8104, hex: '' })
    assert.deepEqual(asked({ id: '0x8201' }), { id: 0x8201, hex: '' })
    assert.deepEqual(asked({ id: '0x8105', command: 4 }), { id: 0x8105, hex: '04' })
    assert.deepEqual(asked({ id: '0x8300', text: '粤A', flag: 9 }), { id: 0x8300, hex: '09d4c141' })
    assert.deepEqual(asked({ id: '0x8300', text: '粤A', text_type: 2 }, {}, true), { id: 0x8300, hex: '0102d4c141' })
  })

  test('any other message is given by its bytes, as JSON or as they are', () => {
    assert.deepEqual(asked({ id: '0x8802', bodyHex: '00FF' }), { id: 0x8802, hex: '00ff' })
    assert.deepEqual(asked(Buffer.of(1, 0xff), { properties: { message: '0x8804' } }), { id: 0x8804, hex: '01ff' })
  })

  test('what is no JSON object is a text to show', () => {
    for (const text of ['park here', '12', '[1]', '{"a":']) {
      assert.deepEqual(asked(text), { id: 0x8300, hex: `01${Buffer.from(text).toString('hex')}` })
    }
    assert.deepEqual(asked('"quoted"'), { id: 0x8300, hex: `01${Buffer.from('quoted').toString('hex')}` })
  })

  test('a direct method may be called by the id; its payload has the fields', () => {
    assert.deepEqual(asked('', { via: 'method', name: '0x8201' }), { id: 0x8201, hex: '' })
    assert.deepEqual(asked('null', { via: 'method', name: '0x8104' }), { id: 0x8104, hex: '' })
    assert.deepEqual(asked({ command: 4 }, { via: 'method', name: '0x8105' }), { id: 0x8105, hex: '04' })
  })

  const wrong: readonly [body: object | string | Buffer, options: CommandOptions, says: RegExp][] = [
    [{ id: '0x0200' }, {}, /^the id of a message to a terminal is written 0x8000 to 0xffff$/],
    [{ text: 'no id' }, {}, /^the id of a message/],
    ['', {}, /^the id of a message/],
    [{ id: '0x8103' }, {}, /^parameters is not a list$/],
    [{ id: '0x8103', parameters: [{ id: 19, text: 'x' }] }, {}, /^the id of parameters\[0\] is not written 0x/],
    [{ id: '0x8103', parameters: [{ id: '0x13' }] }, {}, /^parameters\[0\] has not one of hex, text, u8, u16, u32$/],
    [{ id: '0x8103', parameters: [{ id: '0x13', u8: 256 }] }, {}, /^parameters\[0\]\.u8 is 256$/],
    [{ id: '0x8103', parameters: [{ id: '0x13', constructor: 1 }] }, {}, /^parameters\[0\] has not one of/],
    [{ id: '0x8802', bodyHex: '0' }, {}, /^bodyHex is not an even number of hexadecimal digits$/],
    [{ id: '0x8202', interval: 5 }, {}, /^a 0x8202 has no fields of its own; its bytes go in bodyHex$/],
    [{ id: '0x8105' }, {}, /command/],
    [{ id: '0x8300', text: 5 }, {}, /text/],
    [{ id: '0x8300', text: '\u{1F600}' }, {}, /text/],
    [Buffer.of(0xff), {}, /^the body of a command is no UTF-8$/],
    [Buffer.of(1), { properties: { message: '8804' } }, /^the id of a message/],
  ]
  for (const [body, options, says] of wrong) {
    test(`BAD_CONTENT: ${Buffer.isBuffer(body) ? body.toString('hex') : JSON.stringify(body)}`, () => {
      const { code, message } = thrownBy(() => asked(body, options))
      assert.equal(code, 'BAD_CONTENT')
      assert.match(message, says)
    })
  }

  test('what no message holds is MESSAGE_TOO_LARGE', () => {
    const { code, message } = thrownBy(() => asked('x'.repeat(1023)))
    assert.equal(code, 'MESSAGE_TOO_LARGE')
    assert.equal(message, 'the body of a 0x8300 has 1024 bytes, a message to a terminal holds 1023')
  })

  test('any body is a message, or refused with a code', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue().map((value) => JSON.stringify(value)),
          fc.string(),
        ),
        (text) => {
          try {
            asked(text)
          } catch (thrown) {
            assert.match(String((thrown as { code?: string }).code), /^(BAD_CONTENT|MESSAGE_TOO_LARGE)$/)
          }
        },
      ),
    )
  })
})
