import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { GatewayError } from '../../src/core/errors.ts'
import { queclink } from '../../src/pipelines/queclink.ts'
import { imei, message, position } from '../stages/queclink/own-messages.ts'
import { type BinaryDevice, type Served, served } from './served.ts'

/** The column of Queclink in the table of stream tests: one test a cell, through a real socket, to devices in which SACK is enabled. */

const a = message({ count: '000A', fields: ['0', '0', '1', ...position, '', '85'] })
const b = message({ count: '000B', fields: ['0', '0', '1', ...position, '', '84'] })
const heartbeat = message({ prefix: 'ACK', report: 'GTHBD', count: '00FF' })
const sackOf = (count: string) => `+SACK:${count}$`
const heartbeatSack = '+SACK:GTHBD,1A0800,00FF$'

const start = (t: TestContext, options: Parameters<typeof served>[2] = {}, limits: { maxLength?: number } = {}) =>
  served(t, (to) => queclink(to, { sack: true, batch: { maxCount: 1, lingerMs: 0 }, ...limits }), options)

async function hears(device: BinaryDevice, ...said: readonly string[]): Promise<void> {
  assert.equal((await device.read(said.join('').length)).toString(), said.join(''))
}

/** Everything before it has been answered once this heartbeat is. */
async function hearsNothingBefore(device: BinaryDevice): Promise<void> {
  await device.write(heartbeat)
  await hears(device, heartbeatSack)
}

const countsOf = (gateway: Served) => gateway.bodies().map(({ count }) => count)

