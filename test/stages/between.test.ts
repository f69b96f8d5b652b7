import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type BetweenOptions, between } from '../../src/stages/between.ts'
import type { Escape } from '../../src/stages/escapes.ts'
import { idleBytes } from '../../src/stages/idle-bytes.ts'
import { skipUntil } from '../../src/stages/skip-until.ts'
import { type BetweenReference, betweenReference } from './between-reference.ts'
import { bytesOf, cutAt, deframe, everyCutting, frame, placesIn, singly, upOf } from './cutting.ts'
import { flagReference, unescaped } from './flag-reference.ts'
import { countTouched } from './touched.ts'
import { alone, assertTold, bytes, readsOf, told } from './unframing.ts'
import { vectorsOf } from './vectors.ts'

const esc = (wire: string, content: string, direction?: 'up'): Escape =>
  direction === undefined ? [bytes(wire), bytes(content)] : [bytes(wire), bytes(content), direction]
const jt808 = [esc('7d01', '7d'), esc('7d02', '7e')]
const watch = [
  esc('7d01', '7d'),
  esc('7d02', '5b'),
  esc('7d03', '5d'),
  esc('7d04', '2c', 'up'),
  esc('7d05', '2a', 'up'),
]
const sml = [esc('1b1b1b1b 1b1b1b1b', '1b1b1b1b')]

/** Marks and options of a framing, as hex. */
function framingOf(start: string, end: string, options: Partial<BetweenOptions> = {}) {
  return between(bytes(start), bytes(end), { maxLength: 16, ...options })
}

/** The drawings of the doc comment and some more: framing, wire, what is told of it; framed again they give the wire. */
const drawings: [ReturnType<typeof between>, string, string[]][] = [
  [framingOf('2a', '23'), '2a a1a2 23', ['a1a2']],
  [framingOf('2a', '23', { keep: true }), '2a a1a2 23', ['2aa1a223']],
  [framingOf('2a', '23'), '2a 23 2a 2a2a 23', ['', '2a2a']],
  [framingOf('02', '03', { trailing: 1 }), '02 a1a2 03 c1', ['a1a2c1']],
  [framingOf('02', '03', { trailing: 1 }), '02 03 c1 02 02 03 03', ['c1', '0203']],
  [framingOf('02', '03', { trailing: 1, keep: true }), '02 a1a2 03 c1', ['02a1a203c1']],
  [framingOf('0b', '1c0d', { restart: true }), '0b a10d 1c0d', ['a10d']],
  [framingOf('0b', '1c0d'), '0b a1 1c 0b 1c0d', ['a11c0b']],
  [framingOf('1002', '1003', { escapes: [esc('1010', '10')] }), '1002 a1 1010 1003', ['a110']],
  [framingOf('1002', '1003', { escapes: [esc('1010', '10')] }), '1002 1010 03 1003', ['1003']],
  [framingOf('7e', '7e', { escapes: jt808 }), '7e a1 7d02 02 7e', ['a17e02']],
  [framingOf('7e', '7e', { escapes: jt808, keep: true }), '7e a1 7d02 7e', ['7ea17e7e']],
  [framingOf('2323', '2323'), '2323 a123a2 2323', ['a123a2']],
  [framingOf('5b', '5d', { escapes: watch }), '5b a1 7d02 2c 5d', ['a15b2c']],
  [framingOf('5b', '5d', { escapes: [esc('5c5d', '5d'), esc('5c5c', '5c')] }), '5b 5c5d 5c5c a1 5d', ['5d5ca1']],
  [
    framingOf('1b1b1b1b 01010101', '1b1b1b1b 1a', { trailing: 3, escapes: sml }),
    '1b1b1b1b01010101 a1 1b1b1b1b1a 00c1c2',
    ['a100c1c2'],
  ],
]

