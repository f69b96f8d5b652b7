import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { Connection } from '../../src/core/connection.ts'
import type { Bytes, Lines, Messages } from '../../src/core/levels.ts'
import { pipeline } from '../../src/core/pipeline.ts'
import { type Stage, stage } from '../../src/core/stage.ts'
import { memoryHub } from '../../src/hub/memory.ts'
import type { jsonLines } from '../../src/pipelines/json-lines.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { fromHello } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { hub } from '../../src/stages/hub.ts'
import { json } from '../../src/stages/json.ts'
import { lines } from '../../src/stages/lines.ts'

/** Streams of a ring in flow order: those that are piped into another, or are the ring. */
function streamsOf(plant: ReturnType<typeof jsonLines>): string {
  const ring = plant.open(new Connection({ id: 'c', pipeline: plant.name }))
  const kind = ring.stream.constructor.name
  ring.destroy()
  return kind
}

const through = <L extends Bytes | Lines | Messages>(name: string, ahead = false): Stage<L, L> =>
  stage<L, L>(name, () => ({ up: new PassThrough({ objectMode: true }), ahead }) as never)

function mixed(where: 'none' | 'bytes' | 'messages') {
  const end = [authenticate(fromHello()), batch({ maxCount: 1 }), hub(memoryHub())] as const
  if (where === 'bytes') return pipeline('p', through<Bytes>('own'), lines(), json(), ...end)
  if (where === 'messages') return pipeline('p', lines(), json(), through<Messages>('own'), ...end)
  return pipeline('p', lines(), json(), ...end)
}

test('a ring without Node streams among its halves is one through2; with one of them it is joined by pumpify', () => {
  assert.equal(streamsOf(mixed('none')), 'Transform')
  assert.notEqual(streamsOf(mixed('bytes')), 'Transform')
  assert.notEqual(streamsOf(mixed('messages')), 'Transform')
  assert.notEqual(streamsOf(mixed('none').with({ fuse: false })), 'Transform')
})

test('a pipeline is opened with a length of room behind a stage that reads ahead', () => {
  const ahead = stage<Messages, Messages>('ahead', () => ({ up: (item, out) => out.emit(item), ahead: true }))
  const plant = pipeline(
    'p',
    lines(),
    json(),
    ahead,
    authenticate(fromHello()),
    batch({ maxCount: 1 }),
    hub(memoryHub()),
  )
  assert.notEqual(streamsOf(plant), 'Transform')
})
