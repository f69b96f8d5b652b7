import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AisPart, AisParts } from '../../../src/stages/nmea/ais-parts.ts'

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
