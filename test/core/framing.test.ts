import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Connection } from '../../src/core/connection.ts'
import * as found from '../../src/core/found.ts'
import { type FrameFinder, framing } from '../../src/core/framing.ts'
import { PipelineMeter } from '../../src/core/meter.ts'
import { deframe, frame, upOf } from '../stages/cutting.ts'

/** Each byte a frame; 0 is noise. */
const single: FrameFinder = {
  find: (window, from) =>
    window[from] === 0 ? found.noise(from + 1) : found.frame(window.subarray(from, from + 1), from + 1),
}

describe('framing', () => {
  test('is a stage and the parts that it is made of, to compose others from', () => {
    const parts = { maxBytes: 1, finder: () => single, frame: (each: Buffer) => Buffer.concat([each, each]) }
    const made = framing('single', parts)
    assert.equal(made.name, 'single')
    assert.equal(made.finder, parts.finder)
    assert.deepEqual(deframe(made, [Buffer.of(1, 2)]).frames, [Buffer.of(1), Buffer.of(2)])
    assert.deepEqual(frame(made, Buffer.of(7)), Buffer.of(7, 7))
  })

  test('counts noise in the meter of its up half', () => {
    const made = framing('single', { maxBytes: 1, finder: () => single, frame: (each) => each })
    const meter = new PipelineMeter('p')
    const up = upOf(made, new Connection({ id: 'c', pipeline: 'p', meter }))
    up.push(Buffer.of(1, 0, 0, 0, 2), { emit: () => {}, reply: () => {}, fail: () => {} })
    assert.equal(meter.stage('single', 'up').noiseBytes, 3)
  })

  test('opens a finder for each connection', () => {
    let opened = 0
    const finder = () => {
      opened++
      return single
    }
    const made = framing('single', { maxBytes: 1, finder, frame: (each) => each })
    for (const id of ['a', 'b']) made.open(new Connection({ id, pipeline: 'p' }))
    assert.equal(opened, 2)
  })

  test('is refused without a bound', () => {
    for (const maxBytes of [0, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => framing('x', { maxBytes, finder: () => single, frame: (each) => each }), {
        code: 'CONFIGURATION',
        message: `x: a frame takes 1 byte or more on the wire, not ${maxBytes}`,
      })
    }
  })
})
