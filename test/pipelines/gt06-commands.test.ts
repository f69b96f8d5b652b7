import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Outcome } from '../../src/core/items.ts'
import { decodeGt06 } from '../../src/stages/gt06/decode.ts'
import type { Gt06Command, Gt06Message } from '../../src/stages/gt06/messages.ts'
import { alarm, answer, imei, wire } from './gt06-frames.ts'
import { assertAnswers, loggedIn } from './gt06-gate.ts'
import type { BinaryDevice } from './served.ts'
import { assertContains } from './vector-runs.ts'

/** The next command that the gateway sends. */
async function nextCommand(device: BinaryDevice): Promise<Gt06Message<Gt06Command>> {
  const head = await device.read(3)
  const rest = await device.read((head[2] as number) + 2)
  const message = decodeGt06(Buffer.concat([head, rest.subarray(0, -2)]))
  assert.equal(message.kind, 'command')
  return message as Gt06Message<Gt06Command>
}

/** A reply to a command. */
function reply(flag: number, text: string, serial = 50): Buffer {
  const length = (4 + text.length).toString(16).padStart(2, '0')
  return wire(0x15, serial, `${length}${flag.toString(16).padStart(8, '0')}${Buffer.from(text).toString('hex')}0002`)
}

describe('commands of the gt06 pipeline', () => {
  test('a command goes down under a flag of its own, its reply settles it with what it says', async (t) => {
    const { device, hub } = await loggedIn(t)
    const first = hub.queueCommand(imei, 'DYD,000000#')
    const one = await nextCommand(device)
    hub.queueCommand(imei, 'WHERE#')
    const two = await nextCommand(device)
    assert.deepEqual([one.text, one.language, two.text], ['DYD,000000#', null, 'WHERE#'])
    assert.deepEqual([one.serial, two.serial], [1, 2])
    assert.equal(two.server_flag, one.server_flag + 1)
    await device.write(reply(two.server_flag, 'Lat:N45'), reply(one.server_flag, 'DYD=Success!'))
    await hub.until(() => hub.settled.length === 2)
    const settled = hub.settled.find(({ command }) => command.id === first)
    assert.equal(settled?.outcome, 'complete')
    assert.equal(settled?.response?.status, 200)
    assert.deepEqual(settled?.response?.body, {
      kind: 'command_response',
      protocol_number: '0x15',
      serial: 50,
      server_flag: one.server_flag,
      text: 'DYD=Success!',
      language: 2,
    })
  })

  test('a reply in UTF-16 settles too', async (t) => {
    const { device, hub } = await loggedIn(t)
    hub.queueCommand(imei, 'STATUS#')
    const { server_flag } = await nextCommand(device)
    await device.write(wire(0x21, 9, `${server_flag.toString(16).padStart(8, '0')}02 6210529f`, '7979'))
    await hub.until(() => hub.settled.length === 1)
    const [settled] = hub.settled
    assertContains(settled?.response?.body, { text: '成功', encoding: 2 })
  })

  test('a reply that no command waits for is telemetry', async (t) => {
    const { device, bodies } = await loggedIn(t)
    await device.write(reply(0, 'OK'), alarm(3))
    await assertAnswers(device, answer(0x16, 3))
    assert.deepEqual(
      bodies()
        .map(({ kind, text }) => [kind, text])
        .slice(0, 1),
      [['command_response', 'OK']],
    )
  })

  test('the text may come as JSON, a text or an object with one', async (t) => {
    const { device, hub } = await loggedIn(t)
    for (const body of ['RESET#', '"RESET#"', '{"text":"RESET#"}']) {
      hub.queueCommand(imei, body)
      assert.equal((await nextCommand(device)).text, 'RESET#')
    }
  })

  test('a method is a command; its answer is the reply', async (t) => {
    const { device, hub } = await loggedIn(t)
    hub.queueCommand(imei, '"RELAY,1#"', { via: 'method', name: 'send' })
    const { server_flag, text } = await nextCommand(device)
    assert.equal(text, 'RELAY,1#')
    await device.write(reply(server_flag, 'Success!'))
    await hub.until(() => hub.settled.length === 1)
    assert.equal(hub.settled[0]?.response?.status, 200)
  })

  test('language bytes go with it where the option has them', async (t) => {
    const { device, hub } = await loggedIn(t, { commandLanguage: 2 })
    hub.queueCommand(imei, 'RESET#')
    assert.equal((await nextCommand(device)).language, 2)
  })

  test('what a tracker cannot take is rejected, and the next command goes', async (t) => {
    const { device, hub, errors } = await loggedIn(t)
    hub.queueCommand(imei, 'x'.repeat(246))
    hub.queueCommand(imei, '')
    hub.queueCommand(imei, '{"texts":1}')
    hub.queueCommand(imei, '{}', { via: 'desired' })
    hub.queueCommand(imei, 'x'.repeat(245))
    assert.equal((await nextCommand(device)).text.length, 245)
    await hub.until(() => hub.settled.length === 4)
    assert.deepEqual(
      hub.settled.map(({ outcome }) => outcome),
      Array(4).fill('reject'),
    )
    assert.deepEqual(await errors(), { MESSAGE_TOO_LARGE: 1, BAD_CONTENT: 2, NOT_SUPPORTED: 1 })
  })

  test('what a reply says of its command may be told', async (t) => {
    const commandOutcome = (text: string): Outcome => (text.includes('not running') ? 'reject' : 'complete')
    const { device, hub } = await loggedIn(t, { commandOutcome })
    hub.queueCommand(imei, 'DYD,000000#')
    const { server_flag } = await nextCommand(device)
    await device.write(reply(server_flag, 'the command is not running!'))
    await hub.until(() => hub.settled.length === 1)
    assert.equal(hub.settled[0]?.outcome, 'reject')
    assert.equal(hub.settled[0]?.response?.status, 400)
  })

  test('one that is never answered is abandoned', async (t) => {
    const { device, hub } = await loggedIn(t, { hub: { answerTimeoutMs: 20 } })
    hub.queueCommand(imei, 'RESET#')
    await nextCommand(device)
    await hub.until(() => hub.settled.length === 1)
    assert.equal(hub.settled[0]?.outcome, 'abandon')
  })
  test('one that was given twice is settled once, and the other reply goes up', async (t) => {
    const { device, hub } = await loggedIn(t, { hub: { answerTimeoutMs: 100 } })
    hub.queueCommand(imei, 'STATUS#')
    const first = await nextCommand(device)
    await hub.until(() => hub.settled.length === 1)
    const again = await nextCommand(device)
    await device.write(reply(again.server_flag, 'on'), reply(first.server_flag, 'off'))
    await hub.until(() => hub.settled.length === 2 && hub.accepted.length === 1)
    assert.equal(hub.settled[1]?.outcome, 'complete')
    assert.equal(JSON.parse(String(hub.accepted[0]?.message.body)).text, 'off')
  })
  test('a reply that comes when its command has been given up goes up', async (t) => {
    const { device, hub, errors } = await loggedIn(t, { hub: { answerTimeoutMs: 20 } })
    const abandoned = new Promise<void>((resolve) => {
      for (const session of hub.sessions) session.settle = async () => resolve()
    })
    hub.queueCommand(imei, 'STATUS#')
    const { server_flag } = await nextCommand(device)
    await abandoned
    await device.write(reply(server_flag, 'on'))
    await hub.until(() => hub.accepted.length === 1)
    assert.equal(JSON.parse(String(hub.accepted[0]?.message.body)).text, 'on')
    assert.deepEqual(await errors(), { COMMAND_TIMEOUT: 1, UNKNOWN_COMMAND: 1 })
  })
})
