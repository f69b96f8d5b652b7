import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StageMeter } from '../../src/core/meter.ts'
import { nameOf } from '../../src/core/slot.ts'
import { slotOf } from './slots.ts'

test('errors name a slot by its stage and its direction', () => {
  const push = () => {}
  assert.equal(nameOf(slotOf(push, 0, new StageMeter('json', 'up'))), 'json.up')
  assert.equal(nameOf(slotOf(push, 7, new StageMeter('json', 'down'))), 'json.down')
})
