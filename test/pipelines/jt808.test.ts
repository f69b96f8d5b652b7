import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { memoryHub } from '../../src/hub/memory.ts'
import { jt808 } from '../../src/pipelines/jt808.ts'
import { isSame } from '../../src/stages/jt808/tokens.ts'
import { TestTerminal } from '../stages/jt808/terminal.ts'
import { thrownBy } from '../stages/refusals.ts'
import { answered, answers, authenticated, servedJt808, verdicts } from './jt808-rig.ts'

const throttled = () => new GatewayError('HUB_THROTTLED', 'later')
const rejected = () => new GatewayError('HUB_REJECTED', 'never')

describe('jt808: answers and the hub', () => {
  test('while the hub holds, nothing that promises storage is answered; heartbeats, logins and logouts are', async (t) => {
    const { device, terminal, hub } = await authenticated(t)
    hub.hold()
    await device.write(
      terminal.locate(),
      terminal.batch(2),
      terminal.say(0x0900, { transparent_type: 1, data_hex: 'aa' }),
      terminal.say(0x0800, Buffer.alloc(8)),
      terminal.heartbeat(),
      terminal.register(),
      terminal.authenticate(),
      terminal.say(0x0003),
    )
    assert.deepEqual(verdicts(await answers(device, 4)).toSorted(), [
      ['0x0002', 6, 0],
      ['0x0003', 9, 0],
      ['0x0102', 8, 0],
      ['0x8100', 7, 0],
    ])
    assert.deepEqual(answered(device), [])
    hub.release()
    assert.deepEqual(verdicts(await answers(device, 4)), [
      ['0x0200', 2, 0],
      ['0x0704', 3, 0],
      ['0x0900', 4, 0],
      ['0x0800', 5, 0],
    ])
  })

  test('what the hub does not take, for now or for ever, is answered with 1', async (t) => {
    const { device, terminal, hub } = await authenticated(t)
    hub.fail(throttled(), rejected())
    await device.write(terminal.locate(), terminal.locate(), terminal.locate())
    assert.deepEqual(verdicts(await answers(device, 3)), [
      ['0x0200', 2, 1],
      ['0x0200', 3, 1],
      ['0x0200', 4, 0],
    ])
  })

  test('the locations of a batch go up each by itself and are answered once, with 0 when the hub has all of them', async (t) => {
    const { device, terminal, hub, bodies } = await authenticated(t)
    await device.write(terminal.batch(3), terminal.heartbeat())
    assert.deepEqual(verdicts(await answers(device, 2)).toSorted(), [
      ['0x0002', 3, 0],
      ['0x0704', 2, 0],
    ])
    assert.deepEqual(
      bodies().map(({ kind, batch_type, count, index, location }) => [
        kind,
        batch_type,
        count,
        index,
        location.altitude_m,
      ]),
      [
        ['location_batch', 1, 3, 1, 0],
        ['location_batch', 1, 3, 2, 1],
        ['location_batch', 1, 3, 3, 2],
      ],
    )
    const ids = hub.accepted.map(({ message }) => message.messageId)
    assert.equal(new Set(ids).size, 3)
    assert.match(ids[1] as string, /^2\.2-20260301075958-[\da-f]{12}$/)
  })

  test('a batch of which the hub has a part is answered with 1; sent again, its locations have the same message ids', async (t) => {
    const { device, terminal, hub } = await authenticated(t)
    hub.fail(throttled())
    const batch = terminal.batch(3)
    await device.write(batch)
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0704', 2, 1]])
    const before = hub.accepted.map(({ message }) => message.messageId)
    assert.equal(before.length, 2)
    await device.write(batch)
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0704', 2, 0]])
    const after = hub.accepted.slice(2).map(({ message }) => message.messageId)
    assert.deepEqual(after.slice(1), before)
  })

  test('a batch of which one location is none is answered with 2, and the others are at the hub', async (t) => {
    const { device, terminal, bodies, deadLetters } = await authenticated(t)
    const location = terminal.message(0x0200, Buffer.alloc(28)).subarray(-28)
    const item = (bytes: Buffer) => Buffer.concat([Buffer.of(0, bytes.length), bytes])
    const body = Buffer.concat([Buffer.of(0, 3, 0), item(location), item(location.subarray(1)), item(location)])
    await device.write(terminal.say(0x0704, body))
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0704', 3, 2]])
    assert.deepEqual(
      bodies().map(({ index }) => index),
      [1, 3],
    )
    assert.deepEqual(
      deadLetters.map(({ error }) => error.code),
      ['BAD_CONTENT'],
    )
  })

  test('a batch of more than 1024 locations is answered with 2', async (t) => {
    const { device, terminal } = await authenticated(t)
    await device.write(terminal.say(0x0704, Buffer.concat([Buffer.of(4, 1, 0), Buffer.alloc(900)])))
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0704', 2, 2]])
  })

  test('what is too large for the hub is answered with 2: it would be so again', async (t) => {
    const { device, terminal } = await authenticated(t)
    await device.write(...terminal.parts(0x0900, Buffer.alloc(140_000), 140))
    const all = verdicts(await answers(device, 140))
    assert.deepEqual(
      [all[0], all[139]],
      [
        ['0x0900', 2, 0],
        ['0x0900', 141, 2],
      ],
    )
  })

  test('an empty batch has nothing to be kept and is answered at once', async (t) => {
    const { device, terminal, hub } = await authenticated(t)
    hub.hold()
    await device.write(terminal.batch(0))
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0704', 2, 0]])
  })

  test('answers have the header of their message, and serials that run from 0 and over 65535', async (t) => {
    const { device, terminal } = await authenticated(t, { version2019: true })
    terminal.serial = 65_535
    await device.write(terminal.heartbeat())
    terminal.serial = 0
    await device.write(terminal.heartbeat())
    const all = await answers(device, 2)
    assert.deepEqual(
      all.map(({ serial, version, reply_serial }) => [serial, version, reply_serial]),
      [
        [1, '2019', 65_535],
        [2, '2019', 0],
      ],
    )
    assert.deepEqual(
      all.map(({ terminal_id }) => terminal_id),
      ['13800000001', '13800000001'],
    )
  })

  test('messages that are answers, and those of a platform, go up and are not answered', async (t) => {
    const { device, terminal, bodies } = await authenticated(t)
    for (const id of [0x0104, 0x0107, 0x0201, 0x0302, 0x0500, 0x0700, 0x0802, 0x0805, 0x1205]) {
      await device.write(terminal.say(id, Buffer.alloc(2)))
    }
    await device.write(terminal.say(0x0001, { reply_serial: 7, reply_id: '0x8300', result: 0 }))
    await device.write(terminal.say(0x8300, { flag: 1, text: 'hi' }), terminal.heartbeat())
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0002', 13, 0]])
    device.end()
    assert.equal((await device.rest()).length, 0)
    assert.deepEqual(
      bodies().map(({ message_id, kind }) => `${message_id} ${kind}`),
      [
        ...['0x0104', '0x0107', '0x0201', '0x0302', '0x0500', '0x0700', '0x0802', '0x0805', '0x1205'].map(
          (id) => `${id} other`,
        ),
        '0x0001 terminal_general_response',
        '0x8300 text',
      ],
    )
  })
})

