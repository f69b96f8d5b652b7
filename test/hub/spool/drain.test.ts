import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '../../../src/core/connection.ts'
import { type DrainOptions, drain } from '../../../src/hub/spool/drain.ts'
import { memoryStore } from '../../../src/hub/spool/memory-store.ts'
import { reading, text } from '../rig.ts'
import { liveTimers } from '../virtual-time.ts'
import { failed, settled, ToldHub } from './rig.ts'

async function filled(devices: readonly string[], count: number) {
  const store = memoryStore()
  for (const deviceId of devices) {
    const messages = Array.from({ length: count }, (_, at) => reading(`${deviceId}/${at}`))
    await store.append(deviceId, messages, 'digest.1')
    await store.remember(deviceId, { credentials: 'key', confirmations: 1, accepted: [] })
  }
  return store
}

function draining(options: Partial<DrainOptions> = {}) {
  const givenUp: string[] = []
  const onGivenUp: DrainOptions['onGivenUp'] = (_deviceId, message, { code }) => {
    givenUp.push(`${text(message)} ${code}`)
  }
  const signal = new AbortController().signal
  return { givenUp, options: { signal, log: silentLog, onGivenUp, minDelayMs: 1, maxDelayMs: 2, ...options } }
}

test('everything is forwarded under policy, each device in order, and then it ends', async () => {
  const before = liveTimers()
  const to = new ToldHub()
  const store = await filled(['a', 'b', 'c'], 600)
  let failures = 3
  to.onSend = async () => {
    if (failures-- > 0) throw failed('HUB_UNAVAILABLE')
  }
  const { options, givenUp } = draining()
  assert.deepEqual(await drain(to, store, options), { forwarded: 1800, givenUp: 0, left: 0, refusedDevices: 0 })
  assert.deepEqual(
    to.bodies('b'),
    Array.from({ length: 600 }, (_, at) => `b/${at}`),
  )
  assert.ok(to.opened.every(({ credentials, sendOnly }) => credentials.type === 'policy' && sendOnly))
  assert.deepEqual([givenUp, to.live.size, to.prepared, liveTimers()], [[], 0, 1, before])
})

test('an empty store is done at once', async () => {
  const { options } = draining()
  assert.deepEqual(await drain(new ToldHub(), memoryStore(), options), {
    forwarded: 0,
    givenUp: 0,
    left: 0,
    refusedDevices: 0,
  })
})

test('devices that the hub refuses are left, when all others are done', async () => {
  const to = new ToldHub()
  to.onOpen = async ({ deviceId }) => {
    if (deviceId === 'b') throw failed('DEVICE_NOT_FOUND')
  }
  const store = await filled(['a', 'b', 'c'], 3)
  const { options } = draining()
  assert.deepEqual(await drain(to, store, options), { forwarded: 6, givenUp: 0, left: 3, refusedDevices: 1 })
})

test('messages that the hub refuses for good are told and taken out', async () => {
  const to = new ToldHub()
  to.onSend = async ({ messages }) => {
    if (messages.some((message) => text(message) === 'a/1')) throw failed('HUB_REJECTED')
  }
  const store = await filled(['a'], 3)
  const { options, givenUp } = draining()
  assert.deepEqual(await drain(to, store, options), { forwarded: 2, givenUp: 1, left: 0, refusedDevices: 0 })
  assert.deepEqual(givenUp, ['a/1 HUB_REJECTED'])
})

test('the signal ends it, and what was not sent stays', async () => {
  const to = new ToldHub()
  to.onSend = async () => {
    throw failed('HUB_UNAVAILABLE')
  }
  const store = await filled(['a'], 3)
  const controller = new AbortController()
  const { options } = draining({ signal: controller.signal })
  const result = drain(to, store, options)
  await settled()
  controller.abort()
  assert.deepEqual(await result, { forwarded: 0, givenUp: 0, left: 3, refusedDevices: 0 })
})
