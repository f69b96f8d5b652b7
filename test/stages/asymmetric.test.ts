import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asymmetric, unframed } from '../../src/stages/asymmetric.ts'
import { delimited } from '../../src/stages/delimited.ts'
import { lengthField } from '../../src/stages/length-field.ts'
import { everyCutting, frame } from './cutting.ts'
import { bytes, toldAlike } from './told.ts'

const up = lengthField({ lengthFieldLength: 2, maxFrameLength: 8 })

describe('asymmetric', () => {
  test('what the doc comment draws is what happens: frames come up by one framing, and go down as they are', () => {
    const stage = asymmetric(up, unframed)
    const wire = bytes('0002 a1a2 0001')
    assert.deepEqual(toldAlike(stage, wire, everyCutting(wire)), [
      'a1a2',
      'FRAME_UNTERMINATED: the connection ended 2 bytes into a frame of 3 bytes [0001]',
    ])
    const answer = bytes('01')
    assert.equal(frame(stage, answer).toString('hex'), '01')
    assert.equal(stage.frame(answer), answer)
  })

  test('frames go down by another framing, with its errors', () => {
    const stage = asymmetric(up, delimited({ delimiter: '\n', maxLength: 8 }))
    assert.equal(frame(stage, Buffer.from('ok')).toString(), 'ok\n')
    assert.throws(() => frame(stage, Buffer.from('o\nk')), { code: 'BUG' })
    assert.deepEqual(toldAlike(stage, bytes('0001 0a')), ['0a'])
  })
})
