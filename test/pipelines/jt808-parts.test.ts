import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import type { MessageFields } from '../../src/stages/jt808/fields.ts'
import { TestTerminal } from '../stages/jt808/terminal.ts'
import { answered, answers, authenticated, servedJt808, verdicts } from './jt808-rig.ts'

const image = Buffer.from(Array.from({ length: 1200 }, (_, at) => at & 0xff))

/** The sub-packages that a 0x8003 asks for. */
function askedFor({ message_id, body_hex }: MessageFields): unknown[] {
  return [message_id, body_hex]
}

describe('jt808: messages in parts', () => {
  test('parts are answered at once; the one that makes the message whole waits for the hub', async (t) => {
    const { device, terminal, hub, bodies } = await authenticated(t)
    hub.hold()
    await device.write(...terminal.parts(0x0900, image, 3), terminal.heartbeat())
    assert.deepEqual(verdicts(await answers(device, 3)), [
      ['0x0900', 2, 0],
      ['0x0900', 3, 0],
      ['0x0002', 5, 0],
    ])
    assert.deepEqual(answered(device), [])
    hub.release()
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0900', 4, 0]])
    const [{ kind, packages, serials, transparent_type, data_hex }] = bodies()
    assert.deepEqual([kind, packages, serials, transparent_type], ['transparent', 3, [2, 3, 4], 0])
    assert.equal(data_hex, image.subarray(1).toString('hex'))
  })

  test('an upload that is whole is answered by 0x8800 with its id once the hub has it', async (t) => {
    const { device, terminal, hub, bodies } = await authenticated(t)
    hub.hold()
    await device.write(...terminal.parts(0x0801, image, 2), terminal.say(0x0801, Buffer.from('0000000901', 'hex')))
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0801', 2, 0]])
    hub.release()
    assert.deepEqual((await answers(device, 2)).map(askedFor), [
      ['0x8800', '00010203'],
      ['0x8800', '00000009'],
    ])
    assert.deepEqual(
      bodies().map(({ kind, body_hex }) => [kind, body_hex.length]),
      [
        ['reassembled', 2400],
        ['other', 10],
      ],
    )
  })

  test('a message that the hub fails to take is sent again by the part that made it whole', async (t) => {
    const { device, terminal, hub } = await authenticated(t)
    const parts = terminal.parts(0x0900, image, 2)
    hub.fail(new GatewayError('HUB_THROTTLED', 'later'))
    await device.write(...parts)
    assert.deepEqual(verdicts(await answers(device, 2)), [
      ['0x0900', 2, 0],
      ['0x0900', 3, 1],
    ])
    await device.write(parts[1] as Buffer)
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0900', 3, 0]])
    assert.equal(hub.accepted.length, 1)
    await device.write(...parts)
    assert.deepEqual(verdicts(await answers(device, 2)), [
      ['0x0900', 2, 0],
      ['0x0900', 3, 0],
    ])
    assert.equal(hub.accepted.length, 1)
  })

  for (const [version2019, asks] of [
    [false, '0002020002 0004'],
    [true, '000200020002 0004'],
  ] as const) {
    test(`parts that are missing when the last has come are asked for, ${version2019 ? '2019' : 'before 2019'}`, async (t) => {
      const { device, terminal, hub } = await authenticated(t, { version2019 })
      const [one, two, three, four, five] = terminal.parts(0x0900, image, 5) as [Buffer, Buffer, Buffer, Buffer, Buffer]
      await device.write(one, three, five)
      const all = await answers(device, 4)
      assert.deepEqual(verdicts(all.slice(0, 3)), [
        ['0x0900', 2, 0],
        ['0x0900', 4, 0],
        ['0x0900', 6, 0],
      ])
      assert.deepEqual(askedFor(all[3] as MessageFields), ['0x8003', asks.replaceAll(' ', '')])
      await device.write(two, four)
      assert.deepEqual(verdicts(await answers(device, 2)), [
        ['0x0900', 3, 0],
        ['0x0900', 5, 0],
      ])
      assert.equal(hub.accepted.length, 1)
    })
  }

  test('a batch in parts becomes its locations, and its last part is answered when the hub has all', async (t) => {
    const { device, terminal, hub, bodies } = await authenticated(t)
    const body = terminal.message(0x0704, Buffer.concat([Buffer.of(0, 2, 1), item(), item()])).subarray(12)
    terminal.serial = 2
    hub.fail(new GatewayError('HUB_THROTTLED', 'later'))
    const parts = terminal.parts(0x0704, body, 2)
    await device.write(...parts)
    assert.deepEqual(verdicts(await answers(device, 2)), [
      ['0x0704', 2, 0],
      ['0x0704', 3, 1],
    ])
    await device.write(parts[1] as Buffer)
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0704', 3, 0]])
    assert.deepEqual(
      bodies().map(({ kind, index, packages }) => [kind, index, packages]),
      [
        ['location_batch', 2, 2],
        ['location_batch', 1, 2],
        ['location_batch', 2, 2],
      ],
    )
  })

  test('a joined message that means nothing is answered with 2', async (t) => {
    const { device, terminal, deadLetters } = await authenticated(t)
    await device.write(...terminal.parts(0x0200, Buffer.alloc(20), 2), terminal.heartbeat())
    assert.deepEqual(verdicts(await answers(device, 3)), [
      ['0x0200', 2, 0],
      ['0x0200', 3, 2],
      ['0x0002', 4, 0],
    ])
    assert.equal(deadLetters[0]?.error.code, 'BAD_CONTENT')
  })

  test('a part that cannot be one is answered with 2', async (t) => {
    const { device, terminal } = await authenticated(t)
    await device.write(terminal.say(0x0900, image.subarray(0, 9), { subpackage: { total: 2, index: 3 } }))
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0900', 2, 2]])
  })

  test('without authentication the first part is answered once its id is believed', async (t) => {
    const rig = await servedJt808(t, { authentication: 'none' })
    const device = await rig.device()
    const terminal = new TestTerminal('13800000001')
    await device.write(...terminal.parts(0x0900, image, 2))
    assert.deepEqual(verdicts(await answers(device, 2)), [
      ['0x0900', 1, 0],
      ['0x0900', 2, 0],
    ])
    assert.equal(rig.hub.accepted.length, 1)

    const unknown = await servedJt808(t, { authentication: 'none', memory: { keys: {} } })
    const stranger = await unknown.device()
    await stranger.write(...new TestTerminal('13800000001').parts(0x0900, image, 2))
    assert.deepEqual(verdicts(await answers(stranger, 1)), [['0x0900', 1, 1]])
    assert.equal((await stranger.rest()).length, 0)
  })

  test('parts of an answer are not answered', async (t) => {
    const { device, terminal, bodies } = await authenticated(t)
    await device.write(...terminal.parts(0x1205, image, 2), terminal.heartbeat())
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0002', 4, 0]])
    device.end()
    await device.rest()
    assert.deepEqual(
      bodies().map(({ kind, reply_serial }) => [kind, reply_serial]),
      [['reassembled', 1]],
    )
  })

  test('when the terminal ends the connection, what is not whole goes up in its parts', async (t) => {
    const { device, terminal, bodies } = await authenticated(t)
    const [one, , three] = terminal.parts(0x0900, image, 3) as [Buffer, Buffer, Buffer]
    await device.write(one, three)
    await answers(device, 3)
    device.end()
    await device.rest()
    assert.deepEqual(
      bodies().map(({ kind, serial, subpackage }) => [kind, serial, subpackage]),
      [
        ['subpackage', 2, { total: 3, index: 1 }],
        ['subpackage', 4, { total: 3, index: 3 }],
      ],
    )
  })
})

function item(): Buffer {
  return Buffer.concat([Buffer.of(0, 28), Buffer.alloc(28)])
}
