import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  acceptedBy,
  answerTo,
  ask,
  assertRefused,
  closed,
  deviceToken,
  emulatorFor,
  FakeClock,
  inAnHour,
  openRequest,
  receive,
  send,
  settle,
} from './https-peer.ts'

const batch = { 'Content-Type': 'application/vnd.microsoft.iothub.json' }
const maxBytes = 256 * 1024
const hostile = 'x","iothub-messageid":"spoofed'

describe('sending to the emulator', () => {
  it('is answered with an empty 204 and stamps what only the hub may say', async (test) => {
    const clock = new FakeClock()
    const emulator = await emulatorFor(test, { clock })
    const accepted = acceptedBy(emulator)
    const answer = await send(emulator, {
      token: deviceToken(emulator, 'd1', inAnHour(clock.now())),
      headers: {
        'iothub-app-Alert': 'true',
        'IoTHub-MessageId': 'm1',
        'iothub-contenttype': 'text/plain',
        'iothub-to': '/x',
      },
      body: 'hello',
    })
    assert.equal(answer.status, 204)
    assert.equal(answer.headers['content-length'], '0')
    assert.equal(answer.headers.server, 'Microsoft-HTTPAPI/2.0')
    assert.match(String(answer.headers['x-ms-request-id']), /^[0-9a-f-]{36}$/)
    assert.deepEqual(accepted, [
      {
        deviceId: 'd1',
        body: Buffer.from('hello'),
        properties: { Alert: 'true' },
        systemProperties: {
          'message-id': 'm1',
          'content-type': 'text/plain',
          'iothub-connection-device-id': 'd1',
          'iothub-connection-auth-generation-id': emulator.hub.requireDevice('d1').generationId,
          'iothub-connection-auth-method': '{"scope":"device","type":"sas","issuer":"iothub"}',
          'iothub-enqueuedtime': '2026-03-01T12:00:00.000Z',
        },
        enqueuedTime: '2026-03-01T12:00:00.000Z',
      },
    ])
  })

  it('lets the hub stamp its own properties over those that a device forges', async (test) => {
    const emulator = await emulatorFor(test)
    const accepted = acceptedBy(emulator)
    await send(emulator, { headers: { 'iothub-connection-device-id': 'd2', 'iothub-app-a': hostile } })
    assert.equal(accepted[0]?.systemProperties['iothub-connection-device-id'], 'd1')
    assert.deepEqual(accepted[0]?.properties, { a: hostile })
    assert.equal(accepted[0]?.systemProperties['message-id'], undefined)
  })

  it('takes a batch apart into its messages, all or none', async (test) => {
    const emulator = await emulatorFor(test)
    const accepted = acceptedBy(emulator)
    const bad = await send(emulator, { headers: batch, body: '[{"body":"aGk="},{"body":"!"}]' })
    assertRefused(bad, 400, 'ArgumentInvalid')
    assertRefused(await send(emulator, { headers: batch, body: '[{"body":' }), 400, 'IotHubFormatError')
    assert.equal(accepted.length, 0)
    const good = await send(emulator, {
      headers: batch,
      body: JSON.stringify([
        { body: 'aGk=' },
        { body: 'ho', base64Encoded: false, properties: { 'iothub-app-a': hostile } },
      ]),
    })
    assert.equal(good.status, 204)
    assert.deepEqual(
      accepted.map(({ body }) => body.toString()),
      ['hi', 'ho'],
    )
    assert.deepEqual(accepted[1]?.properties, { a: hostile })
  })

  it('works for device ids of every allowed character and of 128 of them', async (test) => {
    const ids = ["Az09-.+%_#*?!(),=@$':", '%41', '#'.repeat(128)]
    const emulator = await emulatorFor(test, { devices: ids.map((deviceId) => ({ deviceId })) })
    const accepted = acceptedBy(emulator)
    for (const id of ids) assert.equal((await send(emulator, {}, id)).status, 204, id)
    assert.deepEqual(
      accepted.map(({ deviceId }) => deviceId),
      ids,
    )
  })

  it('takes 256 KiB, properties included, and not a byte more', async (test) => {
    const emulator = await emulatorFor(test)
    const headers = { 'iothub-app-ab': 'cd' }
    assert.equal((await send(emulator, { headers, body: Buffer.alloc(maxBytes - 4) })).status, 204)
    assertRefused(await send(emulator, { headers, body: Buffer.alloc(maxBytes - 3) }), 413, 'MessageTooLarge')
    assertRefused(await send(emulator, { body: Buffer.alloc(maxBytes + 1) }), 413, 'MessageTooLarge')
  })

  it('takes a batch whose messages weigh 256 KiB together, and not a byte more', async (test) => {
    const emulator = await emulatorFor(test)
    const half = Buffer.alloc(maxBytes / 2).toString('base64')
    const body = (...bodies: string[]) => JSON.stringify(bodies.map((each) => ({ body: each })))
    assert.equal((await send(emulator, { headers: batch, body: body(half, half) })).status, 204)
    assertRefused(await send(emulator, { headers: batch, body: body(half, half, 'AA==') }), 413, 'MessageTooLarge')
  })

  it('is refused while a chunked body still comes, and a peer that writes for ever is cut off', async (test) => {
    const emulator = await emulatorFor(test)
    const path = '/devices/d1/messages/events'
    const outgoing = openRequest(emulator, { method: 'POST', path, token: deviceToken(emulator), keepAlive: true })
    outgoing.write(Buffer.alloc(maxBytes + 1))
    const answer = await answerTo(outgoing)
    assertRefused(answer, 413, 'MessageTooLarge')
    let written = 0
    const cut = closed(outgoing)
    // Not by 'drain', which Node no longer emits once the answer is there.
    const pump = () => {
      written += maxBytes
      if (!outgoing.destroyed && written < 64 * maxBytes) outgoing.write(Buffer.alloc(maxBytes), pump)
    }
    pump()
    await cut
    assert.ok(written < 64 * maxBytes)
  })

  it('to an unknown path or a malformed one is refused', async (test) => {
    const emulator = await emulatorFor(test)
    assertRefused(await ask(emulator, { path: '/nowhere' }), 404, 'Generic')
    assertRefused(await ask(emulator, { path: '/devices/%zz' }), 400, 'ArgumentInvalid')
  })
})

