import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { GatewayError } from '../../src/core/errors.ts'
import { type Command, type Identity, receipt, type Telemetry, telemetry } from '../../src/core/items.ts'
import { unmeteredHub } from '../../src/core/meter.ts'
import { Secret } from '../../src/core/secret.ts'
import { type AcceptedMessage, type Emulator, startEmulator } from '../../src/emulator/index.ts'
import { type AzureHttpOptions, azureHttp } from '../../src/hub/azure-http.ts'
import { type Hub, type HubSession, PartialSendError } from '../../src/hub/port.ts'

let emulator: Emulator
let accepted: AcceptedMessage[]
let hub: Hub

before(async () => {
  emulator = await startEmulator({ devices: [{ deviceId: 'd1' }, { deviceId: 'd2' }] })
  emulator.hub.subscribe((message) => accepted.push(message))
})
after(() => emulator.close())
beforeEach(() => {
  accepted = []
  emulator.hub.faults.clear()
})

function connect(options: AzureHttpOptions = {}, connectionString = `HostName=${emulator.hostName}`): Hub {
  hub = azureHttp(connectionString, { ca: emulator.ca, pollIntervalMs: 1, pollsPerSecond: 1000, ...options })
  return hub
}

function identity(deviceId: string, key = keyOf(deviceId)): Identity {
  return { deviceId, credentials: { type: 'key', key: new Secret(key) } }
}

function keyOf(deviceId: string): string {
  return emulator.hub.getDevice(deviceId)?.authentication.symmetricKey.primaryKey as string
}

function open(device: Identity, options: AzureHttpOptions = {}, connectionString?: string): Promise<HubSession> {
  return connect(options, connectionString).open(device, { signal: new AbortController().signal, meter: unmeteredHub })
}

async function close(session: HubSession): Promise<void> {
  await session.close()
  await hub.close?.()
}

async function firstCommand(session: HubSession): Promise<Command> {
  for await (const command of session.commands()) return command
  throw new Error('the session ended')
}

const reading = (body: string, options = {}): Telemetry => telemetry(Buffer.from(body), options)

