import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, type TestContext, test } from 'node:test'
import type { DeviceState } from '../../../src/cli/device-speech.ts'
import { Jt808Device } from '../../../src/cli/devices/jt808.ts'
import { ProtocolDevice, type ProtocolDeviceOptions } from '../../../src/cli/protocol-device.ts'
import { jt808Ready } from '../../../src/cli/ready/jt808.ts'
import { GatewayError } from '../../../src/core/errors.ts'
import { type Jt808Options, jt808 } from '../../../src/pipelines/jt808.ts'
import type { MessageFields } from '../../../src/stages/jt808/fields.ts'
import type { Location } from '../../../src/stages/jt808/location.ts'
import { type Served, served } from '../../pipelines/served.ts'
import { TestTerminal } from '../../stages/jt808/terminal.ts'

function stateOf(sequence: number): DeviceState {
  return {
    latitude_deg: -7.2413,
    longitude_deg: 45.0703,
    altitude_m: 240,
    speed_kmh: 48.3,
    course_deg: 90,
    temperature_c: 20,
    time: new Date(Date.UTC(2026, 2, 1, 12, 0, sequence)),
    sequence,
  }
}

async function connected(
  t: TestContext,
  index = 1,
  options: Partial<ProtocolDeviceOptions> = {},
  pipeline: Jt808Options = {},
): Promise<Omit<Served, 'device'> & { readonly device: ProtocolDevice }> {
  const rig = await served(t, (to) => jt808(to, { batch: { maxCount: 1, lingerMs: 0 }, ...pipeline }))
  const device = new ProtocolDevice(new Jt808Device({ index }), { host: '127.0.0.1', port: rig.port, ...options })
  t.after(() => device.destroy())
  await device.connect()
  return { ...rig, device }
}

