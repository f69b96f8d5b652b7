import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { failedReceipt, receipt } from '../../src/core/items.ts'
import { ReceiptGroup } from '../../src/stages/receipt-group.ts'

test('a group is settled by its last receipt, and knows how many fared how', () => {
  const group = new ReceiptGroup('serial 7', 4)
  const later = new GatewayError('HUB_THROTTLED', 'later')
  const never = new GatewayError('HUB_REJECTED', 'never')
  assert.equal(group.settle(receipt('a', 'complete')), false)
  assert.equal(group.settle(failedReceipt('b', later)), false)
  assert.equal(group.settle(failedReceipt('c', never)), false)
  assert.equal(group.settle(receipt('d', 'complete')), true)
  assert.deepEqual([group.completed, group.abandoned, group.rejected], [2, 1, 1])
  assert.equal(group.error, later, 'the first one')
  assert.equal(group.of, 'serial 7')
})

test('a group of one is settled at once', () => {
  const group = new ReceiptGroup(undefined, 1)
  assert.equal(group.settle(receipt('a', 'complete')), true)
  assert.equal(group.error, undefined)
})
