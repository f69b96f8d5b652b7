import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { packet, packetBytes, packetDigits, packetTail, packetWord } from '../../../src/stages/modbus/packet.ts'

const at = (pattern: ReturnType<typeof packet>, text: string | Buffer, from = 0) =>
  pattern.at(Buffer.from(text as string), from)

describe('packets of registration and heartbeat', () => {
  test('are texts and bytes that are always the same, and fields', () => {
    const login = packet('LOGIN:', packetDigits('number', 4))
    assert.deepEqual(at(login, 'LOGIN:1001'), { kind: 'match', bytes: 10, mayGrow: false, fields: { number: '1001' } })
    assert.deepEqual(at(login, 'xxLOGIN:1001yy', 2), {
      kind: 'match',
      bytes: 10,
      mayGrow: false,
      fields: { number: '1001' },
    })
    const mac = packet(packetBytes('mac_hex', 6))
    assert.deepEqual(at(mac, Buffer.from('d8b04cb41234', 'hex')), {
      kind: 'match',
      bytes: 6,
      mayGrow: false,
      fields: { mac_hex: 'd8b04cb41234' },
    })
    const tailed = packet(packetWord('name', 1, 8), packetTail('tail_hex', Buffer.of(0, 1)))
    assert.deepEqual(at(tailed, Buffer.from('pump-1\0\x01')), {
      kind: 'match',
      bytes: 8,
      mayGrow: false,
      fields: { name: 'pump-1', tail_hex: '0001' },
    })
  })

  test('that have begun are told from what is none', () => {
    const login = packet('LOGIN:', packetDigits('number', 2))
    for (const text of ['', 'L', 'LOGIN:', 'LOGIN:1']) assert.equal(at(login, text).kind, 'begun', text)
    for (const text of ['X', 'LOGIN;', 'LOGIN:x', 'LOGIN:1x']) assert.equal(at(login, text).kind, 'none', text)
  })

  test('whose last field may be longer may grow for as long as nothing else follows', () => {
    const login = packet('LOGIN:', packetDigits('number', 1, 4))
    assert.deepEqual(at(login, 'LOGIN:12'), { kind: 'match', bytes: 8, mayGrow: true, fields: { number: '12' } })
    assert.equal((at(login, 'LOGIN:12\x01') as { mayGrow: boolean }).mayGrow, false)
    assert.equal((at(login, 'LOGIN:1234') as { mayGrow: boolean }).mayGrow, false)
  })

  test('seen whole are seen the same whatever follows, and never as none while they come', () => {
    const pattern = packet('#', packetWord('id', 3, 6), Buffer.of(0xff), packetDigits('n', 2))
    const said = fc.tuple(fc.stringMatching(/^[\w.-]{3,6}$/), fc.stringMatching(/^[0-9]{2}$/))
    fc.assert(
      fc.property(said, fc.uint8Array({ maxLength: 9 }), ([id, n], after) => {
        const bytes = Buffer.concat([Buffer.from(`#${id}`), Buffer.of(0xff), Buffer.from(n)])
        const whole = pattern.at(Buffer.concat([bytes, after]), 0)
        assert.deepEqual(whole, { kind: 'match', bytes: bytes.length, mayGrow: false, fields: { id, n } })
        for (let cut = 0; cut < bytes.length; cut++) assert.equal(pattern.at(bytes.subarray(0, cut), 0).kind, 'begun')
      }),
    )
  })

  test('that could not be found are refused when they are made', () => {
    assert.throws(() => packet(), { code: 'CONFIGURATION', message: /1 to 128 bytes, not 0 to 0/ })
    assert.throws(() => packet(''), { code: 'CONFIGURATION' })
    assert.throws(() => packet('x'.repeat(129)), { code: 'CONFIGURATION' })
    assert.throws(() => packetDigits('n', 0), { code: 'CONFIGURATION', message: /'n'.*not 0 to 0/ })
    assert.throws(() => packetDigits('n', 3, 2), { code: 'CONFIGURATION' })
    assert.throws(() => packetWord('n', 1.5), { code: 'CONFIGURATION' })
  })
})
