import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { modbus } from '../../../src/stages/modbus/modbus.ts'
import type { ModbusOptions } from '../../../src/stages/modbus/modbus-options.ts'
import { packet, packetDigits } from '../../../src/stages/modbus/packet.ts'
import type { PollEntry } from '../../../src/stages/modbus/poll-plan.ts'
import { encodeException, encodeResponse } from '../../../src/stages/modbus/rtu-response.ts'
import { asked, OpenedLine } from './opened-line.ts'

const registration = [{ packet: packet('LOGIN:', packetDigits('number', 4)) }]
const heartbeat = [packet('ping')]
const supply: PollEntry = { name: 'supply_voltage_v', unit: 1, function: 4, address: 14, scale: 0.01, intervalMs: 5000 }
const pump: PollEntry = { name: 'pump', unit: 2, function: 1, address: 0, intervalMs: 5000 }

const supplyAsked = asked({ unit: 1, function: 4, address: 14, quantity: 1 })
const supplyIs = (value: number) => encodeResponse({ unit: 1, function: 4, registers: [value] })
const pumpAsked = asked({ unit: 2, function: 1, address: 0, quantity: 1 })
const pumpIs = encodeResponse({ unit: 2, function: 1, bits: [1] })

/** A line whose device is known. Timers stand still. */
async function welcomed(t: TestContext, options: ModbusOptions = {}): Promise<OpenedLine> {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const line = new OpenedLine({ registration, heartbeat, plan: [supply], ...options })
  await line.device('LOGIN:1001')
  await line.welcome()
  return line
}

async function passed(t: TestContext, line: OpenedLine, timeMs: number): Promise<void> {
  t.mock.timers.tick(timeMs)
  await line.settled()
}

