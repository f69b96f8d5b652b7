import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { nmea } from '../../src/pipelines/nmea.ts'
import { heading, sentence } from '../stages/nmea/sentences.ts'
import { type Served, served } from './served.ts'

/** The column of NMEA and AIS in the table of stream tests: one test a cell, through a real socket. */

const a = heading(1)
const b = heading(2)

const start = (t: TestContext, options?: Parameters<typeof served>[2]) =>
  served(t, (to) => nmea(to, { deviceId: 'rx', batch: { lingerMs: 0 } }), options)

async function headings({ hub, bodies }: Served, count: number): Promise<number[]> {
  await hub.until(() => hub.accepted.length >= count)
  return bodies().map(({ heading_true_deg }) => heading_true_deg)
}

/** Resolves when the pipeline has refused so much. */
async function refused(gateway: Served, expected: Record<string, number>): Promise<void> {
  const text = JSON.stringify(expected)
  while (JSON.stringify(await gateway.errors()) !== text) await turn()
}

describe('NMEA through a socket', () => {
  test('1-byte writes: all sentences come out', async (t) => {
    const gateway = await start(t)
    await (await gateway.device()).singly(Buffer.concat([a, b]))
    assert.deepEqual(await headings(gateway, 2), [1, 2])
  })

  test('cuts inside of the address, the checksum and between CR and LF change nothing', async (t) => {
    const gateway = await start(t)
    const cuts = [1, 2, 3, 4, 5, 6, 7, a.length - 4, a.length - 3, a.length - 2, a.length - 1]
    for (const [index, at] of cuts.entries()) {
      const device = await gateway.device()
      await device.write(a.subarray(0, at))
      await turn()
      await device.write(Buffer.concat([a.subarray(at), b]))
      assert.deepEqual((await headings(gateway, 2 * index + 2)).slice(-2), [1, 2], `cut at ${at}`)
    }
  })

  test('two sentences in one write: two messages', async (t) => {
    const gateway = await start(t)
    await (await gateway.device()).write(Buffer.concat([a, b]))
    assert.deepEqual(await headings(gateway, 2), [1, 2])
  })

  test('garbage before a sentence: that line is refused, the next one comes out', async (t) => {
    const gateway = await start(t)
    await (await gateway.device()).write(Buffer.concat([Buffer.from('$$$'), a, b]))
    assert.deepEqual(await headings(gateway, 1), [2])
    assert.deepEqual(await gateway.errors(), { BAD_CONTENT: 1 })
  })

  test('a line without end is dropped up to the next line end, and counted', async (t) => {
    const gateway = await start(t)
    await (await gateway.device()).write(Buffer.alloc(2048, 'x'), Buffer.concat([Buffer.from('\n'), b]))
    assert.deepEqual(await headings(gateway, 1), [2])
    assert.deepEqual(await gateway.errors(), { FRAME_TOO_LONG: 1 })
    assert.equal(gateway.deadLetters.length, 1)
  })

  test('a sentence cut short, then another: the first is refused, the other comes out, wherever the cut is', async (t) => {
    const gateway = await start(t)
    const tagged = sentence('GPHDT,1,T', { s: 'rx' })
    const device = await gateway.device()
    let cuts = 0
    for (const whole of [a, tagged]) {
      for (let at = 1; at < whole.length - 2; at++) {
        // A tag block that is whole is the next sentence's as well.
        if (whole.toString('latin1', 0, at).endsWith('\\') && at > 1) continue
        await device.write(Buffer.concat([whole.subarray(0, at), b]))
        cuts++
      }
    }
    assert.deepEqual(await headings(gateway, cuts), Array(cuts).fill(2))
    await device.write(Buffer.concat([a.subarray(0, 8), Buffer.from('\r\n'), tagged.subarray(0, 20), tagged]))
    assert.deepEqual((await headings(gateway, cuts + 1)).at(-1), 1)
    assert.deepEqual(await gateway.errors(), { BAD_CONTENT: cuts + 2 })
  })

  test('a sentence cut short, then silence: the idle deadline closes', async (t) => {
    const gateway = await start(t, { idleTimeoutMs: 40 })
    const device = await gateway.device()
    await device.write(Buffer.concat([a, b.subarray(0, 5)]))
    assert.equal((await device.rest()).length, 0)
    assert.deepEqual(await headings(gateway, 1), [1])
  })

  test('a sentence cut short, then FIN: the last line is refused', async (t) => {
    const gateway = await start(t)
    const device = await gateway.device()
    await device.write(Buffer.concat([a, b.subarray(0, -1)]))
    device.end()
    assert.equal((await device.rest()).length, 0)
    assert.deepEqual(await headings(gateway, 1), [1])
    assert.deepEqual(await gateway.errors(), { FRAME_UNTERMINATED: 1 })
  })

  test('a flipped bit: that sentence is refused, the next one comes out', async (t) => {
    const gateway = await start(t)
    const flipped = Buffer.from(a)
    flipped[7] = (flipped[7] as number) ^ 1
    await (await gateway.device()).write(Buffer.concat([flipped, b]))
    assert.deepEqual(await headings(gateway, 1), [2])
    assert.deepEqual(await gateway.errors(), { CHECKSUM_MISMATCH: 1 })
  })

  test('a field that cannot be, under a right checksum: no message, and the next one comes out', async (t) => {
    const gateway = await start(t)
    await (await gateway.device()).write(Buffer.concat([sentence('GPHDT,x.1,T'), b]))
    assert.deepEqual(await headings(gateway, 1), [2])
    assert.deepEqual(await gateway.errors(), { BAD_CONTENT: 1 })
  })

  test('the same sentence twice: both, and those that say when have the same message id', async (t) => {
    const gateway = await start(t)
    const dated = sentence('GPHDT,3,T', { c: '1700000000' })
    await (await gateway.device()).write(Buffer.concat([a, a, dated, dated]))
    assert.deepEqual(await headings(gateway, 4), [1, 1, 3, 3])
    const ids = gateway.hub.accepted.map(({ message }) => message.messageId)
    assert.deepEqual(ids.slice(0, 2), [undefined, undefined])
    assert.match(ids[2] ?? '', /^1700000000000-[\da-f]{12}$/)
    assert.equal(ids[2], ids[3])
  })

  test('a hub that accepts nothing holds the receiver back, and what waits comes when it does', async (t) => {
    const gateway = await start(t, { memory: { hold: true } })
    const device = await gateway.device()
    const count = 2000
    const lines = Array.from({ length: count }, (_, index) => heading(index % 360))
    const written = device.write(Buffer.concat(lines))
    await gateway.hub.until(() => gateway.hub.sessions.size === 1)
    assert.equal(gateway.hub.accepted.length, 0)
    gateway.hub.release()
    await written
    assert.deepEqual(
      await headings(gateway, count),
      Array.from({ length: count }, (_, index) => index % 360),
    )
  })

  test('a receiver that the hub does not know is cut off', async (t) => {
    const gateway = await start(t, { memory: { keys: {} } })
    const device = await gateway.device()
    await device.write(a)
    assert.equal((await device.rest()).length, 0)
    await refused(gateway, { DEVICE_NOT_FOUND: 1 })
    assert.equal(gateway.hub.accepted.length, 0)
  })
})
