import assert from 'node:assert/strict'
import { finished } from 'node:stream/promises'
import { mock, test } from 'node:test'
import { type AnyStep, loneRun } from '../core/slots.ts'

/** How many turns others had while a read of four slices was worked off, each of which took so long by the clock. */
async function turnsDuring(sliceMs: number): Promise<number> {
  let now = 0
  mock.method(performance, 'now', () => now)
  try {
    let slices = 0
    const counting: AnyStep = () => {
      slices++
      now += sliceMs
    }
    const { run } = loneRun([counting], { bytesIn: true })
    run.stream.resume()
    run.stream.write(Buffer.alloc(65_536))
    let turns = 0
    for (; slices < 4; turns++) await new Promise(setImmediate)
    run.stream.end()
    await finished(run.stream)
    return turns
  } finally {
    mock.restoreAll()
  }
}

test('others have their turn between the slices of a large read that takes long, and one that does not is not held up', async () => {
  assert.ok((await turnsDuring(6)) >= 3)
  assert.ok((await turnsDuring(1)) <= 1)
})