describe('jt808: who a terminal is', () => {
  test('a code that was not issued to it is answered with 1; it registers again and is let in', async (t) => {
    const rig = await servedJt808(t)
    const device = await rig.device()
    const terminal = new TestTerminal('13800000001')
    await device.write(terminal.authenticate('13800000002'), terminal.locate(), terminal.register())
    const both = await answers(device, 2)
    assert.deepEqual(verdicts(both), [
      ['0x0102', 1, 1],
      ['0x8100', 3, 0],
    ])
    await device.write(terminal.locate(), terminal.authenticate(String(both[1]?.auth_code)), terminal.locate())
    assert.deepEqual(verdicts(await answers(device, 2)), [
      ['0x0102', 5, 0],
      ['0x0200', 6, 0],
    ])
    assert.deepEqual(await rig.errors(), { UNAUTHORIZED: 1, NOT_IDENTIFIED: 2 })
    assert.deepEqual(rig.deadLetters, [])
  })

  test('codes may be made of a secret: each terminal has its own, and knows no other', async (t) => {
    const code = (id: string) => createHmac('sha256', 'secret').update(id).digest('base64url')
    const tokens = {
      issue: ({ terminal_id }: { terminal_id: string }) => code(terminal_id),
      verify: (id: string, token: string) => isSame(code(id), token),
    }
    const rig = await servedJt808(t, { tokens })
    const device = await rig.device()
    const terminal = new TestTerminal('13800000001')
    await device.write(terminal.register())
    const [registered] = await answers(device, 1)
    assert.equal(registered?.auth_code, code('13800000001'))
    await device.write(terminal.authenticate(), terminal.authenticate(code('13800000002')))
    await device.write(terminal.authenticate(code('13800000001')))
    assert.deepEqual(verdicts(await answers(device, 3)), [
      ['0x0102', 2, 1],
      ['0x0102', 3, 1],
      ['0x0102', 4, 0],
    ])
  })

  test('after a logout it has to authenticate itself again', async (t) => {
    const { device, terminal, bodies } = await authenticated(t)
    await device.write(terminal.say(0x0003), terminal.locate(), terminal.authenticate(), terminal.locate())
    assert.deepEqual(verdicts(await answers(device, 3)), [
      ['0x0003', 2, 0],
      ['0x0102', 4, 0],
      ['0x0200', 5, 0],
    ])
    assert.deepEqual(
      bodies().map(({ kind }) => kind),
      ['logout', 'location'],
    )
  })

  test('what another terminal says on its connection is refused, and the connection stays', async (t) => {
    const { device, terminal, hub, deadLetters } = await authenticated(t)
    const other = new TestTerminal('13800000002')
    await device.write(other.locate(), other.register(), other.authenticate(), terminal.locate())
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0200', 2, 0]])
    assert.deepEqual(
      hub.accepted.map(({ deviceId }) => deviceId),
      ['13800000001'],
    )
    assert.deepEqual(
      deadLetters.map(({ error }) => error.code),
      Array(3).fill('IDENTITY_CHANGED'),
    )
  })

  test('it is passed in the name of the device of the connection where that is asked for; its parts are not joined', async (t) => {
    const { device, terminal, bodies, errors, hub } = await authenticated(t, { otherTerminals: 'pass' })
    const other = new TestTerminal('13800000002')
    await device.write(
      other.locate(),
      ...other.parts(0x0900, Buffer.alloc(4), 2),
      other.authenticate(),
      terminal.locate(),
    )
    assert.deepEqual(verdicts(await answers(device, 5)).toSorted(), [
      ['0x0102', 4, 1],
      ['0x0200', 1, 0],
      ['0x0200', 2, 0],
      ['0x0900', 2, 0],
      ['0x0900', 3, 0],
    ])
    assert.deepEqual(
      bodies().map(({ kind, terminal_id }) => [kind, terminal_id]),
      [
        ['location', '13800000002'],
        ['subpackage', '13800000002'],
        ['subpackage', '13800000002'],
        ['location', '13800000001'],
      ],
    )
    assert.deepEqual([...new Set(hub.accepted.map(({ deviceId }) => deviceId))], ['13800000001'])
    assert.deepEqual(
      await errors(),
      { IDENTITY_CHANGED: 4, UNAUTHORIZED: 1 },
      'its code is not shown on the connection of another',
    )
  })

  test('the header of 2019 gives the same device as that of before', async (t) => {
    const { device, hub } = await authenticated(t)
    const later = new TestTerminal('13800000001', true)
    await device.write(later.locate())
    const [answer] = await answers(device, 1)
    assert.equal(answer?.version, '2019')
    assert.equal(hub.accepted[0]?.deviceId, '13800000001')
  })

  test('without authentication the id of the first message is the device, and registering is answered all the same', async (t) => {
    const rig = await servedJt808(t, { authentication: 'none' })
    const [first, second, third] = [await rig.device(), await rig.device(), await rig.device()]
    const [a, b, c] = ['13800000001', '13800000002', '13800000003'].map((id) => new TestTerminal(id))
    await first.write(
      (a as TestTerminal).locate(),
      (a as TestTerminal).authenticate('any'),
      (a as TestTerminal).register(),
    )
    await second.write((b as TestTerminal).heartbeat(), (b as TestTerminal).locate())
    await third.write((c as TestTerminal).say(0x0003), (c as TestTerminal).batch(1))
    assert.deepEqual(verdicts(await answers(first, 3)).toSorted(), [
      ['0x0102', 2, 0],
      ['0x0200', 1, 0],
      ['0x8100', 3, 0],
    ])
    assert.deepEqual(verdicts(await answers(second, 2)), [
      ['0x0002', 1, 0],
      ['0x0200', 2, 0],
    ])
    assert.deepEqual(verdicts(await answers(third, 2)), [
      ['0x0003', 1, 0],
      ['0x0704', 2, 0],
    ])
    assert.deepEqual(rig.hub.accepted.map(({ deviceId }) => deviceId).toSorted(), [
      '13800000001',
      '13800000002',
      '13800000003',
      '13800000003',
    ])
  })

  test('without authentication a first message that means nothing, or is encrypted, is answered so', async (t) => {
    const rig = await servedJt808(t, { authentication: 'none' })
    const [first, second] = [await rig.device(), await rig.device()]
    const [a, b] = [new TestTerminal('13800000001'), new TestTerminal('13800000002')]
    await first.write(a.say(0x0200, Buffer.of(1)), a.locate())
    assert.deepEqual(verdicts(await answers(first, 2)), [
      ['0x0200', 1, 2],
      ['0x0200', 2, 0],
    ])
    await second.write(b.say(0x0200, Buffer.alloc(28), { encryption: 1 }))
    assert.deepEqual(verdicts(await answers(second, 1)), [['0x0200', 1, 3]])
    assert.deepEqual(rig.deadLetters.length, 2)
  })

  test('without authentication a terminal that the hub does not know is told by the answer to its first message', async (t) => {
    const rig = await servedJt808(t, { authentication: 'none', memory: { keys: {} } })
    const device = await rig.device()
    await device.write(new TestTerminal('13800000001').locate())
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0200', 1, 1]])
    assert.equal((await device.rest()).length, 0)
  })

  test('a hub that cannot be asked says nothing against a terminal: its registration is not answered', async (t) => {
    const rig = await servedJt808(t, {
      authenticator: () => {
        throw new GatewayError('HUB_UNAVAILABLE', 'down')
      },
    })
    const device = await rig.device()
    await device.write(new TestTerminal('13800000001').register())
    assert.equal((await device.rest()).length, 0)
  })

  test('a session that the hub ends is no fault of the terminal: its location is answered with 1, and the connection ends', async (t) => {
    const { device, terminal, hub } = await authenticated(t)
    hub.fail(new GatewayError('UNAUTHORIZED', 'the token has expired'))
    await device.write(terminal.locate())
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0200', 2, 1]])
    assert.equal((await device.rest()).length, 0)
  })

  test('an authenticator sees what the terminal said of itself', async (t) => {
    const seen: unknown[] = []
    const rig = await servedJt808(t, {
      authenticator: ({ deviceId, value }) => {
        seen.push(value)
        return { deviceId, credentials: { type: 'policy' } }
      },
    })
    const device = await rig.device()
    await device.write(new TestTerminal('13800000001').register())
    await answers(device, 1)
    const { kind, plate, model } = seen[0] as Record<string, unknown>
    assert.deepEqual([kind, plate, model], ['register', '粤A12345', 'test'])
  })
})

