import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { finished } from 'node:stream/promises'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Connection } from '../../src/core/connection.ts'
import type { Deframer } from '../../src/core/deframer.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import type { Bytes, Frames, Level } from '../../src/core/levels.ts'
import { pipeline } from '../../src/core/pipeline.ts'
import type { Ring } from '../../src/core/ring.ts'
import type { Endpoint, Stage } from '../../src/core/stage.ts'
import { lines } from '../../src/stages/lines.ts'
import { seeded } from '../../src/testing.ts'
import { everyFraming } from '../stages/every-framing.ts'

const totalBytes = 10_000_000

const seed = 20261125

/** A connection gets so many, unless its framing is lost before. */
const chunksEach = 100

/** Takes frames, and never answers. */
class Swallow extends Duplex {
  readonly #count: () => void

  constructor(count: () => void) {
    super({ objectMode: true })
    this.#count = count
  }

  override _write(_frame: unknown, _encoding: BufferEncoding, done: () => void): void {
    this.#count()
    done()
  }

  override _read(): void {}

  override _final(done: () => void): void {
    this.push(null)
    done()
  }
}

/**
 * Chunks of 1 byte to 4 KiB: in turn good frames that are cut off somewhere, bytes of those that they consist of, and random
 * bytes.
 */
function* chunks(good: Buffer): Generator<Buffer> {
  const random = seeded(seed)
  const pick = (count: number) => Math.floor(random() * count)
  for (let given = 0, count = 0; given < totalBytes; count++) {
    const length = Math.min(totalBytes - given, 1 + Math.floor(random() ** 3 * 4096))
    const chunk = Buffer.alloc(length, good)
    if (count % 3 === 2) for (let at = 0; at < length; at++) chunk[at] = pick(256)
    if (count % 3 === 1) for (let at = 0; at < length; at++) chunk[at] = good[pick(good.length)] as number
    given += length
    yield chunk
  }
}

/** What a deframer that went through them all has shown. */
interface Ordeal {
  readonly bytes: number
  readonly frames: number
  readonly errors: ReadonlyMap<ErrorCode, number>
  readonly heldBytes: number
  readonly connections: number
  /** The longest time that the event loop did nothing else, in milliseconds. */
  readonly lagMs: number
}

/**
 * Random bytes through a whole ring, under a policy that goes on whatever comes. A connection whose framing is lost is followed by
 * another, and one that has to pass over a frame too long soon too: that may be four billion bytes of which nothing is looked at.
 */
async function ordeal<Inner extends Level>(stage: Stage<Bytes, Inner>, good: Buffer): Promise<Ordeal> {
  const errors = new Map<ErrorCode, number>()
  let [bytes, frames, heldBytes, connections, lagMs] = [0, 0, 0, 0, 0]
  let chunksLeft = 0
  let up: Partial<Pick<Deframer, 'heldBytes'>> | undefined
  const noticing: Stage<Bytes, Frames> = {
    name: stage.name,
    open(connection) {
      const halves = stage.open(connection)
      up = halves.up as typeof up
      return halves as ReturnType<Stage<Bytes, Frames>['open']>
    },
  }
  const swallow: Endpoint<Frames> = { name: 'swallow', open: () => new Swallow(() => frames++) }
  const made = pipeline('ordeal', noticing, swallow).with({
    policy(error) {
      errors.set(error.code, (errors.get(error.code) ?? 0) + 1)
      if (error.code === 'FRAME_CORRUPT') chunksLeft = 0
      if (error.code === 'FRAME_TOO_LONG') chunksLeft = Math.min(chunksLeft, 3)
      return 'drop'
    },
  })
  let ring: Ring | undefined
  const close = async () => {
    if (ring === undefined) return
    const closed = finished(ring.stream)
    ring.stream.end()
    await closed
  }
  for (const chunk of chunks(good)) {
    if (ring === undefined || chunksLeft-- <= 0) {
      await close()
      chunksLeft = chunksEach
      connections++
      ring = made.open(new Connection({ id: `${connections}`, pipeline: 'ordeal' }))
      ring.stream.resume()
    }
    const startedAt = performance.now()
    if (!ring.stream.write(chunk)) await once(ring.stream, 'drain')
    await turn()
    lagMs = Math.max(lagMs, performance.now() - startedAt)
    heldBytes = Math.max(heldBytes, up?.heldBytes ?? 0)
    bytes += chunk.length
    assert.equal(ring.failure, undefined)
  }
  await close()
  return { bytes, frames, errors, heldBytes, connections, lagMs }
}

function told({ bytes, frames, errors, heldBytes, connections, lagMs }: Ordeal): string {
  const codes = [...errors].map(([code, count]) => `${code} ${count}`).join(', ')
  return `${bytes} bytes, ${connections} connections, ${frames} frames, ${codes}; held ${heldBytes}; event loop lag ${lagMs.toFixed(1)} ms`
}

describe('ten million random bytes', () => {
  for (const { name, of, frame } of everyFraming) {
    test(`through ${name}: only coded errors, no byte held beyond the bound, to the last byte`, async (t) => {
      const framing = of(1024)
      const good = Buffer.concat([3, 20, 200].map((size) => framing.frame(frame(size, size))))
      const result = await ordeal(framing, good)
      t.diagnostic(told(result))
      assert.equal(result.bytes, totalBytes)
      assert.equal(result.errors.get('BUG'), undefined)
      assert.ok(result.heldBytes <= framing.maxBytes, `${result.heldBytes} held of ${framing.maxBytes}`)
      assert.ok(result.frames > 0)
    })
  }

  test('through lines: only coded errors, to the last byte', async (t) => {
    const result = await ordeal(lines({ maxLength: 1024 }), Buffer.from('{"a":1}\r\n{"b":"x"}\n'))
    t.diagnostic(told(result))
    assert.equal(result.bytes, totalBytes)
    assert.equal(result.errors.get('BUG'), undefined)
    assert.ok(result.frames > 0)
  })
})
