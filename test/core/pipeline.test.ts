import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { Bytes } from '../../src/core/levels.ts'
import { Pipeline, pipeline } from '../../src/core/pipeline.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { type Endpoint, stage } from '../../src/core/stage.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { fromHello } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { enrich } from '../../src/stages/enrich.ts'
import { hub } from '../../src/stages/hub.ts'
import { json } from '../../src/stages/json.ts'
import { lines } from '../../src/stages/lines.ts'
import { memoryHub } from '../../src/testing.ts'

const to = memoryHub()
const loop: Endpoint<Bytes> = { name: 'loop', open: () => new PassThrough() }
const plain = (name: string) => stage<Bytes, Bytes>(name, () => ({}))

test('a pipeline knows its stages in the order they were listed', () => {
  const plant = pipeline('plant', lines(), json(), authenticate(fromHello()), batch(), hub(to))
  assert.deepEqual(
    plant.stages.map(({ name }) => name),
    ['lines', 'json', 'authenticate', 'batch'],
  )
  assert.equal(plant.endpoint.name, 'hub')
  assert.equal(plant.policy, defaultPolicy)
  assert.equal(plant.fuse, true)
})

test('a name that could not be a metric label is refused', () => {
  for (const name of ['', 'two words', 'a{b}', 'é', 'a\n']) {
    assert.throws(() => pipeline(name, loop), { code: 'CONFIGURATION', message: /has characters other than/ }, name)
  }
  for (const name of ['plant', 'json-lines', 'a_1']) assert.equal(pipeline(name, loop).name, name)
})

test('two stages of one name are refused, the endpoint included', () => {
  assert.throws(() => pipeline('plant', plain('a'), plain('b'), plain('a'), loop), /two stages named 'a'/)
  assert.throws(() => pipeline('plant', plain('loop'), loop), /two stages named 'loop'/)
})

test('with() changes what it is given and keeps the rest, in a pipeline of its own', () => {
  const policy = () => 'drop' as const
  const plant = pipeline('plant', plain('a'), loop)
  const unfused = plant.with({ fuse: false })
  assert.equal(plant.fuse, true)
  assert.equal(unfused.fuse, false)
  assert.equal(unfused.policy, defaultPolicy)
  assert.equal(unfused.stages, plant.stages)
  const both = unfused.with({ policy })
  assert.equal(both.policy, policy)
  assert.equal(both.fuse, false)
  assert.equal(both.endpoint, loop)
  assert.ok(both instanceof Pipeline)
})

test('prepare prepares the endpoint, and needs none', async () => {
  let prepared = 0
  const prepare = async () => {
    prepared++
  }
  await pipeline('plant', { ...loop, prepare }).prepare()
  await pipeline('plant', loop).prepare()
  assert.equal(prepared, 1)
})

test('a pipeline that makes no sense does not compile', () => {
  const auth = authenticate(fromHello())
  pipeline('whole', lines(), json(), auth, enrich({}), batch(), hub(to))

  // @ts-expect-error a codec of lines cannot take bytes: the deframer is missing
  pipeline('noDeframer', json(), auth, batch(), hub(to))
  // @ts-expect-error the hub takes batches: the batcher is missing
  pipeline('noBatcher', lines(), json(), auth, hub(to))
  // @ts-expect-error messages are batched after they are decoded
  pipeline('wrongOrder', lines(), batch(), json(), auth, hub(to))
  // @ts-expect-error bytes are cut before they are decoded
  pipeline('reversed', json(), lines(), auth, batch(), hub(to))
  // @ts-expect-error lines cannot be cut into lines
  pipeline('twoDeframers', lines(), { ...lines(), name: 'again' }, json(), auth, batch(), hub(to))
  // @ts-expect-error nothing goes behind the endpoint
  pipeline('endpointFirst', hub(to), lines(), json(), auth, batch())
  assert.throws(
    // @ts-expect-error a pipeline ends somewhere
    () => pipeline('endless'),
    { code: 'CONFIGURATION' },
  )
})