describe('jt808: options', () => {
  test('heartbeats go up too where that is asked for', async (t) => {
    const { device, terminal, hub } = await authenticated(t, { heartbeats: true })
    await device.write(terminal.heartbeat())
    await hub.until(() => hub.accepted.length === 1)
    assert.deepEqual(hub.accepted[0]?.message.properties, { protocol: 'jt808', type: 'heartbeat', message: '0x0002' })
  })

  test('a batch may go up as it came', async (t) => {
    const { device, terminal, bodies } = await authenticated(t, { batches: 'pack' })
    await device.write(terminal.batch(3))
    await answers(device, 1)
    assert.deepEqual(
      bodies().map(({ kind, count, locations }) => [kind, count, locations.length]),
      [['location_batch', 3, 3]],
    )
  })

  test('a body has what only frames it where that is asked for', async (t) => {
    const bodyOf = async (envelope: boolean) => {
      const { device, terminal, bodies } = await authenticated(t, { envelope })
      await device.write(terminal.locate())
      await answers(device, 1)
      return Object.keys(bodies()[0])
    }
    const plain = ['kind', 'message_id', 'terminal_id', 'version', 'serial']
    const framing = ['protocol_version', 'terminal_id_hex', 'encryption', 'body_length', 'checksum', 'escaped_bytes']
    assert.deepEqual(await bodyOf(false), [...plain, 'location'])
    assert.deepEqual(await bodyOf(true), [...plain, ...framing, 'location'])
  })

  test('a location says when it was taken, in UTC', async (t) => {
    const { device, terminal, hub } = await authenticated(t)
    await device.write(terminal.locate(), terminal.locate({ device_time: '2000-00-00T00:00:00' }))
    await answers(device, 2)
    assert.deepEqual(
      hub.accepted.map(({ message }) => message.creationTimeUtc),
      ['2026-02-28T23:59:58.000Z', undefined],
    )
  })

  test('an encrypted message is answered with 3, or passed as it is where that is asked for', async (t) => {
    const refusing = await authenticated(t)
    await refusing.device.write(refusing.terminal.say(0x0200, Buffer.of(1, 2), { encryption: 1 }))
    assert.deepEqual(verdicts(await answers(refusing.device, 1)), [['0x0200', 2, 3]])
    assert.deepEqual(
      refusing.deadLetters.map(({ error }) => error.code),
      ['NOT_SUPPORTED'],
    )
    const passing = await authenticated(t, { encrypted: 'pass' })
    await passing.device.write(passing.terminal.say(0x0200, Buffer.of(1, 2), { encryption: 1 }))
    assert.deepEqual(verdicts(await answers(passing.device, 1)), [['0x0200', 2, 0]])
    assert.deepEqual([passing.bodies()[0].kind, passing.bodies()[0].body_hex], ['encrypted', '0102'])
  })

  test('bounds that cannot work are CONFIGURATION', () => {
    for (const subPackages of [{ maxBytes: 0 }, { maxMessages: 1.5 }, { deadlineMs: -1 }]) {
      const { code, message } = thrownBy(() => jt808(memoryHub(), { subPackages }))
      assert.equal(code, 'CONFIGURATION')
      assert.match(message, /^jt808: subPackages\.\w+ must be an integer from 1 to 1073741824, not /)
    }
  })
})