describe('receiving from the emulator', () => {
  it('is answered 204 when there is no command, and with all of one when there is', async (test) => {
    const clock = new FakeClock()
    const emulator = await emulatorFor(test, { clock })
    const token = deviceToken(emulator, 'd1', inAnHour(clock.now()))
    assert.equal((await receive(emulator, { token })).status, 204)
    emulator.hub.queueCommand('d1', {
      body: Buffer.from([0xff, 0xfe, 0x80, 0x00]),
      properties: { Level: hostile },
      messageId: 'm1',
      correlationId: 'c1',
      contentType: 'application/octet-stream',
      contentEncoding: 'none',
      userId: 'u1',
      ack: 'full',
    })
    const { status, headers, rawHeaders, body } = await receive(emulator, { token })
    assert.equal(status, 200)
    assert.deepEqual(body, Buffer.from([0xff, 0xfe, 0x80, 0x00]))
    assert.match(headers.etag ?? '', /^"[0-9a-f-]{36}"$/)
    for (const name of ['x-ms-request-id', 'etag', 'date', 'connection', 'keep-alive']) delete headers[name]
    assert.deepEqual(
      { ...headers },
      {
        server: 'Microsoft-HTTPAPI/2.0',
        'content-length': '4',
        'iothub-messageid': 'm1',
        'iothub-correlationid': 'c1',
        'iothub-sequencenumber': '1',
        'iothub-to': '/devices/d1/messages/devicebound',
        'iothub-userid': 'u1',
        'iothub-ack': 'full',
        'iothub-expiry': '2026-03-01T13:00:00.000Z',
        'iothub-deliverycount': '0',
        'iothub-enqueuedtime': '2026-03-01T12:00:00.000Z',
        contenttype: 'application/octet-stream',
        contentencoding: 'none',
        'iothub-app-level': hostile,
      },
    )
    assert.ok(rawHeaders.includes('iothub-app-Level') && rawHeaders.includes('ContentType'))
  })

  it('gives each command to one poll, and settles it as the device says', async (test) => {
    const emulator = await emulatorFor(test)
    for (const messageId of ['a', 'b', 'c'])
      emulator.hub.queueCommand('d1', { body: Buffer.from(messageId), messageId })
    const [a, b, c] = [await receive(emulator), await receive(emulator), await receive(emulator)]
    assert.equal((await receive(emulator)).status, 204)
    assert.equal((await settle(emulator, a, 'complete')).status, 204)
    assert.equal((await settle(emulator, b, 'reject')).status, 204)
    assert.equal((await settle(emulator, c, 'abandon')).status, 204)
    assert.deepEqual(
      emulator.hub.commandStates('d1').map(({ state }) => state),
      ['completed', 'deadlettered', 'enqueued'],
    )
    assert.equal((await receive(emulator)).headers['iothub-deliverycount'], '1')
    assertRefused(await settle(emulator, a, 'complete'), 412, 'DeviceMessageLockLost')
  })

  it('locks for a minute, or as long as the device asks in a header or in the query', async (test) => {
    const clock = new FakeClock()
    const emulator = await emulatorFor(test, { clock })
    const token = deviceToken(emulator, 'd1', inAnHour(clock.now()))
    emulator.hub.queueCommand('d1', { body: Buffer.alloc(0) })
    const path = '/devices/d1/messages/devicebound?iothub-messagelocktimeout=5'
    const polls = [
      { lockMs: 60_000, asked: { token } },
      { lockMs: 10_000, asked: { token, headers: { 'IotHub-MessageLockTimeout': '10' } } },
      { lockMs: 5_000, asked: { token, path } },
    ]
    for (const { lockMs, asked } of polls) {
      assert.equal((await receive(emulator, asked)).status, 200)
      clock.pass(lockMs - 1)
      assert.equal(emulator.hub.commandStates('d1')[0]?.state, 'invisible')
      clock.pass(1)
      assert.equal(emulator.hub.commandStates('d1')[0]?.state, 'enqueued')
    }
    const odd = await receive(emulator, { token, headers: { 'IotHub-MessageLockTimeout': 'soon' } })
    assertRefused(odd, 400, 'ArgumentInvalid')
  })

  it('counts the most polls that a device had open at once', async (test) => {
    const emulator = await emulatorFor(test)
    emulator.hub.faults.put({ operation: 'receive', hang: true })
    const polls = [receive(emulator), receive(emulator), receive(emulator)]
    while (emulator.hub.counters.peakPolls('d1') < 3) await new Promise(setImmediate)
    emulator.hub.faults.clear()
    await Promise.all(polls)
    await receive(emulator)
    assert.equal(emulator.hub.counters.peakPolls('d1'), 3)
    assert.equal(emulator.hub.counters.requests('receive', 204), 4)
    assert.equal(emulator.hub.counters.connections, 4)
  })
})
