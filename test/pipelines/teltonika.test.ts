import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { GatewayError } from '../../src/core/errors.ts'
import type { Telemetry } from '../../src/core/items.ts'
import type { MemoryHub } from '../../src/hub/memory.ts'
import { PartialSendError } from '../../src/hub/port.ts'
import { type TeltonikaOptions, teltonika } from '../../src/pipelines/teltonika.ts'
import { commonAvlIds } from '../../src/stages/teltonika/avl-ids.ts'
import { count, imei, login, message, packet, packetHex, packetOf, record } from '../stages/teltonika/frames.ts'
import { type BinaryDevice, type Served, served } from './served.ts'

const atOnce = { batch: { lingerMs: 0 } }

async function start(t: TestContext, options: TeltonikaOptions = {}): Promise<Served & { tracker: BinaryDevice }> {
  const gateway = await served(t, (to) => teltonika(to, { ...atOnce, ...options }))
  const tracker = await gateway.device()
  await tracker.write(login)
  await hears(tracker, '01')
  return { ...gateway, tracker }
}

async function hears(device: BinaryDevice, ...answers: readonly (string | Buffer)[]): Promise<void> {
  const expected = answers.map((each) => (typeof each === 'string' ? each : each.toString('hex'))).join('')
  assert.equal((await device.read(expected.length / 2)).toString('hex'), expected)
}

async function silent(device: BinaryDevice): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await turn()
  assert.equal(device.pending().toString('hex'), '')
}

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

/** The outcome of the next command, which the hub then gives to nobody any more. */
function keepingAbandoned(hub: MemoryHub): Promise<string> {
  return new Promise((resolve) => {
    for (const session of hub.sessions) session.settle = async ({ outcome }) => resolve(outcome)
  })
}

