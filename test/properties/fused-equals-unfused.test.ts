import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ErrorCode } from '../../src/core/errors.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { embed } from '../../src/testing.ts'
import { cutAnywhere, cuts, deviceLines, maxLength, type Said } from './device-lines.ts'
import { type Fate, FaultyHub } from './faulty-hub.ts'

interface Answers {
  /** Errors of framing. */
  readonly lines: readonly string[]
  /** Pongs and errors of content. */
  readonly json: readonly string[]
  /** Welcomes, and the refusal that closes. */
  readonly authenticate: readonly string[]
}

interface Outcome {
  readonly accepted: readonly string[]
  readonly reports: readonly string[]
  /** Receipts of readings and reports as the device got them. */
  readonly receipts: readonly string[]
  /** What stages answer at once, by the stage that does. */
  readonly answers: Answers
  readonly meters: Readonly<Record<string, unknown>>
  readonly failure: string | undefined
}

/** Runs one device through the pipeline; the hub is held until the device has said everything. */
async function live(
  fuse: boolean,
  chunks: readonly Buffer[],
  fates: readonly Fate[],
  turns: boolean,
): Promise<Outcome> {
  const to = new FaultyHub(fates)
  to.memory.hold()
  // Batches of one: how messages are grouped depends on the moment, and a send that fails as a whole on the group.
  const plant = jsonLines(to, { maxLength, batch: { maxCount: 1 } })
  const device = embed(plant.with({ fuse }))
  for (const chunk of chunks) {
    device.write(chunk)
    if (turns) await new Promise(setImmediate)
  }
  device.end()
  await new Promise(setImmediate)
  to.memory.release()
  await device.ended()
  assert.equal(to.memory.sessions.size, 0)
  const said = device.pending().toString().split('\n').filter(Boolean)
  const isReceipt = (line: string) => /^\{"\$n?ack"/.test(line)
  const { meter } = device.ring.connection
  assert.equal(meter.inFlight, 0)
  return {
    accepted: to.memory.accepted.map(({ deviceId, message }) => `${deviceId} ${message.body}`),
    reports: to.memory.reports.map(({ report }) => JSON.stringify(report.patch)),
    receipts: said.filter(isReceipt),
    answers: answersOf(said.filter((line) => !isReceipt(line))),
    meters: {
      receipts: Object.fromEntries(meter.receipts),
      deadLetters: Object.fromEntries(meter.deadLetters),
      stages: Object.fromEntries(
        meter.stages
          .filter(({ items, errors }) => items > 0 || errors.size > 0)
          .map(({ stage, direction, items, errors }) => [
            `${stage}.${direction}`,
            { items, errors: [...errors].sort() },
          ])
          .sort(([a], [b]) => String(a).localeCompare(String(b))),
      ),
    },
    failure: device.ring.failure?.code,
  }
}

/** True where the inner stage `authenticate` closed the connection rather than the device's FIN or the deframer. */
function closedInside(failure: string | undefined): boolean {
  return failure === 'IDENTITY_CHANGED' || failure === 'NOT_IDENTIFIED'
}

function answersOf(said: readonly string[]): Answers {
  const byLines = (line: string) => /"FRAME_|is not UTF-8/.test(line)
  const byAuthenticate = (line: string) => /"\$welcome"|"NOT_IDENTIFIED"|"IDENTITY_CHANGED"/.test(line)
  return {
    lines: said.filter(byLines),
    json: said.filter((line) => !byLines(line) && !byAuthenticate(line)),
    authenticate: said.filter(byAuthenticate),
  }
}

function assertOneBeginsTheOther(one: readonly string[], other: readonly string[]): void {
  const length = Math.min(one.length, other.length)
  assert.deepEqual(one.slice(0, length), other.slice(0, length))
}

const codes: ErrorCode[] = ['HUB_REJECTED', 'HUB_UNAVAILABLE', 'HUB_THROTTLED', 'HUB_TIMEOUT', 'UNAUTHORIZED']
const code = fc.constantFrom(...codes.slice(0, 4))
const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 6, arbitrary: fc.constant('accept' as const) },
  { weight: 1, arbitrary: code.map((refuse) => ({ refuse })) },
  { weight: 1, arbitrary: code.map((fail) => ({ fail })) },
)

const scripts = fc.record({
  said: deviceLines,
  cuts,
  fates: fc.array(fate, { maxLength: 7 }),
  unfinished: fc.boolean(),
  turns: fc.boolean(),
})

test('a fused ring and one with a stream for every step give equal results', async () => {
  const seen = new Map<Said['kind'] | string, number>()
  await fc.assert(
    fc.asyncProperty(scripts, async ({ said, cuts, fates, unfinished, turns }) => {
      const chunks = cutAnywhere(said, cuts, unfinished)
      const [fused, unfused] = await Promise.all([live(true, chunks, fates, turns), live(false, chunks, fates, turns)])
      for (const { kind } of said) seen.set(kind, (seen.get(kind) ?? 0) + 1)
      seen.set(`failure ${fused.failure}`, (seen.get(`failure ${fused.failure}`) ?? 0) + 1)

      assert.equal(fused.failure, unfused.failure)
      assert.deepEqual(fused.accepted, unfused.accepted)
      assert.deepEqual(fused.reports, unfused.reports)
      // Receipts come in one order whatever the timing. Immediate answers come in order by the stage that gives them;
      // where they fall between those of another stage, and between receipts, which wait for the hub, is a matter of the
      // moment: fused, the deframer has cut the whole chunk before the codec sees its first line, and a hello that comes again behind
      // readings is answered once the ring has room for those.
      assert.deepEqual(fused.receipts, unfused.receipts)
      if (closedInside(fused.failure)) {
        // How far the stages outside of the one that closed had come depends on the moment: they may have answered more of
        // what came behind, but never anything else.
        assert.deepEqual(fused.answers.authenticate, unfused.answers.authenticate)
        assertOneBeginsTheOther(fused.answers.json, unfused.answers.json)
        assertOneBeginsTheOther(fused.answers.lines, unfused.answers.lines)
        return
      }
      assert.deepEqual(fused.answers, unfused.answers)
      assert.deepEqual(fused.meters, unfused.meters)
    }),
    { numRuns: 400, includeErrorInReport: true },
  )
  for (const kind of [
    'hello',
    'stranger',
    'telemetry',
    'report',
    'refused',
    'ping',
    'garbage',
    'binary',
    'long',
    'answer',
  ]) {
    assert.ok((seen.get(kind) ?? 0) > 0, `no ${kind} among the scripts`)
  }
  for (const failure of ['undefined', 'FRAME_TOO_LONG', 'IDENTITY_CHANGED', 'NOT_IDENTIFIED']) {
    assert.ok((seen.get(`failure ${failure}`) ?? 0) > 0, `no script ended with ${failure}`)
  }
})
