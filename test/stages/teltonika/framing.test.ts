import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { teltonikaFraming } from '../../../src/stages/teltonika/framing.ts'
import { feed, hostile, roundTrip, splitInvariant } from '../../../src/testing.ts'
import { login, message, packet } from './frames.ts'

const framing = teltonikaFraming()
const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex')
const up = async (stage: typeof framing, ...chunks: Buffer[]) => (await feed(stage, chunks)).up

describe('the framing of Teltonika', () => {
  test('finds logins and packets whole, in every cutting, and passes over keepalives', async () => {
    const ping = Buffer.of(0xff)
    const frames = [login, packet(1), message(12, 6, 'ok'), packet(2, 3)]
    const wire = frames.flatMap((each) => [ping, each, ping, ping])
    await splitInvariant(framing, wire)
    assert.deepEqual((await up(framing, Buffer.concat(wire))).emitted, frames)
    await roundTrip(framing, frames)
  })

  test('gives keepalives as frames where they are asked for', async () => {
    const all = teltonikaFraming({ keepalives: true })
    await splitInvariant(all, hex('ff ff 0001 31 ff'))
    assert.deepEqual((await up(all, hex('ff ff 0001 31 ff'))).emitted, [hex('ff'), hex('ff'), hex('000131'), hex('ff')])
  })

  for (const [what, bytes, shown] of [
    ['a first byte that begins nothing', '24242424', '24'],
    ['a login without digits', '000f 24', '000f24'],
    ['a login of more digits than any device has', '0021 31', '0021'],
    ['a third byte of a packet that is not zero', '000001', '000001'],
    ['a fourth byte of a packet that is not zero', '00000001', '00000001'],
  ] as const) {
    test(`refuses ${what} at once, with nothing behind it`, async () => {
      const { emitted, errors } = await up(framing, hex(bytes), packet(1))
      assert.deepEqual([emitted, errors.map(({ code }) => code)], [[], ['FRAME_CORRUPT']])
      assert.match(errors[0]?.message ?? '', new RegExp(`begins with ${shown} is`))
      await splitInvariant(framing, [login, hex(bytes), packet(1)])
    })
  }

  test('refuses a packet that has no room for a codec and two counts', async () => {
    for (const length of ['00', '01', '02']) {
      const { errors } = await up(framing, hex(`00000000 000000${length} 0801`))
      assert.deepEqual([errors.length, errors[0]?.code], [1, 'FRAME_CORRUPT'])
    }
    assert.deepEqual((await up(framing, hex('00000000 00000003 080000 00000000'))).errors, [])
  })

  test('refuses a packet over the limit by its header, and holds nothing of it', async () => {
    const { errors } = await up(framing, hex('00000000 7fffffff'))
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['FRAME_TOO_LONG'],
    )
    assert.match(errors[0]?.message ?? '', /2147483659 bytes exceeds the limit of 8192/)
    const just = teltonikaFraming({ maxFrameLength: 64 })
    assert.equal((await up(just, hex(`00000000 00000034 ${'08'.repeat(56)}`))).emitted.length, 1)
    const over = await up(just, hex(`00000000 00000035 ${'08'.repeat(57)}`), login)
    assert.deepEqual([over.errors[0]?.code, over.emitted], ['FRAME_TOO_LONG', [login]], 'the next begins where it ends')
  })

  test('refuses what the device left unfinished', async () => {
    for (const bytes of ['00', '000f3335', '00000000', '00000000 0000000a 08']) {
      const { errors } = await up(framing, hex(bytes))
      assert.deepEqual(
        errors.map(({ code }) => code),
        ['FRAME_UNTERMINATED'],
        bytes,
      )
    }
  })

  test('no bytes make it hold more than its limit, throw, or give a frame over it', async () => {
    await hostile(framing, Buffer.concat([login, packet(1)]), { randomBytes: 20_000 })
    await hostile(teltonikaFraming({ keepalives: true, maxFrameLength: 64 }), Buffer.concat([login, Buffer.of(0xff)]), {
      randomBytes: 20_000,
    })
  })

  test('refuses limits that cannot work', () => {
    for (const maxFrameLength of [63, 1_048_577, 100.5, Number.NaN]) {
      assert.throws(() => teltonikaFraming({ maxFrameLength }), { code: 'CONFIGURATION', message: /maxFrameLength/ })
    }
  })
})
