import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { GatewayError } from '../../src/core/errors.ts'
import { mllp } from '../../src/pipelines/mllp.ts'
import { block, message, patient, pulse } from '../stages/hl7/messages.ts'
import { nextAck, nextMsas } from './mllp-answers.ts'
import { served } from './served.ts'

/** The column of HL7 over MLLP in the table of stream tests: one test a cell, through a real socket. */

const a = block(message({ 10: 'A' }, patient, pulse))
const b = block(message({ 10: 'B' }, patient, pulse))

const start = (t: TestContext, options?: Parameters<typeof served>[2]) => served(t, mllp, options)
const idsOf = (bodies: readonly { control_id: string }[]) => bodies.map(({ control_id }) => control_id)

describe('MLLP through a socket', () => {
  test('1-byte writes: all messages come out, acknowledged in order', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    await device.singly(Buffer.concat([a, b]))
    assert.deepEqual(await nextMsas(device, 2), ['MSA|AA|A', 'MSA|AA|B'])
    assert.deepEqual(idsOf(gateway.bodies()), ['A', 'B'])
  })

  test('cuts inside of the header and between 1C and 0D change nothing', async (t) => {
    const gateway = await start(t)
    for (const at of [1, 2, 3, 4, 5, 6, 7, a.length - 2, a.length - 1]) {
      const device = await gateway.device()
      await device.write(a.subarray(0, at))
      await turn()
      await device.write(Buffer.concat([a.subarray(at), b]))
      assert.deepEqual(await nextMsas(device, 2), ['MSA|AA|A', 'MSA|AA|B'], `cut at ${at}`)
    }
  })

  test('two messages in one write: two acknowledgements, in order', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    await device.write(Buffer.concat([a, b]))
    assert.deepEqual(await nextMsas(device, 2), ['MSA|AA|A', 'MSA|AA|B'])
  })

  test('garbage before a message is ignored and counted, white space is not even counted', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    await device.write(Buffer.concat([Buffer.from('\r\n '), a, Buffer.from('\r\n$$$'), b]))
    assert.deepEqual(await nextMsas(device, 2), ['MSA|AA|A', 'MSA|AA|B'])
    assert.deepEqual(await gateway.errors(), { FRAME_NOISE: 1 })
  })

  test('a block without an end: the connection ends at the limit', async (t) => {
    const gateway = await served(t, (to) => mllp(to, { maxLength: 1000 }))
    const device = await gateway.device()
    await device.write(Buffer.concat([a, Buffer.from('\x0b'), Buffer.alloc(2000, 'x')]))
    assert.deepEqual(await nextMsas(device, 1), ['MSA|AA|A'])
    assert.equal((await device.rest()).length, 0)
    assert.deepEqual(await gateway.errors(), { FRAME_TOO_LONG: 1 })
  })

  test('a message cut short, then another: the start block of the other begins anew', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    await device.write(Buffer.concat([a.subarray(0, 40), b]))
    assert.deepEqual(await nextMsas(device, 1), ['MSA|AA|B'])
    assert.deepEqual(idsOf(gateway.bodies()), ['B'])
    assert.deepEqual(await gateway.errors(), { FRAME_DAMAGED: 1 })
  })

  test('a message cut short, then silence: the idle deadline ends it without an acknowledgement', async (t) => {
    const gateway = await start(t, { idleTimeoutMs: 50 })
    const device = await gateway.device()
    await device.write(Buffer.concat([a, b.subarray(0, 40)]))
    assert.deepEqual(await nextMsas(device, 1), ['MSA|AA|A'])
    assert.equal((await device.rest()).length, 0)
    assert.deepEqual(idsOf(gateway.bodies()), ['A'])
  })

  test('a message cut short, then FIN: no acknowledgement, one unterminated frame', async (t) => {
    const gateway = await start(t)
    for (const length of [1, 40, a.length - 2, a.length - 1]) {
      const device = await gateway.device()
      await device.write(a.subarray(0, length))
      device.end()
      assert.equal((await device.rest()).length, 0)
    }
    assert.deepEqual(await gateway.errors(), { FRAME_UNTERMINATED: 4 })
    assert.equal(gateway.hub.accepted.length, 0)
  })

  for (const [what, at] of [
    ['the name of the header', 1],
    ['MSH-1', 4],
    ['the major version', a.indexOf('2.5.1')],
  ] as const) {
    test(`a flipped bit in ${what} is answered AR where it can be seen, and the next message comes out`, async (t) => {
      const gateway = await start(t)
      const device = await gateway.device()
      const flipped = Buffer.from(a)
      flipped[at] = (flipped[at] as number) ^ 1
      await device.write(Buffer.concat([flipped, b]))
      assert.match(await nextAck(device), /\rMSA.AR/)
      assert.deepEqual(await nextMsas(device, 1), ['MSA|AA|B'])
      assert.deepEqual(await gateway.errors(), { BAD_CONTENT: 1 })
    })
  }

  test('a header without MSH-10 is answered AR, before the device is known and after', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    const bad = block(message({ 10: '' }))
    await device.write(Buffer.concat([bad, a, bad, b]))
    const why = 'MSA|AR||MSH-10 (message control ID) is empty'
    assert.deepEqual(await nextMsas(device, 4), [why, 'MSA|AA|A', why, 'MSA|AA|B'])
    assert.equal(gateway.deadLetters.length, 2)
  })

  test('a message sent twice is acknowledged twice, and has the same message id', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    await device.write(Buffer.concat([a, a]))
    assert.deepEqual(await nextMsas(device, 2), ['MSA|AA|A', 'MSA|AA|A'])
    const [one, other] = gateway.hub.accepted.map(({ message: { messageId } }) => messageId)
    assert.equal(one, other)
    assert.ok(one?.startsWith('A-'))
  })

  test('an unknown sender is answered AR, then the connection ends', async (t) => {
    const gateway = await start(t, { memory: { keys: {} } })
    const device = await gateway.device()
    await device.write(Buffer.concat([a, b]))
    assert.deepEqual(await nextMsas(device, 1), ['MSA|AR|A|the sender is not known (DEVICE_NOT_FOUND)'])
    assert.equal((await device.rest()).length, 0)
    assert.equal(gateway.hub.accepted.length, 0)
  })

  test('while the hub does not answer, nothing is acknowledged; then all is, in order', async (t) => {
    const gateway = await start(t, { memory: { hold: true } })
    const device = await gateway.device()
    await device.write(Buffer.concat([a, b]))
    await gateway.hub.until(() => gateway.hub.sessions.size === 1)
    for (let turns = 0; turns < 50; turns++) await turn()
    assert.equal(device.pending().length, 0)
    gateway.hub.release()
    assert.deepEqual(await nextMsas(device, 2), ['MSA|AA|A', 'MSA|AA|B'])
  })

  test('where the hub takes nothing for now the answer is AE, and the same message is taken later', async (t) => {
    const gateway = await start(t)
    gateway.hub.fail(new GatewayError('HUB_THROTTLED', 'later'))
    const device = await gateway.device()
    await device.write(a)
    assert.deepEqual(await nextMsas(device, 1), ['MSA|AE|A|not stored now, to be sent again (HUB_THROTTLED)'])
    await device.write(a)
    assert.deepEqual(await nextMsas(device, 1), ['MSA|AA|A'])
  })

  test('a peer that does not read its acknowledgements is not read from, and nothing is lost', async (t) => {
    const count = 6000
    const gateway = await start(t)
    const device = await gateway.device()
    device.socket.pause()
    // A long name, which comes back in the acknowledgement: more than the system keeps for a reader that does not read.
    const padding = 'x'.repeat(3900)
    const idOf = (n: number) => `M${String(n).padStart(4, '0')}`
    for (let n = 0; n < count; n++) device.socket.write(block(message({ 5: padding, 10: idOf(n) })))
    let accepted = -1
    for (let rest = 0; rest < 200; await turn()) {
      rest = gateway.hub.accepted.length === accepted && accepted > 0 ? rest + 1 : 0
      accepted = gateway.hub.accepted.length
    }
    assert.ok(accepted < count, `${accepted} messages were taken`)
    device.socket.resume()
    for (let n = 0; n < count; n++) {
      const [msa = ''] = await nextMsas(device, 1)
      assert.equal(msa, `MSA|AA|${idOf(n)}`)
    }
    assert.deepEqual(idsOf(gateway.bodies()).length, count)
  })
})
