import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { unfinishedOf, unterminated } from '../../src/core/deframer.ts'
import { GatewayError } from '../../src/core/errors.ts'
import * as found from '../../src/core/found.ts'
import { type FrameFinder, framing } from '../../src/core/framing.ts'
import { type Cut, cutAt, deframe, everyCutting, singly, upOf } from '../stages/cutting.ts'
import { chunksKept } from '../stages/kept.ts'
import { countTouched } from '../stages/touched.ts'

const bad = new GatewayError('FRAME_DAMAGED', 'bad')

function of(finder: () => FrameFinder, maxBytes = 64) {
  return framing('test', { maxBytes, finder, frame: (frame) => frame })
}

/**
 * A little protocol that uses all that a finder can say. The first byte tells: 0 noise, 1 idle, 2 to 9 a frame of so many bytes, 10
 * a frame to the next 10, 11 a refusal of three bytes, 12 the same told late, 13 nothing more.
 */
function little(): FrameFinder {
  let searched = 0
  return {
    find(window, from) {
      const first = window[from] as number
      if (first === 0) return found.noise(from + 1)
      if (first === 1) return found.idle(from + 1)
      if (first <= 9) {
        const end = from + first
        return end > window.length ? found.wait(first) : found.frame(window.subarray(from, end), end)
      }
      if (first === 10) {
        const at = window.indexOf(10, from + Math.max(1, searched))
        searched = at < 0 ? window.length - from : 0
        return at < 0 ? found.waitForByte(10, 64) : found.frame(window.subarray(from, at + 1), at + 1)
      }
      if (first === 13) return found.refuse(bad, Number.POSITIVE_INFINITY, from + 1)
      return (first === 11 ? found.refuse : found.refuseLate)(bad, from + 3, from + 1)
    },
  }
}

function told(cut: Cut<Buffer>): string[] {
  return cut.events.map((each) =>
    'frame' in each ? each.frame.toString('hex') : `${each.error.code} ${(each.item as Buffer).toString('hex')}`,
  )
}

