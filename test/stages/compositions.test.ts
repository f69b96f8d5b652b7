import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../src/core/errors.ts'
import type { Framing } from '../../src/core/framing.ts'
import { between } from '../../src/stages/between.ts'
import { choice } from '../../src/stages/choice.ts'
import { delimited } from '../../src/stages/delimited.ts'
import { fixedLength } from '../../src/stages/fixed-length.ts'
import { idleBytes } from '../../src/stages/idle-bytes.ts'
import { jsonObjects } from '../../src/stages/json-objects.ts'
import { lengthBetween } from '../../src/stages/length-between.ts'
import { lengthField } from '../../src/stages/length-field.ts'
import { measuredBy } from '../../src/stages/measured-by.ts'
import { sequence } from '../../src/stages/sequence.ts'
import { skipUntil } from '../../src/stages/skip-until.ts'
import { tail } from '../../src/stages/tail.ts'
import { trailer } from '../../src/stages/trailer.ts'
import { varintLength } from '../../src/stages/varint-length.ts'
import { bytesOf, cutAt, deframe, placesIn } from './cutting.ts'
import { toldAlike } from './told.ts'

/** A framing and how it was made. */
interface Made {
  readonly says: string
  readonly framing: Framing
}

const alphabet = [...Buffer.from('\u0001\u0002\u0003*#{}2:')]

/** Framings that are made of no others, for frames of about `most` bytes. */
function leaves(most: number): Made[] {
  return [
    { says: 'delimited #', framing: delimited({ delimiter: '#', maxLength: most }) },
    { says: 'delimited *# or }', framing: delimited({ delimiter: ['*#', '}'], maxLength: most }) },
    { says: 'delimited ## kept', framing: delimited({ delimiter: '##', maxLength: most, keep: true }) },
    { says: 'between * #', framing: between('*', '#', { maxLength: most }) },
    { says: 'between { } restart', framing: between('{', '}', { maxLength: most, trailing: 1, restart: true }) },
    { says: 'between ## ##', framing: between('##', '##', { maxLength: most }) },
    {
      says: 'between * * escaped',
      framing: between('*', '*', {
        maxLength: most,
        escapes: [
          ['2:', '2'],
          ['2#', '*'],
        ],
      }),
    },
    {
      says: 'between 12 13 escaped',
      framing: between('\u0001\u0002', '\u0001\u0003', { maxLength: most, escapes: [['\u0001\u0001', '\u0001']] }),
    },
    { says: 'fixedLength', framing: fixedLength({ length: 3 }) },
    { says: 'lengthField', framing: lengthField({ lengthFieldLength: 1, maxFrameLength: most }) },
    { says: 'lengthField late', framing: lengthField({ lengthFieldLength: 1, maxFrameLength: most, failFast: false }) },
    { says: 'varintLength', framing: varintLength({ maxLength: most }) },
    { says: 'jsonObjects', framing: jsonObjects({ maxLength: 2 * most, maxDepth: 2 }) },
    {
      says: 'measuredBy',
      framing: measuredBy({
        maxLength: 2 * most,
        headerLength: 1,
        measure: ([first = 0, second]) => (first > 9 ? 'corrupt' : second === undefined ? { need: 2 } : first + 1),
      }),
    },
  ]
}

/** Some that write into the frame on its way down. */
function writing(most: number): Made[] {
  return [
    {
      says: 'lengthField at 1',
      framing: lengthField({
        lengthFieldOffset: 1,
        lengthFieldLength: 1,
        lengthAdjustment: 1,
        maxFrameLength: 2 * most,
      }),
    },
    {
      says: 'lengthBetween',
      framing: lengthBetween({ start: '*', lengthEnd: ':', maxHeaderLength: 5, maxLength: 2 * most }),
    },
  ]
}

const marks = fc.constantFrom('*', '#', '*#', '{', '\u0001\u0002', '**')

type Combine = (of: fc.Arbitrary<Made>) => fc.Arbitrary<Made>[]

