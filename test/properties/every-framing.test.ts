import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as found from '../../src/core/found.ts'
import { type FrameFinder, framing } from '../../src/core/framing.ts'
import { lines } from '../../src/stages/lines.ts'
import { cutAt, hostile, roundTrip, seeded, singly, splitInvariant } from '../../src/testing.ts'
import { deframe } from '../stages/cutting.ts'
import { everyFraming } from '../stages/every-framing.ts'
import { countLooks, countTouched } from '../stages/touched.ts'

describe('every deframer and every combinator', () => {
  for (const { name, of, frame } of everyFraming) {
    const some = [3, 1, 20, 7].map((size, index) => frame(size, 11 * index + 1))

    test(`${name}: deframing what was framed gives it back, in every cut`, async () => {
      const wire = await roundTrip(of(64), some)
      // The same with frames so long that 64 places are not all of it.
      await roundTrip(of(600), [frame(500, 5), frame(90, 2), frame(300, 3)])
      assert.ok(wire.length > 20)
    })

    test(`${name}: any bytes give the same frames and errors in every cut, random ones by a seed`, async () => {
      const random = seeded(20261125)
      const pick = (count: number) => Math.floor(random() * count)
      const good = Buffer.concat(some.map((each) => of(64).frame(each)))
      for (let round = 0; round < 30; round++) {
        const spoilt = Buffer.from(good)
        for (let changes = pick(4); changes > 0; changes--) spoilt[pick(good.length)] = pick(256)
        const [before = spoilt, after = spoilt] = cutAt(spoilt, [pick(good.length)])
        const noise = Buffer.from(Array.from({ length: pick(5) }, () => pick(256)))
        await splitInvariant(of(32), [before, noise, after, good], { seed: round, random: 5 })
      }
    })

    test(`${name}: what a hostile device sends is refused with a code, and never held beyond the bound`, async () => {
      const wire = Buffer.concat(some.slice(0, 2).map((each) => of(64).frame(each)))
      const report = await hostile(of(64), wire, { randomBytes: 20_000 })
      const { heldBytes = 0 } = report
      assert.ok(heldBytes > 0 && heldBytes <= of(64).maxBytes)
      assert.ok(report.frames > 0)
    })

    test(`${name}: looks at each byte, and copies it, a bounded number of times, however it comes`, () => {
      const size = 1 << 15
      const frames = [
        frame(size, 3),
        frame(size, 4),
        ...Array.from({ length: 400 }, (_, index) => frame(30, index + 1)),
      ]
      const wire = Buffer.concat(frames.map((each) => of(size + 64).frame(each)))
      const places = Array.from({ length: wire.length >> 5 }, (_, index) => index * 32)
      for (const chunks of [singly(wire), cutAt(wire, places), [wire]]) {
        const looked = { read: 0, copied: 0 }
        const { copied } = countTouched(() => {
          assert.equal(deframe(countLooks(of(size + 64), looked), chunks).frames.length, frames.length)
        })
        assert.ok(looked.read <= 10 * wire.length, `${looked.read} bytes looked at of ${wire.length}`)
        assert.ok(copied <= 3 * wire.length, `${copied} bytes copied of ${wire.length}`)
      }
    })
  }

  test('lines: in every cut, both ways, and what a hostile device sends', async () => {
    const text = ['{"a":1}', '', 'Grüße €', 'x'.repeat(90)]
    assert.equal((await roundTrip(lines({ maxLength: 100 }), text)).length, Buffer.byteLength(text.join('\n')) + 1)
    await splitInvariant(lines({ maxLength: 3 }), Buffer.from('ab\r\ncd\n\nTäg\xff\n', 'latin1'))
    const report = await hostile(lines({ maxLength: 64 }), Buffer.from('ab\r\ncd\n\nTäg\n'), { randomBytes: 20_000 })
    assert.ok((report.errors.FRAME_TOO_LONG ?? 0) > 0 && (report.errors.BAD_CONTENT ?? 0) > 0)
  })

  test('a finder that looks at all of its frame at every byte would be seen', () => {
    const quadratic: FrameFinder = {
      find(window, from) {
        const at = window.indexOf(10, from)
        return at < 0 ? found.waitForMore(1 << 20) : found.frame(window.subarray(from, at), at + 1)
      },
    }
    const looked = { read: 0, copied: 0 }
    const made = framing('quadratic', { maxBytes: 1 << 20, finder: () => quadratic, frame: (each) => each })
    const wire = Buffer.alloc(4096, 1)
    wire[4095] = 10
    deframe(countLooks(made, looked), singly(wire))
    assert.ok(looked.read > 1000 * wire.length, `${looked.read}`)
  })
})
