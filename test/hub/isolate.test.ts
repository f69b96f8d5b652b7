import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ErrorCode, GatewayError } from '../../src/core/errors.ts'
import type { Telemetry } from '../../src/core/items.ts'
import { sendIsolating } from '../../src/hub/isolate.ts'
import { PartialSendError } from '../../src/hub/port.ts'
import { reading } from './rig.ts'

const list = (count: number): Telemetry[] => Array.from({ length: count }, (_, index) => reading(`${index}`))

/** A hub that refuses any request with a poison message in it, and from request `brokenFrom` on all of them. */
class PickyHub {
  readonly accepted: Telemetry[] = []
  requests = 0
  readonly #poison: ReadonlySet<Telemetry>
  readonly #brokenFrom: number

  constructor(poison: Iterable<Telemetry>, brokenFrom = Number.POSITIVE_INFINITY) {
    this.#poison = new Set(poison)
    this.#brokenFrom = brokenFrom
  }

  readonly post = async (part: readonly Telemetry[]): Promise<void> => {
    assert.ok(part.length > 0)
    if (++this.requests >= this.#brokenFrom) throw new GatewayError('HUB_UNAVAILABLE', 'down')
    if (part.some((message) => this.#poison.has(message))) throw new GatewayError('HUB_REJECTED', 'poison')
    this.accepted.push(...part)
  }
}

async function send(messages: readonly Telemetry[], hub: PickyHub): Promise<ReadonlyMap<Telemetry, GatewayError>> {
  try {
    await sendIsolating(messages, hub.post)
    return new Map()
  } catch (error) {
    if (error instanceof PartialSendError) return error.failures
    throw error
  }
}

const codes = (failures: ReadonlyMap<Telemetry, GatewayError>): ErrorCode[] =>
  [...failures.values()].map((error) => error.code)

test('messages that nobody refuses are one request', async () => {
  const hub = new PickyHub([])
  await sendIsolating(list(100), hub.post)
  assert.equal(hub.requests, 1)
  assert.equal(hub.accepted.length, 100)
})

test('one poison message costs itself only, wherever it stands among any number', async () => {
  for (let count = 1; count <= 17; count++) {
    for (let at = 0; at < count; at++) {
      const messages = list(count)
      const poison = messages[at] as Telemetry
      const hub = new PickyHub([poison])
      assert.deepEqual([...(await send(messages, hub)).keys()], [poison])
      assert.deepEqual(hub.accepted, messages.toSpliced(at, 1))
    }
  }
})

test('one poison among a hundred is found in at most fifteen requests', async () => {
  for (let at = 0; at < 100; at++) {
    const messages = list(100)
    const hub = new PickyHub([messages[at] as Telemetry])
    await send(messages, hub)
    assert.ok(hub.requests <= 15, `${hub.requests} for ${at}`)
  }
})

test('whichever messages are poison, all others are accepted in order and each failure names its own', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), async (marks) => {
      const messages = list(marks.length)
      const poison = messages.filter((_, index) => marks[index])
      const hub = new PickyHub(poison)
      assert.deepEqual([...(await send(messages, hub)).keys()], poison)
      assert.deepEqual(
        hub.accepted,
        messages.filter((_, index) => !marks[index]),
      )
    }),
  )
})

test('an error that concerns all stops it: the rest is marked with that error and not tried', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { minLength: 2, maxLength: 20 }),
      fc.integer({ min: 2, max: 12 }),
      async (marks, brokenFrom) => {
        const messages = list(marks.length)
        const poison = messages.filter((_, index) => marks[index])
        const hub = new PickyHub(poison, brokenFrom)
        const failures = await send(messages, hub).catch(
          (error: GatewayError) => new Map(messages.map((each) => [each, error])),
        )
        assert.ok(hub.requests <= brokenFrom)
        // Accepted and failed are a partition, and nothing behind the first unanswered message was accepted.
        assert.equal(hub.accepted.length + failures.size, messages.length)
        assert.ok(hub.accepted.every((message) => !failures.has(message)))
        const stopped = messages.findIndex((message) => failures.get(message)?.code === 'HUB_UNAVAILABLE')
        if (stopped >= 0) {
          assert.ok(messages.slice(stopped).every((message) => failures.get(message)?.code === 'HUB_UNAVAILABLE'))
        }
      },
    ),
  )
})

test('after a retryable failure in the middle the poison before it stays poison and the rest may come again', async () => {
  const messages = list(4)
  // Requests: 4 refused, the first 2 refused, 1 refused, 1 taken, then the hub is down.
  const hub = new PickyHub([messages[0] as Telemetry], 5)
  const failures = await send(messages, hub)
  assert.deepEqual(hub.accepted, [messages[1]])
  assert.deepEqual([...failures.keys()], [messages[0], messages[2], messages[3]])
  assert.deepEqual(codes(failures), ['HUB_REJECTED', 'HUB_UNAVAILABLE', 'HUB_UNAVAILABLE'])
})

test('an error that concerns all before anything was accepted is thrown itself', async () => {
  const down = new GatewayError('HUB_THROTTLED', 'slow down', { retryAfterMs: 5000 })
  await assert.rejects(
    sendIsolating(list(8), async () => Promise.reject(down)),
    (error) => error === down,
  )
})

test('when every message is refused for its content each has its own error', async () => {
  const messages = list(5)
  assert.deepEqual(codes(await send(messages, new PickyHub(messages))), Array(5).fill('HUB_REJECTED'))
})

test('what is no GatewayError is a bug and stops it', async () => {
  let requests = 0
  const broken = async () => {
    requests++
    throw new TypeError('oops')
  }
  await assert.rejects(sendIsolating(list(8), broken), { code: 'BUG' })
  assert.equal(requests, 1)
})
