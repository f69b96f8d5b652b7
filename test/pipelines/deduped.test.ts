import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { PipelineMeter } from '../../src/core/meter.ts'
import { Pipeline } from '../../src/core/pipeline.ts'
import { csvLines } from '../../src/pipelines/csv-lines.ts'
import { deduped } from '../../src/pipelines/deduped.ts'
import { gt06 } from '../../src/pipelines/gt06.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { embed, memoryHub } from '../../src/testing.ts'
import { location, login } from './gt06-frames.ts'

test('a GT06 location that is sent again on a new connection is answered again, and at the hub once', async () => {
  const to = memoryHub()
  const plant = deduped(gt06(to, { batch: { lingerMs: 0 } }))
  const meter = new PipelineMeter('gt06')
  for (let round = 0; round < 3; round++) {
    const device = embed(plant, { meter })
    device.write(Buffer.concat([login(), location(2)]))
    device.end()
    await device.ended()
    assert.ok(device.pending().length > 0)
  }
  assert.equal(to.accepted.length, 1)
  assert.equal(meter.stage('dedupe', 'up').repeats, 2)
})

test('the pipeline is otherwise the same: policy, fusing, name', async () => {
  const policy = () => 'drop' as const
  const plain = jsonLines(memoryHub()).with({ policy, fuse: false })
  const made = deduped(plain)
  assert.deepEqual([made.name, made.policy, made.fuse, made.endpoint], [plain.name, policy, false, plain.endpoint])
  assert.deepEqual(
    made.stages.map(({ name }) => name),
    ['lines', 'json', 'authenticate', 'dedupe', 'enrich', 'batch'],
  )
})

test('a generic pipeline knows repeats by the field with the sequence, and without one lets all pass', async () => {
  for (const [sequence, expected] of [
    [{ sequence: 'n' }, 1],
    [{}, 2],
  ] as const) {
    const to = memoryHub()
    const options = { columns: ['id', 'n', 't'], deviceId: { field: 'id' }, ...sequence } as const
    const device = embed(deduped(csvLines(to, options)))
    device.write('d1,1,20\nd1,1,20\n')
    device.end()
    await device.ended()
    assert.equal(to.accepted.length, expected)
  }
})

test('twice, and without authenticate, is CONFIGURATION', () => {
  const once = deduped(jsonLines(memoryHub()))
  const bare = new Pipeline('bare', once.stages.slice(0, 2), once.endpoint)
  for (const each of [once, bare]) {
    assert.throws(
      () => deduped(each),
      (error) => error instanceof GatewayError && error.code === 'CONFIGURATION',
    )
  }
})
