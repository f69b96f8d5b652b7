import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import type { Telemetry } from '../../src/core/items.ts'
import { PartialSendError } from '../../src/hub/port.ts'
import { type Gt06Options, gt06 } from '../../src/pipelines/gt06.ts'
import { embed, memoryHub } from '../../src/testing.ts'
import { alarm, answer, heartbeat, imei, location, login, loginWithZone, utcLocation, wire } from './gt06-frames.ts'
import { assertAnswers, gate, loggedIn } from './gt06-gate.ts'

describe('what the gt06 pipeline acknowledges', () => {
  test('a login is answered while the hub has not been heard of, a heartbeat behind it too', async () => {
    const hub = memoryHub()
    const session: { open?: () => void } = {}
    const slow = {
      can: hub.can,
      async open(...given: Parameters<typeof hub.open>) {
        await new Promise<void>((resolve) => (session.open = resolve))
        return hub.open(...given)
      },
    }
    const device = embed(gt06(slow))
    device.write(Buffer.concat([login(1), heartbeat(2), alarm(3), heartbeat(4)]))
    const early = Buffer.concat([answer(0x01, 1), answer(0x13, 2), answer(0x13, 4)])
    assert.equal((await device.read(early.length)).toString('hex'), early.toString('hex'))
    assert.equal(hub.sessions.size, 0)
    session.open?.()
    const late = answer(0x16, 3)
    assert.equal((await device.read(late.length)).toString('hex'), late.toString('hex'))
    await hub.until(() => hub.accepted.length === 3)
    device.end()
    await device.ended()
  })

  test('no alarm is answered before the hub has it', async (t) => {
    const { device, hub } = await loggedIn(t, {}, { hold: true })
    await device.write(alarm(2), alarm(3, '0x26'), alarm(4, '0x27'), heartbeat(5))
    await assertAnswers(device, answer(0x13, 5))
    assert.equal(device.pending().length, 0)
    hub.release()
    await assertAnswers(device, answer(0x16, 2), answer(0x26, 3), answer(0x27, 4))
  })

  test('an alarm that the hub refuses, for now or for ever, is not answered; it is when it comes again', async (t) => {
    const { device, hub, deadLetters } = await loggedIn(t)
    hub.fail(new GatewayError('HUB_UNAVAILABLE', 'down'), new GatewayError('HUB_REJECTED', 'never'))
    await device.write(alarm(2), alarm(3), alarm(2))
    device.end()
    assert.equal((await device.rest()).toString('hex'), answer(0x16, 2).toString('hex'))
    assert.equal(hub.accepted.length, 1)
    assert.deepEqual(
      deadLetters.map(({ error }) => error.code),
      ['HUB_REJECTED'],
    )
  })

  test('of alarms in one batch, those that the hub has are answered', async () => {
    const hub = memoryHub()
    const partial = {
      can: hub.can,
      async open(...given: Parameters<typeof hub.open>) {
        const session = await hub.open(...given)
        const send: typeof session.send = async (messages) => {
          const never = new GatewayError('HUB_REJECTED', 'never')
          if (messages.length > 1) throw new PartialSendError(new Map([[messages[1] as Telemetry, never]]))
        }
        return { ...session, send }
      },
    }
    const device = embed(gt06(partial, { batch: { maxCount: 3, lingerMs: 10_000 } }))
    device.write(Buffer.concat([login(1), alarm(2), alarm(3), alarm(4)]))
    const answers = Buffer.concat([answer(0x01, 1), answer(0x16, 2), answer(0x16, 4)])
    assert.equal((await device.read(answers.length)).toString('hex'), answers.toString('hex'))
    device.end()
    await device.ended()
    assert.equal(device.pending().length, 0)
  })

  test('locations are answered only where the option asks for it, and then as alarms', async (t) => {
    const { device, hub } = await loggedIn(t, { acknowledgeLocations: true }, { hold: true })
    await device.write(location(2), utcLocation(3), heartbeat(4))
    await assertAnswers(device, answer(0x13, 4))
    hub.release()
    await assertAnswers(device, answer(0x12, 2), answer(0x22, 3))
    const silent = await loggedIn(t)
    await silent.device.write(location(2), utcLocation(3), alarm(4))
    await assertAnswers(silent.device, answer(0x16, 4))
  })

  test('what only servers send is not answered but goes up: no two answer each other for ever', async (t) => {
    const { device, bodies } = await loggedIn(t)
    await device.write(answer(0x01, 2), answer(0x13, 3), answer(0x16, 4), wire(0x8a, 5, '1a0b19141e00'), alarm(6))
    await assertAnswers(device, answer(0x16, 6))
    assert.deepEqual(
      bodies().map(({ kind }) => kind),
      ['other', 'other', 'other', 'time_answer', 'alarm'],
    )
  })

  test('a frame with two bytes of length is answered by one', async (t) => {
    const { device } = await loggedIn(t)
    await device.write(wire(0x13, 9, '4606040002', '7979'))
    await assertAnswers(device, wire(0x13, 9, '', '7979'))
  })

  test('a login in another name is not answered and closes the connection', async (t) => {
    const { device, errors } = await loggedIn(t)
    await device.write(login(2, '356938035643810'))
    assert.equal((await device.rest()).length, 0)
    assert.deepEqual(await errors(), { IDENTITY_CHANGED: 1 })
  })
})

