import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { command, receipt, type Telemetry } from '../../../src/core/items.ts'
import { gt06Codec } from '../../../src/stages/gt06/codec.ts'
import { decodeGt06 } from '../../../src/stages/gt06/decode.ts'
import { toWire } from '../../../src/stages/gt06/wire.ts'
import { feed } from '../../../src/testing.ts'

const frame = (type: number, content = '', serial = 1) =>
  toWire({ start: '7878', type, serial, content: Buffer.from(content, 'hex') })

const login = frame(0x01, '0356938035643809')

/** What answers on a connection that begins with these frames: type and serial. */
const answers = async (...frames: readonly Buffer[]) => {
  const { up } = await feed(gt06Codec(), frames)
  return up.replied.map((each) => {
    const { protocol_number, serial } = decodeGt06(each)
    return `${protocol_number} ${serial}`
  })
}

describe('the codec of GT06', () => {
  test('reads ahead of a hello, as its answers do not wait for the hub', () => {
    const { ahead } = gt06Codec().open({} as never)
    assert.equal(ahead, true)
  })

  test('answers at once a login, then heartbeats; and whoever asks for the time', async () => {
    assert.deepEqual(await answers(frame(0x13, '46', 2), frame(0x8a, '', 3), login, frame(0x23, '46', 4)), [
      '0x8a 3',
      '0x01 1',
      '0x23 4',
    ])
  })

  test('an alarm has what its answer repeats as its tag, a location has none', async () => {
    const { up } = await feed(gt06Codec(), [frame(0x26, '00', 9), frame(0x22, '00', 10)])
    assert.deepEqual(
      up.emitted.map((each) => (each as Telemetry).tag),
      [{ start: '7878', type: 0x26, serial: 9 }, undefined],
    )
  })

  test('says nothing of what the hub does not take', async () => {
    const { up } = await feed(gt06Codec(), [frame(0x26, '00', 9)])
    const [alarm] = up.emitted as Telemetry[]
    const down = async (outcome: 'complete' | 'abandon' | 'reject') =>
      (await feed(gt06Codec(), [], [receipt(alarm as Telemetry, outcome)])).down.emitted
    assert.deepEqual([await down('abandon'), await down('reject')], [[], []])
    assert.deepEqual(await down('complete'), [frame(0x26, '', 9)])
  })

  test('a login that names another device is answered as long as none is known', async () => {
    assert.deepEqual(await answers(login, frame(0x01, '0356938035643810', 2)), ['0x01 1', '0x01 2'])
  })

  test('flags of commands begin at the second at which the connection did', async () => {
    const clock = () => new Date(1_764_103_800_000)
    const two = [command('a', Buffer.from('A#')), command('b', Buffer.from('B#'))]
    const { down } = await feed(gt06Codec({ clock }), [], two)
    assert.deepEqual(
      down.emitted.map((each) => (decodeGt06(each) as { server_flag?: number }).server_flag),
      [1_764_103_801, 1_764_103_802],
    )
  })

  test('any frames and any commands give items, answers and coded errors, none of them BUG', async () => {
    const types = fc.constantFrom(
      0x01,
      0x10,
      0x12,
      0x13,
      0x15,
      0x16,
      0x21,
      0x22,
      0x23,
      0x27,
      0x28,
      0x80,
      0x8a,
      0x94,
      0xa0,
    )
    const content = fc.uint8Array({ maxLength: 64 }).map((each) => Buffer.from(each).toString('hex'))
    const made = fc.tuple(types, content).map(([type, hex]) => frame(type, hex))
    const random = fc.uint8Array({ maxLength: 64 }).map((each) => Buffer.from(each))
    const bodies = fc.oneof(fc.string({ maxLength: 300 }), fc.json()).map((each) => command('c', Buffer.from(each)))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(made, random), { maxLength: 8 }),
        fc.array(bodies, { maxLength: 3 }),
        async (up, down) => {
          const fed = await feed(gt06Codec({ acknowledgeLocations: true, utcOffsetMinutes: 60 }), up, down)
          for (const { code } of fed.up.errors) assert.ok(['BAD_CONTENT', 'FRAME_DAMAGED'].includes(code), code)
          for (const { code } of fed.down.errors) assert.ok(['BAD_CONTENT', 'MESSAGE_TOO_LARGE'].includes(code), code)
          for (const each of fed.up.emitted) {
            if (each.kind === 'telemetry') assert.equal(typeof JSON.parse(each.body.toString()).kind, 'string')
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