/** Wires that nobody would write. */
const read: [ReturnType<typeof between>, string, string[]][] = [
  [framingOf('0b', '1c0d', { restart: true }), '0b a1 0b b1 1c0d', ['FRAME_DAMAGED 0ba1', 'b1']],
  [framingOf('0b', '1c0d', { restart: true }), '0b 0b 0b a1 1c0d', ['FRAME_DAMAGED 0b', 'FRAME_DAMAGED 0b', 'a1']],
  [framingOf('7e', '7e', { escapes: jt808 }), '7e a1 7e b1 7e7e c1 7e', ['a1', 'b1', 'c1']],
  [framingOf('7e', '7e', { escapes: jt808 }), '7e7e7e a1 7e7e7e', ['a1']],
  [framingOf('7e', '7e', { escapes: jt808, keep: true }), '7e a1 7e b17d01 7e', ['7ea17e', '7eb17d7e']],
  [framingOf('7e', '7e', { keep: true }), '7e a1 7e b1 7e', ['7ea17e', '7eb17e']],
  [framingOf('7e', '7e', { escapes: jt808 }), '7e a1 7d03 7e b1 7e', ['FRAME_DAMAGED 7ea17d037e', 'b1']],
  [framingOf('7e', '7e', { escapes: jt808 }), '7e a1 7d 7e b1 7e', ['FRAME_DAMAGED 7ea17d7e', 'b1']],
  [framingOf('7e', '7e', { escapes: jt808 }), '7e 7d0102 7e', ['7d02']],
  [framingOf('7e', '7e', { escapes: jt808 }), '24 25 7e a1 7e', ['FRAME_NOISE 2425', 'a1']],
  [framingOf('2323', '2323'), '2323 a1 2323 23b1 2323 2323', ['a1', '23b1']],
  [framingOf('5b', '5d', { escapes: watch }), '5b a1 7d02 7d04 5d', ['a15b2c']],
  [framingOf('5b', '5d', { escapes: watch }), '5b a1 7d06 5d 5b b1 5d', ['FRAME_DAMAGED 5ba17d065d', 'b1']],
  [
    framingOf('1002', '1003', { escapes: [esc('1010', '10')] }),
    '1002 1055 1003 1002 b1 1003',
    ['FRAME_DAMAGED 100210551003', 'b1'],
  ],
  [
    framingOf('2a', '23'),
    '0d0a 2a a1 23 0d0a 2a b1 23 00',
    ['FRAME_NOISE 0d0a', 'a1', 'FRAME_NOISE 0d0a', 'b1', 'FRAME_NOISE 00'],
  ],
]

