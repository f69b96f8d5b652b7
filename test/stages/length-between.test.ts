import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { choice } from '../../src/stages/choice.ts'
import { type LengthBetweenOptions, lengthBetween } from '../../src/stages/length-between.ts'
import type { Mark } from '../../src/stages/marks.ts'
import { skipUntil } from '../../src/stages/skip-until.ts'
import { tail } from '../../src/stages/tail.ts'
import { bytesOf, cutAt, deframe, everyCutting, frame, placesIn, singly } from './cutting.ts'
import { codesOf, hex, toldAlike } from './told.ts'
import { countTouched } from './touched.ts'

const netstring = tail(lengthBetween({ lengthEnd: ':', lengthAdjustment: 1, maxLength: 1024 }), ',')
const watchOptions = {
  start: '[',
  lengthAfter: { mark: '*', occurrence: 2 },
  lengthEnd: '*',
  lengthEncoding: 'hex',
  lengthDigits: 4,
  lengthAdjustment: 1,
  maxLength: 1024,
} as const
const watch = lengthBetween(watchOptions)
const meitrack = lengthBetween({ start: '$$', skip: 1, lengthEnd: ',', lengthAdjustment: -1, maxLength: 2048 })

const layouts: fc.Arbitrary<LengthBetweenOptions> = fc
  .record({
    start: fc.constantFrom(undefined, '<', '<*'),
    skip: fc.nat(2),
    lengthAfter: fc.constantFrom(undefined, { mark: '*' }, { mark: '*', occurrence: 2 }, { mark: '*<*' }),
    lengthEnd: fc.constantFrom('*', '**', '<*'),
    lengthAdjustment: fc.integer({ min: -2, max: 2 }),
    leadingZero: fc.boolean(),
  })
  .map(({ start, lengthAfter, ...layout }) => ({
    ...layout,
    ...(start === undefined ? {} : { start }),
    ...(lengthAfter === undefined ? {} : { lengthAfter }),
    maxHeaderLength: 12,
    maxLength: 14,
  }))

