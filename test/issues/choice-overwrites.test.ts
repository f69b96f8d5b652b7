import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choice } from '../../src/stages/choice.ts'
import { lengthField } from '../../src/stages/length-field.ts'

test('a choice does not send a frame by an alternative that makes another of it where there is one that leaves it as it is', () => {
  // Totem: four digits behind $$0, else two hexadecimal ones, which the first alternative would write over.
  const totem = choice([
    {
      match: '$$0',
      framing: lengthField({
        maxFrameLength: 1024,
        lengthFieldOffset: 2,
        lengthFieldLength: 4,
        lengthEncoding: 'decimal',
        lengthAdjustment: -6,
      }),
    },
    {
      framing: lengthField({
        maxFrameLength: 255,
        lengthFieldOffset: 2,
        lengthFieldLength: 2,
        lengthEncoding: 'hex',
        lengthAdjustment: -4,
      }),
    },
  ])
  const frame = Buffer.from('$$10356895037578')
  assert.equal(totem.frame(frame).toString(), '$$10356895037578')
  // Where all would write over it, the first does, as a length that is yet to be written wants it.
  assert.equal(totem.frame(Buffer.from('$$????12345')).toString(), '$$001112345')
})
