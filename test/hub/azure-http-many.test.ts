import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { Rig, reading, text } from './rig.ts'

let rig: Rig
const deviceIds = Array.from({ length: 100 }, (_, index) => `device-${index}`)

before(async () => {
  rig = await Rig.start(...deviceIds)
})
afterEach(() => rig.reset())
after(() => rig.stop())

test('many devices share the sockets of one agent, and a quarter as many for polls', async () => {
  const hub = rig.hub({ maxSockets: 8 })
  const sessions = await Promise.all(deviceIds.slice(0, 50).map((deviceId) => rig.open(rig.identity(deviceId), hub)))
  await Promise.all(sessions.map((session) => session.send([reading('x')])))
  await Promise.all(sessions.map((session) => session.send([reading('y')])))
  assert.equal(rig.accepted.length, 100)
  assert.ok(rig.emulator.hub.counters.connections <= 8 + 2, `${rig.emulator.hub.counters.connections}`)
})

test('a hundred sessions with a key each, busy at once: no message under the name of another, each in its own order', async () => {
  const hub = rig.hub({ maxSockets: 16 })
  const sendAll = async (deviceId: string) => {
    const session = await rig.open(rig.identity(deviceId), hub)
    for (let round = 0; round < 5; round++) {
      await session.send([reading(`${deviceId} ${2 * round}`), reading(`${deviceId} ${2 * round + 1}`)])
    }
  }
  await Promise.all(deviceIds.map(sendAll))
  assert.equal(rig.accepted.length, 1000)
  for (const deviceId of deviceIds) {
    assert.deepEqual(
      rig.accepted.filter((message) => message.deviceId === deviceId).map(text),
      Array.from({ length: 10 }, (_, index) => `${deviceId} ${index}`),
    )
  }
})

test('a session that is closed while the hub holds its request frees its socket for the others', async () => {
  const hub = rig.hub({ maxSockets: 1 })
  const [first = '', second = ''] = deviceIds
  const held = await rig.open(rig.identity(first), hub)
  const other = await rig.open(rig.identity(second), hub)
  rig.emulator.hub.faults.put({ device: first, operation: 'send', hang: true })
  const failed = assert.rejects(held.send([reading('held')]), { code: 'HUB_SESSION_CLOSED' })
  const waiting = other.send([reading('waiting')])
  await held.close()
  await failed
  await waiting
  assert.deepEqual(rig.accepted.map(text), ['waiting'])
})

test('a hundred sessions by the policy of the gateway keep their names apart too', async () => {
  const hub = rig.hub({}, rig.emulator.connectionString)
  await Promise.all(
    deviceIds.map(async (deviceId) => {
      const session = await rig.open({ deviceId, credentials: { type: 'policy' } }, hub)
      await session.send([reading(deviceId)])
    }),
  )
  assert.equal(rig.accepted.length, 100)
  for (const message of rig.accepted) assert.equal(text(message), message.deviceId)
})

test('commands reach the device that they are for, with every session polling at once', async () => {
  const hub = rig.hub()
  const expected = deviceIds.map((deviceId) => rig.emulator.hub.queueCommand(deviceId, { body: Buffer.from(deviceId) }))
  const received = await Promise.all(
    deviceIds.map(async (deviceId) => {
      const session = await rig.open(rig.identity(deviceId), hub)
      for await (const command of session.commands()) {
        assert.equal(text(command), deviceId)
        return command.id
      }
      return undefined
    }),
  )
  assert.deepEqual(received, expected)
})

test('one device that is refused disturbs no other', async () => {
  const hub = rig.hub()
  const [first = '', second = ''] = deviceIds
  const good = await rig.open(rig.identity(first), hub)
  await assert.rejects(rig.open(rig.identity(second, rig.keyOf(first)), hub), { code: 'UNAUTHORIZED' })
  await good.send([reading('x')])
  assert.equal(rig.accepted.length, 1)
})
