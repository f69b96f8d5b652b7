import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { type Command, receipt, telemetry } from '../../src/core/items.ts'
import { unmeteredHub } from '../../src/core/meter.ts'
import { type Hub, type HubSession, PartialSendError } from '../../src/hub/port.ts'
import { Conservation } from '../../src/testing/conservation.ts'
import { jsonLinesSpeech } from '../../src/testing/json-lines-speech.ts'
import { tappedHub } from '../../src/testing/tapped-hub.ts'
import { memoryHub } from '../../src/testing.ts'

const { originOf } = jsonLinesSpeech()

function opened(hub: Hub, conservation: Conservation): Promise<HubSession> {
  const context = { signal: new AbortController().signal, meter: unmeteredHub }
  const tapped = tappedHub(hub, conservation, originOf)
  return tapped.open({ deviceId: 'd1', credentials: { type: 'policy' } }, context)
}

function reading(number: number) {
  return telemetry(Buffer.from(JSON.stringify({ device: 'd1', number })))
}

test('the oracle hears of what the hub took, and not of what it refused', async () => {
  const conservation = new Conservation()
  const hub = memoryHub()
  const session = await opened(hub, conservation)
  for (const number of [1, 2]) conservation.sent('d1', number)
  hub.fail(new GatewayError('HUB_UNAVAILABLE', 'not now'))
  await assert.rejects(session.send([reading(1)]), { code: 'HUB_UNAVAILABLE' })
  assert.equal(conservation.verdict().delivered, 0)
  await session.send([reading(1), reading(2)])
  assert.equal(conservation.verdict().delivered, 2)
})

test('of a send that went through in part it hears of that part', async () => {
  const conservation = new Conservation()
  const memory = memoryHub()
  const half: Hub = {
    can: memory.can,
    open: async (device, context) => {
      const session = await memory.open(device, context)
      const send: HubSession['send'] = async ([first]) => {
        throw new PartialSendError(new Map([[first as never, new GatewayError('HUB_REJECTED', 'never')]]))
      }
      return { ...session, send }
    },
  }
  const session = await opened(half, conservation)
  for (const number of [1, 2]) conservation.sent('d1', number)
  await assert.rejects(session.send([reading(1), reading(2)]), PartialSendError)
  const { delivered, details } = conservation.verdict()
  assert.equal(delivered, 1)
  assert.deepEqual(details, ['lost: d1/1 (never got through)'])
})

test('a command that is settled before its device confirmed it is found out', async () => {
  const conservation = new Conservation()
  const hub = memoryHub()
  const session = await opened(hub, conservation)
  const id = hub.queueCommand('d1', '{}')
  conservation.commandQueued({ id, deviceId: 'd1' })
  const { value } = await session.commands()[Symbol.asyncIterator]().next()
  await session.settle(receipt(value as Command, 'complete'))
  assert.equal(conservation.verdict().unconfirmedCommands, 1)
  await session.close()
})
