import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { unmeteredHub } from '../../src/core/meter.ts'
import { type HubSessionContext, PartialSendError } from '../../src/hub/port.ts'
import { Rig, reading } from './rig.ts'

let rig: Rig

before(async () => {
  rig = await Rig.start('d1')
})
afterEach(() => rig.reset())
after(() => rig.stop())

const open = (more: Partial<HubSessionContext>) =>
  rig.hub().open(rig.identity('d1'), { signal: new AbortController().signal, meter: unmeteredHub, ...more })
const requests = (operation: 'send' | 'receive') => rig.emulator.hub.counters.requests(operation)
/** No hub takes it, alone or with others. */
const oversized = () => reading('x'.repeat(300 * 1024))

test('the poll that opens a session is admitted first, and is not sent where admission is refused', async () => {
  const polls = requests('receive')
  const refusal = new GatewayError('HUB_SESSION_CLOSED', 'words')
  await assert.rejects(open({ admitPoll: () => Promise.reject(refusal) }), refusal)
  assert.equal(requests('receive'), polls)
})

test('a send of one request is not admitted again, one that is halved is admitted for each request more', async () => {
  let admitted = 0
  const session = await open({ admitSend: async () => void admitted++ })
  await session.send([reading('a'), reading('b')])
  assert.equal(admitted, 0)
  const before = requests('send')
  const bad = oversized()
  await assert.rejects(session.send([reading('a'), bad, reading('b'), reading('c')]), (thrown: PartialSendError) => {
    assert.deepEqual([...thrown.failures.keys()], [bad])
    return thrown instanceof PartialSendError
  })
  assert.equal(requests('send') - before, 5)
  assert.equal(admitted, 4)
  await session.close()
})

test('a send that is halved and no longer admitted fails as a whole would, less what the hub has', async () => {
  let admitted = 0
  const spent = new GatewayError('HUB_QUOTA_EXCEEDED', 'words')
  const session = await open({ admitSend: async () => (++admitted > 1 ? Promise.reject(spent) : undefined) })
  const messages = [reading('a'), oversized()]
  await assert.rejects(session.send(messages), (thrown: PartialSendError) => {
    assert.deepEqual([...thrown.failures], [[messages[1], spent]])
    return true
  })
  await session.close()
})

test('a session that is closed tells so to what waits for admission', async () => {
  const session = await open({
    admitSend: (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new GatewayError('HUB_SESSION_CLOSED', 'words')))
        void session.close()
      }),
  })
  await assert.rejects(session.send([reading('a'), oversized()]), { code: 'HUB_SESSION_CLOSED' })
})
