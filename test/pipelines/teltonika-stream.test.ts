import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Connection } from '../../src/core/connection.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { memoryHub } from '../../src/hub/memory.ts'
import { type TeltonikaOptions, teltonika } from '../../src/pipelines/teltonika.ts'
import { count, damaged, imei, login, packet, packetHex } from '../stages/teltonika/frames.ts'
import { type BinaryDevice, served } from './served.ts'
import { atOnce, hears } from './teltonika-devices.ts'

function start(t: TestContext, gateway: Parameters<typeof served>[2] = {}, options: TeltonikaOptions = {}) {
  return served(t, (to) => teltonika(to, { ...atOnce, ...options }), gateway)
}

/** What the gateway said before it closed. */
async function lastWords(device: BinaryDevice): Promise<string> {
  return (await device.rest()).toString('hex')
}

const a = packet(1, 2)
const b = packet(3)
const garbage = Buffer.from('242424')

describe('a stream of a Teltonika device', () => {
  test('byte by byte: the login is answered, then each packet in order', async (t) => {
    const { device, bodies } = await start(t)
    const tracker = await device()
    await tracker.singly(Buffer.concat([login, a, b]))
    await hears(tracker, '01', count(2), count(1))
    assert.deepEqual(
      bodies().map(({ timestamp_ms }) => timestamp_ms),
      [1_700_000_001_000, 1_700_000_002_000, 1_700_000_003_000],
    )
  })

  test('cut inside of the header and of the CRC, packets are as whole', async (t) => {
    const { device, bodies } = await start(t)
    const tracker = await device()
    await tracker.write(login)
    await hears(tracker, '01')
    const places = [1, 2, 3, 4, 5, 6, 7, a.length - 3, a.length - 2, a.length - 1]
    for (const place of places) {
      await tracker.write(a.subarray(0, place), a.subarray(place))
      await hears(tracker, count(2))
    }
    assert.equal(bodies().length, 2 * places.length)
  })

  test('in one write: nothing behind the login is decoded before its verdict', async (t) => {
    let verdict = () => {}
    let tellAsked = () => {}
    const asked = new Promise<void>((resolve) => (tellAsked = resolve))
    const authenticator = () => {
      tellAsked()
      return new Promise<{ deviceId: string; credentials: { type: 'policy' } }>((resolve) => {
        verdict = () => resolve({ deviceId: imei, credentials: { type: 'policy' } })
      })
    }
    const { device, errors, bodies } = await start(t, {}, { authenticator })
    const tracker = await device()
    await tracker.write(Buffer.concat([login, damaged(a), a, b]))
    await asked
    for (let turns = 0; turns < 20; turns++) await turn()
    assert.deepEqual([await errors(), tracker.pending().length], [{}, 0])
    verdict()
    await hears(tracker, '01', count(2), count(1))
    assert.deepEqual([await errors(), bodies().length], [{ CHECKSUM_MISMATCH: 1 }, 3])
  })

  test('three equal logins: the first is answered, the second closes', async (t) => {
    const { device, errors, hub } = await start(t)
    const tracker = await device()
    await tracker.write(Buffer.concat([login, login, login]))
    assert.equal(await lastWords(tracker), '01')
    assert.deepEqual(await errors(), { IDENTITY_CHANGED: 1 })
    await hub.until(() => hub.sessions.size === 0)
  })

  test('garbage closes, before the login and after it', async (t) => {
    const { device, errors, bodies } = await start(t)
    const early = await device()
    await early.write(Buffer.concat([garbage, login, a]))
    assert.equal(await lastWords(early), '')
    const late = await device()
    await late.write(login)
    await hears(late, '01')
    await late.write(Buffer.concat([a, garbage, b]))
    assert.equal(await lastWords(late), count(2), 'what came before is answered')
    assert.deepEqual([await errors(), bodies().length], [{ FRAME_CORRUPT: 2 }, 2])
  })

  test('a packet that says to be over the limit closes by its header', async (t) => {
    const { device, errors } = await start(t)
    const tracker = await device()
    await tracker.write(login, Buffer.from('000000007fffffff', 'hex'))
    assert.equal(await lastWords(tracker), '01')
    assert.deepEqual(await errors(), { FRAME_TOO_LONG: 1 })
  })

  test('a packet cut short swallows the next one, fails its check, and what is left closes', async (t) => {
    const { device, errors, bodies } = await start(t)
    const tracker = await device()
    await tracker.write(login, a.subarray(0, 12), Buffer.concat([a, a]))
    assert.equal(await lastWords(tracker), '01')
    assert.deepEqual([await errors(), bodies()], [{ CHECKSUM_MISMATCH: 1, FRAME_CORRUPT: 1 }, []])
  })

  test('a packet cut short, then silence: closed when it has been idle, without an answer', async (t) => {
    const { device, errors, bodies } = await start(t, { idleTimeoutMs: 50 })
    const tracker = await device()
    await tracker.write(login, a.subarray(0, 40))
    assert.equal(await lastWords(tracker), '01')
    assert.deepEqual([await errors(), bodies()], [{}, []])
  })

  test('a packet cut short, then FIN: counted once, without an answer', async (t) => {
    const { device, errors, bodies } = await start(t)
    const tracker = await device()
    await tracker.write(login, a.subarray(0, 40))
    tracker.end()
    assert.equal(await lastWords(tracker), '01')
    assert.deepEqual([await errors(), bodies()], [{ FRAME_UNTERMINATED: 1 }, []])
  })

  test('a flipped bit: no answer, and the connection goes on', async (t) => {
    const { device, errors, bodies, deadLetters } = await start(t)
    const tracker = await device()
    await tracker.write(login, damaged(a), b)
    await hears(tracker, '01', count(1))
    assert.deepEqual([await errors(), bodies().length], [{ CHECKSUM_MISMATCH: 1 }, 1])
    assert.deepEqual(
      deadLetters.map(({ item }) => item),
      [damaged(a)],
    )
  })

  test('a right CRC over wrong counts: no answer, set aside, and the connection goes on', async (t) => {
    const { device, errors, deadLetters } = await start(t)
    const tracker = await device()
    const wrong = packetHex('08 00 01')
    await tracker.write(login, wrong, b)
    await hears(tracker, '01', count(1))
    assert.deepEqual(await errors(), { BAD_CONTENT: 1 })
    assert.deepEqual(
      deadLetters.map(({ item }) => item),
      [wrong],
    )
  })

  test('a packet that comes twice is answered twice, and its message ids say that it is the same', async (t) => {
    const { device, hub } = await start(t)
    const tracker = await device()
    await tracker.write(login, a, a)
    await hears(tracker, '01', count(2), count(2))
    const ids = hub.accepted.map(({ message }) => message.messageId)
    assert.deepEqual(ids, [ids[0], ids[1], ids[0], ids[1]])
    assert.notEqual(ids[0], ids[1])
  })

  test('a packet before the login closes, without an answer', async (t) => {
    const { device, errors, bodies } = await start(t)
    for (const early of [a, packetHex('08 00 00')]) {
      const tracker = await device()
      await tracker.write(Buffer.concat([early, login]))
      assert.equal(await lastWords(tracker), '')
    }
    assert.deepEqual([await errors(), bodies()], [{ NOT_IDENTIFIED: 2 }, []])
  })

  test('an unknown device is answered 00 and closed', async (t) => {
    const { device, errors, bodies } = await start(t, { memory: { keys: {} } })
    const tracker = await device()
    await tracker.write(Buffer.concat([login, a]))
    assert.equal(await lastWords(tracker), '00')
    assert.deepEqual([await errors(), bodies()], [{ DEVICE_NOT_FOUND: 1 }, []])
  })

  test('while the hub does not accept there is no answer; what the device then sends again has the same message ids', async (t) => {
    const { device, hub } = await start(t, { memory: { hold: true } })
    const tracker = await device()
    await tracker.write(login)
    await hears(tracker, '01')
    await tracker.write(a)
    for (let turns = 0; turns < 20; turns++) await turn()
    assert.equal(tracker.pending().length, 0)
    await tracker.write(a)
    hub.release()
    await hears(tracker, count(2), count(2))
    hub.fail(new GatewayError('HUB_THROTTLED', 'later'))
    await tracker.write(a)
    await hears(tracker, count(0))
    await tracker.write(a)
    await hears(tracker, count(2))
    const ids = hub.accepted.map(({ message }) => message.messageId)
    assert.deepEqual([ids.length, new Set(ids).size], [6, 2])
  })

  test('a device that does not read its answers loses none of them', async (t) => {
    const { device, bodies } = await start(t)
    const tracker = await device()
    tracker.socket.pause()
    const packets = Array.from({ length: 5000 }, (_, number) => packet(number))
    await tracker.write(Buffer.concat([login, ...packets]))
    tracker.socket.resume()
    await hears(tracker, '01', ...packets.map(() => count(1)))
    assert.equal(bodies().length, 5000)
  })

  test('a device that does not read is not read from, whatever the system would still take', async () => {
    // Without a socket: the system's buffers would take a million answers of four bytes.
    const pipeline = teltonika(memoryHub(), atOnce)
    const { stream, connection } = pipeline.open(new Connection({ id: 'c', pipeline: pipeline.name }))
    const empty = packetHex('08 00 00')
    stream.write(login)
    await new Promise((resolve) => stream.once('readable', resolve))
    let written = 0
    const answered = () => connection.meter.stage('teltonika', 'up').items
    for (let before = -1; answered() > before || written === 0; written += 1000) {
      before = answered()
      stream.write(Buffer.concat(Array.from({ length: 1000 }, () => empty)))
      for (let turns = 0; turns < 20; turns++) await turn()
    }
    assert.ok(answered() < 20_000, `${answered()} packets were taken`)
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk)).resume()
    stream.end()
    await new Promise((resolve) => stream.once('end', resolve))
    assert.equal(Buffer.concat(chunks).length, 1 + 4 * written)
  })
})
