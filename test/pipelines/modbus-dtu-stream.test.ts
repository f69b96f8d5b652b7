import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { type ModbusDtuOptions, modbusDtu } from '../../src/pipelines/modbus-dtu.ts'
import { packet, packetDigits } from '../../src/stages/modbus/packet.ts'
import type { PollEntry } from '../../src/stages/modbus/poll-plan.ts'
import { encodeRequest } from '../../src/stages/modbus/rtu-request.ts'
import { encodeException, encodeResponse } from '../../src/stages/modbus/rtu-response.ts'
import { type BinaryDevice, type Served, served } from './served.ts'

/** What the device says: its registration, and what it replies to the two polls of the plan. */
const L = Buffer.from('LOGIN:1001')
const A = encodeResponse({ unit: 1, function: 4, registers: [1206] })
const B = encodeResponse({ unit: 2, function: 3, registers: [7, 8, 9] })

const plan: readonly PollEntry[] = [
  { name: 'supply_voltage_v', unit: 1, function: 4, address: 14, scale: 0.01, intervalMs: 86_400_000 },
  { name: 'counts', unit: 2, function: 3, address: 0, count: 3, intervalMs: 86_400_000 },
]
const askA = encodeRequest({ unit: 1, function: 4, address: 14, quantity: 1 })
const askB = encodeRequest({ unit: 2, function: 3, address: 0, quantity: 3 })

interface Line extends Served {
  readonly dtu: BinaryDevice
  /** Resolves with the next request, which must be this. */
  asked(request: Buffer): Promise<void>
  /** Resolves when the hub has so many messages; their named values. */
  points(count: number): Promise<unknown[]>
}

async function line(t: TestContext, options: ModbusDtuOptions = {}): Promise<Line> {
  const registration = [{ packet: packet('LOGIN:', packetDigits('number', 4)) }]
  const gate = await served(t, (to) => modbusDtu(to, { registration, plan, batch: { lingerMs: 0 }, ...options }))
  const dtu = await gate.device()
  return {
    ...gate,
    dtu,
    async asked(request) {
      assert.equal((await dtu.read(request.length)).toString('hex'), request.toString('hex'))
    },
    async points(count) {
      await gate.hub.until(() => gate.hub.accepted.length >= count)
      return gate.bodies().map(({ points }) => points)
    },
  }
}

const valueOfA = { supply_voltage_v: 12.06 }
const valueOfB = { counts: [7, 8, 9] }

test('written byte by byte, registration and replies come out', async (t) => {
  const { dtu, asked, points, errors } = await line(t)
  await dtu.singly(L)
  await asked(askA)
  await dtu.singly(A)
  await asked(askB)
  await dtu.singly(B)
  assert.deepEqual(await points(2), [valueOfA, valueOfB])
  assert.deepEqual(await errors(), {})
})

test('a reply cut inside of its header or its CRC comes out as a whole one does', async (t) => {
  for (let cut = 1; cut < A.length; cut++) {
    const { dtu, asked, points, errors } = await line(t)
    await dtu.write(L)
    await asked(askA)
    await dtu.write(A.subarray(0, cut), A.subarray(cut))
    assert.deepEqual(await points(1), [valueOfA])
    assert.deepEqual(await errors(), {})
  }
})

test('what is glued to the registration was not asked for: it is noise, and the poll is asked all the same', async (t) => {
  const { dtu, asked, points, errors } = await line(t)
  await dtu.write(Buffer.concat([L, A, B]))
  await asked(askA)
  await dtu.write(A)
  await asked(askB)
  await dtu.write(B)
  assert.deepEqual(await points(2), [valueOfA, valueOfB])
  assert.deepEqual(await errors(), { FRAME_NOISE: 1 })
})

