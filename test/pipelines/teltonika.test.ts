import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import type { Telemetry } from '../../src/core/items.ts'
import type { MemoryHub } from '../../src/hub/memory.ts'
import { PartialSendError } from '../../src/hub/port.ts'
import { teltonika } from '../../src/pipelines/teltonika.ts'
import { commonAvlIds } from '../../src/stages/teltonika/avl-ids.ts'
import { count, imei, login, packet, packetHex, packetOf, record } from '../stages/teltonika/frames.ts'
import { served } from './served.ts'
import { atOnce, hears, silent, start } from './teltonika-devices.ts'

/** The hub refuses the messages of which `refuse` is true. */
function refusing(hub: MemoryHub, refuse: (message: Telemetry) => boolean, error: GatewayError): void {
  const open = hub.open.bind(hub)
  hub.open = async (device, context) => {
    const session = await open(device, context)
    const send = session.send.bind(session)
    session.send = async (messages) => {
      await send(messages.filter((each) => !refuse(each)))
      const refused = messages.filter(refuse)
      if (refused.length > 0) throw new PartialSendError(new Map(refused.map((each) => [each, error])))
    }
    return session
  }
}

describe('what Teltonika records are answered', () => {
  test('with the hub held: nothing; logins are answered all the same, counts known at once in the turn of their packet', async (t) => {
    const { hub, tracker, device } = await start(t, { unknownCodec: 'acknowledge' })
    hub.hold()
    await tracker.write(packet(1, 2))
    await silent(tracker)
    await tracker.write(packetHex('08 00 00'), packetHex('07 05 05'))
    await silent(tracker)
    const other = await device()
    await other.write(login)
    await hears(other, '01')
    await other.write(packetHex('08 00 00'))
    await hears(other, count(0))
    hub.release()
    await hears(tracker, count(2), count(0), count(5))
  })

  for (const code of ['HUB_UNAVAILABLE', 'HUB_REJECTED'] as const) {
    test(`with the hub answering ${code}: a count of 0, and all of them once it accepts`, async (t) => {
      const { hub, tracker, bodies } = await start(t)
      hub.fail(new GatewayError(code, 'no'))
      await tracker.write(packet(1, 2))
      await hears(tracker, count(0))
      await tracker.write(packet(1, 2))
      await hears(tracker, count(2))
      assert.equal(bodies().length, 2)
    })

    test(`with the hub answering ${code} to one of three: the count of the others`, async (t) => {
      const gateway = await served(t, (to) => {
        refusing(to, ({ messageId }) => messageId?.startsWith('1700000002000') === true, new GatewayError(code, 'no'))
        return teltonika(to, atOnce)
      })
      const tracker = await gateway.device()
      await tracker.write(login, packet(1, 2, 3))
      await hears(tracker, '01', count(2))
    })
  }

  test('records that the hub will never take count where that is wanted', async (t) => {
    const { hub, tracker, deadLetters } = await start(t, { rejectedRecords: 'acknowledge' })
    hub.fail(new GatewayError('HUB_REJECTED', 'never'))
    await tracker.write(packet(1, 2))
    await hears(tracker, count(2))
    assert.equal(deadLetters.length, 2)
    hub.fail(new GatewayError('HUB_THROTTLED', 'later'))
    await tracker.write(packet(1, 2))
    await hears(tracker, count(0))
  })

  test('a packet of an unknown codec is answered where that is wanted, and set aside', async (t) => {
    const { tracker, deadLetters } = await start(t, { unknownCodec: 'acknowledge' })
    await tracker.write(packetHex('07 02 02'))
    await hears(tracker, count(2))
    assert.deepEqual(
      deadLetters.map(({ item }) => item),
      [packetHex('07 02 02')],
    )
  })
})

describe('options of teltonika', () => {
  test('a record is a message with its time, its id, its properties and those of the gateway', async (t) => {
    const { hub, tracker } = await start(t, { enrichments: { site: 'turin' } })
    await tracker.write(packet(1))
    await hears(tracker, count(1))
    const { deviceId, message: sent } = hub.accepted[0] as (typeof hub.accepted)[0]
    assert.equal(deviceId, imei)
    assert.deepEqual(sent.properties, { protocol: 'teltonika', type: 'avl', site: 'turin' })
    assert.match(sent.messageId ?? '', /^1700000001000-[0-9a-f]{12}$/)
    assert.equal(sent.creationTimeUtc, '2023-11-14T22:13:21.000Z')
  })

  test('packed, with names and with what frames it, a packet is one body', async (t) => {
    const { tracker, bodies } = await start(t, { records: 'pack', avlIds: commonAvlIds, envelope: true })
    const sealed = packet(1, 2)
    await tracker.write(sealed)
    await hears(tracker, count(2))
    const values = { ignition: 1 }
    const records = [1, 2].map((number) => ({ ...record(number), values }))
    const crc16 = sealed.readUInt32BE(sealed.length - 4)
    assert.deepEqual(bodies(), [{ kind: 'avl', codec: 8, record_count: 2, records, crc16 }])
  })

  test('packets go up to the limit that is given', async (t) => {
    const { tracker } = await start(t, { maxFrameLength: 20_000 })
    const io = Array.from({ length: 255 }, (_, id) => ({ id, bytes: 8, hex: '00'.repeat(8) }))
    const large = packetOf(Array.from({ length: 8 }, (_, number) => record(number, io)))
    assert.ok(large.length > 8192)
    await tracker.write(large)
    await hears(tracker, count(8))
  })

  test('heartbeats go up where they are asked for', async (t) => {
    const { hub, tracker, bodies } = await start(t, { heartbeats: true })
    await tracker.write(Buffer.of(0xff), packetHex('08 00 00'))
    await hears(tracker, count(0))
    await hub.until(() => hub.accepted.length === 2)
    assert.deepEqual(
      bodies().map(({ kind }) => kind),
      ['keepalive', 'avl'],
    )
    assert.deepEqual(
      hub.accepted.map(({ message: { properties } }) => properties.type),
      ['heartbeat', 'heartbeat'],
    )
  })

  test('who may come is for the authenticator', async (t) => {
    const authenticator = () => {
      throw new GatewayError('UNAUTHORIZED', 'not on the list')
    }
    const gateway = await served(t, (to) => teltonika(to, { authenticator }))
    const tracker = await gateway.device()
    await tracker.write(login)
    assert.equal((await tracker.rest()).toString('hex'), '00')
  })
})
