import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { mllpReady } from '../../src/cli/ready/mllp.ts'
import type { Hub } from '../../src/hub/port.ts'
import { mllp } from '../../src/pipelines/mllp.ts'
import { everyCut } from '../../src/testing.ts'
import { block, message } from '../stages/hl7/messages.ts'
import { type Vector, vectorsOf } from '../stages/vectors.ts'
import { assertContains, runVector, type VectorRun, type VectorRunOptions } from './vector-runs.ts'

const seed = 20_260_101

/** With the clock and the control id that the answers of the vectors were made with, so that their bytes can be compared. */
const answeringAsVectors = (to: Hub) =>
  mllp(to, {
    envelope: true,
    batch: { maxCount: 1, lingerMs: 0 },
    clock: () => new Date('2026-01-01T00:00:00Z'),
    controlId: () => 'GW1',
  })

const run = (chunks: readonly Buffer[], options?: VectorRunOptions) => runVector(answeringAsVectors, chunks, options)
const wireOf = ({ hex }: Vector) => Buffer.from(hex, 'hex')
const codesOf = ({ errors }: VectorRun) => errors.map(({ code }) => code)

/**
 * The vectors list the first six observations of a message at most: six of the 23 in oml-o21-hapi-example_oml_o21. Ours are all of them, since
 * whoever reads a list of observations takes it for whole; so the first six are compared.
 */
function expectedOf({ expected }: Vector, body: { obx?: readonly unknown[] }): object {
  const { obx } = expected as { obx?: readonly unknown[] }
  if (obx?.length !== 6 || body.obx === undefined) return expected
  assert.ok(body.obx.length >= 6)
  return { ...expected, obx: [...obx, ...body.obx.slice(6)] }
}

function assertMessage(vector: Vector, { ups, down, errors }: VectorRun): void {
  assert.deepEqual(errors, [])
  assert.deepEqual(
    ups.map(({ kind }) => kind),
    ['hello', 'telemetry'],
  )
  const { body, properties } = ups[1] as VectorRun['ups'][0]
  assertContains(body, expectedOf(vector, body))
  assert.equal(properties.protocol, 'hl7')
  const sent = wireOf(vector)
  assert.equal(body.text, sent.toString('utf8', 1, sent.length - 2), 'nothing of the message is lost')
  assert.equal(down, vector.ack_hex ?? '')
}

/** A message of the same sender, in the same delimiters, that our own encoder makes. */
function neighbour({ expected }: Vector, controlId: string): Buffer {
  const { field_separator, encoding_characters, sending_application, sending_facility } = expected as Record<
    string,
    string
  >
  return block(
    message({
      1: field_separator ?? '',
      2: encoding_characters ?? '',
      3: sending_application ?? '',
      4: sending_facility ?? '',
      9: 'ORU',
      10: controlId,
    }),
  )
}

const vectors = vectorsOf('hl7-mllp') ?? []
const messages = vectors.filter(({ expected }) => expected.kind !== 'framing')
const framings = vectors.filter(({ expected }) => expected.kind === 'framing')
const acks = messages.filter(({ expected }) => expected.kind === 'ack')

describe(`${messages.length} messages of real systems, ${acks.length} of them acknowledgements (random cuts from seed ${seed})`, () => {
  for (const vector of messages) {
    test(`${vector.name} gives its fields and its answer: whole, byte by byte, at every cut, at random cuts`, async () => {
      for (const chunks of everyCut(wireOf(vector), { seed })) assertMessage(vector, await run(chunks))
    })

    test(`${vector.name} is answered so by decode, but for the clock and the control id`, async () => {
      const { down, ups } = await runVector(mllpReady.decode, [wireOf(vector)])
      assertContains(ups[1]?.body, expectedOf(vector, ups[1]?.body))
      const separator = String(vector.expected.field_separator)
      const fields = Buffer.from(down, 'hex').toString('latin1').split(separator)
      if (vector.ack_hex !== undefined) fields.splice(6, 1, '20260101000000')
      if (vector.ack_hex !== undefined) fields.splice(9, 1, 'GW1')
      assert.equal(Buffer.from(fields.join(separator), 'latin1').toString('hex'), vector.ack_hex ?? '')
    })

    test(`${vector.name} is found and answered in its turn between two neighbours`, async () => {
      const [before, after] = [neighbour(vector, 'N1'), neighbour(vector, 'N2')]
      const { ups, down, errors } = await run([Buffer.concat([before, wireOf(vector), after])])
      assert.deepEqual(errors, [])
      const bodies = ups.filter(({ kind }) => kind === 'telemetry').map(({ body }) => body)
      assert.equal(bodies.length, 3)
      assertContains(bodies[1], expectedOf(vector, bodies[1]))
      const answered = Buffer.from(down, 'hex').toString('latin1')
      assert.equal(down.split(vector.ack_hex ?? 'none').length, vector.ack_hex === undefined ? 1 : 2)
      assert.ok(answered.indexOf('N1') < answered.indexOf('N2'))
    })

    test(`${vector.name} is answered AR where the hub never takes it, not at all while the hub holds it`, async () => {
      const rejected = Buffer.from((await run([wireOf(vector)], { hub: 'reject' })).down, 'hex').toString('latin1')
      const { field_separator: separator, control_id: id } = vector.expected
      const msa = `MSA${separator}AR${separator}${id}${separator}refused (HUB`
      if (vector.ack_hex !== undefined) assert.ok(rejected.includes(msa), rejected)
      else assert.equal(rejected, '')
      assert.equal((await run([wireOf(vector)], { hub: 'hold' })).down, '')
    })
  }
})

describe(`${framings.length} runs of blocks that hold no HL7`, () => {
  for (const vector of framings) {
    test(`${vector.name}: each block is refused with its length, what is left over is unterminated, nothing is answered`, async () => {
      const frames = (vector.expected.frames as string[]).map((hex) => hex.length / 2)
      const pending = String(vector.expected.pending_hex ?? '').length / 2
      const told = [
        ...frames.map((length) => `BAD_CONTENT a block of ${length} bytes has no HL7 header`),
        ...(pending > 0 ? [`FRAME_UNTERMINATED the connection ended ${pending} bytes into a frame`] : []),
      ]
      for (const chunks of everyCut(wireOf(vector), { seed })) {
        const { ups, down, errors } = await run(chunks)
        assert.deepEqual([ups, down], [[], ''])
        assert.deepEqual(
          errors.map((error) => `${error.code} ${error.message}`),
          told,
        )
      }
      if (pending > 0) assert.ok(codesOf(await run([wireOf(vector)])).includes('FRAME_UNTERMINATED'))
    })
  }
})