test('what is glued to the registration goes up behind it where unasked frames are wanted', async (t) => {
  const { dtu, hub, bodies, errors } = await line(t, { unsolicited: 'telemetry', plan: [] })
  await dtu.write(Buffer.concat([L, A, B]))
  await hub.until(() => hub.accepted.length === 2)
  assert.deepEqual(
    bodies().map(({ registers }) => registers),
    [[1206], [7, 8, 9]],
  )
  assert.deepEqual(await errors(), {})
})

test('of three equal registrations glued the first counts, the others are heartbeats', async (t) => {
  const { dtu, asked, points, errors, hub } = await line(t)
  await dtu.write(Buffer.concat([L, L, L]))
  await asked(askA)
  await dtu.write(A)
  assert.deepEqual(await points(1), [valueOfA])
  assert.deepEqual(await errors(), {})
  assert.equal(hub.sessions.size, 1)
})

test('a second registration in another name ends the connection', async (t) => {
  const { dtu, asked, errors } = await line(t)
  await dtu.write(L)
  await asked(askA)
  await dtu.write('LOGIN:1002')
  await dtu.rest()
  assert.deepEqual(await errors(), { IDENTITY_CHANGED: 1 })
})

test('garbage before a reply is dropped byte by byte and counted', async (t) => {
  const { dtu, asked, points, errors, gateway } = await line(t)
  await dtu.write(L)
  await asked(askA)
  await dtu.write(Buffer.concat([Buffer.from('242424', 'hex'), A]))
  assert.deepEqual(await points(1), [valueOfA])
  assert.deepEqual(await errors(), { FRAME_NOISE: 1 })
  assert.match((await gateway.metrics.expose()).text, /headgate_noise_bytes_total\{.*stage="modbus".*\} 3/)
})

test('a length that is too long for the reply is noise: nothing waits for its bytes', async (t) => {
  const { dtu, asked, points, errors } = await line(t)
  await dtu.write(L)
  await asked(askA)
  await dtu.write(Buffer.concat([Buffer.of(1, 4, 0xff), A]))
  assert.deepEqual(await points(1), [valueOfA])
  assert.deepEqual(await errors(), { FRAME_NOISE: 1 })
})

test('a reply cut short, then the next: its request is given up, the next poll brings the other', async (t) => {
  const { dtu, asked, points, errors } = await line(t, { replyTimeoutMs: 60, retries: 0 })
  await dtu.write(L)
  await asked(askA)
  await dtu.write(Buffer.concat([A.subarray(0, 4), B]))
  await asked(askB)
  await dtu.write(B)
  assert.deepEqual(await points(1), [valueOfB])
  const { COMMAND_TIMEOUT, FRAME_NOISE = 0, CHECKSUM_MISMATCH = 0 } = await errors()
  assert.deepEqual([COMMAND_TIMEOUT, FRAME_NOISE + CHECKSUM_MISMATCH], [1, 1])
})

test('a reply cut short, then silence: it is asked again, and the connection stays', async (t) => {
  const { dtu, asked, points, errors } = await line(t, { replyTimeoutMs: 60, retries: 1 })
  await dtu.write(L)
  await asked(askA)
  await dtu.write(A.subarray(0, 5))
  await asked(askA)
  await dtu.write(A)
  assert.deepEqual(await points(1), [valueOfA])
  assert.deepEqual(await errors(), { FRAME_NOISE: 1 })
})

test('a reply cut short, then FIN: one frame that lacks its end is counted', async (t) => {
  const { dtu, asked, errors, deadLetters } = await line(t)
  await dtu.write(L)
  await asked(askA)
  await dtu.write(A.subarray(0, 5))
  dtu.end()
  await dtu.rest()
  assert.deepEqual(await errors(), { FRAME_UNTERMINATED: 1 })
  assert.deepEqual(
    deadLetters.map(({ item }) => (item as Buffer).toString('hex')),
    [A.toString('hex', 0, 5)],
  )
})