describe('what the gt06 pipeline sends up', () => {
  test('the body has the fields in their units, without what only frames them unless envelope asks', async (t) => {
    const { device, hub, bodies } = await loggedIn(t)
    await device.write(alarm(2))
    await assertAnswers(device, answer(0x16, 2))
    const [body] = bodies()
    assert.equal(body.kind, 'alarm')
    assert.ok(Math.abs(body.latitude_deg - 45.0703) < 1e-6 && body.speed_kmh === 50 && body.serial === 2)
    assert.ok(!('start' in body) && !('crc_itu' in body))
    assert.deepEqual(hub.accepted[0]?.message.properties, { protocol: 'gt06', type: 'alarm' })
    assert.equal(hub.accepted[0]?.message.contentType, 'application/json')
    const enveloped = await loggedIn(t, { envelope: true })
    await enveloped.device.write(alarm(2))
    await assertAnswers(enveloped.device, answer(0x16, 2))
    assert.equal(enveloped.bodies()[0].start, '7878')
    assert.match(enveloped.bodies()[0].crc_itu, /^[0-9a-f]{4}$/)
  })

  test('heartbeats and time requests go up, unless the option says no', async (t) => {
    const kinds = async (options: Gt06Options) => {
      const { device, bodies } = await loggedIn(t, options)
      await device.write(heartbeat(2), wire(0x8a, 3), alarm(4))
      await device.read(10 + 16 + 10)
      return bodies().map(({ kind }) => kind)
    }
    assert.deepEqual(await kinds({}), ['heartbeat', 'time_request', 'alarm'])
    assert.deepEqual(await kinds({ heartbeats: false }), ['alarm'])
  })

  const created = async (t: TestContext, options: Gt06Options, ...frames: readonly Buffer[]) => {
    const { device, hub } = await loggedIn(t, { ...options, acknowledgeLocations: true })
    await device.write(...frames)
    await device.read(10 * frames.length)
    return hub.accepted.map(({ message }) => message.creationTimeUtc)
  }

  test('a time in UTC is told as such; one of the clock of a terminal by the zone of its login', async (t) => {
    const at = '2026-11-25T20:30:00'
    assert.deepEqual(await created(t, {}, utcLocation(2, at), location(3, at)), ['2026-11-25T20:30:00.000Z', undefined])
    assert.deepEqual(await created(t, {}, loginWithZone(2, '2122'), location(3, at), utcLocation(4, at)), [
      '2026-11-25T15:00:00.000Z',
      '2026-11-25T20:30:00.000Z',
    ])
    assert.deepEqual(await created(t, { utcOffsetMinutes: -300 }, location(2, at)), ['2026-11-26T01:30:00.000Z'])
    assert.deepEqual(await created(t, { utcOffsetMinutes: -300 }, loginWithZone(2, '0002'), location(3, at)), [
      '2026-11-25T20:30:00.000Z',
    ])
    assert.deepEqual(await created(t, {}, loginWithZone(2, 'fff2'), location(3, at)), [undefined], 'no such zone')
  })

  test('a clock that shows no date has a time for nobody, but its reading is not lost', async (t) => {
    assert.deepEqual(await created(t, {}, utcLocation(2, '2000-00-00T00:00:00')), [undefined])
  })

  test('readings with a time have a message id of time, serial and digest; others have none', async (t) => {
    const { device, hub } = await loggedIn(t)
    await device.write(heartbeat(2), alarm(3), alarm(3, '0x26'))
    await device.read(30)
    const ids = hub.accepted.map(({ message }) => message.messageId)
    assert.equal(ids[0], undefined)
    assert.match(ids[1] as string, /^2026-11-25T20:30:00-3-[0-9a-f]{12}$/)
    assert.notEqual(ids[1], ids[2])
  })

  test('the login tells an authenticator all that it says', async (t) => {
    const seen: unknown[] = []
    const { device } = await gate(t, {
      authenticator: ({ deviceId, value }) => {
        seen.push(value)
        return { deviceId, credentials: { type: 'policy' } }
      },
    }).then(async (given) => ({ device: await given.device() }))
    await device.write(loginWithZone(1, '2122'))
    await assertAnswers(device, answer(0x01, 1))
    await device.write(alarm(2))
    await assertAnswers(device, answer(0x16, 2))
    assert.deepEqual(seen, [
      {
        kind: 'login',
        protocol_number: '0x01',
        serial: 1,
        imei,
        type_code_hex: '2020',
        timezone_language_hex: '2122',
        utc_offset_minutes: 330,
      },
    ])
  })
})

describe('options of the gt06 pipeline', () => {
  test('those that cannot work are refused', () => {
    const refused = (options: Gt06Options, message: RegExp) =>
      assert.throws(() => gt06(memoryHub(), options), { code: 'CONFIGURATION', message })
    refused({ utcOffsetMinutes: 841 }, /utcOffsetMinutes.*840, not 841/)
    refused({ utcOffsetMinutes: 0.5 }, /utcOffsetMinutes/)
    refused({ commandLanguage: 65_536 }, /commandLanguage.*65535, not 65536/)
    refused({ maxFrameLength: 10 }, /maxFrameLength/)
    refused({ tolerance: 'lax' as 'strict' }, /tolerance/)
  })

  test('enrichments are added', async (t) => {
    const { device, hub } = await loggedIn(t, { enrichments: { site: 'turin' } })
    await device.write(alarm(2))
    await assertAnswers(device, answer(0x16, 2))
    assert.deepEqual(hub.accepted[0]?.message.properties, { protocol: 'gt06', type: 'alarm', site: 'turin' })
  })
})