describe('modbus: who a device is', () => {
  test('a registration makes a hello, and nothing is asked before that is answered', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const line = new OpenedLine({ registration, plan: [supply] })
    await line.device('LOGIN:1001')
    const [hello] = line.items
    assert.ok(hello?.kind === 'hello')
    assert.deepEqual([hello.deviceId, hello.credentials], ['1001', undefined])
    assert.deepEqual(hello.value, { kind: 'registration', number: '1001', text: 'LOGIN:1001' })
    await passed(t, line, 60_000)
    assert.deepEqual(line.requests, [])
    await line.welcome()
    assert.deepEqual(line.requests, [supplyAsked])
  })

  test('the id may be made of the fields', async () => {
    const named = [
      { packet: packet('LOGIN:', packetDigits('number', 4)), deviceId: ({ number = '' }) => `dtu-${number}` },
    ]
    const line = new OpenedLine({ registration: named })
    await line.device('LOGIN:1001')
    assert.equal(line.items[0]?.kind === 'hello' && line.items[0].deviceId, 'dtu-1001')
  })

  test('a registration that makes no device id is a bad hello', async () => {
    const line = new OpenedLine({ registration: [{ packet: packet('X'), deviceId: () => 'no id' }] })
    await line.device('X')
    assert.deepEqual([line.items, line.codes], [[], ['BAD_HELLO']])
  })

  test('what comes before the registration is noise', async () => {
    const line = new OpenedLine({ registration, unsolicited: 'telemetry', heartbeats: true, heartbeat })
    await line.device('ping', supplyIs(1), 'LOGIN:1001')
    assert.deepEqual(
      line.items.map(({ kind }) => kind),
      ['hello'],
    )
    assert.deepEqual(line.codes, ['FRAME_NOISE'])
  })

  test('the same registration once more is a heartbeat, another one another hello', async (t) => {
    const line = await welcomed(t, { heartbeats: true })
    await line.device('LOGIN:1001', 'LOGIN:1001', 'LOGIN:1002')
    const said = line.items.map((item) => (item.kind === 'hello' ? item.deviceId : item.kind))
    assert.deepEqual(said, ['1001', 'telemetry', 'telemetry', '1002'])
    assert.equal(line.bodies[0]?.kind, 'registration')
  })

  test('a registration in front of every reply is taken off', async (t) => {
    const line = await welcomed(t)
    await line.device(Buffer.concat([Buffer.from('LOGIN:1001'), supplyIs(1206)]))
    assert.deepEqual(line.bodies[0]?.points, { supply_voltage_v: 12.06 })
    assert.deepEqual(line.codes, [])
  })

  test('a registration of any length is whole when silence follows', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const open = [{ packet: packet('LOGIN:', packetDigits('number', 1, 12)) }]
    const line = new OpenedLine({ registration: open, quietMs: 1000 })
    await line.device('LOGIN:1', '001')
    assert.equal(line.items.length, 0)
    await passed(t, line, 1000)
    assert.equal(line.items[0]?.kind === 'hello' && line.items[0].deviceId, '1001')
  })

  test('a device that says nothing of itself is known by its address, and the gateway speaks first', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const options: ModbusOptions = { identity: ({ peer }) => `meter-${peer.address}`, registration, plan: [supply] }
    assert.equal(modbus(options).speaksFirst, true)
    assert.equal(modbus({ registration }).speaksFirst, false)
    const line = new OpenedLine(options)
    await line.settled()
    const [hello] = line.items
    assert.equal(hello?.kind === 'hello' && hello.deviceId, 'meter-192.0.2.1')
    await line.welcome()
    assert.deepEqual(line.requests, [supplyAsked])
    await line.device('LOGIN:1001')
    assert.equal(line.items.length, 1)
  })

  test('a device whose address says nothing must register', async () => {
    const line = new OpenedLine({ identity: () => undefined, registration })
    await line.device('LOGIN:1001')
    assert.equal(line.items[0]?.kind === 'hello' && line.items[0].deviceId, '1001')
  })

  test('an identity that is no device id, or throws, ends the connection and nothing else', async () => {
    for (const identity of [() => 'no id', () => assert.fail('zebra')]) {
      const line = new OpenedLine({ identity })
      const failed = new Promise<Error>((resolve) => line.up.once('error', resolve))
      assert.equal((await failed).name, 'GatewayError')
    }
  })

  test('one that is known before it spoke may be asked at once', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const line = new OpenedLine({ registration, plan: (deviceId) => (deviceId === 'known' ? [supply] : []) })
    await line.connection.identify({ deviceId: 'known', credentials: { type: 'policy' } })
    await line.device('LOGIN:1001')
    assert.equal(line.items[0]?.kind === 'hello' && line.items[0].deviceId, 'known')
    assert.deepEqual(line.requests, [supplyAsked])
  })

  test('options that cannot work are refused', () => {
    const wrong: readonly [ModbusOptions, RegExp][] = [
      [{}, /registration and identity/],
      [{ registration: [{ packet: packet('X') }] }, /takes a deviceId/],
      [{ registration, replyTimeoutMs: 1 }, /replyTimeoutMs .* 10 to 60000, not 1/],
      [{ registration, retries: -1 }, /retries .* 0 to 10/],
      [{ registration, turnaroundMs: 1.5 }, /turnaroundMs/],
      [{ registration, quietMs: 0 }, /quietMs/],
      [{ registration, unsolicited: 'other' as 'noise' }, /noise or telemetry, not other/],
      [{ registration, plan: [{ ...supply, unit: 0 }] }, /unit .* 1 to 255/],
    ]
    for (const [options, message] of wrong) assert.throws(() => modbus(options), { code: 'CONFIGURATION', message })
  })

  test('a plan of a device that cannot work ends its connection', async (t) => {
    const line = await welcomed(t, { plan: () => [{ ...supply, unit: 0 }] })
    assert.deepEqual(line.codes, ['CONFIGURATION'])
    assert.deepEqual(line.requests, [])
  })
})

