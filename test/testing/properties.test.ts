import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import * as found from '../../src/core/found.ts'
import { framing } from '../../src/core/framing.ts'
import type { Bytes, Frames } from '../../src/core/levels.ts'
import { type EndingStep, stage } from '../../src/core/stage.ts'
import { delimited } from '../../src/stages/delimited.ts'
import { lengthField } from '../../src/stages/length-field.ts'
import { lines } from '../../src/stages/lines.ts'
import { hostile, roundTrip, splitInvariant } from '../../src/testing.ts'

const semicolons = delimited({ delimiter: ';', maxLength: 16 })

/** What the forum snippet does: a chunk is a message. */
const chunks = stage<Bytes, Frames>('chunks', () => ({ up: (chunk, out) => out.emit(chunk) }))

/** Finds its frames in any cutting, but asks for a whole one in vain where a length says so. */
function sloppy(fault: 'throws' | 'keeps'): ReturnType<typeof stage<Bytes, Frames>> {
  return stage<Bytes, Frames>('sloppy', () => {
    let held = Buffer.alloc(0)
    const up: EndingStep<Buffer, Buffer, Buffer> & { readonly heldBytes: number } = {
      get heldBytes() {
        return held.length
      },
      push(chunk, out) {
        held = Buffer.concat([held, chunk])
        while (held.length > 0 && held.length > (held[0] as number)) {
          const length = held[0] as number
          if (fault === 'throws' && length === 0) throw new RangeError('no length')
          out.emit(held.subarray(1, 1 + length))
          held = held.subarray(1 + length)
        }
      },
      end() {},
    }
    return { up, down: (frame, out) => out.emit(Buffer.concat([Buffer.of(frame.length), frame])) }
  })
}

describe('splitInvariant', () => {
  test('gives what came out, errors in their words', async () => {
    const wire = [Buffer.from('ab;'), Buffer.from('c;d')]
    assert.deepEqual(await splitInvariant(semicolons, wire), [
      '6162',
      '63',
      'FRAME_UNTERMINATED: the connection ended 1 bytes into a frame [64]',
    ])
    assert.deepEqual(await splitInvariant(lines(), Buffer.from('a\r\nb\n')), ['a', 'b'])
  })

  test('catches a stage whose messages are chunks, and says which cut', async () => {
    await assert.rejects(splitInvariant(chunks, Buffer.from('ab')), /chunks, cut into 1\+1 of 6162/)
  })

  test('catches a buffer that is used again for the next frame', async () => {
    const again = stage<Bytes, Frames>('again', () => {
      const own = Buffer.alloc(1)
      return {
        up(chunk, out) {
          for (const byte of chunk) {
            own[0] = byte
            out.emit(own)
          }
        },
        down: (frame, out) => out.emit(frame),
      }
    })
    // What it gives is right at that moment; whoever looks later sees the last.
    await assert.rejects(splitInvariant(again, Buffer.from('ab')), /gave frames that changed afterwards/)
  })

  test('catches an error that tells how the bytes were cut', async () => {
    const telling = framing('telling', {
      maxBytes: 100,
      finder: () => ({
        find(window, from) {
          const error = new GatewayError('FRAME_DAMAGED', `${window.length} bytes there`)
          return found.refuse(error, from + 1, from + 1)
        },
      }),
      frame: (frame) => frame,
    })
    await assert.rejects(splitInvariant(telling, Buffer.from('ab')), assert.AssertionError)
  })
})

describe('roundTrip', () => {
  test('gives the bytes that go on the wire', async () => {
    assert.deepEqual(await roundTrip(semicolons, [Buffer.from('ab'), Buffer.alloc(0)]), Buffer.from('ab;;'))
    assert.deepEqual(await roundTrip(lines(), ['a', '']), Buffer.from('a\n\n'))
  })

  test('catches frames that come back as others, and those that cannot be framed', async () => {
    await assert.rejects(roundTrip(chunks, [Buffer.from('ab'), Buffer.from('cd')]), assert.AssertionError)
    await assert.rejects(roundTrip(semicolons, [Buffer.from('a;b')]), /does not frame: BUG/)
  })
})

describe('hostile', () => {
  const frames = lengthField({ lengthFieldLength: 2, lengthAdjustment: -2, maxFrameLength: 64 })
  const wire = Buffer.from('0005a1a2a30003b1', 'hex')

  test('says what it tried: the seed, the inputs, and what came of them', async () => {
    const report = await hostile(frames, wire, { seed: 3, randomBytes: 4000 })
    assert.equal(report.seed, 3)
    assert.ok(report.inputs > wire.length * 15 && report.bytes > 4000 && report.frames > wire.length)
    for (const code of ['FRAME_TOO_LONG', 'FRAME_CORRUPT', 'FRAME_UNTERMINATED']) {
      assert.ok((report.errors[code] ?? 0) > 0, code)
    }
    const { heldBytes = 0 } = report
    assert.ok(heldBytes > 8 && heldBytes <= 64, `${heldBytes} held`)
    assert.deepEqual(await hostile(frames, wire, { seed: 3, randomBytes: 4000 }), report)
  })

  test('catches what is thrown without a code', async () => {
    await assert.rejects(
      hostile(sloppy('throws'), Buffer.from('0261620163', 'hex')),
      /sloppy on .*RangeError: no length/s,
    )
  })

  test('catches what holds more than its bound', async () => {
    const good = Buffer.from('0261620163', 'hex')
    await hostile(sloppy('keeps'), good, { maxBytes: 256, randomBytes: 4000 })
    await assert.rejects(hostile(sloppy('keeps'), good, { maxBytes: 100 }), /sloppy held \d+ bytes, its bound is 100/)
  })

  test('catches a frame that is longer than the bound', async () => {
    const longer = framing('longer', {
      maxBytes: 8,
      finder: () => ({
        find(window, from) {
          const end = from + 10
          return end > window.length ? found.wait(10) : found.frame(window.subarray(from, end), end)
        },
      }),
      frame: (frame) => frame,
    })
    await assert.rejects(hostile(longer, Buffer.alloc(10)), /longer gave up a frame of 10 bytes, its bound is 8/)
  })

  test('wants good frames to spoil, and cannot assert what a stage does not say', async () => {
    await assert.rejects(
      hostile(frames, Buffer.of(0, 5, 1)),
      /lengthField: the wire must be good frames, not FRAME_UNTERM/,
    )
    const silent = stage<Bytes, Frames>('silent', () => ({ up: () => {} }))
    await assert.rejects(hostile(silent, wire), /silent: the wire must be good frames, not nothing/)
    await assert.rejects(hostile(silent, wire, { maxBytes: 10 }), {
      code: 'CONFIGURATION',
      message: /does not say what it holds/,
    })
  })

  test('catches what depends on the cutting', async () => {
    await assert.rejects(hostile(chunks, wire), /chunks depends on the cutting/)
  })
})
