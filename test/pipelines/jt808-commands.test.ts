import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeBody } from '../../src/stages/jt808/bodies.ts'
import type { MessageFields } from '../../src/stages/jt808/fields.ts'
import { someLocation, TestTerminal } from '../stages/jt808/terminal.ts'
import { answers, authenticated, servedJt808 } from './jt808-rig.ts'

const deviceId = '13800000001'
const json = (value: object) => JSON.stringify(value)

function reply(serial: unknown, id: string, result: number): object {
  return { reply_serial: serial, reply_id: id, result }
}

describe('jt808: commands', () => {
  for (const [result, outcome, status] of [
    [0, 'complete', 200],
    [1, 'reject', 500],
    [2, 'reject', 400],
    [3, 'reject', 501],
  ] as const) {
    test(`a terminal that answers ${result} makes it ${outcome}, with status ${status}`, async (t) => {
      const { device, terminal, hub } = await authenticated(t)
      hub.queueCommand(deviceId, 'park here')
      const [message] = await answers(device, 1)
      assert.deepEqual([message?.kind, message?.text, message?.flag], ['text', 'park here', 1])
      await device.write(terminal.say(0x0001, reply(message?.serial, '0x8300', result)))
      await hub.until(() => hub.settled.length === 1)
      const [settled] = hub.settled
      assert.deepEqual([settled?.outcome, settled?.response?.status], [outcome, status])
      assert.deepEqual((settled?.response?.body as MessageFields | undefined)?.result, result)
      assert.deepEqual(hub.accepted, [])
    })
  }

  test('a query is answered by what it asked for: parameters and a location by serial, attributes by their kind', async (t) => {
    const { device, terminal, hub } = await authenticated(t)
    for (const id of ['0x8104', '0x8201', '0x8107']) hub.queueCommand(deviceId, json({ id }))
    const [parameters, location, attributes] = await answers(device, 3)
    assert.equal(attributes?.message_id, '0x8107')
    const serialOf = (message: MessageFields | undefined) => {
      const serial = Buffer.alloc(2)
      serial.writeUInt16BE(Number(message?.serial))
      return serial
    }
    const place = encodeBody(0x0200, { location: someLocation }, false)
    const list = encodeBody(0x8103, { parameters: [{ id: '0x00000001', hex: '0000003c' }] }, false)
    await device.write(
      terminal.say(0x0107, Buffer.from('00ff', 'hex')),
      terminal.say(0x0201, Buffer.concat([serialOf(location), place])),
      terminal.say(0x0104, Buffer.concat([serialOf(parameters), list])),
    )
    await hub.until(() => hub.settled.length === 3)
    const bodies = hub.settled.map(({ response }) => response?.body as Record<string, unknown>)
    assert.deepEqual(
      hub.settled.map(({ outcome }) => outcome),
      ['complete', 'complete', 'complete'],
    )
    assert.deepEqual(
      bodies.map(({ message_id }) => message_id),
      ['0x0107', '0x0201', '0x0104'],
    )
    assert.deepEqual(bodies[1]?.location, someLocation)
    assert.deepEqual(bodies[2]?.parameters, [{ id: '0x00000001', hex: '0000003c' }])
    assert.deepEqual(hub.accepted, [])
  })

  test('a command that no message carries is rejected at once, and the next one goes out', async (t) => {
    const { device, hub } = await authenticated(t)
    hub.queueCommand(deviceId, json({ id: '0x0200' }))
    hub.queueCommand(deviceId, 'x'.repeat(2000))
    hub.queueCommand(deviceId, json({ id: '0x8104' }))
    assert.equal((await answers(device, 1))[0]?.message_id, '0x8104')
    await hub.until(() => hub.settled.length === 2)
    assert.deepEqual(
      hub.settled.map(({ outcome }) => outcome),
      ['reject', 'reject'],
    )
  })

  test('one that is not answered in time is given back to the hub; an answer after that is not lost', async (t) => {
    const { device, terminal, hub } = await authenticated(t, { hub: { answerTimeoutMs: 100, maxCommands: 1 } })
    hub.queueCommand(deviceId, 'a')
    await hub.until(() => hub.settled.length === 1)
    assert.equal(hub.settled[0]?.outcome, 'abandon')
    const [first, again] = await answers(device, 2)
    await device.write(terminal.say(0x0001, reply(again?.serial, '0x8300', 0)))
    await hub.until(() => hub.settled.some(({ outcome }) => outcome === 'complete'))
    await device.write(terminal.say(0x0001, reply(first?.serial, '0x8300', 0)))
    await hub.until(() => hub.accepted.length === 1)
    assert.equal(hub.accepted[0]?.message.properties.type, 'terminal_general_response')
  })

  test('one that comes while a terminal has registered only waits until it has authenticated itself', async (t) => {
    const rig = await servedJt808(t)
    const device = await rig.device()
    const terminal = new TestTerminal(deviceId)
    rig.hub.queueCommand(deviceId, 'a')
    await device.write(terminal.register())
    assert.equal((await answers(device, 1))[0]?.message_id, '0x8100')
    await device.write(terminal.authenticate('wrong'))
    assert.deepEqual((await answers(device, 1))[0]?.result, 1)
    await device.write(terminal.authenticate())
    const [verdict, command] = await answers(device, 2)
    assert.deepEqual([verdict?.result, command?.text], [0, 'a'])
    await device.write(terminal.say(0x0001, reply(command?.serial, '0x8300', 0)))
    await rig.hub.until(() => rig.hub.settled.length === 1)
    assert.equal(rig.hub.settled[0]?.outcome, 'complete')
  })

  test('meanwhile one that no message carries is rejected, and one whose time has run out is not sent', async (t) => {
    const rig = await servedJt808(t, { hub: { answerTimeoutMs: 50, maxCommands: 2 } })
    const device = await rig.device()
    const terminal = new TestTerminal(deviceId)
    rig.hub.queueCommand(deviceId, json({ id: '0x0200' }))
    rig.hub.queueCommand(deviceId, 'late')
    await device.write(terminal.register())
    await answers(device, 1)
    await rig.hub.until(() => rig.hub.settled.length === 2)
    assert.deepEqual(
      rig.hub.settled.map(({ outcome }) => outcome),
      ['reject', 'abandon'],
    )
    await device.write(terminal.authenticate())
    // Given back, it has come again, and is there once.
    const [verdict, again] = await answers(device, 2)
    assert.deepEqual([verdict?.reply_id, again?.text], ['0x0102', 'late'])
    await device.write(terminal.say(0x0001, reply(again?.serial, '0x8300', 0)))
    await rig.hub.until(() => rig.hub.settled.length === 3)
    assert.equal(rig.hub.settled[2]?.outcome, 'complete')
    device.end()
    assert.equal((await device.rest()).length, 0)
  })

  test('one whose time to be written is over before the terminal has authenticated itself is given back, not sent', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    const rig = await servedJt808(t)
    const device = await rig.device()
    const terminal = new TestTerminal(deviceId)
    rig.hub.queueCommand(deviceId, 'a', { writeBefore: Date.now() + 10_000 })
    await device.write(terminal.register())
    await answers(device, 1)
    const [session] = rig.hub.sessions
    assert.ok(session)
    const givenBack = new Promise((resolve) => {
      session.settle = async ({ outcome, error }) => resolve([outcome, error?.code])
    })
    t.mock.timers.tick(10_000)
    await device.write(terminal.authenticate())
    assert.equal((await answers(device, 1))[0]?.result, 0)
    assert.deepEqual(await givenBack, ['abandon', 'COMMAND_EXPIRED'])
    device.end()
    assert.equal((await device.rest()).length, 0)
  })

  test('bytes may be given as they are, and a direct method may be called by the id', async (t) => {
    const { device, hub } = await authenticated(t)
    hub.queueCommand(deviceId, Buffer.of(0xff, 0x7e), { properties: { message: '0x8804' } })
    hub.queueCommand(deviceId, json({ command: 4 }), { via: 'method', name: '0x8105' })
    const [raw, control] = await answers(device, 2)
    assert.deepEqual([raw?.message_id, raw?.body_hex], ['0x8804', 'ff7e'])
    assert.deepEqual([control?.kind, control?.command], ['terminal_control', 4])
  })
})