describe('modbus: polls', () => {
  test('one request is asked at a time, and its reply becomes named values', async (t) => {
    const line = await welcomed(t, { plan: [supply, pump] })
    assert.deepEqual(line.requests, [supplyAsked])
    await line.device(supplyIs(1206))
    assert.deepEqual(line.requests, [supplyAsked, pumpAsked])
    await line.device(pumpIs)
    assert.deepEqual(line.bodies, [
      {
        kind: 'response',
        poll: 'supply_voltage_v',
        unit: 1,
        function: 4,
        registers: [1206],
        address: 14,
        points: { supply_voltage_v: 12.06 },
      },
      { kind: 'response', poll: 'pump', unit: 2, function: 1, bits: [1], address: 0, points: { pump: 1 } },
    ])
    const [, message] = line.items
    assert.ok(message?.kind === 'telemetry')
    assert.deepEqual(message.properties, { protocol: 'modbus', type: 'response' })
    assert.equal(message.contentType, 'application/json')
    assert.equal(message.messageId, undefined)
    assert.ok(Math.abs(Date.parse(message.creationTimeUtc ?? '') - Date.now()) < 60_000)
  })

  test('an entry may have several values, and a value several numbers', async (t) => {
    const points = [
      { name: 'voltage_v', type: 'f32' as const },
      { name: 'phases', count: 2 },
    ]
    const line = await welcomed(t, { plan: [{ ...supply, name: 'meter', scale: undefined, points }] })
    await line.device(encodeResponse({ unit: 1, function: 4, registers: [0x41ac, 0, 7, 8] }))
    assert.deepEqual(line.bodies[0]?.points, { voltage_v: 21.5, phases: [7, 8] })
  })

  test('each entry is asked again when its interval has passed since it was asked', async (t) => {
    const line = await welcomed(t, { plan: [supply, { ...pump, intervalMs: 2000 }] })
    await line.device(supplyIs(1), pumpIs)
    await passed(t, line, 1999)
    assert.equal(line.requests.length, 2)
    await passed(t, line, 1)
    assert.deepEqual(line.requests.slice(2), [pumpAsked])
    await line.device(pumpIs)
    await passed(t, line, 3000)
    // Both are due now; the one that has been due for longer comes first.
    await line.device(pumpIs)
    assert.deepEqual(line.requests.slice(3).sort(), [pumpAsked, supplyAsked].sort())
  })

  test('a unit that does not reply is asked once more, then counted, then asked when its interval has passed', async (t) => {
    const line = await welcomed(t, { plan: [{ ...supply, intervalMs: 10_000 }, pump], replyTimeoutMs: 3000 })
    await passed(t, line, 3000)
    assert.deepEqual([line.requests, line.codes], [[supplyAsked, supplyAsked], []])
    await passed(t, line, 3000)
    assert.deepEqual(line.codes, ['COMMAND_TIMEOUT'])
    assert.match(
      line.refused[0]?.error.message ?? '',
      /poll 'supply_voltage_v', asked 2 times: no reply of unit 1 within 3000/,
    )
    assert.equal(line.refused[0]?.error.stage, 'modbus.down')
    assert.deepEqual(line.requests, [supplyAsked, supplyAsked, pumpAsked])
    await line.device(pumpIs)
    await passed(t, line, 4000)
    assert.deepEqual(line.requests.slice(3), [supplyAsked])
  })

  test('how often one is asked again is an option', async (t) => {
    const line = await welcomed(t, { retries: 0, replyTimeoutMs: 100 })
    await passed(t, line, 100)
    assert.deepEqual([line.requests, line.codes], [[supplyAsked], ['COMMAND_TIMEOUT']])
  })

  test('a late reply is noise', async (t) => {
    const line = await welcomed(t, { retries: 0, plan: [supply, pump] })
    await passed(t, line, 3000)
    await line.device(supplyIs(1), pumpIs)
    assert.deepEqual(
      line.bodies.map(({ poll }) => poll),
      ['pump'],
    )
    assert.deepEqual(line.codes, ['COMMAND_TIMEOUT', 'FRAME_NOISE'])
  })

  test('a late reply cannot be taken for that to another request of the same unit and function', async (t) => {
    const other: PollEntry = { ...supply, name: 'other', address: 99 }
    const line = await welcomed(t, { retries: 0, plan: [supply, other, pump] })
    await passed(t, line, 3000)
    // The other one waits, the third does not.
    assert.deepEqual(line.requests, [supplyAsked, pumpAsked])
    await line.device(pumpIs, supplyIs(1))
    assert.equal(line.requests.length, 2)
    await passed(t, line, 3000)
    assert.deepEqual(line.requests.slice(2, 3), [asked({ unit: 1, function: 4, address: 99, quantity: 1 })])
    assert.deepEqual(
      line.bodies.map(({ poll }) => poll),
      ['pump'],
    )
  })

  test('what lies behind a reply in the same read does not answer the next request', async (t) => {
    const other: PollEntry = { ...supply, name: 'other', address: 99 }
    const line = await welcomed(t, { plan: [supply, other] })
    await line.device(Buffer.concat([supplyIs(1), supplyIs(2)]))
    assert.deepEqual(
      line.bodies.map(({ poll }) => poll),
      ['supply_voltage_v'],
    )
    assert.equal(line.requests.length, 2)
  })

  test('an exception is counted without a dead letter, and the next one is asked', async (t) => {
    const line = await welcomed(t, { plan: [supply, pump] })
    await line.device(encodeException(1, 4, 2))
    assert.deepEqual([line.bodies, line.codes, line.refused[0]?.items], [[], ['BAD_CONTENT'], []])
    assert.match(
      line.refused[0]?.error.message ?? '',
      /unit 1 answers function 4 with exception 2, illegal data address/,
    )
    assert.deepEqual(line.requests, [supplyAsked, pumpAsked])
  })

  test('exceptions go up as messages where that is wanted', async (t) => {
    const line = await welcomed(t, { exceptions: true, envelope: true })
    await line.device(encodeException(1, 4, 2))
    const { crc, ...body } = line.bodies[0] ?? {}
    assert.equal(typeof crc, 'string')
    assert.deepEqual(body, {
      kind: 'exception',
      poll: 'supply_voltage_v',
      unit: 1,
      function: 4,
      exception_code: 2,
      exception: 'illegal data address',
    })
  })

  test('heartbeats between replies are passed over, or told where that is wanted', async (t) => {
    const line = await welcomed(t, { heartbeats: true })
    await line.device(Buffer.concat([Buffer.from('ping'), supplyIs(1)]), 'ping')
    assert.deepEqual(
      line.bodies.map(({ kind }) => kind),
      ['heartbeat', 'response', 'heartbeat'],
    )
    assert.deepEqual(line.codes, [])
  })

  test('frames that nobody asked for go up where that is wanted', async (t) => {
    const line = await welcomed(t, { unsolicited: 'telemetry', plan: [] })
    await line.device(Buffer.from(supplyAsked, 'hex'), supplyIs(7))
    assert.deepEqual(
      line.bodies.map(({ kind, registers }) => [kind, registers]),
      [
        ['request', undefined],
        ['response', [7]],
      ],
    )
  })

  test('a frame that has begun and does not go on is looked through when silence follows', async (t) => {
    const line = await welcomed(t, { unsolicited: 'telemetry', plan: [], quietMs: 500 })
    await line.device(Buffer.concat([Buffer.of(1, 3, 0xfa), supplyIs(7)]))
    assert.deepEqual(line.bodies, [])
    await passed(t, line, 500)
    assert.deepEqual([line.bodies.length, line.codes], [1, ['FRAME_NOISE']])
  })

  test('a reply behind what looked like one is found when the time is up', async (t) => {
    const line = await welcomed(t)
    // The head of an exception, cut, then the reply: the false one wants the first byte of the true one.
    await line.device(Buffer.concat([Buffer.of(1, 4), supplyIs(7).subarray(0, 1)]), supplyIs(7).subarray(1))
    assert.deepEqual(line.bodies.length, 1)
  })
})