describe('Queclink through a socket', () => {
  test('1-byte writes: both reports come out, acknowledged in order', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    await device.singly(Buffer.concat([a, b]))
    await hears(device, sackOf('000A'), sackOf('000B'))
    assert.deepEqual(countsOf(gateway), ['000A', '000B'])
  })

  test('cuts inside of the header, and before the end mark, change nothing', async (t) => {
    const gateway = await start(t)
    for (const at of [1, 2, 3, 4, 5, 6, 7, a.length - 2, a.length - 1]) {
      const device = await gateway.device()
      await device.write(a.subarray(0, at))
      await turn()
      await device.write(Buffer.concat([a.subarray(at), b]))
      await hears(device, sackOf('000A'), sackOf('000B'))
    }
  })

  test('two reports in one write: two acknowledgements, in order', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    await device.write(Buffer.concat([a, b]))
    await hears(device, sackOf('000A'), sackOf('000B'))
  })

  test('garbage before a report is dropped up to the next + and counted, white space is not even counted', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    await device.write(Buffer.concat([Buffer.from('$$$'), a, Buffer.from('\r\n\0'), b]))
    await hears(device, sackOf('000A'), sackOf('000B'))
    assert.deepEqual(await gateway.errors(), { FRAME_NOISE: 1 })
  })

  test('garbage that holds a + costs itself alone', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    await device.write(Buffer.concat([Buffer.from('x+++ATH'), a, b]))
    await hears(device, sackOf('000A'), sackOf('000B'))
    assert.deepEqual(await gateway.errors(), { FRAME_NOISE: 1, BAD_CONTENT: 1 })
  })

  test('a report that is too long is dropped to the next $, and the connection stays', async (t) => {
    const gateway = await start(t, {}, { maxLength: 256 })
    const device = await gateway.device()
    await device.write(Buffer.concat([a, Buffer.from(`+RESP:GTFRI,${'x'.repeat(600)}$`), b]))
    await hears(device, sackOf('000A'), sackOf('000B'))
    assert.deepEqual(await gateway.errors(), { FRAME_TOO_LONG: 1 })
    assert.deepEqual(
      gateway.deadLetters.map(({ error }) => error.code),
      ['FRAME_TOO_LONG'],
    )
  })

  test('a report that is cut short by the next is refused, the next is not', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    await device.write(Buffer.concat([a.subarray(0, 60), b]))
    await hears(device, sackOf('000B'))
    assert.deepEqual(countsOf(gateway), ['000B'])
    assert.deepEqual(await gateway.errors(), { BAD_CONTENT: 1 })
    assert.deepEqual(
      gateway.deadLetters.map(({ item }) => item),
      [a.subarray(0, 60)],
    )
  })

  test('a report that is cut short, and silence: the idle deadline closes, without an acknowledgement', async (t) => {
    const gateway = await start(t, { idleTimeoutMs: 50 })
    const device = await gateway.device()
    await device.write(Buffer.concat([a, b.subarray(0, 60)]))
    assert.equal((await device.rest()).toString(), sackOf('000A'))
    assert.deepEqual(countsOf(gateway), ['000A'])
  })

  test('a report that is cut short, and FIN: it is refused, without an acknowledgement', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    await device.write(Buffer.concat([a, b.subarray(0, 60)]))
    device.end()
    assert.equal((await device.rest()).toString(), sackOf('000A'))
    assert.deepEqual(await gateway.errors(), { FRAME_UNTERMINATED: 1 })
    assert.deepEqual(
      gateway.deadLetters.map(({ item }) => item),
      [b.subarray(0, 60)],
    )
  })

  test('a bit flipped: there is no checksum, so what still reads as a report is one, and the next comes out', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    const flipped = (at: number) =>
      Buffer.concat([a.subarray(0, at), Buffer.of((a[at] as number) ^ 1), a.subarray(at + 1)])
    // A digit of the position, the first letter of RESP, a digit of the IMEI that becomes another digit.
    await device.write(Buffer.concat([flipped(a.indexOf('121.') + 2), flipped(1), b]))
    await hears(device, sackOf('000A'), sackOf('000B'))
    assert.equal(gateway.bodies()[0].locations[0].longitude_deg, 120.354335)
    assert.deepEqual(await gateway.errors(), { BAD_CONTENT: 1 })
  })

  test('too few fields, or a count that is none: refused, not acknowledged, and the next comes out', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    const few = Buffer.from(`+RESP:GTPNA,1A0800,${imei},000A$`)
    const none = Buffer.from(`+RESP:GTPNA,1A0800,${imei},,20260501120000,0x0A$`)
    await device.write(Buffer.concat([few, none, b]))
    await hears(device, sackOf('000B'))
    assert.deepEqual(await gateway.errors(), { BAD_CONTENT: 2 })
  })

  test('a report that is sent twice is acknowledged twice, under one message id', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    await device.write(Buffer.concat([a, a]))
    await hears(device, sackOf('000A'), sackOf('000A'))
    const [first, second] = gateway.hub.accepted.map(({ message }) => message.messageId)
    assert.ok(first !== undefined && first === second)
  })

  test('an unknown device is closed, its reports dropped and not acknowledged', async (t) => {
    const gateway = await start(t, { memory: { keys: {} } })
    const device = await gateway.device()
    await device.write(Buffer.concat([a, b]))
    assert.equal((await device.rest()).toString(), '')
    assert.equal(gateway.hub.accepted.length, 0)
  })

  test('another device on the same connection closes it, when what came before is acknowledged', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    await device.write(Buffer.concat([a, message({ imei: '350000000000025' }), b]))
    assert.equal((await device.rest()).toString(), sackOf('000A'))
    assert.deepEqual(countsOf(gateway), ['000A'])
    assert.deepEqual(await gateway.errors(), { IDENTITY_CHANGED: 1 })
  })

  test('a report that the hub does not accept is not acknowledged; sent again it is', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    gateway.hub.fail(new GatewayError('HUB_UNAVAILABLE', 'down'), new GatewayError('HUB_THROTTLED', 'later'))
    await device.write(Buffer.concat([a, a, a]))
    await hears(device, sackOf('000A'))
    await hearsNothingBefore(device)
    assert.equal(gateway.hub.accepted.length, 1)
  })

  test('a device that does not read is not read either, and loses no answer', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    device.socket.pause()
    // Answers that fill what the kernel keeps for a reader that does not read.
    const count = 200_000
    const long = message({ prefix: 'ACK', report: 'GTHBD', protocol_version: '1A08001A08001A08', count: '00FE' })
    const sent = device.write(Buffer.alloc(count * long.length, long))
    const metric = async (name: string) => {
      const { text } = await gateway.gateway.metrics.expose()
      return Number(new RegExp(`^headgate_${name}.* (\\S+)$`, 'm').exec(text)?.[1] ?? 0)
    }
    while ((await metric('stage_blocked_seconds_total\\{.*stage="socket",direction="down"')) === 0) await turn()
    const read = await metric('bytes_total\\{.*direction="up"')
    assert.ok(read < count * long.length, `${read} bytes were read`)
    device.socket.resume()
    await device.read(count * '+SACK:GTHBD,1A08001A08001A08,00FE$'.length)
    await sent
    await hearsNothingBefore(device)
  })
})
