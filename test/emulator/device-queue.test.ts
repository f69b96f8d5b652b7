import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DeviceQueue } from '../../src/emulator/device-queue.ts'
import { HubError } from '../../src/emulator/errors.ts'
import { FakeClock } from './https-peer.ts'

const minuteMs = 60_000
const refusal = (code: number) => (error: unknown) => error instanceof HubError && error.code === code

function queueOf(count: number, lockExpiryCountsDelivery = false) {
  const clock = new FakeClock()
  const queue = new DeviceQueue({ clock, lockExpiryCountsDelivery })
  for (let index = 0; index < count; index++) queue.enqueue({ body: Buffer.from([index]), messageId: `m${index}` })
  const next = () => queue.receive(minuteMs) ?? assert.fail('nothing to receive')
  return { clock, queue, next }
}

describe('a device queue', () => {
  it('hands out commands in the order of arrival, each to one receiver', () => {
    const { queue, next } = queueOf(2)
    assert.equal(next().command.messageId, 'm0')
    assert.equal(next().command.messageId, 'm1')
    assert.equal(queue.receive(minuteMs), undefined)
    assert.deepEqual(
      queue.states().map(({ state }) => state),
      ['invisible', 'invisible'],
    )
  })

  it('ends a command with complete or reject', () => {
    const { queue, next } = queueOf(2)
    queue.settle(next().lockToken, 'complete')
    queue.settle(next().lockToken, 'reject')
    assert.deepEqual(queue.states(), [
      { messageId: 'm0', state: 'completed', deliveryCount: 0 },
      { messageId: 'm1', state: 'deadlettered', deliveryCount: 0 },
    ])
  })

  it('puts an abandoned command back in its place and counts the delivery', () => {
    const { queue, next } = queueOf(2)
    queue.settle(next().lockToken, 'abandon')
    const again = next()
    assert.deepEqual([again.command.messageId, again.deliveryCount, again.sequenceNumber], ['m0', 1, 1])
  })

  it('refuses a token that is unknown or used up with 412002', () => {
    const { queue, next } = queueOf(1)
    const { lockToken } = next()
    assert.throws(() => queue.settle('another', 'complete'), refusal(412002))
    queue.settle(lockToken, 'abandon')
    assert.throws(() => queue.settle(lockToken, 'complete'), refusal(412002))
  })

  it('gives a command to the next receiver once its lock ran out, without counting that', () => {
    const { clock, queue, next } = queueOf(1)
    const first = next()
    clock.pass(minuteMs - 1)
    assert.equal(queue.receive(minuteMs), undefined)
    clock.pass(1)
    const second = next()
    assert.equal(second.deliveryCount, 0)
    assert.throws(() => queue.settle(first.lockToken, 'complete'), refusal(412002))
    queue.settle(second.lockToken, 'complete')
  })

  it('counts a lock that ran out as a delivery when told to', () => {
    const { clock, queue, next } = queueOf(1, true)
    next()
    clock.pass(minuteMs)
    assert.equal(next().deliveryCount, 1)
    queue.expireLocks()
    assert.equal(next().deliveryCount, 2)
  })

  it('dead-letters a command that was abandoned ten times', () => {
    const { queue, next } = queueOf(1)
    for (let time = 0; time < 10; time++) {
      assert.equal(queue.length, 1)
      queue.settle(next().lockToken, 'abandon')
    }
    assert.deepEqual(queue.states(), [{ messageId: 'm0', state: 'deadlettered', deliveryCount: 10 }])
  })

  it('refuses the 51st command with 403004 until one is gone', () => {
    const { queue, next } = queueOf(50)
    const more = { body: Buffer.from('51') }
    const { lockToken } = next()
    assert.throws(() => queue.enqueue(more), refusal(403004))
    queue.settle(lockToken, 'complete')
    queue.enqueue(more)
    assert.equal(queue.length, 50)
  })

  it('lets a command expire after an hour, or at its own time', () => {
    const { clock, queue } = queueOf(1)
    const expiryTimeUtc = new Date(clock.now() + minuteMs).toISOString()
    queue.enqueue({ body: Buffer.alloc(0), messageId: 'short', expiryTimeUtc })
    clock.pass(minuteMs)
    assert.deepEqual(
      queue.states().map(({ messageId, state }) => [messageId, state]),
      [
        ['short', 'expired'],
        ['m0', 'enqueued'],
      ],
    )
    clock.pass(59 * minuteMs)
    assert.equal(queue.receive(minuteMs), undefined)
    assert.equal(queue.length, 0)
  })

  it('lets a device settle a command that expired while it was locked', () => {
    const { clock, queue } = queueOf(1)
    const locked = queue.receive(61 * minuteMs) ?? assert.fail()
    clock.pass(60 * minuteMs)
    queue.settle(locked.lockToken, 'complete')
    assert.equal(queue.states()[0]?.state, 'completed')
  })

  it('purges what waits and what is locked', () => {
    const { queue, next } = queueOf(3)
    const { lockToken } = next()
    assert.equal(queue.purge(), 3)
    assert.equal(queue.length, 0)
    assert.throws(() => queue.settle(lockToken, 'complete'), refusal(412002))
  })

  it('forgets the oldest of more than a thousand commands that are over', () => {
    const { queue } = queueOf(0)
    for (let index = 0; index < 1001; index++) {
      queue.enqueue({ body: Buffer.alloc(0), messageId: `m${index}` })
      queue.purge()
    }
    assert.equal(queue.states().length, 1000)
    assert.equal(queue.states()[0]?.messageId, 'm1')
  })

  it('refuses what an HTTP header cannot carry with 400004 and a command over 64 KiB with 413001', () => {
    const { queue } = queueOf(0)
    const body = Buffer.alloc(0)
    assert.throws(() => queue.enqueue({ body, properties: { 'a b': '' } }), refusal(400004))
    assert.throws(() => queue.enqueue({ body, properties: { a: 'x\r\ny' } }), refusal(400004))
    assert.throws(() => queue.enqueue({ body, messageId: 'm'.repeat(129) }), refusal(400004))
    assert.throws(() => queue.enqueue({ body, expiryTimeUtc: 'soon' }), refusal(400004))
    assert.throws(() => queue.enqueue({ body: Buffer.alloc(64 * 1024 + 1) }), refusal(413001))
    queue.enqueue({ body: Buffer.alloc(64 * 1024) })
  })

  it('keeps every command in exactly one state, whatever happens', () => {
    const step = fc.constantFrom('enqueue', 'receive', 'complete', 'abandon', 'reject', 'wait', 'purge')
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, queue } = queueOf(0)
        const locks: string[] = []
        let enqueued = 0
        for (const what of steps) {
          const lock = locks[0] ?? ''
          if (what === 'enqueue') queue.enqueue({ body: Buffer.alloc(0), messageId: `m${enqueued++}` })
          else if (what === 'receive') locks.push(queue.receive(minuteMs)?.lockToken ?? '')
          else if (what === 'wait') clock.pass(minuteMs / 2)
          else if (what === 'purge') queue.purge()
          else {
            locks.shift()
            try {
              queue.settle(lock, what)
            } catch (error) {
              assert.ok(refusal(412002)(error))
            }
          }
        }
        const ids = queue.states().map(({ messageId }) => messageId)
        assert.deepEqual(ids.toSorted(), Array.from({ length: enqueued }, (_, index) => `m${index}`).toSorted())
      }),
      { numRuns: 200 },
    )
  })
})
