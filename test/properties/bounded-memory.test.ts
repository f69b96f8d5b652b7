import assert from 'node:assert/strict'
import { test } from 'node:test'
import { greeting } from './device-lines.ts'
import { PressedRing, stalls } from './stalls.ts'

/*
 * The ceiling, from the high-water marks:
 *   bytes      the ring itself and its first stream each take 16 KiB and the chunk that exceeds it;
 *   a slice    the deframer works off 16 KiB before it looks whether anything wants more;
 *   streams    each of at most 6 before the batcher (unfused: a user's at 3 places, lines, json, authenticate) has 16 items
 *              waiting, 16 given out and one in hand; the batcher has 16 waiting;
 *   batches    4 in flight, and one each that waits before the hub, is given out by the batcher, and is being collected.
 */
const highWater = 16_384
const batchCount = 100
const itemsBeforeBatcher = 6 * 33 + 16
const batchesAtHub = 4 + 3
/** A user's stage between batcher and hub has a stream's worth of batches of its own, and the hub none that counts. */
const batchesAtUser = 33
/** Receipts that wait for a device that does not read: one in hand, one each given by the endpoint and waiting for the way down. */
const batchesOnTheWayDown = 3
/** Bytes for the device: 16 KiB and what exceeds it in the way down, the ring and the socket. */
const bytesDown = (largest: number) => 3 * (highWater + largest)
/** A user's stream at the bytes has two buffers of its own. */
const bytesAtUser = (largest: number) => 2 * (highWater + largest)

const line = Buffer.from(`${'{"$seq":1234,"t":20.5,"padding":"'.padEnd(96, 'x')}"}\n`)
const ack = '{"$ack":1234}\n'.length

function ceiling(chunk: Buffer, stall: string): number {
  const bytes = 2 * (highWater + chunk.length) + highWater
  let items = itemsBeforeBatcher + batchesAtHub * batchCount
  if (stall.includes('batches')) items += batchesAtUser * batchCount
  if (stall.includes('device') || stall.includes('down')) {
    items += batchesOnTheWayDown * batchCount
    // At the batches nothing has become bytes yet.
    if (!stall.includes('batches')) items += bytesDown(batchCount * ack) / ack
  }
  if (stall.includes('stream at the bytes, going down')) items += bytesAtUser(batchCount * ack) / ack
  return bytes + items * line.length
}

const chunks = [1, 10, 660].map((count) => Buffer.concat(Array<Buffer>(count).fill(line)))

for (const stall of stalls) {
  test(`stalled for ever by ${stall.name}, a ring takes no more than its ceiling`, async () => {
    for (const fuse of [true, false]) {
      for (const chunk of chunks) {
        const pressed = new PressedRing(stall, fuse)
        await pressed.press(greeting.bytes)
        assert.ok(pressed.connection.identity, 'the hello has passed')
        const limit = ceiling(chunk, stall.name)
        const taken = await pressed.press(chunk, 2_000_000)
        assert.ok(taken <= limit, `${taken} bytes in chunks of ${chunk.length} exceed ${limit}`)
        assert.ok(limit < 1_000_000, `a ceiling of ${limit}`)
        pressed.destroy()
      }
    }
  })
}

test('without a stall the same ring takes everything', async () => {
  const pressed = new PressedRing({})
  await pressed.press(greeting.bytes)
  assert.ok((await pressed.press(chunks[1] as Buffer, 2_000_000)) >= 2_000_000)
  pressed.destroy()
})

const floods: readonly { readonly name: string; readonly line: Buffer }[] = [
  { name: 'pings', line: Buffer.from('{"$ping":1}\n') },
  { name: 'hellos', line: greeting.bytes },
  { name: 'garbage', line: Buffer.from('!\n') },
  { name: 'what is not UTF-8', line: Buffer.from([0xff, 0x0a]) },
  { name: 'refused readings', line: Buffer.from('{"$seq":1,"$properties":1}\n') },
]

for (const { name, line: flood } of floods) {
  test(`a device that floods ${name} and never reads is held, before and after its hello`, async () => {
    for (const fuse of [true, false]) {
      for (const known of [true, false]) {
        for (const count of [1, 60_000 / flood.length]) {
          const pressed = new PressedRing({ reads: false }, fuse)
          if (known) await pressed.press(greeting.bytes)
          const chunk = Buffer.concat(Array<Buffer>(Math.floor(count)).fill(flood))
          const taken = await pressed.press(chunk, 2_000_000)
          const { meter } = pressed.connection
          const answered = [...meter.stages].reduce(
            (sum, { errors }) => sum + [...errors.values()].reduce((a, b) => a + b, 0),
            0,
          )
          const label = `${fuse ? 'fused' : 'unfused'}, ${known ? 'known' : 'unknown'}, chunks of ${chunk.length}`
          // A reading before the hello ends the connection: what comes after the first is thrown away, not kept.
          if (name === 'refused readings' && !known) assert.equal(answered, 1, label)
          else assert.ok(taken < 600_000, `${label}: ${taken} bytes`)
          // No answer is shorter than 10 bytes on average, so this bounds what waits to be said.
          assert.ok(answered * 10 <= 600_000, `${label}: ${answered} errors`)
          if (name === 'garbage' || name === 'what is not UTF-8') {
            assert.ok(answered * 70 <= bytesDown(200) + 200, `${label}: ${answered} errors`)
          }
          pressed.destroy()
        }
      }
    }
  })
}
