import assert from 'node:assert/strict'
import { test } from 'node:test'
import { between } from '../../src/stages/between.ts'
import { deframe, everyCutting } from '../stages/cutting.ts'

test('the start of the next frame is not shown with a frame too long before it', () => {
  const restarting = between('{', '}', { maxLength: 3, trailing: 1, restart: true })
  for (const chunks of everyCutting(Buffer.from('{****{'))) {
    assert.deepEqual(
      deframe(restarting, chunks).events.map((each) =>
        'error' in each ? `${each.error.code} ${each.item}` : each.frame,
      ),
      ['FRAME_TOO_LONG {****', 'FRAME_UNTERMINATED {'],
    )
  }
})