describe('the simulated JT/T 808 terminal', () => {
  for (const [index, year] of [
    [1, '2011/2013'],
    [2, '2019'],
  ] as const) {
    test(`registers, authenticates itself, reports by messages of every kind and is acknowledged: ${year}`, async (t) => {
      const { device, hub, bodies } = await connected(t, index)
      assert.equal(device.deviceId, `1380000000${index}`)
      const reports = Array.from({ length: 20 }, (_, sequence) => device.report(stateOf(sequence + 1)))
      assert.deepEqual(await Promise.all(reports), Array(20).fill('acked'))
      await device.end()
      assert.equal(hub.accepted.length, device.readings)
      const counts: Record<string, number> = {}
      for (const { kind } of bodies()) counts[kind] = (counts[kind] ?? 0) + 1
      assert.deepEqual(counts, { location: 16, reassembled: 2, location_batch: 6 })
      assert.equal(new Set(hub.accepted.map(({ message }) => message.messageId)).size, device.readings)
      assert.deepEqual([device.protocolErrors, device.resent], [0, 0])
      const [{ version, location }] = bodies()
      assert.equal(version, year)
      assert.deepEqual(
        [location.latitude_deg, location.longitude_deg, location.speed_kmh, location.time_utc],
        [-7.2413, 45.0703, 48.3, '2026-03-01T12:00:01Z'],
      )
    })
  }

  test('a location, an image and a batch that the hub fails to take are sent again', async (t) => {
    const { device, hub } = await connected(t, 1, { againMs: 1, ackTimeoutMs: 600_000 })
    hub.fail(...Array.from({ length: 3 }, () => new GatewayError('HUB_THROTTLED', 'later')))
    assert.equal(await device.report(stateOf(1)), 'acked')
    hub.fail(new GatewayError('HUB_THROTTLED', 'later'))
    assert.equal(await device.report(stateOf(7)), 'acked')
    hub.fail(new GatewayError('HUB_THROTTLED', 'later'))
    assert.equal(await device.report(stateOf(10)), 'acked')
    assert.equal(device.resent, 5)
    assert.equal(device.protocolErrors, 0)
    const ids = new Set(hub.accepted.map(({ message }) => message.messageId))
    assert.equal(ids.size, 5)
  })

  test('an answer that does not come makes it send again what was not answered', async (t) => {
    const { device, hub } = await connected(t, 1, { ackTimeoutMs: 20 })
    hub.hold()
    const reported = device.report(stateOf(7))
    while (device.resent < 2) await new Promise((resolve) => setImmediate(resolve))
    hub.release()
    assert.equal(await reported, 'acked')
    assert.equal(hub.accepted.length, 1)
    assert.equal(device.protocolErrors, 0)
  })

  test('obeys texts, parameters and control, and answers queries, each settled as complete', async (t) => {
    const { device, hub } = await connected(t)
    assert.equal(await device.report(stateOf(1)), 'acked')
    const commands = [
      'park here',
      '{"id":"0x8103","parameters":[{"id":"0x0001","u32":60}]}',
      '{"id":"0x8105","command":4}',
      '{"id":"0x8104"}',
      '{"id":"0x8201"}',
    ]
    for (const body of commands) hub.queueCommand(device.deviceId, body)
    await hub.until(() => hub.settled.length === commands.length)
    assert.deepEqual(
      hub.settled.map(({ outcome }) => outcome),
      Array(commands.length).fill('complete'),
    )
    const bodies = hub.settled.map(({ response }) => response?.body as Record<string, unknown>)
    assert.deepEqual(
      bodies.map(({ message_id }) => message_id),
      ['0x0001', '0x0001', '0x0001', '0x0104', '0x0201'],
    )
    const [, , , { parameters }, { location }] = bodies as [object, object, object, MessageFields, MessageFields]
    assert.equal((parameters as unknown[]).length, 2)
    assert.equal((location as Location).latitude_deg, -7.2413)
  })

  test('a command that it does not know is answered with 3 and rejected', async (t) => {
    const { device, hub } = await connected(t)
    hub.queueCommand(device.deviceId, '{"id":"0x8804","bodyHex":"01"}')
    const [id] = await once(device, 'command')
    assert.equal(id, '0x8804')
    await hub.until(() => hub.settled.length === 1)
    assert.deepEqual([hub.settled[0]?.outcome, hub.settled[0]?.response?.status], ['reject', 501])
  })

  test('a command that a terminal never answers is abandoned', async (t) => {
    const rig = await served(t, (to) => jt808(to, { hub: { answerTimeoutMs: 50, maxCommands: 1 } }))
    const silent = await rig.device()
    await silent.write(new TestTerminal('13800000009').authenticate())
    rig.hub.queueCommand('13800000009', 'park here')
    await rig.hub.until(() => rig.hub.settled.length === 1)
    assert.equal(rig.hub.settled[0]?.outcome, 'abandon')
  })

  test('a code that is not right any more is forgotten: it registers anew', async (t) => {
    let issued = 0
    const tokens = { issue: () => `code-${++issued}`, verify: (_: string, token: string) => token === `code-${issued}` }
    const { device, port } = await connected(t, 1, {}, { tokens })
    await device.end()
    const speech = new Jt808Device({ index: 1 })
    const first = new ProtocolDevice(speech, { host: '127.0.0.1', port })
    t.after(() => first.destroy())
    await first.connect()
    issued = 7
    await first.end()
    const again = new ProtocolDevice(speech, { host: '127.0.0.1', port })
    t.after(() => again.destroy())
    await again.connect()
    assert.equal(issued, 8)
    assert.equal(await again.report(stateOf(1)), 'acked')
  })

  test('one that the hub does not know is refused', async (t) => {
    const rig = await served(t, (to) => jt808(to), { memory: { keys: {} } })
    const device = new ProtocolDevice(new Jt808Device({ index: 1 }), { host: '127.0.0.1', port: rig.port })
    await assert.rejects(device.connect(), /refused 13800000001: 0x8100 says 4/)
    device.destroy()
  })

  test('sends parts again that the gateway asks for', () => {
    const device = new Jt808Device({ index: 1 })
    const image = device.report(stateOf(7))
    const request = new TestTerminal(device.deviceId).message(
      0x8003,
      Buffer.from('0000020001 0003'.replace(' ', ''), 'hex'),
    )
    const check = Buffer.of(request.reduce((xor, byte) => xor ^ byte, 0))
    const heard = device.hear(Buffer.concat([request, check]))
    const said = heard.map((each) => (each.kind === 'say' ? each.bytes.length : each.kind))
    assert.deepEqual(said.length, 2)
    assert.equal(
      image.bytes.includes((heard[0] as { bytes: Buffer }).bytes) &&
        image.bytes.includes((heard[1] as { bytes: Buffer }).bytes),
      true,
    )
  })

  test('what it must not be told is unexpected: a wrong check, another terminal, an answer to nothing', () => {
    const device = new Jt808Device({ index: 1 })
    const heard = (frame: Buffer, check = frame.reduce((xor, byte) => xor ^ byte, 0)) =>
      device.hear(Buffer.concat([frame, Buffer.of(check)])).map(({ kind }) => kind)
    const answer = (id: string) =>
      new TestTerminal(id).message(0x8001, { reply_serial: 99, reply_id: '0x0200', result: 0 })
    assert.deepEqual(heard(answer('13800000001'), 0), ['unexpected'])
    assert.deepEqual(heard(answer('13800000002')), ['unexpected'])
    assert.deepEqual(heard(answer('13800000001')), ['unexpected'])
  })
})

describe('headgate decode jt808 --annotate', () => {
  const terminal = new TestTerminal('13800000001')

  test('shows what each byte of each message means, escapes taken out', () => {
    const table = jt808Ready.annotate(Buffer.concat([terminal.locate(), terminal.heartbeat()]))
    assert.match(table, /^0x0200 location\n/)
    assert.match(table, /20 {2}00 6e 7e 7d {14}latitude_deg {12}7\.241341 deg/)
    assert.match(table, /\n {5}0 {2}00 02 {20}id {22}2\n/)
  })

  test('says what is wrong, and throws for what is no message', () => {
    const spoilt = Buffer.from(terminal.locate())
    spoilt[15] = (spoilt[15] as number) ^ 1
    assert.match(jt808Ready.annotate(spoilt), /CHECKSUM_MISMATCH: XOR is 0x/)
    for (const bytes of [Buffer.alloc(0), Buffer.from('7e0200', 'hex'), Buffer.from('7e02007d037e', 'hex')]) {
      assert.throws(() => jt808Ready.annotate(bytes), GatewayError)
    }
  })
})
