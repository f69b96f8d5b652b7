import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { checkCharset, textOf } from '../../../src/stages/hl7/charset.ts'

const utf8 = 'UNICODE UTF-8'
const hex = (digits: string) => Buffer.from(digits, 'hex')

describe('the character set of a message', () => {
  for (const [names, bytes, text, charset] of [
    [[''], '4dc3bc', 'Mü', 'utf-8'],
    [['ASCII'], '4dc3bc', 'Mü', 'utf-8'],
    [[utf8], 'efbbbf4d', '\ufeffM', 'utf-8'],
    [['8859/1'], '4dfc85', 'Mü\x85', 'iso-8859-1'],
    [['8859/2'], 'a3f3641f', 'Łód\x1f', 'iso-8859-2'],
    [['8859/9'], 'dd7a', 'İz', 'windows-1254'],
    [['', 'ISO IR87'], '1b2442467c4b5c1b2842', '日本', 'iso-2022-jp'],
    [['ISO IR6', 'ISO IR14', 'ISO IR87'], '41', 'A', 'iso-2022-jp'],
    [['GB 18030-2000'], 'd6d0', '中', 'gb18030'],
    [['KS X 1001'], 'b0a1', '가', 'euc-kr'],
    [['BIG-5'], 'a4a4', '中', 'big5'],
  ] as const) {
    test(`${JSON.stringify(names)} is read as ${charset}`, () => {
      assert.deepEqual(textOf(hex(bytes), names, utf8), { text, charset })
    })
  }

  test('the option counts where the message names none', () => {
    assert.deepEqual(textOf(hex('fc'), [], '8859/1'), { text: 'ü', charset: 'iso-8859-1' })
    assert.deepEqual(textOf(hex('c3bc'), [utf8], '8859/1'), { text: 'ü', charset: 'utf-8' })
  })

  test('bytes that are not of it are a character each, and it is said that it is not known', () => {
    assert.deepEqual(textOf(hex('4dfc'), [''], utf8), { text: 'Mü', charset: null })
    assert.deepEqual(textOf(hex('4dfc'), ['CNS 11643-1992'], utf8), { text: 'Mü', charset: null })
    assert.deepEqual(textOf(hex('4dfc'), ['toString'], utf8), { text: 'Mü', charset: null })
  })

  test('no byte of any message is lost', () => {
    const names = fc.constantFrom('', utf8, '8859/1', '8859/15x', 'ISO IR6')
    fc.assert(
      fc.property(fc.uint8Array(), names, (given, name) => {
        const bytes = Buffer.from(given)
        const { text, charset } = textOf(bytes, [name], utf8)
        assert.deepEqual(Buffer.from(text, charset === 'utf-8' ? 'utf8' : 'latin1'), bytes)
      }),
    )
  })

  test('an option that is no known one is a mistake of configuration', () => {
    checkCharset('8859/15')
    for (const name of ['utf-8', 'constructor', '']) {
      assert.throws(
        () => checkCharset(name),
        (thrown) => thrown instanceof GatewayError && thrown.code === 'CONFIGURATION',
      )
    }
  })
})
