import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { DeadLetter } from '../../src/core/connection.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { type MemoryHub, memoryHub } from '../../src/hub/memory.ts'
import { type ModbusDtuOptions, modbusDtu } from '../../src/pipelines/modbus-dtu.ts'
import type { PollEntry } from '../../src/stages/modbus/poll-plan.ts'
import { encodeException, encodeResponse } from '../../src/stages/modbus/rtu-response.ts'
import { embed } from '../../src/testing.ts'
import { served } from './served.ts'

const imei = '355837089512343'

/** A plan of so many registers, each asked once in a day. */
const registers = (count: number) =>
  Array.from({ length: count }, (_, address): PollEntry => {
    return { name: `r${address}`, unit: 1, function: 3, address, intervalMs: 86_400_000 }
  })

/** A DTU without a socket that replies to every poll with its address; timers are mocked, so only what is written moves it. */
class ReplyingDtu {
  readonly hub: MemoryHub
  readonly device: ReturnType<typeof embed>
  readonly deadLetters: DeadLetter[] = []
  /** Addresses that it was asked for. */
  readonly asked: number[] = []

  constructor(t: TestContext, hub: MemoryHub, options: ModbusDtuOptions) {
    t.after(() => this.device.ring.destroy())
    this.hub = hub
    const batch = { maxCount: 1, lingerMs: 0 }
    this.device = embed(modbusDtu(hub, { batch, ...options }), {
      onDeadLetter: (letter) => this.deadLetters.push(letter),
    })
    this.device.write(imei)
    this.device.write('ping')
  }

  /** Replies until nothing is asked for a while. */
  async reply(): Promise<void> {
    for (let quiet = 0; quiet < 20; quiet++) {
      await turn()
      const request = this.device.pending()
      if (request.length === 0) continue
      quiet = 0
      assert.equal(request.length, 8)
      const address = request.readUInt16BE(2)
      this.asked.push(address)
      this.device.write(encodeResponse({ unit: 1, function: 3, registers: [address] }))
    }
  }
}

/** The time that passes between the polls of a served pipeline does not matter: each is asked once. */
const once = registers(1)

describe('modbusDtu, held by the hub', () => {
  test('polls stop when a bounded number of messages waits, and go on when the hub takes them', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const dtu = new ReplyingDtu(t, memoryHub({ hold: true }), { plan: registers(1000) })
    await dtu.reply()
    const held = dtu.asked.length
    // 4 in flight, 1 in each of the batcher's ends, 16 at each boundary between streams, 1 asked.
    assert.ok(held >= 20 && held <= 80, `${held} polls`)
    await dtu.reply()
    assert.equal(dtu.asked.length, held)
    dtu.hub.release()
    await dtu.reply()
    assert.equal(dtu.asked.length, 1000)
    assert.deepEqual(
      dtu.hub.accepted.map(({ message }) => JSON.parse(message.body.toString()).registers[0]),
      registers(1000).map(({ address }) => address),
    )
  })

  test('a command is asked and answered while readings wait', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const dtu = new ReplyingDtu(t, memoryHub({ hold: true }), { plan: registers(100) })
    await dtu.reply()
    dtu.hub.queueCommand(imei, '{"unit":9,"function":6,"address":1,"value":2}')
    for (let turns = 0; turns < 20; turns++) await turn()
    const echo = encodeResponse({ unit: 9, function: 6, address: 1, value: 2 })
    assert.deepEqual(dtu.device.pending(), echo)
    dtu.device.write(echo)
    dtu.hub.release()
    await dtu.hub.until(() => dtu.hub.settled.length === 1)
    assert.equal(dtu.hub.settled[0]?.outcome, 'complete')
  })

  test('what the hub refuses for ever is dead-lettered, what it refuses for now is lost: the next poll brings a newer value', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const hub = memoryHub()
    hub.fail(new GatewayError('HUB_REJECTED', 'never'), new GatewayError('HUB_UNAVAILABLE', 'later'))
    const dtu = new ReplyingDtu(t, hub, { plan: registers(5) })
    await dtu.reply()
    assert.equal(dtu.asked.length, 5)
    assert.deepEqual(
      dtu.deadLetters.map(({ error }) => error.code),
      ['HUB_REJECTED'],
    )
    assert.equal(hub.accepted.length, 3)
  })
})

