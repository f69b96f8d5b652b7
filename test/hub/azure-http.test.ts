import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import type { GatewayError } from '../../src/core/errors.ts'
import { type Command, type Identity, receipt, report } from '../../src/core/items.ts'
import { unmeteredHub } from '../../src/core/meter.ts'
import type { AcceptedMessage } from '../../src/emulator/index.ts'
import type { AzureHttpOptions } from '../../src/hub/azure-http.ts'
import { type HubSession, PartialSendError } from '../../src/hub/port.ts'
import { Rig, reading } from './rig.ts'

let rig: Rig
let accepted: AcceptedMessage[]

before(async () => {
  rig = await Rig.start('d1', 'd2')
  accepted = rig.accepted
})
afterEach(() => rig.reset())
after(() => rig.stop())

const open = (deviceId: string, options: AzureHttpOptions = {}): Promise<HubSession> =>
  rig.open(rig.identity(deviceId), rig.hub(options))

async function firstCommand(session: HubSession): Promise<Command> {
  for await (const command of session.commands()) return command
  throw new Error('the session ended')
}

test('[P] the SDK drops system properties from a batch: here they arrive, with bodies and properties, in order', async () => {
  const session = await open('d1')
  await session.send([
    reading('{"t":1}', {
      properties: { alert: 'true', 'x"y': 'ü\n' },
      messageId: 'm1',
      correlationId: 'c1',
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      creationTimeUtc: '2026-01-01T00:00:00Z',
    }),
    reading('two'),
  ])
  assert.deepEqual(
    accepted.map((message) => [message.deviceId, Buffer.from(message.body).toString(), message.properties]),
    [
      ['d1', '{"t":1}', { alert: 'true', 'x"y': 'ü\n' }],
      ['d1', 'two', {}],
    ],
  )
  const system = accepted[0]?.systemProperties
  assert.equal(system?.['message-id'], 'm1')
  assert.equal(system?.['correlation-id'], 'c1')
  assert.equal(system?.['content-type'], 'application/json')
  assert.equal(system?.['content-encoding'], 'utf-8')
  assert.equal(system?.['iothub-creation-time-utc'], '2026-01-01T00:00:00Z')
})

test('[P] the SDK does not escape a batch: here a value that looks like JSON cannot add properties or messages', async () => {
  const value = 'x","iothub-messageid":"spoofed'
  const session = await open('d1')
  await session.send([reading('{}', { properties: { note: value } })])
  assert.equal(accepted.length, 1)
  assert.deepEqual(accepted[0]?.properties, { note: value })
  assert.equal(accepted[0]?.systemProperties['message-id'], undefined)
})

test('opening a session fails with a wrong key and for an unknown device', async () => {
  await assert.rejects(rig.open(rig.identity('d1', 'd3Jvbmc=')), { code: 'UNAUTHORIZED' })
  await assert.rejects(rig.open(rig.identity('nobody', 'a2V5')), { code: 'DEVICE_NOT_FOUND' })
})

test('a hub policy speaks for a device without its key', async () => {
  const device: Identity = { deviceId: 'd2', credentials: { type: 'policy' } }
  const session = await rig.open(device, rig.hub({}, rig.emulator.connectionString))
  await session.send([reading('{}')])
  assert.equal(accepted[0]?.deviceId, 'd2')
})

test('a hub without a policy refuses to speak for a device without credentials', async () => {
  const device: Identity = { deviceId: 'd2', credentials: { type: 'policy' } }
  await assert.rejects(rig.open(device), { code: 'CONFIGURATION' })
})

test('[P] the SDK reads a command as UTF-8 and keeps prefixes: here it arrives byte for byte, and is settled in every way', async () => {
  const session = await open('d1')
  const body = Buffer.from([0xff, 0xfe, 0x80, 0x00])
  for (const [outcome, state] of [
    ['complete', 'completed'],
    ['reject', 'deadlettered'],
    ['abandon', 'enqueued'],
  ] as const) {
    const messageId = rig.emulator.hub.queueCommand('d1', { body, properties: { Name: 'valve' } })
    const command = await firstCommand(session)
    assert.equal(command.id, messageId)
    assert.deepEqual(command.body, body)
    assert.deepEqual(Object.values(command.properties), ['valve'])
    assert.ok(Object.keys(command.properties).every((name) => !name.startsWith('iothub-')))
    await session.settle(receipt(command, outcome))
    const found = rig.emulator.hub.commandStates('d1').find((each) => each.messageId === messageId)
    assert.equal(found?.state, state)
  }
})

test('two commands that a service app gave the same id are settled one by one', async () => {
  const session = await open('d2')
  rig.emulator.hub.queueCommand('d2', { body: Buffer.from('1'), messageId: 'same' })
  const commands = session.commands()[Symbol.asyncIterator]()
  const first = (await commands.next()).value as Command
  rig.emulator.hub.queueCommand('d2', { body: Buffer.from('2'), messageId: 'same' })
  const second = (await commands.next()).value as Command
  assert.notEqual(first.id, second.id)
  await session.settle(receipt(second, 'complete'))
  await session.settle(receipt(first, 'complete'))
})

