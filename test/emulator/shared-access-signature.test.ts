import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import common from 'azure-iot-common'
import fc from 'fast-check'
import { HubError } from '../../src/emulator/errors.ts'
import {
  covers,
  isExpired,
  isSignedBy,
  parseSharedAccessSignature as parse,
  signSharedAccessSignature as sign,
} from '../../src/emulator/shared-access-signature.ts'

const key = randomBytes(32).toString('base64')
const malformed = (error: unknown) => error instanceof HubError && error.code === 401003
const hosts = new Set(['localhost', '[::1]'])
const resourceOf = (resource: string) => parse(sign({ resource, key, expirySeconds: 1 }))

describe('a shared access signature', () => {
  it("made by Microsoft's SDK counts, odd characters in the device id included", () => {
    for (const deviceId of ['d1', "a'(b)*!", 'x#y?z%20+@$,=:']) {
      const sr = common.encodeUriComponentStrict(`LocalHost/devices/${deviceId}`)
      const token = common.SharedAccessSignature.create(sr, '', key, 2_000_000_000).toString()
      const signature = parse(token)
      assert.ok(isSignedBy(signature, [key]))
      assert.ok(covers(signature, hosts, ['devices', deviceId, 'messages', 'events']))
    }
  })

  it('is checked over the resource as it was sent, encoded or not', () => {
    const raw = common.SharedAccessSignature.create('localhost/devices/d1', 'iothubowner', key, 9).toString()
    assert.ok(isSignedBy(parse(raw), [key]))
    const encoded = raw.replace('localhost/', 'localhost%2f')
    assert.equal(isSignedBy(parse(encoded), [key]), false)
  })

  it('may have its fields in any order and an empty policy name', () => {
    const [, fields = ''] = sign({ resource: 'h', key, expirySeconds: 5 }).split(' ')
    const shuffled = parse(`SharedAccessSignature skn=&${fields.split('&').toReversed().join('&')}`)
    assert.ok(isSignedBy(shuffled, [key]))
    assert.equal(shuffled.policy, undefined)
  })

  it('counts with either of two keys and with no other', () => {
    const other = randomBytes(32).toString('base64')
    assert.ok(isSignedBy(resourceOf('h'), [other, key]))
    assert.equal(isSignedBy(resourceOf('h'), [other, other]), false)
  })

  it('is void from its expiry on', () => {
    const signature = parse(sign({ resource: 'h', key, expirySeconds: 100 }))
    assert.equal(isExpired(signature, 99_999), false)
    assert.equal(isExpired(signature, 100_000), true)
  })

  it('covers what lies under its resource, segment by segment', () => {
    const events = ['devices', 'd1', 'messages', 'events']
    for (const resource of [
      'LOCALHOST',
      'localhost:8443/devices',
      'localhost/devices/d1',
      '[::1]:1/devices/d1/messages',
    ]) {
      assert.equal(covers(resourceOf(resource), hosts, events), true, resource)
    }
    for (const resource of [
      'localhost/devices/d',
      'localhost/devices/D1',
      'elsewhere/devices/d1',
      'localhost/devices/d1/x',
      'localhost/devices/d1/messages/events/x',
      '/devices/d1',
    ]) {
      assert.equal(covers(resourceOf(resource), hosts, events), false, resource)
    }
  })

  it('covers a device whose id was encoded twice, as .NET does', () => {
    assert.ok(covers(resourceOf('localhost/devices/a%23b'), hosts, ['devices', 'a#b']))
  })

  it('is refused with 401003 when anything is missing, doubled or no such thing', () => {
    const good = sign({ resource: 'h', key, expirySeconds: 5, policy: 'p' })
    const without = (name: string) => good.replace(new RegExp(`${name}=[^&]*&?`), '')
    const bad = [undefined, '', 'Bearer x', good.slice(1), without('sr'), without('se'), without('sig'), `${good}&se=6`]
    bad.push(good.replace('se=5', 'se=soon'), good.replace(/sig=[^&]*/, 'sig=AAAA'), `${good}&x=y`, `${good}&skn`)
    bad.push(good.replace('sr=h', 'sr=%zz'), `${good} more`)
    for (const header of bad) assert.throws(() => parse(header), malformed, header)
  })

  it('of random text is read or refused, never anything else, and the refusal never quotes it', () => {
    const field = fc.tuple(fc.constantFrom('sr', 'sig', 'se', 'skn', 'x'), fc.string()).map((pair) => pair.join('='))
    const text = fc.oneof(
      fc.string(),
      fc.array(field).map((fields) => `SharedAccessSignature ${fields.join('&')}`),
    )
    fc.assert(
      fc.property(text, (header) => {
        try {
          parse(header)
        } catch (error) {
          assert.ok(malformed(error))
          assert.equal((error as Error).message, 'the shared access signature is missing or malformed')
        }
      }),
      { numRuns: 500 },
    )
  })

  it('gives back what was signed', () => {
    const input = fc.record({
      resource: fc.string({ minLength: 1, unit: 'grapheme' }),
      key: fc.uint8Array({ minLength: 1 }).map((bytes) => Buffer.from(bytes).toString('base64')),
      expirySeconds: fc.nat(),
      policy: fc.string({ minLength: 1 }),
    })
    fc.assert(
      fc.property(input, (given) => {
        const signature = parse(sign(given))
        assert.deepEqual(
          [signature.resource, Number(signature.rawExpiry), signature.policy],
          [given.resource, given.expirySeconds, given.policy],
        )
        assert.ok(isSignedBy(signature, [given.key]))
      }),
      { numRuns: 200 },
    )
  })
})
