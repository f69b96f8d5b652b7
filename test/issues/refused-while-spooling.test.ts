import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStore } from '../../src/hub/spool/memory-store.ts'
import { spool } from '../../src/hub/spool/spool.ts'
import { reading } from '../hub/rig.ts'
import { context, failed, Gate, settled, ToldHub, withKey } from '../hub/spool/rig.ts'

test('the session within of a device that the hub refuses while it is connected is closed with it', async () => {
  const to = new ToldHub()
  const hub = spool(to, memoryStore())
  const session = await hub.open(withKey('d1', 'k1'), context())
  to.onSend = () => Promise.reject(failed('DEVICE_NOT_FOUND'))
  await session.send([reading('1')])
  await settled()
  await session.close()
  assert.deepEqual([...to.live], [])
  await hub.close()
})

test('a device that connects with a good key while its old one is being refused does not wait for the next try', async () => {
  const to = new ToldHub()
  const hub = spool(to, memoryStore())
  const old = await hub.open(withKey('d1', 'old'), context())
  const asked = new Gate()
  to.onSend = () => asked.passed
  await old.send([reading('1')])
  await settled()
  assert.equal(to.sends.length, 1, 'a send is under way under the old key')
  const fresh = await hub.open(withKey('d1', 'new'), context())
  to.onSend = async () => undefined
  asked.fail(failed('UNAUTHORIZED'))
  await settled()
  assert.deepEqual(to.bodies('d1'), ['1'])
  await old.close()
  await fresh.close()
  await hub.close()
})