test('[P] the SDK has no name for 412: here settling after the lock has gone is LOCK_LOST', async () => {
  const session = await open('d1')
  rig.emulator.hub.faults.put({ operation: 'settle', expireLocks: true })
  rig.emulator.hub.queueCommand('d1', { body: Buffer.from('x') })
  const command = await firstCommand(session)
  await assert.rejects(session.settle(receipt(command, 'complete')), { code: 'LOCK_LOST' })
})

for (const [status, code, retryable] of [
  [429, 'HUB_THROTTLED', true],
  [500, 'HUB_UNAVAILABLE', true],
  [503, 'HUB_UNAVAILABLE', true],
  [401, 'UNAUTHORIZED', false],
] as const) {
  test(`an answer ${status} to a send is ${code}`, async () => {
    const session = await open('d1')
    rig.emulator.hub.faults.put({ operation: 'send', status, retryAfterSeconds: 3 })
    await assert.rejects(session.send([reading('{}'), reading('{}')]), (error: GatewayError) => {
      assert.equal(error.code, code)
      assert.equal(error.retryable, retryable)
      assert.equal(error.retryAfterMs, 3000)
      return true
    })
  })
}

test('a hub that resets the connection or is not there is HUB_UNAVAILABLE', async () => {
  const session = await open('d1')
  rig.emulator.hub.faults.put({ operation: 'send', reset: 'before' })
  await assert.rejects(session.send([reading('{}')]), { code: 'HUB_UNAVAILABLE', retryable: true })
  await assert.rejects(rig.open(rig.identity('d1'), rig.hub({}, 'HostName=localhost:1')), { code: 'HUB_UNAVAILABLE' })
})

test('[P] the SDK waits for ever: here a hub that hangs is HUB_TIMEOUT after the deadline', async () => {
  const session = await open('d1', { requestTimeoutMs: 200 })
  rig.emulator.hub.faults.put({ operation: 'send', hang: true })
  await assert.rejects(session.send([reading('{}')]), { code: 'HUB_TIMEOUT', retryable: true })
})

test('closing ends a request in flight, and later calls are refused', async () => {
  const session = await open('d1')
  rig.emulator.hub.faults.put({ operation: 'send', hang: true })
  const sending = session.send([reading('{}')])
  await session.close()
  await assert.rejects(sending, { code: 'HUB_SESSION_CLOSED' })
  await assert.rejects(session.send([reading('{}')]), { code: 'HUB_SESSION_CLOSED' })
})

test('closing the hub ends the requests of every session', async () => {
  const hub = rig.hub()
  const session = await rig.open(rig.identity('d1'), hub)
  rig.emulator.hub.faults.put({ operation: 'send', hang: true })
  const sending = assert.rejects(session.send([reading('{}')]), { code: 'HUB_SESSION_CLOSED' })
  await hub.close?.()
  await sending
})

test('aborting ends the opening of a session', async () => {
  rig.emulator.hub.faults.put({ operation: 'receive', hang: true })
  const controller = new AbortController()
  const opening = rig.hub().open(rig.identity('d1'), { signal: controller.signal, meter: unmeteredHub })
  setImmediate(() => controller.abort())
  await assert.rejects(opening, { code: 'HUB_SESSION_CLOSED' })
})

test('one poison message is isolated: all others of its batch are accepted, in order', async () => {
  const session = await open('d1')
  const poison = reading('p', { properties: { big: 'x'.repeat(300_000) } })
  const messages = [reading('1'), reading('2'), poison, reading('4'), reading('5')]
  await assert.rejects(session.send(messages), (error: PartialSendError) => {
    assert.ok(error instanceof PartialSendError)
    assert.deepEqual([...error.failures.keys()], [poison])
    assert.equal(error.failures.get(poison)?.code, 'MESSAGE_TOO_LARGE')
    return true
  })
  assert.deepEqual(
    accepted.map((message) => Buffer.from(message.body).toString()),
    ['1', '2', '4', '5'],
  )
})

test('[P] the SDK polls while a poll is in flight: here polls of a session never overlap', async () => {
  const session = await open('d1')
  rig.emulator.hub.faults.put({ operation: 'receive', latencyMs: 30 })
  const commands = session.commands()[Symbol.asyncIterator]()
  const next = commands.next()
  rig.emulator.hub.queueCommand('d1', { body: Buffer.from('x') })
  const command = (await next).value as Command
  await session.settle(receipt(command, 'complete'))
  assert.equal(rig.emulator.hub.counters.peakPolls('d1'), 1)
})

test('[P] there are no reported properties over HTTPS: NOT_SUPPORTED', async () => {
  const session = await open('d1')
  await assert.rejects(session.report(report({})), {
    code: 'NOT_SUPPORTED',
  })
})

test('no timer and no socket is left when sessions and hub are closed', async () => {
  const busy = () => process.getActiveResourcesInfo().filter((each) => /^(Timeout|TCP|TLS)/.test(each)).length
  const settled = async () => {
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  await settled()
  const before = busy()
  const session = await open('d1')
  await session.send([reading('{}')])
  assert.ok(busy() > before)
  await rig.reset()
  await settled()
  assert.equal(busy(), before)
})
