import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { MemoryHub } from '../../src/hub/memory.ts'
import type { TeltonikaOptions } from '../../src/pipelines/teltonika.ts'
import { count, imei, message, packet } from '../stages/teltonika/frames.ts'
import { hears, silent, start } from './teltonika-devices.ts'

/** The outcome of the next command, which the hub then gives to nobody any more. */
function keepingAbandoned(hub: MemoryHub): Promise<string> {
  return new Promise((resolve) => {
    for (const session of hub.sessions) session.settle = async ({ outcome }) => resolve(outcome)
  })
}

describe('commands to a Teltonika device', () => {
  /** A device that has had records acknowledged, so that it takes commands. */
  async function reporting(t: TestContext, options: TeltonikaOptions = {}) {
    const all = await start(t, options)
    await all.tracker.write(packet(0))
    await hears(all.tracker, count(1))
    return all
  }

  test('a C2D message is asked, and the reply completes it', async (t) => {
    const { hub, tracker } = await reporting(t)
    hub.queueCommand(imei, 'getinfo')
    await hears(tracker, message(12, 5, 'getinfo'))
    await tracker.write(message(12, 6, 'INI:1'))
    await hub.until(() => hub.settled.length === 1)
    assert.equal(hub.settled[0]?.outcome, 'complete')
  })

  test('a method is asked by its name, and the decoded reply is its response', async (t) => {
    const { hub, tracker } = await reporting(t)
    hub.queueCommand(imei, '"2001:net"', { via: 'method', name: 'setparam' })
    await hears(tracker, message(12, 5, 'setparam 2001:net'))
    await tracker.write(message(12, 6, 'ok'))
    await hub.until(() => hub.settled.length === 1)
    assert.deepEqual(hub.settled[0]?.response, {
      status: 200,
      body: { kind: 'command_response', codec: 12, messages: [{ type: 6, payload_hex: '6f6b', text: 'ok' }] },
    })
  })

  test('with codec 14 the IMEI goes along, and a device of another one rejects', async (t) => {
    const { hub, tracker } = await reporting(t)
    hub.queueCommand(imei, 'getver', { properties: { codec: '14' } })
    await hears(tracker, message(14, 5, 'getver', { imei }))
    await tracker.write(message(14, 0x11, '', { imei: '350000000000025' }))
    await hub.until(() => hub.settled.length === 1)
    assert.equal(hub.settled[0]?.outcome, 'reject')
  })

  test('one is asked at a time, the next after the reply', async (t) => {
    const { hub, tracker } = await reporting(t)
    hub.queueCommand(imei, 'getinfo')
    hub.queueCommand(imei, 'getver')
    await hears(tracker, message(12, 5, 'getinfo'))
    await silent(tracker)
    await tracker.write(message(12, 6, 'one'))
    await hears(tracker, message(12, 5, 'getver'))
    await tracker.write(message(12, 6, 'two'))
    await hub.until(() => hub.settled.length === 2)
  })

  test('none is asked before the first records are acknowledged, or while some wait for it', async (t) => {
    const { hub, tracker } = await start(t)
    hub.queueCommand(imei, 'getinfo')
    await silent(tracker)
    hub.hold()
    await tracker.write(packet(1))
    await silent(tracker)
    hub.release()
    await hears(tracker, count(1), message(12, 5, 'getinfo'))
    await tracker.write(message(12, 6, 'INI:1'))
    hub.hold()
    await tracker.write(packet(2))
    await silent(tracker)
    hub.queueCommand(imei, 'getver')
    await silent(tracker)
    hub.release()
    await hears(tracker, count(1), message(12, 5, 'getver'))
  })

  test('one that is never answered is abandoned; its late reply does not settle the next one', async (t) => {
    const { hub, tracker, bodies } = await reporting(t, { hub: { answerTimeoutMs: 500 } })
    hub.queueCommand(imei, 'getinfo')
    await hears(tracker, message(12, 5, 'getinfo'))
    await hub.until(() => hub.settled.length === 1)
    assert.equal(hub.settled[0]?.outcome, 'abandon')
    // The hub gives it again: its first reply settles it, the second one is the other's.
    await hears(tracker, message(12, 5, 'getinfo'))
    await tracker.write(message(12, 6, 'first'))
    await hub.until(() => hub.settled.length === 2)
    assert.equal(hub.settled[1]?.outcome, 'complete')
    hub.queueCommand(imei, 'getver')
    await hears(tracker, message(12, 5, 'getver'))
    await tracker.write(message(12, 6, 'second'), message(12, 6, 'version'))
    await hub.until(() => hub.settled.length === 3)
    await hub.until(() => hub.accepted.length === 2)
    assert.deepEqual(bodies()[1]?.messages, [{ type: 6, payload_hex: '7365636f6e64', text: 'second' }])
    assert.match(JSON.stringify(hub.settled[2]?.response), /"version"/)
  })

  test('a reply that comes when nothing waits any more goes up', async (t) => {
    const { hub, tracker, bodies, errors } = await reporting(t, { hub: { answerTimeoutMs: 40 } })
    const givenUp = keepingAbandoned(hub)
    hub.queueCommand(imei, 'getinfo')
    await hears(tracker, message(12, 5, 'getinfo'))
    assert.equal(await givenUp, 'abandon')
    await tracker.write(message(12, 6, 'late'))
    await hub.until(() => hub.accepted.length === 2)
    assert.deepEqual(bodies()[1]?.messages, [{ type: 6, payload_hex: '6c617465', text: 'late' }])
    assert.deepEqual(await errors(), { COMMAND_TIMEOUT: 1, UNKNOWN_COMMAND: 1 })
  })

  test('one that was given up while it was held is not sent afterwards', async (t) => {
    const { hub, tracker } = await start(t, { hub: { answerTimeoutMs: 40 } })
    const givenUp = keepingAbandoned(hub)
    hub.queueCommand(imei, 'cpureset')
    assert.equal(await givenUp, 'abandon')
    await tracker.write(packet(1), packet(2))
    await hears(tracker, count(1), count(1))
    await silent(tracker)
  })

  test('one that cannot be said is rejected, and the next one asked', async (t) => {
    const { hub, tracker } = await reporting(t)
    hub.queueCommand(imei, 'getinfo', { properties: { codec: '13' } })
    hub.queueCommand(imei, '', { via: 'desired' })
    hub.queueCommand(imei, 'getinfo')
    await hears(tracker, message(12, 5, 'getinfo'))
    assert.deepEqual(
      hub.settled.map(({ outcome }) => outcome),
      ['reject', 'reject'],
    )
  })

  test('replies of codec 13 and bytes of a serial port go up, and settle nothing', async (t) => {
    const { hub, tracker, bodies } = await reporting(t)
    hub.queueCommand(imei, 'getinfo')
    await hears(tracker, message(12, 5, 'getinfo'))
    await tracker.write(message(13, 6, 'x', { timestamp_s: 1 }), message(15, 11, 'y', { timestamp_s: 1, imei }))
    await hub.until(() => hub.accepted.length === 3)
    assert.deepEqual(
      bodies()
        .slice(1)
        .map(({ kind }) => kind),
      ['command_response', 'serial_message'],
    )
    assert.equal(hub.settled.length, 0)
  })

  test('several commands are never asked at once, whatever the options say', async (t) => {
    const { hub, tracker } = await reporting(t, { hub: { maxCommands: 8 } })
    hub.queueCommand(imei, 'getinfo')
    hub.queueCommand(imei, 'getver')
    await hears(tracker, message(12, 5, 'getinfo'))
    await silent(tracker)
  })
})
