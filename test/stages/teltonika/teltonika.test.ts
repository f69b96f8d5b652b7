import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Connection } from '../../../src/core/connection.ts'
import { type Command, command, type Receipt, receipt, type Telemetry } from '../../../src/core/items.ts'
import { type TeltonikaCodecOptions, teltonikaCodec } from '../../../src/stages/teltonika/teltonika.ts'
import { feed } from '../../../src/testing.ts'
import {
  anyRecords,
  avlCodecs,
  count,
  damaged,
  imei,
  login,
  message,
  packet,
  packetHex,
  packetOf,
  record,
} from './frames.ts'

/** What a fresh codec makes of frames, the login before them. */
const up = async (frames: readonly Buffer[], options: TeltonikaCodecOptions = {}) => {
  const { emitted, replied, errors } = (await feed(teltonikaCodec(options), [login, ...frames])).up
  return { emitted: emitted.slice(1), replied: replied.map((each) => each.toString('hex')), errors }
}

/** A codec whose halves a test calls in any order. */
function opened(options: TeltonikaCodecOptions = {}) {
  const halves = teltonikaCodec(options).open(new Connection({ id: 'c', pipeline: 'p' }))
  const emitted: unknown[] = []
  const replied: string[] = []
  const said: string[] = []
  const fail = (error: unknown) => assert.fail(String(error))
  const upOut = {
    emit: (item: unknown) => emitted.push(item),
    reply: (bytes: Buffer) => replied.push(bytes.toString('hex')),
    fail,
  }
  const downOut = { emit: (bytes: Buffer) => said.push(bytes.toString('hex')), reply: fail, fail }
  const { up: hear, down: tell } = halves
  if (typeof hear !== 'function' || typeof tell !== 'function') return assert.fail('its halves are steps')
  return {
    hear(frame: Buffer) {
      emitted.length = 0
      hear(frame, upOut)
      return [...emitted]
    },
    tell(item: Command | Receipt<Telemetry>) {
      said.length = 0
      tell(item, downOut)
      return [...said]
    },
    replied,
  }
}

