import assert from 'node:assert/strict'
import { test } from 'node:test'
import { format, inspect } from 'node:util'
import { hello } from '../../src/core/items.ts'
import { Secret } from '../../src/core/secret.ts'

const text = 'c2VjcmV0IGtleQ=='

test('a secret is never shown: not inspected, not in JSON, not in a template, not in a format', () => {
  const secret = new Secret(text)
  const shown = [
    inspect(secret),
    inspect(secret, { depth: null, showHidden: true }),
    inspect({ deep: { secret } }, { depth: null, showHidden: true }),
    JSON.stringify(secret),
    JSON.stringify({ secret }),
    `${secret}`,
    String(secret),
    `key ${secret}`,
    format('%s %o %O %j', secret, secret, secret, secret),
    Object.entries(secret).join(),
    JSON.stringify({ ...secret }),
  ]
  for (const each of shown) assert.ok(!each.includes(text), each)
  assert.equal(inspect(secret), '[secret]')
  assert.equal(`${secret}`, '[secret]')
  assert.equal(JSON.stringify(secret), '"[secret]"')
})

test('a hello that carries a secret can be logged', () => {
  for (const item of [hello({ deviceId: 'd1', key: text }), hello({ deviceId: 'd1', sas: text })]) {
    assert.ok(!inspect(item, { depth: null, showHidden: true }).includes(text))
    assert.ok(!JSON.stringify(item).includes(text))
  }
})

test('reveal gives the text out', () => {
  assert.equal(new Secret(text).reveal(), text)
})

test('two secrets are equal if their text is, whatever their lengths', () => {
  assert.ok(new Secret(text).equals(new Secret(text)))
  assert.ok(new Secret('').equals(new Secret('')))
  assert.ok(!new Secret(text).equals(new Secret(`${text}x`)))
  assert.ok(!new Secret(text).equals(new Secret(text.toLowerCase())))
  assert.ok(!new Secret('é').equals(new Secret('ee')), 'as many bytes, another text')
})
