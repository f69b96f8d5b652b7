import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { alarm, answer, flipped, heartbeat, location, login, wire } from './gt06-frames.ts'
import { assertAnswers, gate } from './gt06-gate.ts'
import type { BinaryDevice, Served } from './served.ts'

const kinds = ({ bodies }: Served) => bodies().map(({ kind, serial }) => `${kind} ${serial}`)

/** A device that is known. */
async function known(gate: Served): Promise<BinaryDevice> {
  const device = await gate.device()
  await device.write(login())
  await assertAnswers(device, answer(0x01, 1))
  return device
}

/** Everything that the device said has been worked off: the answer to a heartbeat behind it has come, and nothing before that. */
async function assertNothingBefore(device: BinaryDevice, serial: number): Promise<void> {
  await device.write(heartbeat(serial))
  await assertAnswers(device, answer(0x13, serial))
}

describe('a stream of GT06 frames through a socket', () => {
  test('in writes of one byte: all come out, answers in order', async (t) => {
    const given = await gate(t)
    const device = await given.device()
    await device.singly(Buffer.concat([login(1), alarm(2), alarm(3)]))
    await assertAnswers(device, answer(0x01, 1), answer(0x16, 2), answer(0x16, 3))
    assert.deepEqual(kinds(given), ['alarm 2', 'alarm 3'])
  })

  test('cut within the header, within the CRC and between the stop bytes: the same as whole', async (t) => {
    const given = await gate(t)
    const device = await known(given)
    const whole = alarm(7)
    const places = [1, 2, 3, 4, 5, 6, 7, whole.length - 3, whole.length - 1]
    for (const [index, at] of places.entries()) {
      const frame = alarm(10 + index)
      await device.write(frame.subarray(0, at))
      await device.write(frame.subarray(at))
      await assertAnswers(device, answer(0x16, 10 + index))
    }
    assert.deepEqual(
      kinds(given),
      places.map((_, index) => `alarm ${10 + index}`),
    )
    assert.deepEqual(await given.errors(), {})
  })

  test('a login and two readings in one write: the login is answered first, then those that are to be', async (t) => {
    const given = await gate(t)
    const device = await given.device()
    await device.write(Buffer.concat([login(1), location(2), alarm(3)]))
    await assertAnswers(device, answer(0x01, 1), answer(0x16, 3))
    assert.deepEqual(kinds(given), ['location 2', 'alarm 3'])
  })

  test('three logins in one write get three answers', async (t) => {
    const given = await gate(t)
    const device = await given.device()
    await device.write(Buffer.concat([login(18), login(19), login(20)]))
    await assertAnswers(device, answer(0x01, 18), answer(0x01, 19), answer(0x01, 20))
    await assertNothingBefore(device, 21)
    assert.equal(given.hub.sessions.size, 1)
  })

  test('garbage before a frame is skipped and counted, the frame comes out', async (t) => {
    const given = await gate(t)
    const device = await given.device()
    await device.write(Buffer.from('242424', 'hex'), login(1), Buffer.from('242424', 'hex'), alarm(2))
    await assertAnswers(device, answer(0x01, 1), answer(0x16, 2))
    assert.deepEqual(await given.errors(), { FRAME_NOISE: 2 })
  })

  test('a length over the limit is not waited for: the next start mark begins a frame', async (t) => {
    const given = await gate(t)
    const device = await known(given)
    await device.write(Buffer.from('7979ffff', 'hex'), alarm(2))
    await assertAnswers(device, answer(0x16, 2))
    assert.deepEqual(await given.errors(), { FRAME_NOISE: 1 })
  })

  test('a frame cut short, then another: the other comes out', async (t) => {
    const given = await gate(t)
    const device = await known(given)
    await device.write(alarm(2).subarray(0, 20), alarm(3))
    await assertAnswers(device, answer(0x16, 3))
    // Shorter than what is missing of the first.
    await device.write(alarm(4).subarray(0, 4), heartbeat(5))
    await assertAnswers(device, answer(0x13, 5))
    assert.deepEqual(kinds(given), ['alarm 3', 'heartbeat 5'])
    assert.deepEqual(await given.errors(), { FRAME_NOISE: 2 })
  })

  test('a frame cut short, then silence: closed at the idle deadline, not answered', async (t) => {
    const given = await gate(t, {}, { idleTimeoutMs: 50 })
    const device = await known(given)
    await device.write(alarm(2).subarray(0, 20))
    assert.equal((await device.rest()).length, 0)
    assert.deepEqual(kinds(given), [])
  })

  test('a frame cut short, then FIN: not answered, counted as one that is not whole', async (t) => {
    const given = await gate(t)
    const device = await known(given)
    await device.write(alarm(2).subarray(0, 20))
    device.end()
    assert.equal((await device.rest()).length, 0)
    assert.deepEqual(await given.errors(), { FRAME_UNTERMINATED: 1 })
    assert.equal(given.deadLetters.length, 1)
  })

  test('a flipped bit costs its frame, which is answered by nothing; the next comes out', async (t) => {
    const given = await gate(t)
    const device = await known(given)
    await device.write(flipped(alarm(2)), flipped(login(3)), flipped(heartbeat(4)), alarm(5))
    await assertAnswers(device, answer(0x16, 5))
    assert.deepEqual(await given.errors(), { CHECKSUM_MISMATCH: 3 })
    assert.deepEqual(
      given.deadLetters.map(({ error }) => error.code),
      Array(3).fill('CHECKSUM_MISMATCH'),
    )
  })

  test('a right CRC around a login too short for an IMEI: damaged, and answered', async (t) => {
    const given = await gate(t)
    const device = await given.device()
    await device.write(wire(0x01, 9, '035693'), login(10))
    await assertAnswers(device, answer(0x01, 9), answer(0x01, 10))
    assert.deepEqual(await given.errors(), { BAD_CONTENT: 1 })
  })

  test('a right CRC around a heartbeat too short for its state: answered; around a reading: kept as it is', async (t) => {
    const given = await gate(t)
    const device = await known(given)
    await device.write(wire(0x13, 2, '46'), wire(0x12, 3, '1a0b19141e00'), wire(0x16, 4, '1a0b19141e00'))
    await assertAnswers(device, answer(0x13, 2), answer(0x16, 4))
    assert.deepEqual(kinds(given), ['heartbeat 2', 'other 3', 'other 4'])
  })

  test('a frame sent twice is answered twice, under one message id', async (t) => {
    const given = await gate(t)
    const device = await known(given)
    await device.write(alarm(2), alarm(2), alarm(3))
    await assertAnswers(device, answer(0x16, 2), answer(0x16, 2), answer(0x16, 3))
    const ids = given.hub.accepted.map(({ message }) => message.messageId)
    assert.equal(ids[0], ids[1])
    assert.notEqual(ids[1], ids[2])
  })

  test('before a login nothing but the time is answered and nothing closes, until the hello deadline', async (t) => {
    const given = await gate(t, { clock: () => new Date('2026-11-25T20:30:40Z') }, { helloTimeoutMs: 100 })
    const device = await given.device()
    await device.write(location(1), alarm(2), heartbeat(3), wire(0x8a, 4))
    assert.equal((await device.rest()).toString('hex'), wire(0x8a, 4, '1a0b19141e28').toString('hex'))
    const { NOT_IDENTIFIED: dropped } = await given.errors()
    assert.equal(dropped, 4)
    assert.deepEqual([given.deadLetters.length, given.hub.accepted.length], [0, 0])
  })

  test('a login that comes after data is taken all the same', async (t) => {
    const given = await gate(t)
    const device = await given.device()
    await device.write(alarm(1), login(2), alarm(3))
    await assertAnswers(device, answer(0x01, 2), answer(0x16, 3))
    assert.deepEqual(kinds(given), ['alarm 3'])
  })

  test('an unknown device: logins and heartbeats are answered, data is dropped, counted and not answered', async (t) => {
    const given = await gate(t, {}, { memory: { keys: {} } })
    const device = await given.device()
    await device.write(login(1))
    await assertAnswers(device, answer(0x01, 1))
    await device.write(alarm(2), location(3), heartbeat(4), login(5))
    await assertAnswers(device, answer(0x13, 4), answer(0x01, 5))
    await assertNothingBefore(device, 6)
    assert.equal(device.ended, false)
    assert.equal(given.hub.accepted.length, 0)
    const { DEVICE_NOT_FOUND: logins, NOT_IDENTIFIED: data } = await given.errors()
    assert.deepEqual([logins, data], [2, 4])
  })

  test('a hub that holds: only the answers to alarms wait for it', async (t) => {
    const given = await gate(t, {}, { memory: { hold: true } })
    const device = await known(given)
    await device.write(location(2), alarm(3), heartbeat(4), login(5))
    await assertAnswers(device, answer(0x13, 4), answer(0x01, 5))
    given.hub.release()
    await assertAnswers(device, answer(0x16, 3))
    await given.hub.until(() => given.hub.accepted.length === 3)
    assert.deepEqual(kinds(given), ['location 2', 'alarm 3', 'heartbeat 4'])
  })

  test('a device that does not read is not read either, and loses no answer', async (t) => {
    const given = await gate(t, { heartbeats: false })
    const device = await known(given)
    device.socket.pause()
    // Answers that fill what the kernel keeps for a reader that does not read.
    const requests = 300_000
    const request = wire(0x8a, 2)
    const sent = device.write(Buffer.alloc(requests * request.length, request))
    const metric = async (name: string) => {
      const { text } = await given.gateway.metrics.expose()
      return Number(new RegExp(`^headgate_${name}.* (\\S+)$`, 'm').exec(text)?.[1] ?? 0)
    }
    while ((await metric('stage_blocked_seconds_total\\{.*stage="socket",direction="down"')) === 0) await turn()
    const read = await metric('bytes_total\\{.*direction="up"')
    assert.ok(read < requests * request.length, `${read} bytes were read`)
    device.socket.resume()
    await device.read(requests * wire(0x8a, 2, '00'.repeat(6)).length)
    await sent
    await assertNothingBefore(device, 3)
  })
})
