import assert from 'node:assert/strict'
import { test } from 'node:test'
import { between } from '../../src/stages/between.ts'
import { cutAt, deframe } from '../stages/cutting.ts'

test('noise that never ends is told every 65,536 bytes, the same in every cutting', () => {
  const noise = Buffer.alloc(200_000, 0x55)
  const wire = Buffer.concat([noise, Buffer.from('*a#')])
  for (const places of [[], [1, 65_535, 65_536, 65_537], Array.from({ length: 199 }, (_, index) => index * 1001)]) {
    const { events } = deframe(between('*', '#', { maxLength: 8 }), cutAt(wire, places))
    assert.deepEqual(
      events.map((each) => ('frame' in each ? each.frame.toString() : `${each.error.code} ${each.error.message}`)),
      [
        ...new Array(3).fill('FRAME_NOISE 65536 bytes belong to no frame'),
        `FRAME_NOISE ${200_000 - 3 * 65_536} bytes belong to no frame`,
        'a',
      ],
    )
  }
})