test('one bit flipped in a reply: it is refused, and asked for again', async (t) => {
  const { dtu, asked, points, errors, deadLetters } = await line(t, { replyTimeoutMs: 60 })
  const flipped = Buffer.from(A)
  flipped[4] = (flipped[4] as number) ^ 0x10
  await dtu.write(L)
  await asked(askA)
  await dtu.write(flipped)
  await asked(askA)
  await dtu.write(A)
  await asked(askB)
  await dtu.write(B)
  assert.deepEqual(await points(2), [valueOfA, valueOfB])
  assert.deepEqual(await errors(), { CHECKSUM_MISMATCH: 1 })
  assert.deepEqual(
    deadLetters.map(({ item }) => item),
    [flipped],
  )
})

test('a right CRC around another length is noise; an exception is counted and the next poll is asked', async (t) => {
  const { dtu, asked, points, errors, deadLetters } = await line(t)
  await dtu.write(L)
  await asked(askA)
  await dtu.write(
    Buffer.concat([encodeResponse({ unit: 1, function: 4, registers: [1, 2] }), encodeException(1, 4, 2)]),
  )
  await asked(askB)
  await dtu.write(B)
  assert.deepEqual(await points(1), [valueOfB])
  assert.deepEqual(await errors(), { FRAME_NOISE: 1, BAD_CONTENT: 1 })
  assert.deepEqual(deadLetters, [])
})

test('the same reply twice counts once', async (t) => {
  const { dtu, asked, points, errors } = await line(t)
  await dtu.write(L)
  await asked(askA)
  await dtu.write(Buffer.concat([A, A]))
  await asked(askB)
  await dtu.write(B)
  assert.deepEqual(await points(2), [valueOfA, valueOfB])
  assert.deepEqual(await errors(), { FRAME_NOISE: 1 })
})

test('data before the registration is noise, and the connection stays', async (t) => {
  const { dtu, asked, points, errors } = await line(t)
  await dtu.write(A, B, L)
  await asked(askA)
  await dtu.write(A)
  assert.deepEqual(await points(1), [valueOfA])
  assert.deepEqual(await errors(), { FRAME_NOISE: 1 })
})

test('who never registers is closed by the deadline', async (t) => {
  const gate = await served(t, (to) => modbusDtu(to, { plan }), { helloTimeoutMs: 100 })
  const dtu = await gate.device()
  await dtu.write(A)
  await dtu.rest()
  assert.equal(gate.hub.accepted.length, 0)
})

test('an unknown device is closed, and nothing is asked of it', async (t) => {
  const authenticator = () => {
    throw new GatewayError('UNAUTHORIZED', 'the device is not on the list')
  }
  const { dtu, errors } = await line(t, { authenticator })
  await dtu.write(L)
  assert.deepEqual(await dtu.rest(), Buffer.alloc(0))
  assert.deepEqual(await errors(), { UNAUTHORIZED: 1 })
})

test('while the hub takes nothing, what was asked waits; when it does, all of it arrives once, and polls go on', async (t) => {
  const many = Array.from({ length: 200 }, (_, address): PollEntry => {
    return { name: `r${address}`, unit: 1, function: 3, address, intervalMs: 86_400_000 }
  })
  const { dtu, hub, bodies } = await line(t, { plan: many, batch: { maxCount: 1 } })
  hub.hold()
  await dtu.write(L)
  const reply = async () => {
    const request = await dtu.read(8)
    await dtu.write(encodeResponse({ unit: 1, function: 3, registers: [request.readUInt16BE(2)] }))
  }
  // Fewer than the ring holds: each is asked for although the hub has none.
  for (let count = 0; count < 20; count++) await reply()
  assert.equal(hub.accepted.length, 0)
  hub.release()
  for (let count = 20; count < 200; count++) await reply()
  await hub.until(() => hub.accepted.length === 200)
  assert.deepEqual(
    bodies().map(({ registers }) => registers[0]),
    many.map(({ address }) => address),
  )
})