describe('modbus: commands', () => {
  test('go before polls, and the echo settles them', async (t) => {
    const line = await welcomed(t, { plan: [supply, pump] })
    const id = await line.command({ write: 'pump', value: true }, { via: 'method' })
    assert.deepEqual(line.requests, [supplyAsked])
    await line.device(supplyIs(1))
    assert.deepEqual(line.requests.slice(1), [asked({ unit: 2, function: 5, address: 0, value: 0xff00 })])
    await line.device(encodeResponse({ unit: 2, function: 5, address: 0, value: 0xff00 }))
    const body = { kind: 'response', unit: 2, function: 5, address: 0, value: 0xff00, on: true }
    assert.deepEqual(line.settlements, [[id, 'complete', undefined, { status: 200, body }]])
    assert.deepEqual(line.requests.slice(2), [pumpAsked])
  })

  test('that read give their values in the answer, and as a message where the cloud gets none', async (t) => {
    const line = await welcomed(t, { plan: [{ ...supply, intervalMs: 86_400_000 }] })
    await line.device(supplyIs(1))
    await line.command({ read: 'supply_voltage_v' }, { via: 'method' })
    await line.device(supplyIs(1206))
    const [[, , , response]] = line.settlements as [[string, string, undefined, { body: { points: unknown } }]]
    assert.deepEqual(response.body.points, { supply_voltage_v: 12.06 })
    assert.equal(line.bodies.length, 1)
    await line.command({ read: { unit: 9, function: 3, address: 0 } })
    await line.device(encodeResponse({ unit: 9, function: 3, registers: [5] }))
    assert.deepEqual(line.bodies[1], { kind: 'response', unit: 9, function: 3, registers: [5] })
  })

  test('that a unit refuses are rejected with what it says', async (t) => {
    const line = await welcomed(t, { plan: [] })
    const id = await line.command({ unit: 1, function: 6, address: 9, value: 1 }, { via: 'method' })
    await line.device(encodeException(1, 6, 2))
    const body = { kind: 'exception', unit: 1, function: 6, exception_code: 2, exception: 'illegal data address' }
    assert.deepEqual(line.settlements, [[id, 'reject', 'BAD_CONTENT', { status: 502, body }]])
  })

  test('that a unit has no time for may succeed later', async (t) => {
    const line = await welcomed(t, { plan: [] })
    await line.command({ unit: 1, function: 6, address: 9, value: 1 })
    await line.device(encodeException(1, 6, 6))
    assert.equal((line.settlements as unknown[][])[0]?.[1], 'abandon')
  })

  test('without a reply are abandoned, and not asked again here', async (t) => {
    const line = await welcomed(t, { plan: [] })
    const id = await line.command({ unit: 1, function: 6, address: 9, value: 1 })
    await passed(t, line, 3000)
    assert.deepEqual(line.settlements, [[id, 'abandon', 'COMMAND_TIMEOUT', undefined]])
    assert.equal(line.requests.length, 1)
  })

  test('to all units are complete when they are sent, and the line rests for a while', async (t) => {
    const line = await welcomed(t, { plan: [], turnaroundMs: 100 })
    const id = await line.command({ unit: 0, function: 6, address: 9, value: 1 })
    assert.deepEqual(line.settlements, [[id, 'complete', undefined, { status: 200, body: null }]])
    await line.command({ unit: 1, function: 6, address: 9, value: 1 })
    assert.equal(line.requests.length, 1)
    await passed(t, line, 100)
    assert.equal(line.requests.length, 2)
  })

  test('that mean nothing are refused, counted and dead-lettered', async (t) => {
    const line = await welcomed(t, { plan: [] })
    const id = await line.command({ write: 'nothing' })
    assert.deepEqual(line.settlements, [[id, 'reject', 'BAD_CONTENT', undefined]])
    assert.deepEqual(line.codes, ['BAD_CONTENT'])
    assert.equal(line.refused[0]?.items.length, 1)
  })

  test('that come again while they wait are obeyed once', async (t) => {
    const line = await welcomed(t)
    const write = { unit: 1, function: 6, address: 9, value: 1 }
    await line.command(write, { id: 'twice' })
    await line.command(write, { id: 'twice', deliveryCount: 1 })
    await line.device(supplyIs(1))
    await line.device(encodeResponse({ unit: 1, function: 6, address: 9, value: 1 }))
    assert.equal(line.requests.length, 2)
    assert.equal(line.settlements.length, 1)
  })

  test('that come again while their reply is awaited are not asked again, and the reply settles them', async (t) => {
    const line = await welcomed(t, { plan: [] })
    const write = { unit: 1, function: 6, address: 9, value: 1 } as const
    await line.command(write, { id: 'twice' })
    await line.command(write, { id: 'twice', deliveryCount: 1 })
    await line.device(encodeResponse(write))
    await passed(t, line, 10_000)
    assert.deepEqual(line.requests, [asked(write)])
    assert.deepEqual(line.settlements.length, 1)
  })

  test('whose time is over before their turn comes are given back to the hub, and not asked', async (t) => {
    const line = await welcomed(t)
    const write = { unit: 1, function: 6, address: 9, value: 1 } as const
    const late = await line.command(write, { writeBefore: Date.now() + 500 })
    const good = await line.command({ ...write, address: 10 }, { writeBefore: Date.now() + 501 })
    await passed(t, line, 500)
    await line.device(supplyIs(1), encodeResponse({ ...write, address: 10 }))
    assert.deepEqual(line.requests, [supplyAsked, asked({ ...write, address: 10 })])
    assert.deepEqual(
      line.settlements.map((each) => (each as unknown[]).slice(0, 3)),
      [
        [late, 'abandon', 'COMMAND_EXPIRED'],
        [good, 'complete', undefined],
      ],
    )
    assert.deepEqual(line.codes, ['COMMAND_EXPIRED'])
  })

  test('that must wait for a late reply are passed by those to other units and functions', async (t) => {
    const line = await welcomed(t, { plan: [] })
    const write = { unit: 1, function: 6, address: 9, value: 1 } as const
    await line.command(write)
    await passed(t, line, 3000)
    await line.command({ ...write, address: 10 })
    await line.command({ ...write, unit: 2 })
    assert.deepEqual(line.requests, [asked(write), asked({ ...write, unit: 2 })])
    await line.device(encodeResponse({ ...write, unit: 2 }))
    await passed(t, line, 3000)
    assert.deepEqual(line.requests.slice(2), [asked({ ...write, address: 10 })])
  })
})

