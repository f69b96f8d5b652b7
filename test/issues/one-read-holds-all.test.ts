import assert from 'node:assert/strict'
import { finished } from 'node:stream/promises'
import { test } from 'node:test'
import { type AnyStep, loneRun } from '../core/slots.ts'

test('others have their turn between the slices of one large read', async () => {
  let slices = 0
  const counting: AnyStep = () => {
    slices++
  }
  const { run } = loneRun([counting], { bytesIn: true })
  run.stream.write(Buffer.alloc(65_536))
  const seen: number[] = []
  while (slices < 4) {
    seen.push(slices)
    await new Promise(setImmediate)
  }
  assert.ok(seen.length >= 3, `others had ${seen.length} turns`)
  run.stream.end()
  run.stream.resume()
  await finished(run.stream)
})
