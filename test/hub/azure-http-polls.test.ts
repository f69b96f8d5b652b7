import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type Command, receipt } from '../../src/core/items.ts'
import { unmeteredHub } from '../../src/core/meter.ts'
import type { HubSession } from '../../src/hub/port.ts'
import { retry } from '../../src/hub/retry.ts'
import { Rig, reading } from './rig.ts'
import { liveTimers } from './virtual-time.ts'

let rig: Rig

before(async () => {
  rig = await Rig.start('d1')
})
afterEach(() => rig.reset())
after(() => rig.stop())

const commandsOf = (session: HubSession): AsyncIterator<Command> => session.commands()[Symbol.asyncIterator]()
const polls = (outcome?: number): number => rig.emulator.hub.counters.requests('receive', outcome)
const queue = (body: string): string => rig.emulator.hub.queueCommand('d1', { body: Buffer.from(body) })
const stateOf = (id: string) => rig.emulator.hub.commandStates('d1').find(({ messageId }) => messageId === id)?.state

test('[P] the SDK polls by timer and drains: here a session polls only when a command is asked for', async () => {
  const session = await rig.open(rig.identity('d1'))
  const opened = polls()
  for (let index = 0; index < 20; index++) await session.send([reading('x')])
  assert.equal(polls(), opened)
  queue('1')
  const second = queue('2')
  await commandsOf(session).next()
  for (let index = 0; index < 20; index++) await session.send([reading('x')])
  assert.equal(polls(), opened + 1)
  assert.equal(stateOf(second), 'enqueued')
})

test('a command that waited while the session was opened is not lost', async () => {
  const id = queue('early')
  const session = await rig.open(rig.identity('d1'))
  assert.equal((await commandsOf(session).next()).value.id, id)
})

test('[P] the SDK drops content type and encoding, correlation id, delivery count: here they arrive', async () => {
  const session = await rig.open(rig.identity('d1'))
  rig.emulator.hub.queueCommand('d1', {
    body: Buffer.from('{}'),
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    correlationId: 'c1',
    properties: { name: 'valve' },
  })
  const commands = commandsOf(session)
  const command: Command = (await commands.next()).value
  assert.deepEqual(
    [command.contentType, command.contentEncoding, command.correlationId, command.name, command.deliveryCount],
    ['application/json', 'utf-8', 'c1', 'valve', 0],
  )
  await session.settle(receipt(command, 'abandon'))
  assert.equal((await commands.next()).value.deliveryCount, 1)
})

test('[P] the SDK takes 429 and Retry-After of a poll for nothing: here polling pauses and recovers', async (t) => {
  const pauses: number[] = []
  const session = await rig.open(rig.identity('d1'))
  rig.emulator.hub.faults.put({ operation: 'receive', status: 429, retryAfterSeconds: 1, count: 1 })
  const delays = t.mock.method(globalThis, 'setTimeout')
  const next = commandsOf(session).next()
  const id = queue('x')
  assert.equal((await next).value.id, id)
  for (const { arguments: given } of delays.mock.calls) pauses.push(given[1] as number)
  assert.ok(
    pauses.some((ms) => ms > 500 && ms <= 1000),
    pauses.join(),
  )
  assert.equal(polls(429), 1)
})

test('errors of polls that pass by themselves are ridden out', async () => {
  const session = await rig.open(rig.identity('d1'))
  const next = commandsOf(session).next()
  rig.emulator.hub.faults.put({ operation: 'receive', status: 503, count: 2 })
  rig.emulator.hub.faults.put({ device: 'd1', operation: 'receive', reset: 'before', count: 2 })
  const id = queue('x')
  assert.equal((await next).value.id, id)
})

test('a poll that the hub refuses with 401 ends the commands with UNAUTHORIZED', async () => {
  const session = await rig.open(rig.identity('d1'))
  const next = commandsOf(session).next()
  rig.emulator.hub.faults.put({ operation: 'receive', status: 401 })
  await assert.rejects(next, { code: 'UNAUTHORIZED', stage: 'hub.down' })
})

test('a device that is deleted in the middle of a session ends the commands with DEVICE_NOT_FOUND', async () => {
  rig.emulator.hub.createDevice({ deviceId: 'shortlived' })
  const session = await rig.open(rig.identity('shortlived'))
  const next = commandsOf(session).next()
  rig.emulator.hub.deleteDevice('shortlived')
  await assert.rejects(next, { code: 'DEVICE_NOT_FOUND' })
})

test('closing ends the iteration of commands in the middle of a poll, of a rest and between', async () => {
  const before = liveTimers()
  const resting = await rig.open(rig.identity('d1'), rig.hub({ pollIntervalMs: 60_000 }))
  const polling = await rig.open(rig.identity('d1'))
  const between = await rig.open(rig.identity('d1'))
  queue('x')
  const iteration = commandsOf(between)
  await iteration.next()
  rig.emulator.hub.faults.put({ operation: 'receive', hang: true })
  const waits = [commandsOf(resting).next(), commandsOf(polling).next()]
  for (const session of [resting, polling, between]) await session.close()
  for (const wait of waits) assert.equal((await wait).done, true)
  assert.equal((await iteration.next()).done, true)
  assert.equal(liveTimers(), before)
})