describe('lengthBetween', () => {
  test('netstrings go both ways, in every cutting', () => {
    const wire = Buffer.from('3:a,b,0:,1:c,')
    assert.deepEqual(toldAlike(netstring, wire, everyCutting(wire)), [hex('a,b'), '', hex('c')])
    assert.equal(frame(netstring, Buffer.from('hello world!')).toString(), '12:hello world!,')
    assert.deepEqual(toldAlike(netstring, Buffer.from('12:hello world!,')), [hex('hello world!')])
  })

  test('frames of watches go both ways; their length is written in four digits, whatever stood there', () => {
    const frames = ['[3G*4700609403*0013*bphrt,120,79,73,,,,]', '[SG*8800000015*0002*LK]', '[3G*1*0005*a*]b*]']
    const wire = Buffer.from(frames.join(''))
    const cuttings = Array.from({ length: wire.length }, (_, place) => cutAt(wire, [place, place + 3]))
    assert.deepEqual(toldAlike(watch, wire, cuttings), frames.map(hex))
    for (const [sent, written] of [
      ['[3G*4700609403*0013*bphrt,120,79,73,,,,]', '[3G*4700609403*0013*bphrt,120,79,73,,,,]'],
      ['[3G*4700609403**LK]', '[3G*4700609403*0002*LK]'],
      ['[3G*4700609403*ffffffff*LK]', '[3G*4700609403*0002*LK]'],
      [`[3G*1**${'x'.repeat(0xabc)}]`, `[3G*1*0ABC*${'x'.repeat(0xabc)}]`],
    ] as const) {
      assert.equal(frame(watch, Buffer.from(sent)).toString(), written)
    }
  })

  test('lengths in another place are another kind of frame: watches with an index in front of it', () => {
    const indexed = lengthBetween({ ...watchOptions, start: '[ZJ', lengthAfter: { mark: '*', occurrence: 3 } })
    const both = choice([
      { match: '[ZJ', framing: indexed },
      { match: '[', framing: watch },
    ])
    const wire = '[ZJ*357653059860416*0007*000c*BLOOD,109,68]'
    assert.deepEqual(toldAlike(both, Buffer.from(`${wire}[SG*8800000015*0002*LK]`)), [
      hex(wire),
      hex('[SG*8800000015*0002*LK]'),
    ])
  })

  test('frames of Meitrack go both ways, their length counted from the comma on', () => {
    const real =
      '$$A138,862170013556541,AAA,35,7.092076,79.960473,140412132808,A,10,9,57,275,1,14,5783799,7403612,' +
      '413|1|F6E0|3933,0000,000B|0009||02D8|0122,*EE\r\n'
    const drawn = '$$Q25,353358017784062,A10*32\r\n'
    const wire = Buffer.from(real + drawn)
    const cuttings = Array.from({ length: wire.length }, (_, place) => cutAt(wire, [place]))
    assert.deepEqual(toldAlike(meitrack, wire, cuttings), [hex(real), hex(drawn)])
    assert.equal(frame(meitrack, Buffer.from(drawn.replace('25', ''))).toString(), drawn)
  })

  test('a start that is all of the header but the length can be taken off, and is put back', () => {
    const stage = lengthBetween({ start: '#', lengthEnd: ' ', keepHeader: false, maxLength: 64 })
    const wire = Buffer.from('#3 abc#0 ')
    assert.deepEqual(toldAlike(stage, wire, everyCutting(wire)), [hex('abc'), ''])
    assert.equal(frame(stage, Buffer.from('abc')).toString(), '#3 abc')
    const kept = lengthBetween({ start: '#', lengthEnd: ' ', maxLength: 64 })
    assert.deepEqual(toldAlike(kept, wire), [hex('#3 abc'), hex('#0 ')])
  })

  test('any bytes under any layout give what cutting by hand gives, and the same errors, in any cutting', () => {
    const input = bytesOf([0x2a, 0x3c, 0x30, 0x31, 0x33], 50).chain((each) =>
      fc.tuple(fc.constant(each), placesIn(each)),
    )
    fc.assert(
      fc.property(layouts, input, (options, [input, places]) => {
        const told = toldAlike(lengthBetween(options), input, [cutAt(input, places)])
        assert.deepEqual(codesOf(told), reference(input.toString('latin1'), options))
      }),
      { numRuns: 1000 },
    )
  })

  test('deframing what was framed gives it back, with its length in it where frames keep their header', () => {
    const bodies = fc.array(bytesOf([0x2a, 0x3c, 0x31], 6), { maxLength: 5 })
    fc.assert(
      fc.property(layouts, bodies, fc.nat(80), (options, bodies, place) => {
        const stage = lengthBetween({ ...options, maxHeaderLength: 20, maxLength: 40 })
        const { start = '', skip = 0, lengthAfter, lengthEnd, lengthAdjustment = 0 } = options
        const marks = (lengthAfter?.mark ?? '').toString().repeat(lengthAfter?.occurrence ?? 1)
        const header =
          start === '' && skip === 0 && marks === '' ? '' : `${start}${'z'.repeat(skip)}${marks}${lengthEnd}`
        const fitting = bodies.filter((each) => each.length - lengthAdjustment >= (options.leadingZero ? 0 : 1))
        const sent = fitting.map((each) => Buffer.concat([Buffer.from(header), each]))
        const framed = sent.map((each) => frame(stage, each))
        const expected = header === '' ? sent : framed
        const wire = Buffer.concat(framed)
        const { frames } = deframe(stage, cutAt(wire, [Math.min(place, wire.length)]))
        assert.deepEqual(frames.map(String), expected.map(String))
      }),
      { numRuns: 500 },
    )
  })

  test('a frame over the limit is refused with both numbers and discarded exactly; one of just the limit passes', () => {
    const stripped = lengthBetween({ lengthEnd: ':', maxLength: 3 })
    const wire = Buffer.from('4:abcd3:efg')
    assert.deepEqual(toldAlike(stripped, wire, everyCutting(wire)), [
      `FRAME_TOO_LONG: a frame of 4 bytes exceeds the limit of 3 [${hex('4:')}]`,
      hex('efg'),
    ])
    const kept = lengthBetween({ lengthEnd: ':', keepHeader: true, maxLength: 5 })
    assert.deepEqual(toldAlike(kept, wire, everyCutting(wire)), [
      `FRAME_TOO_LONG: a frame of 6 bytes exceeds the limit of 5 [${hex('4:')}]`,
      hex('3:efg'),
    ])
  })

  test('a length of sixty digits exceeds the limit like any other', () => {
    const stage = lengthBetween({ lengthEnd: ':', maxLength: 64 })
    assert.deepEqual(codesOf(toldAlike(stage, Buffer.from(`${'9'.repeat(60)}:abc`))), ['FRAME_TOO_LONG'])
  })

  test('a header that begins otherwise, has no digits, or is longer than its limit is corrupt, at the byte that says so', () => {
    const cases: [string, string, string][] = [
      ['(3G', `a frame begins with 28 instead of 5b`, '('],
      ['[3G*1*00g2*LK]', `the length of a frame is not written in digits: 303067`, '[3G*1*00g'],
      ['[3G*1**LK]', `the length of a frame is not written in digits: 2a`, '[3G*1**'],
      [
        `[${'x'.repeat(100)}*1*0002*LK]`,
        'the length of a frame does not come and end within 64 bytes',
        `[${'x'.repeat(63)}`,
      ],
      [
        `[3G*1*${'0'.repeat(100)}2*LK]`,
        'the length of a frame does not come and end within 64 bytes',
        `[3G*1*${'0'.repeat(58)}`,
      ],
    ]
    for (const [wire, says, shown] of cases) {
      assert.deepEqual(toldAlike(watch, Buffer.from(wire)), [`FRAME_CORRUPT: ${says} [${hex(shown)}]`])
    }
    assert.deepEqual(codesOf(toldAlike(watch, Buffer.from(`[${'x'.repeat(62)}`))), ['FRAME_UNTERMINATED'])
    assert.deepEqual(codesOf(toldAlike(watch, Buffer.from(`[${'x'.repeat(63)}`))), ['FRAME_CORRUPT'])
    const two = lengthBetween({ lengthEnd: '::', maxHeaderLength: 4, maxLength: 16 })
    for (const wire of ['123::abc', '123:abc']) {
      assert.deepEqual(toldAlike(two, Buffer.from(wire), everyCutting(Buffer.from(wire))), [
        `FRAME_CORRUPT: the length of a frame does not come and end within 4 bytes [${hex('123:')}]`,
      ])
    }
    assert.deepEqual(toldAlike(two, Buffer.from('03::abc')), [hex('abc')])
    const exactly = lengthBetween({ ...watchOptions, maxHeaderLength: 11 })
    assert.deepEqual(codesOf(toldAlike(exactly, Buffer.from('[3G*1*0002*LK][3G*12*0002*LK]'))), [
      hex('[3G*1*0002*LK]'),
      'FRAME_CORRUPT',
    ])
  })

  test('a length by which the frame ends within its header is corrupt', () => {
    assert.deepEqual(toldAlike(meitrack, Buffer.from('$$A0,x')), [
      `FRAME_CORRUPT: by the length 0 a frame ends after 4 bytes, within its header of 5 [${hex('$$A0,')}]`,
    ])
    assert.deepEqual(toldAlike(meitrack, Buffer.from('$$A1,')), [hex('$$A1,')])
  })

  test('within skipUntil the next mark is looked for from the second byte of a bad header on', () => {
    const found = skipUntil(watch, '[')
    const wire = Buffer.from('[3G*47[SG*8800000015*0002*LK]zz[3G*1*0001*x]')
    const cuttings = Array.from({ length: wire.length }, (_, place) => cutAt(wire, [place]))
    // Cut short, the first takes the marks of the second for its own, and 8800000015 for a length.
    assert.deepEqual(codesOf(toldAlike(found, wire, cuttings)), [
      'FRAME_NOISE',
      hex('[SG*8800000015*0002*LK]'),
      'FRAME_NOISE',
      hex('[3G*1*0001*x]'),
    ])
    const worse = Buffer.from('[a*[b*z*0001*x]')
    assert.deepEqual(codesOf(toldAlike(found, worse, [cutAt(worse, [5])])), ['FRAME_NOISE', hex('[b*z*0001*x]')])
  })

  test('an unfinished frame is refused at the end, with as much as is known of it', () => {
    assert.deepEqual(toldAlike(watch, Buffer.from('[3G*1*00')), [
      `FRAME_UNTERMINATED: the connection ended 8 bytes into a frame [${hex('[3G*1*00')}]`,
    ])
    assert.deepEqual(toldAlike(watch, Buffer.from('[3G*1*0002*L')), [
      `FRAME_UNTERMINATED: the connection ended 12 bytes into a frame of 14 bytes [${hex('[3G*1*0002*L')}]`,
    ])
  })

  test('down, a frame without its header, or too short for any length, is a bug; a length of too many digits is too large', () => {
    for (const [bad, message] of [
      ['', /a frame of 0 bytes to be sent has no place for its length: it ends within its header/],
      ['[3G*1*', /it ends within its header/],
      ['3G*1**LK]', /begins with 33 instead of 5b/],
      ['[3G*1*LK]', /not written in digits: 4c/],
      ['[3G*1**', /too short: its length would be -1/],
      [`[${'x'.repeat(60)}*1**LK]`, /the header of a frame to be sent has 69 bytes, the limit is 64/],
    ] as const) {
      assert.throws(() => frame(watch, Buffer.from(bad)), { code: 'BUG', message }, bad)
    }
    const two = lengthBetween({ lengthEnd: ':', lengthDigits: 2, maxLength: 1024 })
    assert.equal(frame(two, Buffer.alloc(99)).toString('latin1', 0, 3), '99:')
    assert.throws(() => frame(two, Buffer.alloc(100)), {
      code: 'MESSAGE_TOO_LARGE',
      message: 'the length 100 of a frame to be sent does not fit into 2 digits',
    })
  })

  test('without leading zeros there are no lengths of 0, nor of 03', () => {
    const stage = lengthBetween({ lengthEnd: ':', leadingZero: false, maxLength: 1024 })
    for (const wire of ['0:', '03:abc']) {
      assert.deepEqual(toldAlike(stage, Buffer.from(wire)), [
        `FRAME_CORRUPT: the length of a frame is not written in digits: 30 [30]`,
      ])
    }
    assert.deepEqual(toldAlike(stage, Buffer.from('10:0123456789')), [hex('0123456789')])
    assert.throws(() => frame(stage, Buffer.alloc(0)), { code: 'BUG', message: /its length would be 0/ })
  })

  test('a header in single bytes is read a few times at most, and a frame copied once', () => {
    const stage = lengthBetween({ ...watchOptions, maxHeaderLength: 1000, maxLength: 4000 })
    const wire = frame(stage, Buffer.from(`[${'x'.repeat(900)}*1**${'y'.repeat(2000)}]`))
    let reads = 0
    const counting = (bytes: Buffer) =>
      new Proxy(bytes, {
        get(target, key) {
          if (typeof key === 'string' && /^\d+$/.test(key)) reads++
          const value: unknown = Reflect.get(target, key, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    const finder = stage.finder()
    for (let length = 1; length < 910; length++)
      assert.equal(finder.find(counting(wire.subarray(0, length)), 0).kind, 'wait')
    assert.ok(reads <= 4 * 910, `${reads} reads of 910 bytes`)
    const touched = countTouched(() => assert.equal(deframe(stage, singly(wire)).frames.length, 1))
    assert.ok(touched.copied <= 2 * wire.length, `${touched.copied} copied of ${wire.length}`)
    const whole = countTouched(() => assert.equal(deframe(stage, [wire]).frames[0]?.buffer, wire.buffer))
    assert.equal(whole.copied, 0)
  })

  test('options that cannot work are refused with what is possible', () => {
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ start: '' }, /start must not be empty/],
      [{ lengthEnd: '' }, /lengthEnd must not be empty/],
      [{ lengthAfter: { mark: '' } }, /lengthAfter.mark must not be empty/],
      [{ lengthAfter: { mark: '*', occurrence: 0 } }, /lengthAfter.occurrence must be a positive integer, not 0/],
      [{ skip: -1 }, /skip must be an integer of at least 0, not -1/],
      [{ lengthEncoding: 'binary' }, /lengthEncoding must be 'decimal' or 'hex', not binary/],
      [{ lengthEnd: '0x' }, /lengthEnd must not begin with a digit, as 0x does/],
      [{ lengthEnd: 'a', lengthEncoding: 'hex' }, /lengthEnd must not begin with a digit, as a does/],
      [{ lengthDigits: 0 }, /lengthDigits must be an integer from 1 to 15, not 0/],
      [{ lengthDigits: 16 }, /lengthDigits .* not 16/],
      [{ lengthDigits: 4, leadingZero: false }, /lengthDigits needs leadingZero/],
      [{ lengthAdjustment: 0.5 }, /lengthAdjustment must be an integer, not 0.5/],
      [{ maxLength: 0 }, /maxLength must be a positive integer, not 0/],
      [{ maxLength: Number.NaN }, /maxLength .* not NaN/],
      [{ keepHeader: false, skip: 1 }, /keepHeader must be true/],
      [{ keepHeader: false, lengthAfter: { mark: '*' } }, /keepHeader must be true/],
      [{ maxHeaderLength: 1 }, /maxHeaderLength must be an integer of at least 2, the shortest header, not 1/],
      [
        { start: '$$', skip: 1, maxHeaderLength: 65 },
        /maxHeaderLength must be an integer from 5, the shortest header, to maxLength \(64\), not 65/,
      ],
      [{ start: '$$', skip: 1, maxLength: 4 }, /maxHeaderLength .* from 5, .* to maxLength \(4\), not 4/],
    ]
    for (const [options, message] of cases) {
      const all = { lengthEnd: ':', maxLength: 64, ...options } as LengthBetweenOptions
      assert.throws(() => lengthBetween(all), { code: 'CONFIGURATION', message })
    }
  })
})

/** The same with a regular expression for the header, all of the input at hand. */
function reference(input: string, options: LengthBetweenOptions): string[] {
  const { skip = 0, lengthAfter, lengthAdjustment = 0, leadingZero = true } = options
  const start = String(options.start ?? '')
  const lengthEnd = String(options.lengthEnd)
  const { maxHeaderLength = 64, maxLength } = options
  const quoted = (each: Mark) => String(each).replaceAll('*', '\\*')
  const upTo =
    lengthAfter === undefined ? '' : `([\\s\\S]*?${quoted(lengthAfter.mark)}){${lengthAfter.occurrence ?? 1}}`
  const begin = `${quoted(start)}[\\s\\S]{${skip}}${upTo}`
  const header = new RegExp(`^${begin}(?<digits>${leadingZero ? '' : '(?!0)'}[0-9]+)${quoted(lengthEnd)}`)
  const keeps = start !== '' || skip > 0 || lengthAfter !== undefined
  const expected: string[] = []
  let rest = input
  while (rest.length > 0) {
    // The marks before the length are the first that come: the expression must not go back to later ones.
    const before = new RegExp(`^${begin}`).exec(rest)?.[0] ?? ''
    const match = header.exec(rest)
    const sound = match?.groups !== undefined && match[0].startsWith(before + match.groups.digits)
    if (!sound || match[0].length > maxHeaderLength) {
      const seen = rest.slice(0, maxHeaderLength)
      const couldBe = seen.length < maxHeaderLength && couldBegin(seen, { start, skip, begin, lengthEnd, leadingZero })
      return [...expected, couldBe ? 'FRAME_UNTERMINATED' : 'FRAME_CORRUPT']
    }
    const digits = match.groups?.digits as string
    const total = match[0].length + lengthAdjustment + Number(digits)
    const contentAt = keeps ? 0 : match[0].length
    if (total < match[0].length) return [...expected, 'FRAME_CORRUPT']
    if (total - contentAt > maxLength) expected.push('FRAME_TOO_LONG')
    else if (total > rest.length) return [...expected, 'FRAME_UNTERMINATED']
    else expected.push(hex(rest.slice(contentAt, total)))
    rest = rest.slice(total)
  }
  return expected
}

/** Whether bytes that are no whole header may become one. */
function couldBegin(
  seen: string,
  header: { start: string; skip: number; begin: string; lengthEnd: string; leadingZero: boolean },
): boolean {
  const { start, skip, begin, lengthEnd, leadingZero } = header
  if (!start.startsWith(seen.slice(0, start.length))) return false
  if (seen.length <= start.length + skip) return true
  const before = new RegExp(`^${begin}`).exec(seen)?.[0]
  if (before === undefined) return true
  const rest = seen.slice(before.length)
  const digits = /^[0-9]*/.exec(rest)?.[0] as string
  if (!leadingZero && digits.startsWith('0')) return false
  const end = rest.slice(digits.length)
  return lengthEnd.startsWith(end) && end !== lengthEnd
}
