import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { AisBits, AisWriter } from '../../../src/stages/nmea/ais-bits.ts'
import { decodeAis } from '../../../src/stages/nmea/ais-messages.ts'
import { type AisPart, AisParts } from '../../../src/stages/nmea/ais-parts.ts'

test('bits that are written are read as they were, at any place and width', () => {
  const written = fc.array(
    fc
      .integer({ min: 1, max: 30 })
      .chain((width) => fc.tuple(fc.constant(width), fc.integer({ min: 0, max: 2 ** width - 1 }))),
    { minLength: 1, maxLength: 30 },
  )
  fc.assert(
    fc.property(written, (numbers) => {
      const writer = new AisWriter()
      for (const [width, value] of numbers) writer.number(value, width)
      const { payload, fillBits } = writer.armoured
      const bits = new AisBits(payload, fillBits)
      let at = 0
      for (const [width, value] of numbers) {
        assert.equal(bits.unsigned(at, width), value)
        assert.equal(bits.signed(at, width), Number(BigInt.asIntN(width, BigInt(value))))
        at += width
      }
      assert.equal(bits.length, at)
      assert.equal(bits.unsigned(at, 1), null)
    }),
  )
})

test('text is six bits a character, ends at @ and loses the blanks that fill it up', () => {
  const read = (text: string, width: number) => {
    const { payload, fillBits } = new AisWriter().text(text, width).armoured
    return new AisBits(payload, fillBits).text(0, width)
  }
  assert.equal(read('R/V Gulf 7', 120), 'R/V GULF 7')
  assert.equal(read('A B  ', 30), 'A B')
  assert.equal(read('A@B', 30), 'A')
  assert.equal(read('', 30), '')
  assert.equal(read('é', 6), '?')
  assert.equal(new AisBits('0', 0).text(6, 120), null)
})

