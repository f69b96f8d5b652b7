import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { telemetry } from '../../src/core/items.ts'
import { type DeadLetterRouteOptions, deadLetterRoute } from '../../src/gateway/dead-letter-route.ts'
import { memoryHub } from '../../src/hub/memory.ts'
import { type Hub, PartialSendError } from '../../src/hub/port.ts'
import { turns } from './gate.ts'
import { knownConnection, letterOf, readingLetter } from './letters.ts'

const route = (hub: Hub, options: Partial<DeadLetterRouteOptions> = {}) =>
  deadLetterRoute(hub, { deviceId: 'gateway', ...options })

describe('deadLetterRoute', () => {
  test('sends letters as messages of one device, with properties for routes, on one session that closes with it', async () => {
    const hub = memoryHub()
    const sink = route(hub)
    assert.equal(hub.sessions.size, 0, 'nothing is opened before there is a letter')
    const connection = await knownConnection()
    sink(letterOf(Buffer.of(1)), connection)
    await hub.until(() => hub.accepted.length === 1)
    sink(readingLetter(2), connection)
    await hub.until(() => hub.accepted.length === 2)
    assert.equal(hub.sessions.size, 1)
    await sink.close()
    assert.equal(hub.sessions.size, 0)
    const [first, second] = hub.accepted
    assert.deepEqual(
      [first?.deviceId, first?.message.contentType, first?.message.properties],
      ['gateway', 'application/json', { 'dead-letter': 'BAD_CONTENT', stage: 'codec.up', pipeline: 'p' }],
    )
    assert.equal(JSON.parse(String(first?.message.body)).frameHex, '01')
    assert.notEqual(first?.message.messageId, second?.message.messageId)
  })

  test('a send that fails costs its letters, and the next has a session of its own', async () => {
    const hub = memoryHub()
    hub.fail(new GatewayError('HUB_UNAVAILABLE', 'later'))
    const sink = route(hub)
    const connection = await knownConnection()
    sink(readingLetter(1), connection)
    await turns(10)
    assert.deepEqual([sink.gauges[0]?.read(), hub.sessions.size], [1, 0])
    sink(readingLetter(2), connection)
    await sink.close()
    assert.deepEqual([sink.gauges[0]?.read(), hub.accepted.length], [1, 1])
  })

  test('of a send that fails in part, that part is lost', async () => {
    const memory = memoryHub()
    const hub: Hub = {
      can: memory.can,
      async open(device, context) {
        const session = await memory.open(device, context)
        return {
          ...session,
          send: async ([first, ...others]) => {
            await session.send(others)
            if (first !== undefined)
              throw new PartialSendError(new Map([[first, new GatewayError('HUB_REJECTED', 'no')]]))
          },
        }
      },
    }
    const sink = route(hub)
    const connection = await knownConnection()
    for (const number of [1, 2, 3]) sink(readingLetter(number), connection)
    await sink.close()
    assert.deepEqual([sink.gauges[0]?.read(), memory.accepted.length], [1, 2])
  })

  test('the hub is prepared once, before the first session', async () => {
    const memory = memoryHub()
    const events: string[] = []
    const hub: Hub = {
      can: memory.can,
      prepare: async () => void events.push('prepare'),
      open(device, context) {
        events.push(context.sendOnly === true ? 'open to send' : 'open')
        return memory.open(device, context)
      },
    }
    memory.fail(new GatewayError('HUB_UNAVAILABLE', 'later'))
    const sink = route(hub)
    const connection = await knownConnection()
    sink(readingLetter(1), connection)
    await turns(10)
    sink(readingLetter(2), connection)
    await sink.close()
    assert.deepEqual(events, ['prepare', 'open to send', 'open to send'])
  })

  test('closing gives a hub that hangs up', async (context) => {
    const hub = memoryHub({ hold: true })
    const sink = route(hub, { closeTimeoutMs: 100 })
    const connection = await knownConnection()
    sink(readingLetter(1), connection)
    await hub.until(() => hub.sessions.size === 1)
    context.mock.timers.enable({ apis: ['setTimeout'] })
    const closing = sink.close()
    await turns(3)
    context.mock.timers.tick(100)
    await closing
    assert.deepEqual([sink.gauges[0]?.read(), hub.sessions.size], [1, 0])
  })

  test('a body is cut so that the letter fits a message; what does not fit all the same is dropped', async () => {
    const hub = memoryHub()
    const sink = route(hub)
    const connection = await knownConnection()
    sink(letterOf(telemetry(Buffer.alloc(250_000, 1)), 'MESSAGE_TOO_LARGE'), connection)
    sink(
      letterOf(telemetry(Buffer.alloc(1), { properties: { a: 'x'.repeat(300_000) } }), 'MESSAGE_TOO_LARGE'),
      connection,
    )
    await sink.close()
    assert.equal(hub.accepted.length, 1)
    const { body, bodyBytes } = JSON.parse(String(hub.accepted[0]?.message.body))
    assert.deepEqual([Buffer.from(body, 'base64').length, bodyBytes], [131_072, 250_000])
    assert.equal(sink.gauges[0]?.read(), 1)
  })

  test('a device id that IoT Hub does not take is CONFIGURATION', () => {
    assert.throws(() => route(memoryHub(), { deviceId: 'zebra/1' }), { code: 'CONFIGURATION' })
  })
})