describe('a deframer', () => {
  test('gives, refuses and skips what the finder says, in every cutting', () => {
    const wire = Buffer.from('0203 01 0000 10 0b0203 0a05060a 0c0909 0302'.replaceAll(' ', ''), 'hex')
    const short = Buffer.from('0203 00 0b0203 0a050a 0302'.replaceAll(' ', ''), 'hex')
    const whole = deframe(of(little), [short])
    assert.deepEqual(told(whole), ['0203', 'FRAME_NOISE 00', 'FRAME_DAMAGED 0b', '0a050a', 'FRAME_UNTERMINATED 0302'])
    for (const chunks of everyCutting(short)) assert.deepEqual(told(deframe(of(little), chunks)), told(whole))
    assert.deepEqual(told(deframe(of(little), singly(wire))), told(deframe(of(little), [wire])))
  })

  test('a run of noise is one error however it was cut, told before the frame that ends it, shown up to 64 bytes', () => {
    const wire = Buffer.concat([Buffer.of(2, 2), Buffer.alloc(100), Buffer.of(2, 3)])
    for (const chunks of [[wire], singly(wire), cutAt(wire, [50, 51])]) {
      const cut = deframe(of(little), chunks)
      assert.deepEqual(told(cut), ['0202', `FRAME_NOISE ${'00'.repeat(64)}`, '0203'])
      assert.equal(cut.errors[0]?.message, '100 bytes belong to no frame')
    }
  })

  test('noise says why it is none where it looked like a frame', () => {
    const finder: FrameFinder = { find: (window) => found.noise(window.length, bad) }
    const { errors } = deframe(
      of(() => finder),
      [Buffer.of(1, 2)],
    )
    assert.match(errors[0]?.message as string, /^2 bytes belong to no frame; they looked like a frame: bad$/)
    assert.equal(errors[0]?.cause, bad)
  })

  test('a late refusal is told when what it refused has passed, or with the end', () => {
    const wire = Buffer.of(12, 9, 9, 2, 7)
    for (const chunks of everyCutting(wire))
      assert.deepEqual(told(deframe(of(little), chunks)), ['FRAME_DAMAGED 0c', '0207'])
    assert.deepEqual(told(deframe(of(little), [Buffer.of(12, 9)])), ['FRAME_DAMAGED 0c'])
  })

  test('after a refusal without end nothing is looked at any more', () => {
    let asked = 0
    const finder = (): FrameFinder => {
      const inner = little()
      return {
        find(window, from) {
          asked++
          return inner.find(window, from)
        },
      }
    }
    const { errors } = deframe(of(finder), [Buffer.of(13, 2), Buffer.of(2, 2), Buffer.alloc(1000)])
    assert.equal(errors.length, 1)
    assert.equal(asked, 1)
  })

  test('the end refuses what is left, unless the finder says that nothing is wrong with it', () => {
    assert.deepEqual(told(deframe(of(little), [Buffer.of(3, 3)])), ['FRAME_UNTERMINATED 0303'])
    const content = () => ({ ...little(), unfinished: () => undefined })
    assert.deepEqual(told(deframe(of(content), [Buffer.of(3, 3)])), [])
    const own = () => ({ ...little(), unfinished: () => bad })
    assert.deepEqual(told(deframe(of(own), [Buffer.of(3, 3)])), ['FRAME_DAMAGED 0303'])
    assert.equal(unfinishedOf(little(), Buffer.of(3, 3))?.message, 'the connection ended 2 bytes into a frame')
    assert.equal(unterminated(2, 5).message, 'the connection ended 2 bytes into a frame of 5 bytes')
  })

  test('a finder that stands still, waits for what is there or for more than its limit is a bug, named with the numbers', () => {
    const cases: [FrameFinder, RegExp][] = [
      [{ find: (_, from) => found.idle(from) }, /found something that ends at 0/],
      [{ find: () => found.wait(2) }, /waits for 2 bytes, 3 are there/],
      [{ find: () => found.wait(65) }, /waits for 65 bytes, its own limit is 64/],
    ]
    for (const [finder, message] of cases) {
      assert.throws(
        () =>
          deframe(
            of(() => finder),
            [Buffer.of(1, 2, 3)],
          ),
        { code: 'BUG', message },
      )
    }
  })

  test('a frame within one chunk is a view of it; one that is cut is copied once', () => {
    const chunk = Buffer.from('0203 03a1a2'.replace(' ', ''), 'hex')
    for (const frame of deframe(of(little), [chunk]).frames) assert.equal(frame.buffer, chunk.buffer)
    const long = Buffer.alloc(1 << 20, 5)
    long[0] = 10
    long[long.length - 1] = 10
    const { copied } = countTouched(() => {
      const chunks = cutAt(
        long,
        Array.from({ length: 1023 }, (_, index) => (index + 1) << 10),
      )
      const finder = (): FrameFinder => {
        const inner = little()
        return {
          find: (window, from) => {
            const said = inner.find(window, from)
            return said.kind === 'wait' ? found.waitForByte(10, long.length) : said
          },
        }
      }
      assert.equal(deframe(of(finder, long.length), chunks).frames[0]?.length, long.length)
    })
    assert.ok(copied <= long.length + 4096 + 256, `${copied} bytes copied of ${long.length}`)
  })

  test('a frame whose finder asks for one byte after the other is copied twice at most', () => {
    const finder = (): FrameFinder => ({
      find: (window, from) =>
        window.length - from < 4096 ? found.wait(window.length - from + 1) : found.frame(window, window.length),
    })
    const { copied } = countTouched(() =>
      assert.equal(deframe(of(finder, 4096), singly(Buffer.alloc(4096))).frames.length, 1),
    )
    assert.ok(copied <= 2 * 4096, `${copied} bytes copied of 4096`)
  })

  test('the finder is asked again only when what it waits for is there', () => {
    const asked: number[] = []
    const finder = (): FrameFinder => {
      const inner = little()
      return {
        find(window, from) {
          asked.push(window.length - from)
          return inner.find(window, from)
        },
      }
    }
    deframe(of(finder), singly(Buffer.of(9, 1, 1, 1, 1, 1, 1, 1, 1)))
    assert.deepEqual(asked, [1, 9])
    asked.length = 0
    deframe(of(finder), singly(Buffer.of(10, 1, 1, 1, 10)))
    assert.deepEqual(asked, [1, 5])
  })

  test('bytes that were given up or passed over keep no chunk in memory', async () => {
    const up = upOf(of(little))
    const out = { emit: () => {}, reply: () => {}, fail: () => {} }
    const bytes = Buffer.alloc(600, 2)
    bytes[599] = 10
    assert.ok((await chunksKept(bytes, (chunk) => up.push(chunk, out))) <= 1)
  })
})