describe('what Teltonika records are answered', () => {
  test('with the hub held: nothing; a login and an empty packet are answered all the same', async (t) => {
    const { hub, tracker, device } = await start(t)
    hub.hold()
    await tracker.write(packet(1, 2))
    await silent(tracker)
    await tracker.write(packetHex('08 00 00'))
    await hears(tracker, count(0))
    const other = await device()
    await other.write(login)
    await hears(other, '01')
    hub.release()
    await hears(tracker, count(2))
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

describe('commands to a Teltonika device', () => {
  /** A device that has had records acknowledged, so that it takes commands. */
  async function reporting(t: TestContext, options: TeltonikaOptions = {}) {
    const all = await start(t, options)
    await all.tracker.write(packet(0))
    await hears(all.tracker, count(1))
    return all
  }

  test('a C2D message is asked, and the reply completes it', async (t) => {
    const { hub, tracker } = await reporting(t)
    hub.queueCommand(imei, 'getinfo')
    await hears(tracker, message(12, 5, 'getinfo'))
    await tracker.write(message(12, 6, 'INI:1'))
    await hub.until(() => hub.settled.length === 1)
    assert.equal(hub.settled[0]?.outcome, 'complete')
  })

  test('a method is asked by its name, and the decoded reply is its response', async (t) => {
    const { hub, tracker } = await reporting(t)
    hub.queueCommand(imei, '"2001:net"', { via: 'method', name: 'setparam' })
    await hears(tracker, message(12, 5, 'setparam 2001:net'))
    await tracker.write(message(12, 6, 'ok'))
    await hub.until(() => hub.settled.length === 1)
    assert.deepEqual(hub.settled[0]?.response, {
      status: 200,
      body: { kind: 'command_response', codec: 12, messages: [{ type: 6, payload_hex: '6f6b', text: 'ok' }] },
    })
  })

  test('with codec 14 the IMEI goes along, and a device of another one rejects', async (t) => {
    const { hub, tracker } = await reporting(t)
    hub.queueCommand(imei, 'getver', { properties: { codec: '14' } })
    await hears(tracker, message(14, 5, 'getver', { imei }))
    await tracker.write(message(14, 0x11, '', { imei: '350000000000025' }))
    await hub.until(() => hub.settled.length === 1)
    assert.equal(hub.settled[0]?.outcome, 'reject')
  })

  test('one is asked at a time, the next after the reply', async (t) => {
    const { hub, tracker } = await reporting(t)
    hub.queueCommand(imei, 'getinfo')
    hub.queueCommand(imei, 'getver')
    await hears(tracker, message(12, 5, 'getinfo'))
    await silent(tracker)
    await tracker.write(message(12, 6, 'one'))
    await hears(tracker, message(12, 5, 'getver'))
    await tracker.write(message(12, 6, 'two'))
    await hub.until(() => hub.settled.length === 2)
  })

  test('none is asked before the first records are acknowledged, or while some wait for it', async (t) => {
    const { hub, tracker } = await start(t)
    hub.queueCommand(imei, 'getinfo')
    await silent(tracker)
    hub.hold()
    await tracker.write(packet(1))
    await silent(tracker)
    hub.release()
    await hears(tracker, count(1), message(12, 5, 'getinfo'))
    await tracker.write(message(12, 6, 'INI:1'))
    hub.hold()
    await tracker.write(packet(2))
    await silent(tracker)
    hub.queueCommand(imei, 'getver')
    await silent(tracker)
    hub.release()
    await hears(tracker, count(1), message(12, 5, 'getver'))
  })

  test('one that is never answered is abandoned; its late reply does not settle the next one', async (t) => {
    const { hub, tracker, bodies } = await reporting(t, { hub: { answerTimeoutMs: 500 } })
    hub.queueCommand(imei, 'getinfo')
    await hears(tracker, message(12, 5, 'getinfo'))
    await hub.until(() => hub.settled.length === 1)
    assert.equal(hub.settled[0]?.outcome, 'abandon')
    // The hub gives it again: its first reply settles it, the second one is the other's.
    await hears(tracker, message(12, 5, 'getinfo'))
    await tracker.write(message(12, 6, 'first'))
    await hub.until(() => hub.settled.length === 2)
    assert.equal(hub.settled[1]?.outcome, 'complete')
    hub.queueCommand(imei, 'getver')
    await hears(tracker, message(12, 5, 'getver'))
    await tracker.write(message(12, 6, 'second'), message(12, 6, 'version'))
    await hub.until(() => hub.settled.length === 3)
    await hub.until(() => hub.accepted.length === 2)
    assert.deepEqual(bodies()[1]?.messages, [{ type: 6, payload_hex: '7365636f6e64', text: 'second' }])
    assert.match(JSON.stringify(hub.settled[2]?.response), /"version"/)
  })

  test('a reply that comes when nothing waits any more goes up', async (t) => {
    const { hub, tracker, bodies, errors } = await reporting(t, { hub: { answerTimeoutMs: 40 } })
    const givenUp = keepingAbandoned(hub)
    hub.queueCommand(imei, 'getinfo')
    await hears(tracker, message(12, 5, 'getinfo'))
    assert.equal(await givenUp, 'abandon')
    await tracker.write(message(12, 6, 'late'))
    await hub.until(() => hub.accepted.length === 2)
    assert.deepEqual(bodies()[1]?.messages, [{ type: 6, payload_hex: '6c617465', text: 'late' }])
    assert.deepEqual(await errors(), { COMMAND_TIMEOUT: 1, UNKNOWN_COMMAND: 1 })
  })

  test('one that was given up while it was held is not sent afterwards', async (t) => {
    const { hub, tracker } = await start(t, { hub: { answerTimeoutMs: 40 } })
    const givenUp = keepingAbandoned(hub)
    hub.queueCommand(imei, 'cpureset')
    assert.equal(await givenUp, 'abandon')
    await tracker.write(packet(1), packet(2))
    await hears(tracker, count(1), count(1))
    await silent(tracker)
  })

  test('one that cannot be said is rejected, and the next one asked', async (t) => {
    const { hub, tracker } = await reporting(t)
    hub.queueCommand(imei, 'getinfo', { properties: { codec: '13' } })
    hub.queueCommand(imei, '', { via: 'desired' })
    hub.queueCommand(imei, 'getinfo')
    await hears(tracker, message(12, 5, 'getinfo'))
    assert.deepEqual(
      hub.settled.map(({ outcome }) => outcome),
      ['reject', 'reject'],
    )
  })

  test('replies of codec 13 and bytes of a serial port go up, and settle nothing', async (t) => {
    const { hub, tracker, bodies } = await reporting(t)
    hub.queueCommand(imei, 'getinfo')
    await hears(tracker, message(12, 5, 'getinfo'))
    await tracker.write(message(13, 6, 'x', { timestamp_s: 1 }), message(15, 11, 'y', { timestamp_s: 1, imei }))
    await hub.until(() => hub.accepted.length === 3)
    assert.deepEqual(
      bodies()
        .slice(1)
        .map(({ kind }) => kind),
      ['command_response', 'serial_message'],
    )
    assert.equal(hub.settled.length, 0)
  })

  test('several commands are never asked at once, whatever the options say', async (t) => {
    const { hub, tracker } = await reporting(t, { hub: { maxCommands: 8 } })
    hub.queueCommand(imei, 'getinfo')
    hub.queueCommand(imei, 'getver')
    await hears(tracker, message(12, 5, 'getinfo'))
    await silent(tracker)
  })
})
