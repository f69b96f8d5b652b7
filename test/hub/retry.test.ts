import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ErrorCode, GatewayError } from '../../src/core/errors.ts'
import type { Identity, Telemetry } from '../../src/core/items.ts'
import { unmeteredHub } from '../../src/core/meter.ts'
import { memoryHub } from '../../src/hub/memory.ts'
import { type Hub, PartialSendError } from '../../src/hub/port.ts'
import { type RetryOptions, retry } from '../../src/hub/retry.ts'
import { reading } from './rig.ts'
import { liveTimers, virtualTime } from './virtual-time.ts'

const device: Identity = { deviceId: 'd1', credentials: { type: 'policy' } }
const failed = (code: ErrorCode, retryAfterMs?: number) =>
  new GatewayError(code, 'words', retryAfterMs === undefined ? {} : { retryAfterMs })
const context = (signal = new AbortController().signal) => ({ signal, meter: unmeteredHub })
const open = (hub: Hub, options: RetryOptions = {}) => retry(hub, options).open(device, context())

/** A hub whose sessions answer sends as told, and write down when and what they were asked. */
function scripted(answers: (Error | undefined)[], now = () => 0): { hub: Hub; sends: [number, Telemetry[]][] } {
  const sends: [number, Telemetry[]][] = []
  const memory = memoryHub()
  const hub: Hub = {
    can: memory.can,
    async open(identity, given) {
      const session = await memory.open(identity, given)
      return {
        ...session,
        async send(messages) {
          sends.push([now(), [...messages]])
          const answer = answers.shift()
          if (answer !== undefined) throw answer
        },
      }
    },
  }
  return { hub, sends }
}

const times = (sends: readonly [number, unknown][]): number[] => sends.map(([at]) => at)

test('pauses double from the first to the longest', async (t) => {
  const time = virtualTime(t)
  const { hub, sends } = scripted(Array(6).fill(failed('HUB_UNAVAILABLE')), () => time.now)
  const session = await open(hub, { minDelayMs: 100, maxDelayMs: 800, random: () => 1 })
  const sending = session.send([reading('1')])
  await time.pass(4000)
  await sending
  assert.deepEqual(times(sends), [0, 100, 300, 700, 1500, 2300, 3100])
})

test('half of each pause is chance', async (t) => {
  const time = virtualTime(t)
  const chances = [0, 0.5, 1]
  const { hub, sends } = scripted(Array(3).fill(failed('HUB_TIMEOUT')), () => time.now)
  const session = await open(hub, { minDelayMs: 100, random: () => chances.shift() as number })
  const sending = session.send([reading('1')])
  await time.pass(1000)
  await sending
  assert.deepEqual(times(sends), [0, 50, 200, 600])
})

test('a Retry-After that asks for longer is honoured, even beyond the longest pause', async (t) => {
  const time = virtualTime(t)
  const answers = [failed('HUB_THROTTLED', 5000), failed('HUB_THROTTLED', 1)]
  const { hub, sends } = scripted(answers, () => time.now)
  const session = await open(hub, { minDelayMs: 100, maxDelayMs: 400, random: () => 1 })
  const sending = session.send([reading('1')])
  await time.pass(6000)
  await sending
  assert.deepEqual(times(sends), [0, 5000, 5200])
})

test('after the deadline the last error stands, and a pause that would pass it is not begun', async (t) => {
  const time = virtualTime(t)
  const { hub, sends } = scripted(Array(20).fill(failed('HUB_UNAVAILABLE')), () => time.now)
  const session = await open(hub, { minDelayMs: 100, maxDelayMs: 100, deadlineMs: 350, random: () => 1 })
  const refused = assert.rejects(session.send([reading('1')]), { code: 'HUB_UNAVAILABLE' })
  await time.pass(301)
  await refused
  assert.deepEqual(times(sends), [0, 100, 200, 300])
})

for (const code of ['HUB_REJECTED', 'UNAUTHORIZED', 'MESSAGE_TOO_LARGE', 'BUG'] as const) {
  test(`${code} is for good and passes at once`, async () => {
    const { hub, sends } = scripted([failed(code)])
    const session = await open(hub)
    await assert.rejects(session.send([reading('1')]), { code })
    assert.equal(sends.length, 1)
  })
}

test('of a send that went through in part only what failed for now is tried again, in order', async (t) => {
  const time = virtualTime(t)
  const all = ['1', '2', '3', '4', '5'].map((body) => reading(body))
  const [, second, third, fourth, fifth] = all as [Telemetry, Telemetry, Telemetry, Telemetry, Telemetry]
  const { hub, sends } = scripted([
    new PartialSendError(
      new Map([
        [second, failed('HUB_REJECTED')],
        [third, failed('HUB_UNAVAILABLE')],
        [fourth, failed('HUB_UNAVAILABLE')],
        [fifth, failed('HUB_UNAVAILABLE')],
      ]),
    ),
    new PartialSendError(
      new Map([
        [fourth, failed('HUB_REJECTED')],
        [fifth, failed('HUB_THROTTLED')],
      ]),
    ),
  ])
  const session = await open(hub, { minDelayMs: 1 })
  const refused = assert.rejects(session.send(all), (error: PartialSendError) => {
    assert.deepEqual(
      [...error.failures].map(([message, { code }]) => [message, code]),
      [
        [second, 'HUB_REJECTED'],
        [fourth, 'HUB_REJECTED'],
      ],
    )
    return true
  })
  await time.pass(10)
  await refused
  assert.deepEqual(
    sends.map(([, messages]) => messages),
    [all, [third, fourth, fifth], [fifth]],
  )
})

test('what is left when the deadline comes fails with the last error, and only that', async (t) => {
  const time = virtualTime(t)
  const [first, second] = [reading('1'), reading('2')]
  const partial = new PartialSendError(new Map([[second, failed('HUB_UNAVAILABLE')]]))
  const { hub } = scripted([partial, failed('HUB_THROTTLED'), failed('HUB_THROTTLED')])
  const session = await open(hub, { minDelayMs: 10, maxDelayMs: 10, deadlineMs: 15, random: () => 1 })
  const refused = assert.rejects(session.send([first, second]), (error: PartialSendError) => {
    assert.deepEqual([...error.failures.keys()], [second])
    assert.equal(error.failures.get(second)?.code, 'HUB_THROTTLED')
    return true
  })
  await time.pass(20)
  await refused
})

test('closing the session ends a pause at once and leaves no timer', async () => {
  const before = liveTimers()
  const { hub, sends } = scripted([failed('HUB_UNAVAILABLE', 60_000)])
  const session = await open(hub)
  const refused = assert.rejects(session.send([reading('1')]), { code: 'HUB_UNAVAILABLE' })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(liveTimers(), before + 1)
  await session.close()
  await refused
  assert.equal(liveTimers(), before)
  assert.equal(sends.length, 1)
})

test('delays that cannot work are CONFIGURATION', () => {
  for (const options of [
    { minDelayMs: 0 },
    { minDelayMs: 10, maxDelayMs: 5 },
    { deadlineMs: -1 },
    { minDelayMs: Number.NaN },
  ]) {
    assert.throws(() => retry(memoryHub(), options), { code: 'CONFIGURATION' })
  }
})

test('a session that was closed under it is not asked again', async () => {
  const { hub, sends } = scripted([failed('HUB_SESSION_CLOSED')])
  const session = await open(hub)
  await assert.rejects(session.send([reading('1')]), { code: 'HUB_SESSION_CLOSED' })
  assert.equal(sends.length, 1)
})