test('the signal ends the iteration in a rest and while it waits to be admitted; the session goes on', async () => {
  const before = liveTimers()
  const resting = await rig.open(rig.identity('d1'), rig.hub({ pollIntervalMs: 60_000 }))
  let admitted = 0
  const admitPoll = async (signal: AbortSignal) => {
    if (++admitted > 1) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  }
  const context = { signal: new AbortController().signal, meter: unmeteredHub, admitPoll }
  const waiting = await rig.hub().open(rig.identity('d1'), context)
  const stop = new AbortController()
  const nexts = [resting, waiting].map((session) => session.commands(stop.signal)[Symbol.asyncIterator]().next())
  while (admitted < 2) await turn()
  stop.abort()
  for (const next of nexts) assert.equal((await next).done, true)
  await resting.send([reading('x')])
  await waiting.send([reading('y')])
  assert.equal(rig.accepted.length, 2)
  await resting.close()
  await waiting.close()
  assert.equal(liveTimers(), before)
})

test('settling that fails for now can be tried again, and settles once', async () => {
  const hub = retry(rig.hub(), { minDelayMs: 1 })
  const session = await rig.open(rig.identity('d1'), hub)
  const id = queue('x')
  const command: Command = (await commandsOf(session).next()).value
  rig.emulator.hub.faults.put({ operation: 'settle', status: 503, count: 2 })
  await session.settle(receipt(command, 'complete'))
  assert.equal(stateOf(id), 'completed')
  await assert.rejects(session.settle(receipt(command, 'complete')), { code: 'UNKNOWN_COMMAND' })
})

test('[P] a closed SDK client works on and arms its token timer again: here settling after close is refused', async () => {
  const before = liveTimers()
  const session = await rig.open(rig.identity('d1'))
  const id = queue('x')
  const command: Command = (await commandsOf(session).next()).value
  await session.close()
  await assert.rejects(session.settle(receipt(command, 'complete')), { code: 'HUB_SESSION_CLOSED' })
  assert.equal(stateOf(id), 'invisible')
  assert.equal(liveTimers(), before)
})

test('settling that is in flight when the session closes ends with it', async () => {
  const session = await rig.open(rig.identity('d1'))
  queue('x')
  const command: Command = (await commandsOf(session).next()).value
  rig.emulator.hub.faults.put({ operation: 'settle', hang: true })
  const settling = session.settle(receipt(command, 'complete'))
  await session.close()
  await assert.rejects(settling, { code: 'HUB_SESSION_CLOSED' })
})

test('a session that only sends asks for no command, not even to be opened', async () => {
  const id = queue('not for us')
  const before = polls()
  const hub = rig.hub()
  const session = await hub.open(rig.identity('d1'), {
    signal: new AbortController().signal,
    meter: unmeteredHub,
    sendOnly: true,
  })
  await session.send([reading('x')])
  assert.equal(polls(), before)
  assert.equal(stateOf(id), 'enqueued')
  await session.close()
})

test('each poll waits to be admitted, the one that opens the session too', async () => {
  queue('c')
  const asked: AbortSignal[] = []
  const gates: (() => void)[] = []
  const admitPoll = (signal: AbortSignal) => {
    asked.push(signal)
    return new Promise<void>((resolve) => gates.push(resolve))
  }
  const before = polls()
  const opening = rig
    .hub()
    .open(rig.identity('d1'), { signal: new AbortController().signal, meter: unmeteredHub, admitPoll })
  while (gates.length === 0) await turn()
  assert.equal(polls(), before)
  gates[0]?.()
  const session = await opening
  assert.equal(polls(), before + 1)
  const commands = commandsOf(session)
  await commands.next()
  const second = commands.next()
  while (gates.length < 2) await turn()
  assert.equal(polls(), before + 1)
  await session.close()
  assert.equal(asked[1]?.aborted, true)
  gates[1]?.()
  assert.equal((await second).done, true)
})

test('a command says until when it may be written: its expiry, or its lock where that ends earlier', async () => {
  const session = await rig.open(rig.identity('d1'))
  const expiresAt = Date.now() + 20_000
  rig.emulator.hub.queueCommand('d1', { body: Buffer.from('1'), expiryTimeUtc: new Date(expiresAt).toISOString() })
  const askedAt = Date.now()
  queue('2')
  const commands = commandsOf(session)
  const first: Command = (await commands.next()).value
  assert.equal(first.writeBefore, expiresAt)
  const second: Command = (await commands.next()).value
  assert.ok(second.writeBefore >= askedAt + 58_000 && second.writeBefore <= Date.now() + 58_000)
  assert.equal(second.answerBefore, Number.POSITIVE_INFINITY, 'that is for the endpoint to say')
})
