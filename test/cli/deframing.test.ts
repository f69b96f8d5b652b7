import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { deframing, framesOf } from '../../src/cli/deframing.ts'
import { delimited } from '../../src/stages/delimited.ts'

const lines = delimited({ delimiter: '\n', maxLength: 8 })

test('the frames of some bytes by a framing, and what is wrong with what is none', () => {
  const { frames, errors } = framesOf(Buffer.from('one\ntwo\nnine bytes\nthree\nrest'), lines)
  assert.deepEqual(frames.map(String), ['one', 'two', 'three'])
  assert.deepEqual(
    errors.map(({ code }) => code),
    ['FRAME_TOO_LONG', 'FRAME_UNTERMINATED'],
  )
  assert.deepEqual(framesOf(Buffer.alloc(0), lines), { frames: [], errors: [] })
})

test('bytes in chunks give the frames and the errors of the whole, in the order they lie in', () => {
  const told = (chunks: readonly Buffer[]) => {
    const heard: string[] = []
    const { push, end } = deframing(lines, {
      frame: (frame) => heard.push(String(frame)),
      error: ({ code }) => heard.push(code),
    })
    for (const chunk of chunks) push(chunk)
    end()
    return heard
  }
  assert.deepEqual(told([Buffer.from('a\nnine bytes\nb\n')]), ['a', 'FRAME_TOO_LONG', 'b'])
  const text = fc.stringMatching(/^[ab\n]{1,60}$/)
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 7 }), (whole, size) => {
      const bytes = Buffer.from(whole)
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      )
      assert.deepEqual(told(chunks), told([bytes]))
    }),
  )
})