test('any payload is a message or refused with a code, and no number of it is NaN', () => {
  const armour = fc.stringMatching(/^[0-W`-w]{1,80}$/)
  fc.assert(
    fc.property(armour, fc.integer({ min: 0, max: 5 }), (payload, fillBits) => {
      try {
        const { mmsi, ais_type, ...others } = decodeAis(payload, fillBits)
        assert.match(mmsi, /^\d{9,10}$/)
        assert.ok(ais_type >= 0 && ais_type < 64)
        assert.ok(!Object.values(others).some((each) => Number.isNaN(each)))
      } catch (thrown) {
        assert.ok(thrown instanceof GatewayError && thrown.code === 'BAD_CONTENT', String(thrown))
      }
    }),
  )
})

test('what is no payload is refused in numbers', () => {
  assert.throws(() => decodeAis('0 0', 0), { code: 'BAD_CONTENT', message: /a character with the code 32/ })
  assert.throws(() => decodeAis('', 0), { message: /a payload has 0 characters/ })
  assert.throws(() => decodeAis('0'.repeat(1025), 0), { message: /a payload has 1025 characters/ })
  assert.throws(() => decodeAis('000000', 6), { message: /a payload has 6 fill bits/ })
  assert.throws(() => decodeAis('000000', 0), { message: /36 bits, it takes 38/ })
})

test('a message of class B with its name says both, and its values of not available are null', () => {
  const { payload, fillBits } = new AisWriter()
    .number(19, 6)
    .number(0, 2)
    .number(1234, 30)
    .number(0, 8)
    .number(1023, 10)
    .number(1, 1)
    .number(181 * 600_000, 28)
    .number(91 * 600_000, 27)
    .number(3600, 12)
    .number(511, 9)
    .number(59, 6)
    .number(0, 4)
    .text('TENDER', 120)
    .number(36, 8)
    .number(5, 9)
    .number(6, 9)
    .number(1, 6)
    .number(2, 6)
    .number(0, 11).armoured
  assert.deepEqual(decodeAis(payload, fillBits), {
    ais_type: 19,
    repeat: 0,
    mmsi: '000001234',
    bits: 312,
    speed_kn: null,
    position_accuracy: 1,
    longitude_deg: null,
    latitude_deg: null,
    course_deg: null,
    heading_deg: null,
    utc_second: 59,
    name: 'TENDER',
    ship_type: 36,
    to_bow_m: 5,
    to_stern_m: 6,
    to_port_m: 1,
    to_starboard_m: 2,
  })
})

test('static data of a craft of a ship says which ship, of any other how long it is', () => {
  const said = (mmsi: number) => {
    const writer = new AisWriter().number(24, 6).number(0, 2).number(mmsi, 30).number(1, 2).number(37, 8)
    const { payload, fillBits } = writer.text('SRT', 18).number(0, 24).text('AUX', 42).number(7_000_001, 30).armoured
    return decodeAis(payload, fillBits)
  }
  assert.deepEqual(said(982_470_001), {
    ais_type: 24,
    repeat: 0,
    mmsi: '982470001',
    bits: 162,
    part: 'B',
    ship_type: 37,
    vendor: 'SRT',
    callsign: 'AUX',
    mothership_mmsi: '007000001',
  })
  const { mothership_mmsi: ship, to_bow_m: bow } = said(98_247_000)
  assert.deepEqual([ship, bow], [undefined, 3])
})

test('the name of an aid to navigation goes on at the end of the message, where it fills its first place', () => {
  const named = (first: string, second: string, spare = 0) => {
    const writer = new AisWriter().number(21, 6).number(0, 2).number(992_471_001, 30).number(1, 5).text(first, 120)
    writer.number(0, 109)
    if (second !== '') writer.text(second, 6 * second.length)
    if (spare > 0) writer.number(0, spare)
    const { payload, fillBits } = writer.armoured
    return decodeAis(payload, fillBits).name
  }
  assert.equal(named('CARDINAL BUOY NORTH ', 'WEST'), 'CARDINAL BUOY NORTH WEST')
  assert.equal(named('CARDINAL BUOY NORTHW', 'EST OF HARBOUR', 4), 'CARDINAL BUOY NORTHWEST OF HARBOUR')
  assert.equal(named('CARDINAL BUOY NORTH ', '', 6), 'CARDINAL BUOY NORTH')
  assert.equal(named('CARDINAL BUOY NORTHW', 'EST OF HARBOURXX'), 'CARDINAL BUOY NORTHWEST OF HARBOUR')
  assert.equal(named('BUOY', 'JUNK'), 'BUOY')
  assert.equal(named('', ''), '')
  const { payload, fillBits } = new AisWriter().number(21, 6).number(0, 2).number(1, 30).number(1, 5).armoured
  assert.equal(decodeAis(payload, fillBits).name, null)
})

test('a text in two places is the one text where it lies behind itself, whatever it is and wherever the message ends', () => {
  const texts = fc.string({ unit: fc.constantFrom(...' ABZ09?!'), minLength: 0, maxLength: 34 })
  fc.assert(
    fc.property(texts, fc.nat({ max: 40 }), (text, end) => {
      const { payload, fillBits } = new AisWriter().number(0, 6).text(text, 6 * end).armoured
      const bits = new AisBits(payload, fillBits)
      assert.equal(bits.textInTwo(6, 120, 126, 84), bits.text(6, 204))
    }),
  )
})

/** Parts that are joined, with what was given up. */
function desk() {
  const lost: string[] = []
  const state = { now: 0 }
  const parts = new AisParts(
    60_000,
    () => state.now,
    (_error, lines) => lost.push(lines.toString().trim()),
  )
  return { parts, lost, state }
}

const part = (key: string, number: number, total: number, block: Partial<AisPart> = {}): AisPart => ({
  key,
  source: undefined,
  group: undefined,
  number,
  total,
  payload: `${key}${number}`,
  fillBits: number,
  tags: undefined,
  line: Buffer.from(`${key}-${number}`),
  ...block,
})

/** What a receiver sends of so many ships, of which each may lose one part on the way; messages do not interleave. */
const lossy = fc
  .array(
    fc.record({
      total: fc.constantFrom(2, 2, 2, 3),
      lost: fc.integer({ min: 0, max: 3 }),
      channel: fc.constantFrom('A', 'A', 'A', 'B'),
    }),
    { minLength: 1, maxLength: 60, size: 'max' },
  )
  .map((messages) =>
    messages.map(({ total, lost, channel }, ship) => ({
      isWhole: lost === 0 || lost > total,
      parts: Array.from({ length: total }, (_, index) => index + 1)
        .filter((number) => number !== lost)
        .map((number) =>
          part(`AI,VDM,${ship % 10},${channel},${total}`, number, total, {
            payload: `<${ship}>`,
            line: Buffer.from(`${ship}-${number}`),
          }),
        ),
    })),
  )

test('whatever part is lost, none is joined with that of another ship, and every message that came whole is', () => {
  fc.assert(
    fc.property(lossy, (messages) => {
      const { parts, lost } = desk()
      const joined = messages.flatMap((message) => message.parts.map((each) => parts.add(each)))
      parts.end()
      const whole = [...messages.entries()].filter(([, { isWhole }]) => isWhole)
      assert.deepEqual(
        joined.filter((each) => each !== undefined).map(({ payload }) => payload),
        whole.map(([ship, { parts: all }]) => `<${ship}>`.repeat(all.length)),
      )
      // Every part is in a message or told of, and none is told of twice.
      const came = messages.filter(({ isWhole }) => !isWhole).flatMap((message) => message.parts)
      assert.deepEqual(lost.flatMap((lines) => lines.split('\r\n')).sort(), came.map(({ line }) => String(line)).sort())
      assert.equal(parts.waiting, 0)
    }),
  )
})

test('parts of up to five messages are joined whatever comes between them, each in its order', () => {
  const turns = fc.shuffledSubarray(
    [0, 1, 2, 3, 4].flatMap((which) => [which, which, which]),
    { minLength: 15 },
  )
  fc.assert(
    fc.property(turns, (order) => {
      const { parts, lost } = desk()
      const joined = order.map((which, at) => {
        const before = order.slice(0, at).filter((each) => each === which)
        return parts.add(part(`m${which}`, before.length + 1, 3))
      })
      assert.deepEqual(
        joined
          .filter((each) => each !== undefined)
          .map(({ payload }) => payload)
          .sort(),
        [0, 1, 2, 3, 4].map((which) => `m${which}1m${which}2m${which}3`),
      )
      assert.ok(joined.every((each) => each === undefined || each.fillBits === 3))
      assert.deepEqual([parts.waiting, lost], [0, []])
    }),
  )
})

test('without a group the first part begins anew: what another ship left behind is given up', () => {
  const { parts, lost } = desk()
  const of = (ship: string, number: number) =>
    part('k', number, 2, { payload: ship, line: Buffer.from(`${ship}${number}`) })
  parts.add(of('a', 1))
  assert.equal(parts.add(of('b', 1)), undefined)
  assert.deepEqual(lost, ['a1'])
  assert.equal(parts.add(of('b', 2))?.payload, 'bb')
})

test('without a group a part that does not follow the one before it is refused, and so is what it does not follow', () => {
  for (const [numbers, told] of [
    [
      [2, 1, 3],
      ['a-2', 'a-3', 'a-1'],
    ],
    [
      [1, 3, 2],
      ['a-1', 'a-3', 'a-2'],
    ],
    [
      [1, 2, 2, 3],
      ['a-1\r\na-2', 'a-2', 'a-3'],
    ],
    [[3], ['a-3']],
  ] as const) {
    const { parts, lost } = desk()
    for (const number of numbers) assert.equal(parts.add(part('a', number, 3)), undefined)
    parts.end()
    assert.deepEqual([...lost].sort(), [...told].sort(), String(numbers))
  }
})

test('a message is given up when five others of its source have come: its sequence id comes round', () => {
  const { parts, lost } = desk()
  parts.add(part('a', 1, 2))
  parts.add(part('a', 1, 2, { source: 'rx' }))
  for (let number = 1; number <= 4; number++) {
    parts.add(part(`m${number}`, 1, 2))
    parts.add(part(`m${number}`, 2, 2))
  }
  assert.deepEqual([parts.waiting, lost], [2, []])
  // One whose beginning was lost has come as well.
  parts.add(part('m5', 2, 2))
  assert.deepEqual([parts.waiting, lost], [1, ['a-1', 'm5-2']])
  assert.equal(parts.add(part('a', 2, 2)), undefined)
  assert.equal(parts.add(part('a', 2, 2, { source: 'rx' }))?.payload, 'a1a2')
})

test('parts of one group of tag blocks are joined in whatever order they come', () => {
  const all = ['a', 'b', 'c'].flatMap((key) =>
    [1, 2, 3].map((number) => part('k', number, 3, { group: `3-${key}`, payload: `${key}${number}` })),
  )
  fc.assert(
    fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
      const { parts, lost } = desk()
      const joined = shuffled.map((each) => parts.add(each)).filter((each) => each !== undefined)
      assert.deepEqual(joined.map(({ payload }) => payload).sort(), ['a1a2a3', 'b1b2b3', 'c1c2c3'])
      assert.ok(joined.every(({ fillBits }) => fillBits === 3))
      assert.deepEqual([parts.waiting, lost], [0, []])
    }),
  )
})

test('a part that comes again begins its message anew, with a group as well', () => {
  for (const block of [{}, { group: '2-7' }]) {
    const { parts, lost } = desk()
    assert.equal(parts.add(part('a', 1, 2, block)), undefined)
    assert.equal(parts.add(part('a', 1, 2, block)), undefined)
    assert.deepEqual(lost, ['a-1'])
    assert.equal(parts.add(part('a', 2, 2, block))?.payload, 'a1a2')
  }
})

test('of a group of tag blocks one part names the source for all, whichever that is and whichever comes first', () => {
  for (const named of [1, 2]) {
    for (const order of [
      [1, 2],
      [2, 1],
    ]) {
      const { parts, lost } = desk()
      const of = (number: number) =>
        part('a', number, 2, { group: '2-7', source: number === named ? 'rx' : undefined, payload: `p${number}` })
      const joined = order.map((number) => parts.add(of(number)))
      assert.deepEqual([joined[0], joined[1]?.payload, joined[1]?.source], [undefined, 'p1p2', 'rx'])
      assert.deepEqual([parts.waiting, lost], [0, []])
    }
  }
})

test('parts of other sources or groups, or of none, are of other messages', () => {
  const blocks: Partial<AisPart>[] = [
    { group: '2-7', source: 'ry' },
    { group: '2-8', source: 'rx' },
    { group: '2-8' },
    { source: 'rx' },
    {},
  ]
  for (const block of blocks) {
    for (const [first, second] of [
      [{ group: '2-7', source: 'rx' }, block],
      [block, { group: '2-7', source: 'rx' }],
    ] as const) {
      const { parts } = desk()
      parts.add(part('a', 1, 2, first))
      assert.equal(parts.add(part('a', 2, 2, second)), undefined, JSON.stringify([first, second]))
    }
  }
})

test('a part that names no source is of neither of two whose groups have the same id: all are given up', () => {
  const { parts, lost } = desk()
  const of = (number: number, source?: string) =>
    part('a', number, 2, { group: '2-7', source, line: Buffer.from(`${source}${number}`) })
  for (const source of ['rx', 'ry']) parts.add(of(1, source))
  assert.equal(parts.add(of(2)), undefined)
  assert.deepEqual([parts.waiting, lost], [0, ['rx1', 'ry1', 'undefined2']])
})

test('no more than 64 messages wait for parts: the oldest is given up', () => {
  const { parts, lost } = desk()
  for (let number = 0; number < 100; number++) parts.add(part(`m${number}`, 1, 2, { source: `rx${number}` }))
  assert.equal(parts.waiting, 64)
  assert.deepEqual([lost.length, lost[0], lost.at(-1)], [36, 'm0-1', 'm35-1'])
})

test('what waits too long is given up, and what waits less is not', () => {
  const { parts, lost, state } = desk()
  parts.add(part('a', 1, 2))
  state.now = 30_000
  parts.add(part('b', 1, 2))
  state.now = 60_000
  parts.expire()
  assert.deepEqual([lost, parts.waiting], [['a-1'], 1])
  parts.end()
  assert.deepEqual([lost, parts.waiting], [['a-1', 'b-1'], 0])
})