test('a batch arrives in order with bodies, properties and system properties', async () => {
  const session = await open(identity('d1'))
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
  await close(session)
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

test('a property value that looks like JSON cannot add properties or messages', async () => {
  const value = 'x","iothub-messageid":"spoofed'
  const session = await open(identity('d1'))
  await session.send([reading('{}', { properties: { note: value } })])
  await close(session)
  assert.equal(accepted.length, 1)
  assert.deepEqual(accepted[0]?.properties, { note: value })
  assert.equal(accepted[0]?.systemProperties['message-id'], undefined)
})

test('opening a session fails with a wrong key, an unknown device, a foreign token', async () => {
  await assert.rejects(open(identity('d1', 'd3Jvbmc=')), { code: 'UNAUTHORIZED' })
  await hub.close?.()
  await assert.rejects(open(identity('nobody', 'a2V5')), { code: 'DEVICE_NOT_FOUND' })
  await hub.close?.()
})

test('a hub policy speaks for a device without its key', async () => {
  const device: Identity = { deviceId: 'd2', credentials: { type: 'policy' } }
  const session = await open(device, {}, emulator.connectionString)
  await session.send([reading('{}')])
  await close(session)
  assert.equal(accepted[0]?.deviceId, 'd2')
})

test('a hub without a policy refuses to speak for a device without credentials', async () => {
  const device: Identity = { deviceId: 'd2', credentials: { type: 'policy' } }
  await assert.rejects(open(device), { code: 'CONFIGURATION' })
  await hub.close?.()
})

test('a command arrives byte for byte with its properties unprefixed, and is completed, abandoned, rejected', async () => {
  const session = await open(identity('d1'))
  const body = Buffer.from([0xff, 0xfe, 0x80, 0x00])
  for (const [outcome, state] of [
    ['complete', 'completed'],
    ['reject', 'deadlettered'],
    ['abandon', 'enqueued'],
  ] as const) {
    const messageId = emulator.hub.queueCommand('d1', { body, properties: { Name: 'valve' } })
    const command = await firstCommand(session)
    assert.equal(command.id, messageId)
    assert.deepEqual(command.body, body)
    assert.deepEqual(Object.values(command.properties), ['valve'])
    assert.ok(Object.keys(command.properties).every((name) => !name.startsWith('iothub-')))
    await session.settle(receipt(command, outcome))
    const found = emulator.hub.commandStates('d1').find((each) => each.messageId === messageId)
    assert.equal(found?.state, state)
  }
  await close(session)
})

test('two commands that a service app gave the same id are settled one by one', async () => {
  const session = await open(identity('d2'))
  emulator.hub.queueCommand('d2', { body: Buffer.from('1'), messageId: 'same' })
  const commands = session.commands()[Symbol.asyncIterator]()
  const first = (await commands.next()).value as Command
  emulator.hub.queueCommand('d2', { body: Buffer.from('2'), messageId: 'same' })
  const second = (await commands.next()).value as Command
  assert.notEqual(first.id, second.id)
  await session.settle(receipt(second, 'complete'))
  await session.settle(receipt(first, 'complete'))
  await close(session)
})

test('settling after the lock has gone is LOCK_LOST', async () => {
  const session = await open(identity('d1'))
  emulator.hub.faults.put({ operation: 'settle', expireLocks: true })
  for (const left of emulator.hub.commandStates('d1')) assert.ok(left)
  emulator.hub.queueCommand('d1', { body: Buffer.from('x') })
  const command = await firstCommand(session)
  await assert.rejects(session.settle(receipt(command, 'complete')), { code: 'LOCK_LOST' })
  await close(session)
})

for (const [status, code, retryable] of [
  [429, 'HUB_THROTTLED', true],
  [500, 'HUB_UNAVAILABLE', true],
  [503, 'HUB_UNAVAILABLE', true],
  [401, 'UNAUTHORIZED', false],
] as const) {
  test(`an answer ${status} to a send is ${code}`, async () => {
    const session = await open(identity('d1'))
    emulator.hub.faults.put({ operation: 'send', status, retryAfterSeconds: 3 })
    await assert.rejects(session.send([reading('{}'), reading('{}')]), (error: GatewayError) => {
      assert.equal(error.code, code)
      assert.equal(error.retryable, retryable)
      assert.equal(error.retryAfterMs, 3000)
      return true
    })
    await close(session)
  })
}

test('a hub that resets the connection or is not there is HUB_UNAVAILABLE', async () => {
  const session = await open(identity('d1'))
  emulator.hub.faults.put({ operation: 'send', reset: 'before' })
  await assert.rejects(session.send([reading('{}')]), { code: 'HUB_UNAVAILABLE', retryable: true })
  await close(session)
  await assert.rejects(open(identity('d1'), {}, 'HostName=localhost:1'), { code: 'HUB_UNAVAILABLE' })
  await hub.close?.()
})

test('a hub that hangs is HUB_TIMEOUT after the deadline', async () => {
  const session = await open(identity('d1'), { requestTimeoutMs: 200 })
  emulator.hub.faults.put({ operation: 'send', hang: true })
  await assert.rejects(session.send([reading('{}')]), { code: 'HUB_TIMEOUT', retryable: true })
  await close(session)
})

test('closing ends a request in flight, and later calls are refused', async () => {
  const session = await open(identity('d1'))
  emulator.hub.faults.put({ operation: 'send', hang: true })
  const sending = session.send([reading('{}')])
  await close(session)
  await assert.rejects(sending, { code: 'HUB_SESSION_CLOSED' })
  await assert.rejects(session.send([reading('{}')]), { code: 'HUB_SESSION_CLOSED' })
})

test('aborting ends the opening of a session', async () => {
  emulator.hub.faults.put({ operation: 'receive', hang: true })
  const controller = new AbortController()
  const opening = connect().open(identity('d1'), { signal: controller.signal, meter: unmeteredHub })
  setImmediate(() => controller.abort())
  await assert.rejects(opening, { code: 'HUB_SESSION_CLOSED' })
  await hub.close?.()
})

test('one poison message is isolated: all others of its batch are accepted, in order', async () => {
  const session = await open(identity('d1'))
  const poison = reading('p', { properties: { big: 'x'.repeat(300_000) } })
  const messages = [reading('1'), reading('2'), poison, reading('4'), reading('5')]
  await assert.rejects(session.send(messages), (error: PartialSendError) => {
    assert.ok(error instanceof PartialSendError)
    assert.deepEqual([...error.failures.keys()], [poison])
    assert.equal(error.failures.get(poison)?.code, 'MESSAGE_TOO_LARGE')
    return true
  })
  await close(session)
  assert.deepEqual(
    accepted.map((message) => Buffer.from(message.body).toString()),
    ['1', '2', '4', '5'],
  )
})

test('polls of a session never overlap', async () => {
  const session = await open(identity('d1'))
  emulator.hub.faults.put({ operation: 'receive', latencyMs: 30 })
  const commands = session.commands()[Symbol.asyncIterator]()
  const next = commands.next()
  emulator.hub.queueCommand('d1', { body: Buffer.from('x') })
  const command = (await next).value as Command
  await session.settle(receipt(command, 'complete'))
  assert.equal(emulator.hub.counters.peakPolls('d1'), 1)
  await close(session)
})

test('reported properties are not to be had over HTTPS', async () => {
  const session = await open(identity('d1'))
  await assert.rejects(session.report({ kind: 'report', patch: {}, tag: 1, refused: undefined }), {
    code: 'NOT_SUPPORTED',
  })
  await close(session)
})

test('no timer and no socket is left when sessions and hub are closed', async () => {
  const busy = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout' || each === 'TLSSocketWrap')
  const before = busy().length
  const session = await open(identity('d1'))
  await session.send([reading('{}')])
  await close(session)
  assert.equal(busy().length <= before, true, busy().join())
})
