import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceOwners } from '../../src/gateway/device-owners.ts'
import type { DeviceClaim } from '../../src/gateway/worker-messages.ts'

const claim = (deviceId: string, acceptedAt: number, pipeline = 'p'): DeviceClaim => [pipeline, deviceId, acceptedAt]

test('who had the device before is told of the newer connection elsewhere, all in one notice', () => {
  const owners = new DeviceOwners<string>()
  assert.equal(owners.changed('a', [claim('d1', 1), claim('d2', 2), claim('d3', 3)], []).size, 0)
  const notices = owners.changed('b', [claim('d1', 4), claim('d2', 5), claim('d4', 6)], [])
  assert.deepEqual([...notices], [['a', [claim('d1', 4), claim('d2', 5)]]])
})

test('word of an older connection that comes late is for who sent it', () => {
  const owners = new DeviceOwners<string>()
  owners.changed('b', [claim('d1', 9)], [])
  assert.deepEqual([...owners.changed('a', [claim('d1', 8)], [])], [['a', [claim('d1', 9)]]])
  assert.deepEqual([...owners.changed('c', [claim('d1', 10)], [])], [['b', [claim('d1', 10)]]])
})

test('a device that connects anew to the same process concerns nobody else', () => {
  const owners = new DeviceOwners<string>()
  owners.changed('a', [claim('d1', 1)], [])
  assert.equal(owners.changed('a', [claim('d1', 2)], [claim('d1', 1)]).size, 0)
  assert.equal(owners.size, 1)
})

test('devices of one name in two pipelines are two', () => {
  const owners = new DeviceOwners<string>()
  owners.changed('a', [claim('d1', 1, 'p')], [])
  assert.equal(owners.changed('b', [claim('d1', 2, 'q')], []).size, 0)
  assert.equal(owners.size, 2)
})

test('who has left is forgotten, by itself or with its process, and nobody else is', () => {
  const owners = new DeviceOwners<string>()
  owners.changed('a', [claim('d1', 1), claim('d2', 2), claim('d3', 3)], [])
  owners.changed('a', [], [claim('d1', 1), claim('d2', 1)])
  assert.equal(owners.size, 2, 'd2 has a newer connection than the one that ended')
  owners.changed('b', [claim('d4', 4)], [])
  owners.forget('a')
  assert.equal(owners.size, 1)
  assert.equal(owners.changed('c', [claim('d2', 5)], []).size, 0)
})
