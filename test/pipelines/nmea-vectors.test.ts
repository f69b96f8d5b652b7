import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { nmeaReady } from '../../src/cli/ready/nmea.ts'
import { everyCut } from '../../src/testing/cuts.ts'
import { type Vector, vectorsOf } from '../stages/vectors.ts'
import { assertContains, runVector, type VectorRun } from './vector-runs.ts'

/** Sentences of real receivers through the pipeline of `headgate decode nmea`. */

const vectors = vectorsOf('nmea0183-ais') ?? []
const bytesOf = ({ hex }: Vector) => Buffer.from(hex, 'hex')
const seed = Date.now() % 2 ** 31

/** What the vectors call an error, in our codes. */
const codes: Readonly<Record<string, string>> = {
  checksum: 'CHECKSUM_MISMATCH',
  field: 'BAD_CONTENT',
  format: 'BAD_CONTENT',
}

/** Everything that is expected of a vector; what came between the parts of a message came up before it. */
function judge(vector: Vector, run: VectorRun): void {
  const { other_messages_in_between: between = [], ...expected } = vector.expected as Vector['expected'] & {
    readonly other_messages_in_between?: readonly object[]
  }
  assert.equal(run.down, '', `${vector.name}: nothing is answered`)
  if (expected.kind === 'error') {
    assert.deepEqual(
      run.errors.map(({ code }) => code),
      [codes[expected.error ?? '']],
      vector.name,
    )
    assert.deepEqual(run.ups, [], vector.name)
    return
  }
  assert.deepEqual(run.errors, [], vector.name)
  const [hello, ...messages] = run.ups
  assert.equal(hello?.kind, 'hello')
  assert.deepEqual(
    messages.map(({ properties }) => properties.protocol),
    [...between, expected].map(() => 'nmea'),
  )
  for (const [index, each] of [...between, expected].entries()) assertContains(messages[index]?.body, each, vector.name)
}

describe(`${vectors.length} vectors of NMEA 0183 and AIS`, () => {
  test('whole, with the fields that are expected of each', async () => {
    for (const vector of vectors) judge(vector, await runVector(nmeaReady.decode, [bytesOf(vector)]))
  })

  test(`in every cut, and at random cuts of seed ${seed}`, async () => {
    for (const vector of vectors) {
      for (const chunks of everyCut(bytesOf(vector), { seed, random: 5 })) {
        judge(vector, await runVector(nmeaReady.decode, chunks))
      }
    }
  })

  test('a line at a time, as they are pasted', async () => {
    for (const vector of vectors) {
      const lines =
        bytesOf(vector)
          .toString('latin1')
          .match(/[^\n]*\n/g) ?? []
      const chunks = lines.map((line) => Buffer.from(line, 'latin1'))
      judge(vector, await runVector(nmeaReady.decode, chunks, { framed: true }))
    }
  })

  test('glued to one another each is what it is alone', async () => {
    const run = await runVector(nmeaReady.decode, [Buffer.concat(vectors.map(bytesOf))])
    const errors = vectors.filter(({ expected }) => expected.kind === 'error')
    assert.equal(run.errors.length, errors.length)
    const good = vectors.filter(({ expected }) => expected.kind !== 'error')
    const between = good.flatMap(({ expected }) => (expected.other_messages_in_between as object[] | undefined) ?? [])
    assert.equal(run.ups.length, vectors.length === 0 ? 0 : 1 + good.length + between.length)
  })

  test('a hub that rejects or holds changes nothing on the wire', async () => {
    for (const hub of ['reject', 'hold'] as const) {
      for (const vector of vectors) {
        const run = await runVector(nmeaReady.decode, [bytesOf(vector)], { hub })
        assert.equal(run.down, '', vector.name)
      }
    }
  })
})