/** Those by which any frame goes down as it would come up. */
const lossless: Combine = (of) => [
  fc.tuple(of, of, marks).map(([a, b, mark]) => ({
    says: `choice(${mark} ${a.says} | ${b.says})`,
    framing: choice([{ match: mark, framing: a.framing }, { framing: b.framing }]),
  })),
  fc.tuple(of, of, marks).map(([a, b, mark]) => ({
    says: `choice(${mark} ${a.says} | 1 ${b.says})`,
    framing: choice([
      { match: mark, framing: a.framing },
      { match: (byte) => byte === 1, framing: b.framing },
    ]),
  })),
  fc
    .tuple(of, fc.uniqueArray(marks, { minLength: 1, maxLength: 2 }), fc.constantFrom(2, 5, 1000))
    .map(([a, marks, maxSkipped]) => ({
      says: `skipUntil(${a.says}, ${marks}, ${maxSkipped})`,
      framing: skipUntil(a.framing, marks, { maxSkipped }),
    })),
  fc.tuple(of, marks).map(([a, mark]) => ({ says: `tail(${a.says}, ${mark})`, framing: tail(a.framing, mark) })),
  fc.tuple(of, fc.constantFrom('#', '}', '\u0003', '2#')).map(([a, idle]) => ({
    says: `idleBytes(${a.says}, ${idle})`,
    framing: idleBytes(a.framing, idle),
  })),
]

const others: Combine = (of) => [
  fc.tuple(of, of).map(([a, b]) => ({
    says: `sequence(${a.says}, ${b.says})`,
    framing: sequence(a.framing, b.framing),
  })),
  fc.tuple(of, marks).map(([a, mark]) => ({ says: `trailer(${a.says}, ${mark})`, framing: trailer(a.framing, mark) })),
]

function trees(leaves: readonly Made[], combine: Combine): fc.Arbitrary<Made> {
  return fc.letrec<{ tree: Made }>((tie) => ({
    tree: fc.oneof({ maxDepth: 3, withCrossShrink: true }, fc.constantFrom(...leaves), ...combine(tie('tree'))),
  })).tree
}

describe('framings that are made of others', () => {
  const all = trees([...leaves(3), ...writing(3)], (of) => [...lossless(of), ...others(of)])

  test('give the same frames and the same errors, showing the same bytes, in any cutting', () => {
    const input = bytesOf(alphabet, 40).chain((each) => fc.tuple(fc.constant(each), placesIn(each)))
    fc.assert(
      fc.property(all, input, ({ framing }, [bytes, places]) => {
        toldAlike(framing, bytes, [cutAt(bytes, places)])
      }),
      { numRuns: 3000 },
    )
  })

  test('tell of no byte twice', () => {
    fc.assert(
      fc.property(all, bytesOf(alphabet, 40), ({ framing }, bytes) => {
        const { events } = deframe(framing, [bytes])
        const told = events.map((each) => ('frame' in each ? each.frame : (each.item as Buffer)).length)
        const sum = told.reduce((sum, each) => sum + each, 0)
        assert.ok(sum <= bytes.length, `${sum} bytes told of ${bytes.length}`)
      }),
      { numRuns: 500 },
    )
  })

  test('give back what they framed, or refuse to frame it', () => {
    let given = 0
    fc.assert(
      fc.property(
        trees(leaves(64), lossless),
        fc.array(bytesOf(alphabet, 4), { maxLength: 8 }),
        ({ framing }, bodies) => {
          const sent: Buffer[] = []
          const wires: Buffer[] = []
          for (const body of bodies) {
            try {
              wires.push(framing.frame(body))
              sent.push(body)
            } catch (error) {
              assert.ok(error instanceof GatewayError && error.code === 'BUG')
            }
          }
          given += sent.length
          assert.deepEqual(
            toldAlike(framing, Buffer.concat(wires)),
            sent.map((each) => each.toString('hex')),
          )
        },
      ),
      { numRuns: 2000 },
    )
    assert.ok(given > 500, `only ${given} frames`)
  })
})
