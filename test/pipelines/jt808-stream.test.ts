import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { messagesIn, TestTerminal } from '../stages/jt808/terminal.ts'
import { answered, answers, authenticated, servedJt808, verdicts } from './jt808-rig.ts'

/** The heartbeat behind something shows that its answer, if there were one, has been given. */
describe('jt808 through a real socket', () => {
  test('login and two locations in writes of one byte are all answered, in order', async (t) => {
    const rig = await servedJt808(t)
    const device = await rig.device()
    const terminal = new TestTerminal('13800000001')
    await device.singly(terminal.register())
    const [registered] = await answers(device, 1)
    assert.deepEqual(verdicts([registered as never]), [['0x8100', 1, 0]])
    await device.singly(
      Buffer.concat([terminal.authenticate(String(registered?.auth_code)), terminal.locate(), terminal.locate()]),
    )
    assert.deepEqual(verdicts(await answers(device, 3)), [
      ['0x0102', 2, 0],
      ['0x0200', 3, 0],
      ['0x0200', 4, 0],
    ])
    assert.deepEqual(
      rig.bodies().map(({ kind, serial }) => [kind, serial]),
      [
        ['location', 3],
        ['location', 4],
      ],
    )
  })

  test('a location that is cut in its header, in an escape or before its check gives what it gives whole', async (t) => {
    const { device, terminal, bodies } = await authenticated(t)
    const whole = terminal.locate()
    const escapeAt = whole.indexOf(0x7d) + 1
    assert.equal(whole[escapeAt], 2)
    const cuts = [1, 2, 3, 4, 5, 6, 7, escapeAt, whole.length - 2, whole.length - 1]
    for (const at of cuts) await device.write(whole.subarray(0, at), whole.subarray(at))
    assert.deepEqual(verdicts(await answers(device, cuts.length)), Array(cuts.length).fill(['0x0200', 2, 0]))
    const [first, ...others] = bodies()
    for (const each of others) assert.deepEqual(each, first)
    assert.equal(others.length, cuts.length - 1)
  })

  test('login and two locations in one write are answered in order', async (t) => {
    const rig = await servedJt808(t)
    const device = await rig.device()
    const terminal = new TestTerminal('13800000001')
    await device.write(
      Buffer.concat([terminal.register(), terminal.authenticate(), terminal.locate(), terminal.locate()]),
    )
    assert.deepEqual(verdicts(await answers(device, 4)), [
      ['0x8100', 1, 0],
      ['0x0102', 2, 0],
      ['0x0200', 3, 0],
      ['0x0200', 4, 0],
    ])
  })

  test('three equal logins that are glued are answered three times', async (t) => {
    const rig = await servedJt808(t)
    const device = await rig.device()
    const [registration, code] = [
      new TestTerminal('13800000001').register(),
      new TestTerminal('13800000001').authenticate(),
    ]
    await device.write(Buffer.concat([registration, registration, registration, code, code, code]))
    assert.deepEqual(verdicts(await answers(device, 6)), [
      ...Array(3).fill(['0x8100', 1, 0]),
      ...Array(3).fill(['0x0102', 1, 0]),
    ])
    assert.equal(rig.hub.sessions.size, 1)
  })

  test('garbage before the login, and before a location, is skipped up to the next flag', async (t) => {
    const rig = await servedJt808(t)
    const device = await rig.device()
    const terminal = new TestTerminal('13800000001')
    await device.write('$$$', terminal.authenticate(), '$$$', terminal.locate())
    assert.deepEqual(verdicts(await answers(device, 2)), [
      ['0x0102', 1, 0],
      ['0x0200', 2, 0],
    ])
    // Behind a flag it cannot be told from a message, but is none.
    assert.deepEqual(await rig.errors(), { FRAME_NOISE: 1, CHECKSUM_MISMATCH: 1 })
  })

  test('messages that share one flag, and flags that stand by themselves, are all answered', async (t) => {
    const { device, terminal } = await authenticated(t)
    const [a, b, c] = [terminal.locate(), terminal.locate(), terminal.locate()]
    await device.write(Buffer.concat([a, b.subarray(1), Buffer.from('~~~'), c]))
    assert.deepEqual(
      verdicts(await answers(device, 3)).map(([, serial]) => serial),
      [2, 3, 4],
    )
  })

  test('a message without an end is dropped at the limit; what follows the next flag is out', async (t) => {
    const { device, terminal, errors } = await authenticated(t, { maxLength: 1000 })
    await device.write(Buffer.concat([Buffer.from('~'), Buffer.alloc(4000, 0x41)]), terminal.locate())
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0200', 2, 0]])
    assert.deepEqual(await errors(), { FRAME_TOO_LONG: 1 })
  })

  test('a location that is cut short is refused, and the next is out', async (t) => {
    const { device, terminal, errors } = await authenticated(t)
    await device.write(terminal.locate().subarray(0, 20), terminal.locate())
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0200', 3, 0]])
    assert.deepEqual(await errors(), { CHECKSUM_MISMATCH: 1 })
  })

  test('after a location that is cut short, silence ends the connection without an answer', async (t) => {
    const { device, terminal, hub, errors } = await authenticated(t, { gateway: { idleTimeoutMs: 100 } })
    await device.write(terminal.locate().subarray(0, 20))
    await device.until(() => device.ended || device.closed)
    assert.equal(device.pending().length, 0)
    assert.deepEqual(hub.accepted, [])
    assert.equal((await errors()).FRAME_UNTERMINATED, undefined)
  })

  test('after a location that is cut short, FIN is one refusal and no answer', async (t) => {
    const { device, terminal, hub, errors } = await authenticated(t)
    await device.write(terminal.locate().subarray(0, 20))
    device.end()
    assert.equal((await device.rest()).length, 0)
    assert.deepEqual(hub.accepted, [])
    assert.deepEqual(await errors(), { FRAME_UNTERMINATED: 1 })
  })

  test('a flipped bit is not answered; the next location is', async (t) => {
    const { device, terminal, deadLetters } = await authenticated(t)
    const spoilt = Buffer.from(terminal.locate())
    spoilt[20] = (spoilt[20] as number) ^ 1
    await device.write(spoilt, terminal.locate())
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0200', 3, 0]])
    assert.deepEqual(
      deadLetters.map(({ error }) => error.code),
      ['CHECKSUM_MISMATCH'],
    )
  })

  test('a length, a count or a body that is wrong under a right check is answered with 2, and dead-lettered', async (t) => {
    const { device, terminal, deadLetters, hub } = await authenticated(t)
    const longer = terminal.say(0x0200, Buffer.alloc(27))
    const counted = terminal.say(0x0704, Buffer.from('000301', 'hex'))
    await device.write(longer, counted, terminal.heartbeat())
    assert.deepEqual(verdicts(await answers(device, 3)), [
      ['0x0200', 2, 2],
      ['0x0704', 3, 2],
      ['0x0002', 4, 0],
    ])
    assert.deepEqual(
      deadLetters.map(({ error }) => error.code),
      ['BAD_CONTENT', 'BAD_CONTENT'],
    )
    assert.deepEqual(hub.accepted, [])
  })

  test('a location that is sent again is answered again, and has the same message id', async (t) => {
    const { device, terminal, hub } = await authenticated(t)
    const location = terminal.locate()
    await device.write(location, location, terminal.locate())
    assert.deepEqual(verdicts(await answers(device, 3)), [
      ['0x0200', 2, 0],
      ['0x0200', 2, 0],
      ['0x0200', 3, 0],
    ])
    const [first, again, other] = hub.accepted.map(({ message }) => message.messageId)
    assert.match(first as string, /^2-20260301075958-[\da-f]{12}$/)
    assert.equal(first, again)
    assert.notEqual(first, other)
  })

  test('before it has authenticated itself nothing of a terminal is answered or passed, and it may still do so', async (t) => {
    const rig = await servedJt808(t)
    const device = await rig.device()
    const terminal = new TestTerminal('13800000001')
    await device.write(terminal.locate(), terminal.heartbeat(), terminal.authenticate())
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0102', 3, 0]])
    assert.deepEqual(rig.hub.accepted, [])
    assert.deepEqual(rig.deadLetters, [])
    assert.deepEqual(await rig.errors(), { NOT_IDENTIFIED: 2 })
  })

  test('one that never does is cut off at the deadline for a hello', async (t) => {
    const rig = await servedJt808(t, { gateway: { helloTimeoutMs: 100 } })
    const device = await rig.device()
    await device.write(new TestTerminal('13800000001').locate())
    assert.equal((await device.rest()).length, 0)
  })

  test('a terminal that the hub does not know is told so, by 0x8100 with 4 or 0x8001 with 1, and cut off', async (t) => {
    const rig = await servedJt808(t, { memory: { keys: {} } })
    const [registering, authenticating] = [await rig.device(), await rig.device()]
    await registering.write(new TestTerminal('13800000001').register())
    await authenticating.write(new TestTerminal('13800000001').authenticate())
    assert.deepEqual(verdicts(await answers(registering, 1)), [['0x8100', 1, 4]])
    assert.deepEqual(verdicts(await answers(authenticating, 1)), [['0x0102', 1, 1]])
    await registering.until(() => registering.ended)
    await authenticating.until(() => authenticating.ended)
  })

  test('while the hub holds, a location waits for its answer', async (t) => {
    const { device, terminal, hub } = await authenticated(t)
    hub.hold()
    await device.write(terminal.locate(), terminal.heartbeat())
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0002', 3, 0]])
    assert.deepEqual(answered(device), [])
    hub.release()
    assert.deepEqual(verdicts(await answers(device, 1)), [['0x0200', 2, 0]])
  })

  test('a device that does not read is not read from, and loses nothing', async (t) => {
    let issued = 0
    const tokens = {
      issue: () => {
        issued++
        return 'x'.repeat(900)
      },
      verify: () => true,
    }
    const rig = await servedJt808(t, { tokens })
    const device = await rig.device()
    const terminal = new TestTerminal('13800000001')
    const count = 8000
    device.socket.pause()
    const registrations = Array.from({ length: count }, () => terminal.register())
    device.socket.write(Buffer.concat(registrations))
    for (let before = -1; before !== issued; ) {
      before = issued
      for (let turns = 0; turns < 200; turns++) await turn()
    }
    assert.ok(issued > 0 && issued < count, `${issued} of ${count} were worked off`)
    device.socket.resume()
    device.end()
    assert.deepEqual(
      messagesIn(await device.rest()).map(({ reply_serial }) => reply_serial),
      Array.from({ length: count }, (_, serial) => serial + 1),
    )
  })
})
