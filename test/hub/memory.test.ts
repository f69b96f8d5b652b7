import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { type Command, type Identity, receipt, report } from '../../src/core/items.ts'
import { unmeteredHub } from '../../src/core/meter.ts'
import { Secret } from '../../src/core/secret.ts'
import { type MemoryHub, memoryHub } from '../../src/hub/memory.ts'
import { reading, text } from './rig.ts'

const anyone: Identity = { deviceId: 'd1', credentials: { type: 'policy' } }
const withKey = (deviceId: string, key: string): Identity => ({
  deviceId,
  credentials: { type: 'key', key: new Secret(key) },
})
const open = (hub: MemoryHub, device = anyone, signal = new AbortController().signal) =>
  hub.open(device, { signal, meter: unmeteredHub })

test('what is sent is remembered in order under its device', async () => {
  const hub = memoryHub()
  const first = await open(hub)
  const second = await open(hub, { ...anyone, deviceId: 'd2' })
  await first.send([reading('1'), reading('2')])
  await second.send([reading('3')])
  assert.deepEqual(
    hub.accepted.map(({ deviceId, message }) => [deviceId, text(message)]),
    [
      ['d1', '1'],
      ['d1', '2'],
      ['d2', '3'],
    ],
  )
})

test('a hub that holds accepts nothing until it is released, then everything', async () => {
  const hub = memoryHub({ hold: true })
  const session = await open(hub)
  const sending = session.send([reading('1')])
  assert.equal(hub.accepted.length, 0)
  hub.release()
  await sending
  await session.send([reading('2')])
  assert.equal(hub.accepted.length, 2)
  hub.hold()
  const again = session.send([reading('3')])
  assert.equal(hub.accepted.length, 2)
  hub.release()
  await again
})

test('closing a session ends a send that is held', async () => {
  const hub = memoryHub({ hold: true })
  const session = await open(hub)
  const sending = session.send([reading('1')])
  await session.close()
  await assert.rejects(sending, { code: 'HUB_SESSION_CLOSED' })
  hub.release()
  assert.deepEqual(hub.accepted, [])
})

test('sends fail with the errors it was given, one each, and then succeed', async () => {
  const hub = memoryHub()
  const session = await open(hub)
  hub.fail(new GatewayError('HUB_THROTTLED', 'later'), new GatewayError('HUB_REJECTED', 'never'))
  await assert.rejects(session.send([reading('1')]), { code: 'HUB_THROTTLED' })
  await assert.rejects(session.send([reading('1')]), { code: 'HUB_REJECTED' })
  await session.send([reading('1')])
  assert.equal(hub.accepted.length, 1)
})

test('with keys only the named devices are known, by their own key', async () => {
  const hub = memoryHub({ keys: { d1: 'k1', d2: 'k2' } })
  await open(hub, withKey('d1', 'k1'))
  await assert.rejects(open(hub, withKey('d1', 'k2')), { code: 'UNAUTHORIZED' })
  await assert.rejects(open(hub, anyone), { code: 'UNAUTHORIZED' })
  await assert.rejects(open(hub, withKey('d3', 'k1')), { code: 'DEVICE_NOT_FOUND' })
})

test('commands come one at a time to a device that was there before or comes after', async () => {
  const hub = memoryHub()
  const before = hub.queueCommand('d1', 'a')
  const session = await open(hub)
  const commands = session.commands()[Symbol.asyncIterator]()
  assert.equal((await commands.next()).value.id, before)
  const waiting = commands.next()
  const after = hub.queueCommand('d1', 'b', { via: 'method', name: 'open' })
  const { value } = await waiting
  assert.deepEqual([value.id, value.via, value.name, text(value)], [after, 'method', 'open', 'b'])
})

test('an abandoned command comes again and knows how often it came', async () => {
  const hub = memoryHub()
  hub.queueCommand('d1', 'a')
  const session = await open(hub)
  const commands = session.commands()[Symbol.asyncIterator]()
  const command: Command = (await commands.next()).value
  await session.settle(receipt(command, 'abandon'))
  const again: Command = (await commands.next()).value
  assert.deepEqual([again.id, again.deliveryCount], [command.id, 1])
  await session.settle(receipt(again, 'complete', undefined, { status: 200, body: 1 }))
  assert.deepEqual(
    hub.settled.map(({ outcome, response }) => [outcome, response?.status]),
    [
      ['abandon', undefined],
      ['complete', 200],
    ],
  )
})

test('closing ends the iteration of commands, and later calls are refused', async () => {
  const hub = memoryHub()
  const session = await open(hub)
  assert.deepEqual([...hub.sessions], [session])
  const waiting = session.commands()[Symbol.asyncIterator]().next()
  await session.close()
  assert.equal((await waiting).done, true)
  assert.equal(hub.sessions.size, 0)
  await assert.rejects(session.send([reading('1')]), { code: 'HUB_SESSION_CLOSED' })
  await assert.rejects(session.report(report({})), { code: 'HUB_SESSION_CLOSED' })
})

test('a connection that is gone opens no session', async () => {
  const hub = memoryHub()
  await assert.rejects(open(hub, anyone, AbortSignal.abort()), { code: 'HUB_SESSION_CLOSED' })
  assert.equal(hub.sessions.size, 0)
})

test('reports are remembered', async () => {
  const hub = memoryHub()
  const session = await open(hub)
  await session.report(report({ firmware: '1.2' }))
  assert.deepEqual(
    hub.reports.map(({ deviceId, report }) => [deviceId, report.patch]),
    [['d1', { firmware: '1.2' }]],
  )
})

test('a command whose time was over before anybody asked for it is not given out', async () => {
  const hub = memoryHub()
  const session = await open(hub)
  const late = hub.queueCommand('d1', 'late', { writeBefore: Date.now() - 1 })
  const early = hub.queueCommand('d1', 'early', { writeBefore: Date.now() + 60_000 })
  const { value } = await session.commands()[Symbol.asyncIterator]().next()
  assert.equal(value.id, early)
  assert.deepEqual(hub.expired, [late])
})

test('an abandoned command comes again as it was queued, whatever a connection has made of its times', async () => {
  const hub = memoryHub()
  const session = await open(hub)
  const writeBefore = Date.now() + 60_000
  hub.queueCommand('d1', 'c', { writeBefore })
  const commands = session.commands()[Symbol.asyncIterator]()
  const first: Command = (await commands.next()).value
  first.writeBefore = 0
  await session.settle(receipt(first, 'abandon'))
  const second: Command = (await commands.next()).value
  assert.deepEqual([second.id, second.writeBefore, second.deliveryCount], [first.id, writeBefore, 1])
})