describe('between', () => {
  test('what the doc comment draws is what happens, both ways, in every cutting', () => {
    for (const [framing, wire, expected] of [...drawings, ...read]) {
      const input = bytes(wire)
      const cuttings = input.length > 13 ? [[input], singly(input)] : everyCutting(input)
      for (const chunks of cuttings) assert.deepEqual(told(deframe(framing, chunks)), expected, wire)
    }
    for (const [framing, wire, expected] of drawings) {
      const framed = expected.map((each) => frame(framing, bytes(each)).toString('hex'))
      assert.equal(framed.join(''), bytes(wire).toString('hex'))
    }
  })

  test('any bytes in any cutting give what reading them with all in view gives', () => {
    const limits = { maxLength: 4, maxBody: 4 }
    const escaped = { maxLength: 3, maxBody: 6 }
    const references: [BetweenReference, number[]][] = [
      [{ start: '01', end: '02', ...limits }, [1, 2, 3]],
      [{ start: '01', end: '02', trailing: 2, ...limits }, [1, 2, 3]],
      [{ start: '01', end: '02', trailing: 1, keep: true, restart: true, ...limits }, [1, 2, 3]],
      [{ start: '0102', end: '0201', ...limits }, [1, 2, 3]],
      [{ start: '0102', end: '0201', restart: true, trailing: 1, ...limits }, [1, 2, 3]],
      [{ start: '010102', end: '0103', restart: true, ...limits }, [1, 2, 3]],
      [{ start: '01', end: '020203', ...limits }, [1, 2, 3]],
      [{ start: '1002', end: '1003', escapes: [['1010', '10']], lead: '10', ...escaped }, [0x10, 2, 3, 4]],
      [{ start: '1002', end: '1003', escapes: [['1010', '10']], lead: '10', restart: true, ...escaped }, [0x10, 2, 3]],
      [
        {
          start: '5b',
          end: '5d',
          lead: '5c',
          escapes: [
            ['5c5d', '5d'],
            ['5c5c', '5c'],
            ['5c5b', '5b'],
          ],
          restart: true,
          keep: true,
          ...escaped,
        },
        [0x5b, 0x5c, 0x5d, 1],
      ],
      [{ start: '1b1b01', end: '1b1b02', lead: '1b1b1b', escapes: [['1b1b1b1b', '1b1b']], ...escaped }, [0x1b, 1, 2]],
      [{ start: '01', end: '02', lead: '030301', escapes: [['03030102', '0303']], trailing: 1, ...escaped }, [1, 2, 3]],
    ]
    const input = fc
      .constantFrom(...references)
      .chain(([reference, alphabet]) => fc.tuple(fc.constant(reference), bytesOf(alphabet, 40)))
      .chain(([reference, wire]) => fc.tuple(fc.constant(reference), fc.constant(wire), placesIn(wire)))
    fc.assert(
      fc.property(input, ([reference, wire, places]) => {
        const { start, end, maxLength, trailing = 0, keep = false, restart = false, escapes = [] } = reference
        const framing = framingOf(start, end, {
          maxLength,
          trailing,
          keep,
          restart,
          escapes: escapes.map(([each, content]) => esc(each, content)),
        })
        assertTold(framing, wire, places, betweenReference(wire.toString('hex'), reference))
      }),
      { numRuns: 500 },
    )
  })

  test('between equal marks any bytes in any cutting give what splitting at the marks gives', () => {
    const codes = new Map([
      [1, 0x7d],
      [2, 0x7e],
    ])
    const reference = {
      flag: 0x7e,
      begun: false,
      maxLength: 3,
      maxBody: 6,
      decode: (body: readonly number[]) => unescaped(body, 0x7d, codes),
    }
    const input = bytesOf([0x7e, 0x7d, 1, 2, 3], 50).chain((wire) => fc.tuple(fc.constant(wire), placesIn(wire)))
    fc.assert(
      fc.property(input, ([wire, places]) => {
        const framing = framingOf('7e', '7e', { maxLength: 3, escapes: jt808 })
        assertTold(framing, wire, places, flagReference(wire, reference))
      }),
    )
  })

  test('equal marks of several bytes give the same in every cutting, over-long frames and the end included', () => {
    const framing = framingOf('0101', '0101', { maxLength: 3 })
    const input = bytesOf([1, 1, 1, 2], 40).chain((wire) => fc.tuple(fc.constant(wire), placesIn(wire)))
    fc.assert(
      fc.property(input, ([wire, places]) => {
        assertTold(framing, wire, places, told(deframe(framing, [wire])))
      }),
    )
  })

  test('what can be framed comes up as it was, and only that can be framed', () => {
    const framings = drawings.map(([framing]) => framing)
    const alphabet = [0x2a, 0x23, 2, 3, 0x0b, 0x1c, 0x0d, 0x10, 0x7e, 0x7d, 1, 0x5b, 0x5d, 0x5c, 0x1b, 0x1a]
    fc.assert(
      fc.property(
        fc.constantFrom(...framings),
        fc.array(bytesOf(alphabet, 8), { maxLength: 5 }),
        fc.nat(80),
        (framing, candidates, place) => {
          const sent: string[] = []
          const wires: Buffer[] = []
          for (const candidate of candidates) {
            try {
              wires.push(frame(framing, candidate))
              sent.push(candidate.toString('hex'))
            } catch (error) {
              assert.equal((error as { code?: string }).code, 'BUG')
            }
          }
          const wire = Buffer.concat(wires)
          assertTold(framing, wire, [Math.min(place, wire.length)], sent)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('with escapes for all that looks like a mark or an escape, everything can be framed', () => {
    const complete = [
      framingOf('7e', '7e', { escapes: jt808 }),
      framingOf('1002', '1003', { escapes: [esc('1010', '10')] }),
      framingOf('5b', '5d', { escapes: watch }),
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...complete),
        bytesOf([0x7e, 0x7d, 1, 2, 3, 0x10, 0x5b, 0x5d], 16),
        (framing, content) => {
          if (content.length === 0) return
          assert.deepEqual(told(deframe(framing, [frame(framing, content)])), [content.toString('hex')])
        },
      ),
    )
  })

  test('a frame that would not come up as it is, is a bug of who sends it', () => {
    const bad: [ReturnType<typeof between>, string[], RegExp][] = [
      [framingOf('2a', '23'), ['a123', '23', 'a123b1'], /frame of . bytes to be sent: it contains a mark/],
      [framingOf('2a', '2323'), ['a123'], /contains a mark/],
      [framingOf('2a', '23', { keep: true }), ['', '2a', 'a1a2', '2aa1', 'a123', '2aa12323'], /to be sent/],
      [framingOf('2a', '23', { trailing: 2 }), ['', 'a1'], /a frame to be sent has . bytes instead of 2 or more/],
      [framingOf('2a', '23', { restart: true }), ['a12a'], /another frame begins 2 bytes into a frame/],
      [framingOf('7e', '7e', { escapes: jt808 }), [''], /is empty/],
      [framingOf('2323', '2323'), ['', 'a123', '23'], /contains a mark/],
      [framingOf('5b', '5d', { escapes: [esc('5c6e', '0a')] }), ['5c'], /5c at byte 0 of a body of 1 is no escape/],
    ]
    for (const [framing, frames, message] of bad) {
      for (const each of frames) assert.throws(() => frame(framing, bytes(each)), { code: 'BUG', message }, each)
    }
  })

  test('frames of exactly the limit pass with their marks, escapes and checks; one byte more is refused and skipped', () => {
    const cases: [ReturnType<typeof between>, string, string[]][] = [
      [
        framingOf('2a', '23', { maxLength: 2 }),
        '2a a1a2 23 2a a1a2a3 23 2a b1 23',
        ['a1a2', 'FRAME_TOO_LONG 2aa1a2a3', 'b1'],
      ],
      [
        framingOf('0b', '1c0d', { maxLength: 2 }),
        '0b a11c 1c0d 0b a1a21c 1c0d 0b b1 1c0d',
        ['a11c', 'FRAME_TOO_LONG 0ba1a21c', 'b1'],
      ],
      [
        framingOf('2a', '23', { maxLength: 1, trailing: 1 }),
        '2a a1 23c1 2a a1a2 2323 2a b1 23c2',
        ['a1c1', 'FRAME_TOO_LONG 2aa1a2', 'b1c2'],
      ],
      [
        framingOf('7e', '7e', { maxLength: 1, escapes: jt808 }),
        '7e 7d02 7e a1a2 7e a1a2a3 7e b1 7e',
        ['7e', 'FRAME_TOO_LONG a1a27e', 'FRAME_TOO_LONG a1a2a3', 'b1'],
      ],
      [framingOf('2323', '2323', { maxLength: 1 }), '2323 a1a2 2323 b1 2323', ['FRAME_TOO_LONG 2323a1a223', 'b1']],
      [framingOf('2a', '23', { maxLength: 1, restart: true }), '2a a1a2a3 2a b1 23', ['FRAME_TOO_LONG 2aa1a2', 'b1']],
    ]
    for (const [framing, wire, expected] of cases) {
      const input = bytes(wire)
      for (const chunks of input.length > 13 ? [[input], singly(input)] : everyCutting(input))
        assert.deepEqual(told(deframe(framing, chunks)), expected, wire)
    }
    const [error] = deframe(framingOf('2a', '23', { maxLength: 2 }), [bytes('2aa1a2a3')]).errors
    assert.equal(error?.message, 'a frame of at least 3 bytes exceeds the limit of 2')
  })

  test('the skipped rest of an over-long frame is cut at its escapes, not inside of them', () => {
    const framing = framingOf('1002', '1003', { maxLength: 2, escapes: [esc('1010', '10')] })
    const wire = bytes('1002 a1a2a3a4 1010 03 a5 1003 1002 b1 1003')
    for (const chunks of [[wire], singly(wire)])
      assert.deepEqual(told(deframe(framing, chunks)), ['FRAME_TOO_LONG 1002a1a2a3a410', 'b1'])
  })

  test('the skipped rest of an over-long frame is not done with before its trailing bytes have come', () => {
    const finder = framingOf('2a', '23', { maxLength: 1, trailing: 2 }).finder()
    const wire = bytes('2a a1a2a3 23 c123')
    assert.equal(finder.find(wire, 0).kind, 'refuse')
    assert.deepEqual(finder.find(wire.subarray(0, 6), 4), { kind: 'wait', total: 3, byte: -1 })
    assert.deepEqual(finder.find(wire, 4), { kind: 'filler', next: 7, noise: false, why: undefined, more: false })
  })

  test('the end in a frame refuses it, also before its trailing bytes; after a refusal it says nothing', () => {
    const cases: [ReturnType<typeof between>, string, string[]][] = [
      [framingOf('2a', '23'), '2a a1 23 2a b1', ['a1', 'FRAME_UNTERMINATED 2ab1']],
      [framingOf('2a', '23', { trailing: 2 }), '2a a1 23 c1', ['FRAME_UNTERMINATED 2aa123c1']],
      [framingOf('0b', '1c0d'), '0b a1 1c', ['FRAME_UNTERMINATED 0ba11c']],
      [framingOf('2a2a', '23'), '00 2a', ['FRAME_NOISE 00', 'FRAME_UNTERMINATED 2a']],
      [framingOf('2a', '23', { maxLength: 1 }), '2a a1a2a3', ['FRAME_TOO_LONG 2aa1a2']],
      [framingOf('7e', '7e'), '7e a1 7e 7e', ['a1']],
      [framingOf('7e', '7e'), '7e a1 7e b1', ['a1', 'FRAME_UNTERMINATED b1']],
      [framingOf('7e', '7e', { maxLength: 1 }), '7e a1a2a3', ['FRAME_TOO_LONG 7ea1a2']],
    ]
    for (const [framing, wire, expected] of cases) {
      for (const chunks of everyCutting(bytes(wire))) assert.deepEqual(told(deframe(framing, chunks)), expected, wire)
    }
  })

  test('within idleBytes what is meant between frames is no noise, and content is left alone', () => {
    const star = idleBytes(framingOf('2a', '23'), '\r\n')
    for (const chunks of everyCutting(bytes('0d0a 2a 0da1 23 0d0a 2a b1 23 0d')))
      assert.deepEqual(told(deframe(star, chunks)), ['0da1', 'b1'])
    const flags = idleBytes(framingOf('7e', '7e'), '\r\n')
    for (const chunks of everyCutting(bytes('7e7e 0da1 7e 0d0a 7e 0ab1 7e')))
      assert.deepEqual(told(deframe(flags, chunks)), ['0da1', '0ab1'])
  })

  test('within skipUntil the rest of an over-long frame is not skipped, a frame may begin in it', () => {
    for (const end of ['23', '2a']) {
      const framing = skipUntil(framingOf('2a', end, { maxLength: 2 }), bytes('2a'))
      for (const chunks of everyCutting(bytes(`2a a1a2a3a4 2a b1 ${end}`)))
        assert.deepEqual(told(deframe(framing, chunks)), ['FRAME_NOISE 2aa1a2a3a4', 'b1'])
    }
  })

  test('a megabyte in single bytes is looked at once and copied once', () => {
    const content = Buffer.alloc(1 << 20, 0x1c)
    const framing = framingOf('0b', '1c0d', { maxLength: content.length })
    const up = upOf(framing)
    const lengths: number[] = []
    const out = { emit: (each: Buffer) => lengths.push(each.length), reply: () => {}, fail: assert.ifError }
    const wire = frame(framing, content)
    const { copied } = countTouched(() => {
      for (const byte of wire) up.push(Buffer.of(byte), out)
    })
    assert.deepEqual(lengths, [content.length])
    assert.ok(copied <= wire.length + 4096 + 256, `${copied} copied of ${wire.length} bytes`)
  })

  test('however bytes look like marks and escapes, each is looked at a bounded number of times', () => {
    const cases: [string, string, string, Partial<BetweenOptions>][] = [
      ['0b', '1c', '1c0d', {}],
      ['0b', '0d', '1c0d', {}],
      ['0b0b0c', '0b', '0d', { restart: true }],
      ['1002', '101003', '1003', { escapes: [esc('1010', '10')] }],
      ['1b1b01', '1b1b1b1b02', '1b1b02', { escapes: [esc('1b1b1b1b', '1b1b')] }],
      ['7e7f', '7f', '7e7f', {}],
    ]
    for (const [start, filling, end, options] of cases) {
      const reads = [9_000, 18_000].map((length) =>
        readsOf(
          framingOf(start, end, { ...options, maxLength: length }),
          Buffer.concat([bytes(start), Buffer.alloc(length, filling, 'hex'), bytes(end)]),
        ),
      ) as [number, number]
      assert.ok(
        reads[1] <= 2 * reads[0] + 32,
        `${reads[0]} reads, ${reads[1]} of twice the bytes, filled with ${filling}`,
      )
      assert.ok(reads[1] <= 24 * 18_000, `${reads[1]} reads of 18000 bytes, filled with ${filling}`)
    }
  })

  test('very many frames that begin again in one chunk are looked at a bounded number of times', () => {
    const wire = Buffer.concat([Buffer.alloc(20_000, '0b', 'hex'), bytes('a1 1c0d')])
    const framing = framingOf('0b', '1c0d', { maxLength: 20_000, restart: true })
    const { read } = countTouched((watched) => deframe(framing, [watched(wire)]))
    assert.ok(read <= 12 * wire.length, `${read} reads of ${wire.length} bytes`)
  })

  test('a frame within one chunk is a view of it, with its marks as well', () => {
    const chunk = alone('2a a1a2 23 c1 2a b1 23 c2')
    const framing = framingOf('2a', '23', { trailing: 1, keep: true })
    assert.ok(deframe(framing, [chunk]).frames.every((each) => each.buffer === chunk.buffer))
    const flags = alone('7e a1 7e b1 7e')
    const kept = deframe(framingOf('7e', '7e', { keep: true }), [flags]).frames
    assert.ok(kept.every((each) => each.buffer === flags.buffer))
    assert.equal(kept.length, 2)
  })

  test('options that cannot work are refused', () => {
    const cases: [string, string, Partial<BetweenOptions>, RegExp][] = [
      ['', '23', {}, /start must not be empty/],
      ['2a', '', {}, /end must not be empty/],
      ['2a', '23', { maxLength: 0 }, /maxLength must be a positive integer, not 0/],
      ['2a', '23', { maxLength: 1.5 }, /maxLength must be a positive integer, not 1.5/],
      ['2a', '23', { trailing: -1 }, /trailing must be an integer of at least 0, not -1/],
      ['7e', '7e', { trailing: 1 }, /trailing must be 0 where both marks are the same, not 1/],
      ['7e', '7e', { restart: true }, /restart cannot be where both marks are the same/],
      ['7e', '7e', { escapes: [esc('7d7e', '7e')] }, /the escape 7d7e has a byte of the mark 7e/],
      ['2a', '23', { escapes: [esc('2323', '23')] }, /23 also begins another of the marks and escapes/],
      ['2a', '7d0102', { escapes: [esc('7d01', '7d')] }, /7d01 also begins another of the marks and escapes/],
      ['2a', '2a2b', { restart: true }, /2a also begins another of the marks and escapes/],
    ]
    for (const [start, end, options, message] of cases) {
      assert.throws(() => framingOf(start, end, options), { code: 'CONFIGURATION', message }, `${start} ${end}`)
    }
  })

  test('marks and escapes that are changed later do not change the stage', () => {
    const given = [bytes('2a'), bytes('23'), bytes('7d01'), bytes('7d')] as const
    const [start, end, wire, content] = given
    const framing = between(start, end, { maxLength: 4, escapes: [[wire, content]] })
    for (const each of given) each.fill(0)
    assert.deepEqual(told(deframe(framing, [bytes('2a 7d01 23')])), ['7d'])
  })
})

const blocks = vectorsOf('hl7-mllp')
if (blocks !== undefined) {
  test('real MLLP blocks come out as their vectors say', () => {
    const framing = framingOf('0b', '1c0d', { maxLength: 1 << 20, restart: true })
    for (const { name, hex, expected } of blocks) {
      const wire = bytes(hex)
      const frames = (expected.frames as string[] | undefined) ?? [wire.toString('hex', 1, wire.length - 2)]
      const rest = expected.pending_hex === undefined ? [] : [`FRAME_UNTERMINATED ${expected.pending_hex}`]
      assertTold(framing, wire, [1, wire.length - 1], [...frames, ...rest])
      for (const each of frames) assert.ok(frame(framing, bytes(each)).length > 2, name)
    }
  })
}

const messages = vectorsOf('jt808')
if (messages !== undefined) {
  test('real JT/T 808 frames come out unescaped with a right check, and go back as they were', () => {
    const framing = framingOf('7e', '7e', { maxLength: 2048, escapes: jt808 })
    let checked = 0
    for (const { name, hex, expected } of messages) {
      if (['error', 'stream', 'reassembled'].includes(expected.kind)) continue
      const wire = bytes(hex)
      const { frames } = deframe(framing, cutAt(wire, [3, wire.length - 2]))
      assert.equal(frames.length, 1, name)
      const [content] = frames as [Buffer]
      assert.equal(
        content.reduce((sum, byte) => sum ^ byte, 0),
        0,
        name,
      )
      assert.equal(frame(framing, content).toString('hex'), wire.toString('hex'), name)
      checked++
    }
    assert.ok(checked > 50)
  })
}