describe('modbus: its end, and what holds it', () => {
  test('after FIN nothing is asked, no timer is left, and what was asked is given up', async (t) => {
    const line = await welcomed(t, { plan: [supply, pump] })
    line.up.end()
    await line.settled()
    assert.ok(line.up.readableEnded)
    await passed(t, line, 60_000)
    assert.deepEqual([line.requests, line.codes], [[supplyAsked], []])
  })

  test('after FIN nothing is asked, also while what was said before waits to be taken', async (t) => {
    const line = await welcomed(t, { plan: [supply, pump] })
    line.up.pause()
    await line.device(supplyIs(1))
    line.up.end()
    await passed(t, line, 60_000)
    assert.deepEqual([line.requests, line.codes], [[supplyAsked, pumpAsked], []])
    line.up.resume()
    await line.settled()
    assert.equal(line.bodies.length, 1)
  })

  test('a reply that waits behind what cannot be taken yet is in time', async (t) => {
    const line = await welcomed(t, { unsolicited: 'telemetry' })
    line.up.pause()
    const other = encodeResponse({ unit: 9, function: 4, registers: [1] })
    line.up.write(Buffer.concat([...new Array(2000).fill(other), supplyIs(1206)]))
    await line.settled()
    await passed(t, line, 20_000)
    assert.deepEqual([line.requests, line.codes], [[supplyAsked], []])
    line.up.resume()
    while (line.bodies.length < 2001) await line.settled()
    assert.deepEqual(line.bodies[2000]?.points, { supply_voltage_v: 12.06 })
  })

  test('a line that is destroyed leaves no timer, whichever half it was', async () => {
    for (const half of ['up', 'down'] as const) {
      const before = timers()
      const line = new OpenedLine({ registration, plan: [supply, pump], quietMs: 60_000 })
      await line.device('LOGIN:1001')
      await line.welcome()
      await line.device(supplyIs(1))
      await line.device('LOGI')
      assert.ok(timers() > before)
      line[half].destroy()
      await line.settled()
      assert.equal(timers(), before)
    }
  })

  test('while the way up is full no poll is asked, a command is; with room polls go on', async (t) => {
    const many = Array.from({ length: 40 }, (_, index): PollEntry => ({ ...supply, name: `p${index}`, address: index }))
    const line = await welcomed(t, { plan: many })
    line.up.pause()
    for (let replies = 0; replies < 40; replies++) await line.device(supplyIs(replies))
    const held = line.requests.length
    assert.ok(held <= 20, `${held} requests`)
    await line.command({ unit: 5, function: 6, address: 0, value: 1 })
    assert.equal(line.requests.length, held + 1)
    await line.device(encodeResponse({ unit: 5, function: 6, address: 0, value: 1 }))
    line.up.resume()
    await line.settled()
    assert.equal(line.requests.length, held + 2)
  })

  test('while the way down is full nothing is asked', async (t) => {
    const line = await welcomed(t, { plan: [supply, pump] })
    line.down.pause()
    await line.device(supplyIs(1))
    await line.settled()
    // One request lies there and is not read: what follows it waits, also when its time is up.
    await passed(t, line, 20_000)
    const { length } = line.requests
    line.down.resume()
    await line.settled()
    assert.ok(line.requests.length - length <= 2, `${line.requests.length - length}`)
  })

  test('frames that nobody asked for are held where the way up is full', async (t) => {
    const line = await welcomed(t, { unsolicited: 'telemetry', plan: [] })
    line.up.pause()
    const flood = Buffer.concat(new Array(4000).fill(supplyIs(1)))
    line.up.write(flood)
    await line.settled()
    const { length } = line.bodies
    assert.equal(length, 0)
    assert.ok(line.up.readableLength < 700, `${line.up.readableLength} items`)
    line.up.resume()
    while (line.bodies.length < 4000) await line.settled()
    assert.equal(line.bodies.length, 4000)
    assert.deepEqual(line.codes, [])
  })

  test('a plan of a thousand entries costs each poll no more than one of ten', async (t) => {
    const plan = (count: number) =>
      Array.from({ length: count }, (_, at): PollEntry => ({ ...supply, name: `p${at}`, address: at, intervalMs: 100 }))
    t.mock.timers.enable({ apis: ['setTimeout'] })
    for (const count of [10, 1000]) {
      const line = new OpenedLine({ registration, plan: plan(count) })
      await line.device('LOGIN:1001')
      await line.welcome()
      for (let replies = 0; replies < count; replies++) line.up.write(supplyIs(replies))
      while (line.bodies.length < count) {
        await line.settled()
        line.up.write(supplyIs(0))
      }
      const names = new Set(line.bodies.map(({ poll }) => poll))
      // Each in its turn: none is asked twice before all were asked once.
      assert.equal(names.size, count)
      line.up.destroy()
    }
  })
})

function timers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
}