describe('modbusDtu, its options', () => {
  test('known packets register out of the box: IMEI, IMEI and tail, ICCID, LOGIN', async (t) => {
    const packets: readonly [string, string][] = [
      ['355837089512343\0\x01\x02\x03', '355837089512343'],
      ['89860318940212345678', '89860318940212345678'],
      ['LOGIN:1001\x01', '1001'],
      ['355837089512343\x01', '355837089512343'],
    ]
    for (const [packet, deviceId] of packets) {
      const gate = await served(t, (to) => modbusDtu(to, { plan: once }))
      const dtu = await gate.device()
      await dtu.write(packet)
      await dtu.read(8)
      await dtu.write(encodeResponse({ unit: 1, function: 3, registers: [1] }))
      await gate.hub.until(() => gate.hub.accepted.length === 1)
      assert.equal(gate.hub.accepted[0]?.deviceId, deviceId)
    }
  })

  test('a device that waits in silence is known by its address, and asked without having said a byte', async (t) => {
    const gate = await served(t, (to) => modbusDtu(to, { identity: ({ peer }) => `at-${peer.address}`, plan: once }))
    const dtu = await gate.device()
    await dtu.read(8)
    await dtu.write(encodeResponse({ unit: 1, function: 3, registers: [1] }))
    await gate.hub.until(() => gate.hub.accepted.length === 1)
    assert.equal(gate.hub.accepted[0]?.deviceId, 'at-127.0.0.1')
  })

  test('each device may have a plan of its own', async (t) => {
    const plan = (deviceId: string): PollEntry[] => [{ name: 'own', unit: Number(deviceId), function: 3, address: 0 }]
    const gate = await served(t, (to) => modbusDtu(to, { plan }))
    for (const unit of [17, 42]) {
      const dtu = await gate.device()
      await dtu.write(`LOGIN:${unit}\0`)
      assert.equal((await dtu.read(8))[0], unit)
    }
  })

  test('properties are added, and heartbeats, exceptions and CRCs shown where that is wanted', async (t) => {
    const options = { plan: once, enrichments: { site: 'turin' }, heartbeats: true, exceptions: true, envelope: true }
    const gate = await served(t, (to) => modbusDtu(to, options))
    const dtu = await gate.device()
    await dtu.write(`${imei}\0\x01\x02\x03`)
    await dtu.read(8)
    await dtu.write('www.usr.cn', encodeException(1, 3, 2))
    await gate.hub.until(() => gate.hub.accepted.length === 2)
    assert.deepEqual(gate.bodies(), [
      { kind: 'heartbeat', text: 'www.usr.cn' },
      {
        kind: 'exception',
        poll: 'r0',
        unit: 1,
        function: 3,
        exception_code: 2,
        exception: 'illegal data address',
        crc: 'c0f1',
      },
    ])
    assert.deepEqual(
      gate.hub.accepted.map(({ message }) => message.properties),
      ['heartbeat', 'exception'].map((type) => ({ protocol: 'modbus', type, site: 'turin' })),
    )
  })

  test('the connection ends in order: what was polled is at the hub when the FIN comes back', async (t) => {
    const gate = await served(t, (to) => modbusDtu(to, { plan: registers(3), batch: { lingerMs: 60_000 } }))
    const dtu = await gate.device()
    await dtu.write(`${imei}\0\x01\x02\x03`)
    for (let count = 0; count < 2; count++) {
      await dtu.read(8)
      await dtu.write(encodeResponse({ unit: 1, function: 3, registers: [count] }))
    }
    await dtu.read(8)
    dtu.end()
    assert.deepEqual(await dtu.rest(), Buffer.alloc(0))
    assert.equal(gate.hub.accepted.length, 2)
    assert.equal(gate.hub.sessions.size, 0)
  })

  test('twenty devices with a thousand entries each are asked for every one of them, once', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const hub = memoryHub()
    const plan = registers(1000)
    const dtus = Array.from(
      { length: 20 },
      () => new ReplyingDtu(t, hub, { plan, batch: { maxCount: 100, lingerMs: 0 } }),
    )
    await Promise.all(dtus.map((dtu) => dtu.reply()))
    for (const { asked } of dtus) assert.equal(new Set(asked).size, 1000)
    assert.equal(
      dtus.reduce((sum, { asked }) => sum + asked.length, 0),
      20_000,
    )
  })
})
