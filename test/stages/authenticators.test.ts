import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { Connection } from '../../src/core/connection.ts'
import type { GatewayError } from '../../src/core/errors.ts'
import { hello, type Identity } from '../../src/core/items.ts'
import type { Authenticator } from '../../src/stages/authenticate.ts'
import { allowList, byPolicy, fromHello, keyFile } from '../../src/stages/authenticators.ts'

const directory = mkdtempSync(join(tmpdir(), 'headgate-authenticators-'))
after(() => rmSync(directory, { recursive: true }))

let files = 0
function file(content: string): string {
  const path = join(directory, `${++files}.txt`)
  writeFileSync(path, content)
  return path
}

const connection = new Connection({ id: 'c', pipeline: 'p' })
const ask = (authenticator: Authenticator, claim: Parameters<typeof hello>[0]) =>
  authenticator(hello(claim), connection) as Identity
const keyOf = ({ credentials }: Identity) => (credentials.type === 'key' ? credentials.key.reveal() : credentials.type)

/** The error of a refused hello, which shows no secret in any form. */
function refusal(authenticator: Authenticator, claim: Parameters<typeof hello>[0]): GatewayError {
  try {
    ask(authenticator, claim)
  } catch (thrown) {
    assert.doesNotMatch(inspect(thrown, { depth: 9, showHidden: true }), /c2VjcmV0/)
    return thrown as GatewayError
  }
  return assert.fail('the hello was believed')
}

describe('fromHello', () => {
  test('the credentials are those of the hello', () => {
    assert.equal(keyOf(ask(fromHello(), { deviceId: 'd1', key: 'c2VjcmV0' })), 'c2VjcmV0')
    assert.equal(keyOf(ask(fromHello(), { deviceId: 'd1', sas: 'token' })), 'sas')
  })

  test('a hello that brings none is refused', () => {
    assert.equal(refusal(fromHello(), { deviceId: 'd1' }).code, 'UNAUTHORIZED')
  })
})

describe('byPolicy', () => {
  test('any name is believed, and what the device brings is not used', () => {
    assert.deepEqual(ask(byPolicy(), { deviceId: 'd1', key: 'c2VjcmV0' }), {
      deviceId: 'd1',
      credentials: { type: 'policy' },
    })
  })
})

describe('allowList', () => {
  test('only the devices of the file are believed; comments, empty lines and \\r\\n do not matter', () => {
    const allowed = allowList(file('\ufeff# the plant\r\nd1\r\n\r\n  d2 # the pump\r\n#d3\r\n'))
    assert.equal(keyOf(ask(allowed, { deviceId: 'd1' })), 'policy')
    assert.equal(keyOf(ask(allowed, { deviceId: 'd2' })), 'policy')
    for (const deviceId of ['d3', '#d3', '#', '', 'D1', 'pump']) {
      assert.equal(refusal(allowed, { deviceId, key: 'c2VjcmV0' }).code, 'UNAUTHORIZED', deviceId)
    }
  })

  test('a # inside a device id, which IoT Hub allows, is part of it and allows no shorter name', () => {
    const allowed = allowList(file('line#1\n'))
    assert.equal(keyOf(ask(allowed, { deviceId: 'line#1' })), 'policy')
    assert.equal(refusal(allowed, { deviceId: 'line' }).code, 'UNAUTHORIZED')
  })

  test('a file that cannot be read is a configuration error that names it', () => {
    const path = join(directory, 'missing.txt')
    assert.throws(() => allowList(path), { code: 'CONFIGURATION', message: `cannot read ${path}: ENOENT` })
    assert.throws(() => allowList(directory), { code: 'CONFIGURATION', message: /EISDIR/ })
  })
})

describe('keyFile', () => {
  const path = () => file('# keys\nd1 c2VjcmV0  # the pump\n\nd2\tb3RoZXI=\n')

  test('the key is the one of the file; a device that brings one must bring that one', () => {
    const keys = keyFile(path())
    assert.equal(keyOf(ask(keys, { deviceId: 'd1' })), 'c2VjcmV0')
    assert.equal(keyOf(ask(keys, { deviceId: 'd2', key: 'b3RoZXI=' })), 'b3RoZXI=')
    for (const key of ['c2VjcmV0', 'c2VjcmV0c2VjcmV0', '']) {
      const error = refusal(keys, { deviceId: 'd2', key })
      assert.equal(error.code, 'UNAUTHORIZED')
      assert.doesNotMatch(inspect(error, { depth: 9 }), /b3RoZXI=/)
    }
  })

  test('a device without a line is refused, whatever it brings', () => {
    assert.equal(refusal(keyFile(path()), { deviceId: 'd3', key: 'c2VjcmV0' }).code, 'UNAUTHORIZED')
    assert.equal(refusal(keyFile(path()), { deviceId: '__proto__' }).code, 'UNAUTHORIZED')
  })

  test('a line without a key is a configuration error that names the line and no key', () => {
    const incomplete = file('d1 c2VjcmV0\n# next\nd2\n')
    assert.throws(() => keyFile(incomplete), { code: 'CONFIGURATION', message: `${incomplete}: line 3 has no key` })
  })

  test('a file that cannot be read is a configuration error', () => {
    assert.throws(() => keyFile(join(directory, 'missing.txt')), { code: 'CONFIGURATION' })
  })

  test('neither an authenticator nor an identity shows its keys', () => {
    const keys = keyFile(path())
    const identity = ask(keys, { deviceId: 'd1' })
    const shown = [inspect(identity, { depth: 9, showHidden: true }), JSON.stringify(identity), inspect(keys)].join()
    assert.doesNotMatch(shown, /c2VjcmV0/)
  })
})
