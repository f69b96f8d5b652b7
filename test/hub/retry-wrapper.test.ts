import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ErrorCode, GatewayError } from '../../src/core/errors.ts'
import { command, type Identity, receipt, report } from '../../src/core/items.ts'
import { unmeteredHub } from '../../src/core/meter.ts'
import { type MemoryHub, memoryHub } from '../../src/hub/memory.ts'
import type { Hub, HubSession } from '../../src/hub/port.ts'
import { retry } from '../../src/hub/retry.ts'
import { liveTimers, virtualTime } from './virtual-time.ts'

const device: Identity = { deviceId: 'd1', credentials: { type: 'policy' } }
const failed = (code: ErrorCode, retryAfterMs?: number) =>
  new GatewayError(code, 'words', retryAfterMs === undefined ? {} : { retryAfterMs })
const context = (signal = new AbortController().signal) => ({ signal, meter: unmeteredHub })

function refusing(memory: MemoryHub, answers: (Error | undefined)[]): { hub: Hub; opened: () => number } {
  let opened = 0
  const open: Hub['open'] = async (identity, given) => {
    opened++
    const answer = answers.shift()
    if (answer !== undefined) throw answer
    return memory.open(identity, given)
  }
  return { hub: { can: memory.can, open }, opened: () => opened }
}

test('opening is tried again while the hub cannot be asked', async (t) => {
  const time = virtualTime(t)
  const memory = memoryHub()
  const { hub, opened } = refusing(memory, [failed('HUB_UNAVAILABLE'), failed('HUB_THROTTLED')])
  const opening = retry(hub).open(device, context())
  await time.pass(2000)
  await opening
  assert.equal(opened(), 3)
  assert.equal(memory.sessions.size, 1)
})

test('opening is not tried again with credentials that are refused', async () => {
  const { hub, opened } = refusing(memoryHub(), [failed('UNAUTHORIZED')])
  await assert.rejects(retry(hub).open(device, context()), { code: 'UNAUTHORIZED' })
  assert.equal(opened(), 1)
})

test('a connection that goes away ends the opening at once and leaves no timer', async () => {
  const before = liveTimers()
  const { hub, opened } = refusing(memoryHub(), [failed('HUB_UNAVAILABLE', 60_000)])
  const controller = new AbortController()
  const opening = retry(hub).open(device, context(controller.signal))
  await new Promise((resolve) => setImmediate(resolve))
  controller.abort()
  await assert.rejects(opening, { code: 'HUB_UNAVAILABLE' })
  assert.equal(liveTimers(), before)
  assert.equal(opened(), 1)
})

test('reports and settlements are tried again too, and commands pass through', async (t) => {
  const time = virtualTime(t)
  const memory = memoryHub()
  const tried: string[] = []
  const once = (what: string) => {
    tried.push(what)
    if (tried.filter((each) => each === what).length === 1) throw failed('HUB_UNAVAILABLE')
  }
  const open: Hub['open'] = async (identity, given): Promise<HubSession> => {
    const session = await memory.open(identity, given)
    return {
      ...session,
      async report(each) {
        once('report')
        await session.report(each)
      },
      async settle(each) {
        once('settle')
        await session.settle(each)
      },
    }
  }
  const session = await retry({ can: memory.can, open }).open(device, context())
  const settling = session.settle(receipt(command('c1', Buffer.alloc(0)), 'complete'))
  const reporting = session.report(report({ a: 1 }))
  await time.pass(1000)
  await Promise.all([settling, reporting])
  assert.deepEqual([memory.settled.length, memory.reports.length], [1, 1])
  const id = memory.queueCommand('d1', 'x')
  assert.equal((await session.commands()[Symbol.asyncIterator]().next()).value.id, id)
})

test('preparing and closing reach the hub that is wrapped, where it has them', async () => {
  const done: string[] = []
  const { can, open } = memoryHub()
  const hub = retry({
    can,
    open,
    prepare: async () => void done.push('prepare'),
    close: async () => void done.push('close'),
  })
  await hub.prepare?.()
  await hub.close?.()
  assert.deepEqual(done, ['prepare', 'close'])
  await retry({ can, open }).prepare?.()
  await retry({ can, open }).close?.()
})
