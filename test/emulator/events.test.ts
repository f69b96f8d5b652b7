import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { EventTap } from '../../src/emulator/events.ts'
import { EmulatedHub } from '../../src/emulator/hub.ts'
import { closed, emulatorFor, FakeClock, openRequest, send } from './https-peer.ts'

/** A response whose reader never reads: what is written stays. */
function stalledReader() {
  const listeners: (() => void)[] = []
  const reader = {
    writableLength: 0,
    destroyed: false,
    writeHead: () => {},
    once: (_event: 'close', listener: () => void) => listeners.push(listener),
    write: (text: string) => {
      reader.writableLength += Buffer.byteLength(text)
    },
    destroy: () => {
      reader.destroyed = true
      for (const listener of listeners) listener()
    },
    end: () => reader.destroy(),
  }
  return reader
}

describe('the event tap', () => {
  it('tells every reader of every accepted message', async (test) => {
    const emulator = await emulatorFor(test)
    const outgoing = openRequest(emulator, { path: '/emulator/events' })
    outgoing.end()
    const [stream] = (await once(outgoing, 'response')) as [IncomingMessage]
    assert.equal(stream.headers['content-type'], 'text/event-stream')
    stream.setEncoding('utf8')
    const [greeting] = await once(stream, 'data')
    assert.match(greeting, /^:/)
    await send(emulator, { body: Buffer.from([0xff, 0x00]), headers: { 'iothub-app-a': '"\u00e9' } })
    const [event] = (await once(stream, 'data')) as [string]
    assert.ok(event.startsWith('data: ') && event.endsWith('\n\n'))
    const { systemProperties, enqueuedTime, ...rest } = JSON.parse(event.slice(6))
    assert.deepEqual(rest, { deviceId: 'd1', body: '/wA=', properties: { a: '"\u00e9' } })
    assert.equal(systemProperties['iothub-connection-device-id'], 'd1')
    assert.equal(systemProperties['iothub-enqueuedtime'], enqueuedTime)
    const ended = closed(stream)
    await emulator.close()
    await ended
  })

  it('cuts off a reader that falls a mebibyte behind, and forgets one that left', () => {
    const hub = new EmulatedHub({ clock: new FakeClock(), lockExpiryCountsDelivery: false })
    hub.createDevice({ deviceId: 'd1' })
    const tap = new EventTap(hub)
    const [slow, leaving] = [stalledReader(), stalledReader()]
    tap.add(slow as unknown as ServerResponse)
    tap.add(leaving as unknown as ServerResponse)
    leaving.destroy()
    assert.equal(tap.readers, 1)
    const content = { body: Buffer.alloc(100_000), properties: {}, systemProperties: {} }
    for (let count = 0; count < 20; count++) hub.accept('d1', 'device', [content])
    assert.ok(slow.destroyed)
    assert.ok(slow.writableLength < 2 * 1024 * 1024)
    assert.equal(tap.readers, 0)
  })
})