describe('the codec of Teltonika', () => {
  test('a login is a hello in the name of the IMEI', async () => {
    const { emitted } = (await feed(teltonikaCodec(), [login])).up
    const [hello] = emitted
    assert.ok(hello?.kind === 'hello')
    assert.deepEqual([hello.deviceId, hello.value], [imei, { kind: 'login', imei }])
  })

  test('a packet before the login is refused, whatever is in it; a keepalive is not', async () => {
    for (const early of [
      packet(1),
      packetHex('080000'),
      packetHex('070000'),
      message(12, 6, 'x'),
      damaged(packet(1)),
    ]) {
      const { emitted, replied, errors } = (await feed(teltonikaCodec(), [Buffer.of(0xff), early])).up
      assert.deepEqual([emitted, replied, errors.map(({ code }) => code)], [[], [], ['NOT_IDENTIFIED']])
    }
  })

  test('a second login is refused, even of the same device', async () => {
    const { errors } = await up([login])
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['IDENTITY_CHANGED'],
    )
  })

  for (const codec of avlCodecs) {
    test(`any packet of codec ${codec} goes up as its records, and its count is the answer`, () => {
      fc.assert(
        fc.property(anyRecords(codec), (records) => {
          const device = opened()
          device.hear(login)
          const readings = device.hear(packetOf(records, codec)) as Telemetry[]
          assert.deepEqual(
            readings.map(({ body }) => JSON.parse(body.toString())),
            records.map((each) => ({ kind: 'avl', codec, record_count: records.length, ...each })),
          )
          const answers = readings.flatMap((each) => device.tell(receipt(each, 'complete')))
          assert.deepEqual([...device.replied, ...answers], [count(records.length)])
        }),
      )
    })
  }

  test('the answer comes with the last receipt, and counts those that are complete', () => {
    const device = opened()
    device.hear(login)
    const [one, two, three] = device.hear(packet(1, 2, 3)) as [Telemetry, Telemetry, Telemetry]
    assert.deepEqual(device.tell(receipt(one, 'complete')), [])
    assert.deepEqual(device.tell(receipt(two, 'abandon')), [])
    assert.deepEqual(device.tell(receipt(three, 'complete')), [count(2)])
  })

  for (const [rejectedRecords, records, expected] of [
    ['refuse', 'split', 1],
    ['acknowledge', 'split', 2],
    ['refuse', 'pack', 0],
    ['acknowledge', 'pack', 2],
  ] as const) {
    test(`with rejectedRecords '${rejectedRecords}' and '${records}', ${expected} of two are acknowledged`, () => {
      const device = opened({ rejectedRecords, records })
      device.hear(login)
      const readings = device.hear(packet(1, 2)) as Telemetry[]
      const answers = readings.flatMap((each, at) => device.tell(receipt(each, at === 0 ? 'reject' : 'complete')))
      assert.deepEqual(answers, [count(expected)])
    })
  }

  test('a packet without a record is answered at once', async () => {
    const { emitted, replied, errors } = await up([packetHex('8e 00 00')])
    assert.deepEqual([emitted, replied, errors], [[], [count(0)], []])
  })

  test('with heartbeats, keepalives and empty packets go up and wait for no answer', async () => {
    const { emitted, replied } = await up([Buffer.of(0xff), packetHex('08 00 00')], {
      heartbeats: true,
      envelope: true,
    })
    const [ping, empty] = emitted as [Telemetry, Telemetry]
    assert.deepEqual(JSON.parse(String(ping.body)), { kind: 'keepalive' })
    const { crc16, ...packet } = JSON.parse(String(empty.body))
    assert.deepEqual(packet, { kind: 'avl', codec: 8, record_count: 0, records: [] })
    assert.equal(typeof crc16, 'number')
    assert.deepEqual(
      [ping.properties.type, ping.tag, empty.properties.type, empty.tag],
      ['heartbeat', undefined, 'heartbeat', undefined],
    )
    assert.deepEqual(replied, [count(0)])
  })

  test('a wrong check, a wrong count and an unknown codec are refused without an answer', async () => {
    const { emitted, replied, errors } = await up([damaged(packet(1)), packetHex('08 00 01'), packetHex('07 02 02')])
    assert.deepEqual([emitted, replied], [[], []])
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['CHECKSUM_MISMATCH', 'BAD_CONTENT', 'BAD_CONTENT'],
    )
    assert.match(errors[2]?.message ?? '', /codec 7 of a packet is none of/)
  })

  test('an unknown codec is answered with its count where that is wanted, and refused all the same', async () => {
    const { replied, errors } = await up([packetHex('07 02 02')], { unknownCodec: 'acknowledge' })
    assert.deepEqual([replied, errors[0]?.code], [[count(2)], 'BAD_CONTENT'])
  })

  test('messages that nobody asked for go up by their kind, with an id where they have a time, and are not answered', async () => {
    const seconds = { timestamp_s: 1_700_000_000, imei }
    const { emitted, replied } = await up([
      message(12, 6, 'late'),
      message(12, 5, 'getinfo'),
      message(13, 6, 'x', seconds),
      message(15, 11, 'serial', seconds),
    ])
    const seen = (emitted as Telemetry[]).map(({ properties, messageId, creationTimeUtc }) => [
      properties.type,
      messageId?.split('-')[0],
      creationTimeUtc,
    ])
    assert.deepEqual(seen, [
      ['command_response', undefined, undefined],
      ['command_request', undefined, undefined],
      ['command_response', '1700000000', '2023-11-14T22:13:20.000Z'],
      ['serial_message', '1700000000', '2023-11-14T22:13:20.000Z'],
    ])
    assert.deepEqual(replied, [])
  })

  test('a command waits for the answer to the records, and the reply is its receipt', () => {
    const device = opened({ envelope: true })
    device.hear(login)
    const [reading] = device.hear(packet(1)) as [Telemetry]
    const getinfo = command('c1', Buffer.from('getinfo'))
    assert.deepEqual(device.tell(getinfo), [])
    assert.deepEqual(device.tell(receipt(reading, 'complete')), [count(1), message(12, 5, 'getinfo').toString('hex')])
    const [settled] = device.hear(message(12, 6, 'INI:1')) as [Receipt<Command>]
    const { crc16, ...body } = Object(settled.response?.body)
    assert.deepEqual([settled.of, settled.outcome, settled.response?.status], [getinfo, 'complete', 200])
    assert.deepEqual(body, {
      kind: 'command_response',
      codec: 12,
      messages: [{ type: 6, payload_hex: Buffer.from('INI:1').toString('hex'), text: 'INI:1' }],
    })
    assert.equal(typeof crc16, 'number')
  })

  test('a command that waits for an empty packet follows its answer', () => {
    const device = opened()
    device.hear(login)
    device.tell(command('c1', Buffer.from('getinfo')))
    device.hear(packetHex('08 00 00'))
    assert.deepEqual(device.replied, [count(0), message(12, 5, 'getinfo').toString('hex')])
  })

  test('a reply of codec 14 settles, and 11 rejects: the IMEI is not the device’s', () => {
    for (const [type, outcome, status] of [
      [6, 'complete', 200],
      [17, 'reject', 400],
    ] as const) {
      const device = opened()
      device.hear(login)
      const [reading] = device.hear(packet(1)) as [Telemetry]
      device.tell(receipt(reading, 'complete'))
      assert.deepEqual(device.tell(command('c1', Buffer.from('getver'), { properties: { codec: '14' } })), [
        message(14, 5, 'getver', { imei }).toString('hex'),
      ])
      const [settled] = device.hear(message(14, type, '', { imei })) as [Receipt<Command>]
      assert.deepEqual([settled.kind, settled.outcome, settled.response?.status], ['receipt', outcome, status])
    }
  })

  test('options that cannot be are refused when the codec is made', () => {
    for (const options of [
      { records: 'all' },
      { unknownCodec: 'drop' },
      { rejectedRecords: '' },
      { avlIds: { 1: {} } },
    ]) {
      assert.throws(() => teltonikaCodec(options as TeltonikaCodecOptions), {
        code: 'CONFIGURATION',
        message: /teltonika: /,
      })
    }
  })

  test('names of values reach the bodies', async () => {
    const { emitted } = await up([packetOf([record(1)])], { avlIds: { 239: { name: 'ignition' } } })
    assert.deepEqual(JSON.parse(String((emitted[0] as Telemetry).body)).values, { ignition: 1 })
  })
})
