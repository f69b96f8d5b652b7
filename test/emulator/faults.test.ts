import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HubError, PeerGone } from '../../src/emulator/errors.ts'
import type { Fault } from '../../src/emulator/fault.ts'
import type { StruckOperation } from '../../src/emulator/faults.ts'
import { Faults } from '../../src/emulator/faults.ts'
import { deviceToken, emulatorFor, FakeClock, openRequest, receive, send, settle } from './https-peer.ts'

const refusal = (code: number) => (error: unknown) => error instanceof HubError && error.code === code
const nobody = new AbortController().signal

function faultsOf(...faults: Fault[]) {
  const clock = new FakeClock()
  const inForce = new Faults(clock)
  for (const fault of faults) inForce.put(fault)
  const meet = (device = 'd1', operation: StruckOperation = 'send') => inForce.meet(device, operation, nobody)
  return { clock, inForce, meet }
}

describe('a fault', () => {
  it('strikes its device and its operation, and no other', async () => {
    const { meet } = faultsOf({ device: 'd1', operation: 'send', status: 503, retryAfterSeconds: 7 })
    await assert.rejects(
      meet('d1', 'send'),
      (error) => refusal(503001)(error) && (error as HubError).retryAfterSeconds === 7,
    )
    await meet('d1', 'receive')
    await meet('d2', 'send')
  })

  it('replaces the one for the same device and operation, and ends with clear', async () => {
    const { inForce, meet } = faultsOf({ status: 500 }, { device: 'd2', status: 404 }, { status: 418 })
    await assert.rejects(meet(), refusal(418000))
    await assert.rejects(meet('d2'), refusal(404001))
    inForce.clear()
    await meet('d2')
  })

  it('with a count strikes so many times', async () => {
    const { meet } = faultsOf({ status: 500, count: 2 })
    await assert.rejects(meet())
    await assert.rejects(meet())
    await meet()
  })

  it('with a probability strikes the same requests for the same seed', async () => {
    const pattern = async (seed: number, probability = 0.5) => {
      const { meet } = faultsOf({ status: 500, probability, seed })
      const struck = []
      for (let time = 0; time < 64; time++)
        struck.push(
          await meet().then(
            () => 0,
            () => 1,
          ),
        )
      return struck.join('')
    }
    assert.equal(await pattern(1), await pattern(1))
    assert.notEqual(await pattern(1), await pattern(2))
    assert.match(await pattern(1), /^(?=.*0.*0)(?=.*1.*1)/)
    assert.equal(await pattern(3, 0), '0'.repeat(64))
    assert.equal(await pattern(3, 1), '1'.repeat(64))
  })

  it('that hangs holds requests until it is cleared or replaced, then lets them go on untouched', async () => {
    for (const end of ['clear', 'put'] as const) {
      const { inForce, meet } = faultsOf({ hang: true, status: 500 })
      let held = true
      const met = meet().finally(() => {
        held = false
      })
      await new Promise(setImmediate)
      assert.ok(held)
      if (end === 'clear') inForce.clear()
      else inForce.put({ latencyMs: 1 })
      assert.equal((await met).reset, undefined)
    }
  })

  it('that holds lets go of a peer that leaves', async () => {
    const { inForce } = faultsOf({ hang: true })
    const peer = new AbortController()
    const met = inForce.meet('d1', 'send', peer.signal)
    peer.abort()
    await assert.rejects(met, PeerGone)
    await assert.rejects(inForce.meet('d1', 'send', peer.signal), PeerGone)
  })

  it('with latency goes on by itself, or at once when it is cleared', async () => {
    const { inForce, meet } = faultsOf({ latencyMs: 1, status: 500 })
    await assert.rejects(meet(), refusal(500001))
    inForce.put({ latencyMs: 600_000, status: 500 })
    const met = meet()
    inForce.clear()
    await met
  })

  it('throttles by rate, by the clock, and says when to come again', async () => {
    const { clock, meet } = faultsOf({ throttle: { perSecond: 0.5, burst: 2 } })
    await meet()
    await meet()
    await assert.rejects(meet(), (error) => refusal(429001)(error) && (error as HubError).retryAfterSeconds === 2)
    await meet('d1', 'receive')
    clock.pass(2000)
    await meet()
    await assert.rejects(meet(), refusal(429001))
  })

  it('throttles sends and receives as an edition does, and never settling', async () => {
    const passed = async (fault: Fault, operation: StruckOperation) => {
      const { meet } = faultsOf(fault)
      for (let count = 0; count < 300; count++) {
        try {
          await meet('d1', operation)
        } catch {
          return count
        }
      }
      return 300
    }
    assert.equal(await passed({ throttle: { tier: 'S1' } }, 'send'), 100)
    assert.equal(await passed({ throttle: { tier: 'S1', units: 10 } }, 'send'), 120)
    assert.equal(await passed({ throttle: { tier: 'S2', units: 2 } }, 'send'), 240)
    assert.equal(await passed({ throttle: { tier: 'S1' } }, 'receive'), 17)
    assert.equal(await passed({ throttle: { tier: 'S1' } }, 'settle'), 300)
  })

  it('meters sends against a daily quota, which is new the next day', async () => {
    const { clock, meet } = faultsOf({ dailyQuota4kMeters: 3 })
    ;(await meet()).charge(2)
    const full = await meet()
    assert.throws(() => full.charge(2), refusal(403002))
    full.charge(1)
    clock.pass(12 * 3_600_000)
    ;(await meet()).charge(3)
  })
})

describe('the emulator under a fault', () => {
  it('that resets before accepts nothing, and after accepts without saying so', async (test) => {
    const emulator = await emulatorFor(test)
    let accepted = 0
    emulator.hub.subscribe(() => accepted++)
    emulator.hub.faults.put({ reset: true, count: 1 })
    await assert.rejects(send(emulator), { code: 'ECONNRESET' })
    assert.equal(accepted, 0)
    emulator.hub.faults.put({ reset: 'after', count: 1 })
    await assert.rejects(send(emulator), { code: 'ECONNRESET' })
    assert.equal(accepted, 1)
    assert.equal((await send(emulator)).status, 204)
    assert.equal(emulator.hub.counters.requests('send', 'reset'), 2)
  })

  it('answers with its status and Retry-After', async (test) => {
    const emulator = await emulatorFor(test)
    emulator.hub.faults.put({ operation: 'send', status: 429, retryAfterSeconds: 3 })
    const answer = await send(emulator)
    assert.equal(answer.status, 429)
    assert.equal(answer.headers['retry-after'], '3')
    assert.equal((await receive(emulator)).status, 204)
  })

  it('of a quota refuses with 403002 what would exceed it, counting each message of a batch', async (test) => {
    const emulator = await emulatorFor(test)
    emulator.hub.faults.put({ dailyQuota4kMeters: 4 })
    const headers = { 'Content-Type': 'application/vnd.microsoft.iothub.json' }
    const batchOf = (count: number) => JSON.stringify(Array.from({ length: count }, () => ({ body: 'AA==' })))
    assert.equal((await send(emulator, { body: Buffer.alloc(4097) })).status, 204)
    const over = await send(emulator, { headers, body: batchOf(3) })
    assert.deepEqual([over.status, over.headers['iothub-errorcode']], [403, 'IotHubQuotaExceeded'])
    assert.equal((await send(emulator, { headers, body: batchOf(2) })).status, 204)
  })

  it('of lost locks refuses to settle and delivers the command again', async (test) => {
    const emulator = await emulatorFor(test)
    emulator.hub.queueCommand('d1', { body: Buffer.alloc(0) })
    emulator.hub.faults.put({ operation: 'settle', expireLocks: true, count: 1 })
    assert.equal((await settle(emulator, await receive(emulator), 'complete')).status, 412)
    assert.equal((await settle(emulator, await receive(emulator), 'complete')).status, 204)
  })

  it('that hangs never accepts the message of a peer that left, long as it may be', async (test) => {
    const emulator = await emulatorFor(test)
    emulator.hub.subscribe(() => assert.fail('accepted'))
    emulator.hub.faults.put({ hang: true })
    const path = '/devices/d1/messages/events'
    const outgoing = openRequest(emulator, { method: 'POST', path, token: deviceToken(emulator) })
    outgoing.on('error', () => {})
    await new Promise<void>((sent) => outgoing.end(Buffer.alloc(256 * 1024), sent))
    outgoing.destroy()
    while (emulator.hub.counters.requests('send', 'gone') < 1) await new Promise(setImmediate)
    emulator.hub.faults.clear()
  })

  it('that hangs answers when it is cleared, and never keeps close from ending', async (test) => {
    const emulator = await emulatorFor(test)
    emulator.hub.faults.put({ hang: true })
    const answered = send(emulator)
    while (emulator.hub.counters.connections < 1) await new Promise(setImmediate)
    emulator.hub.faults.clear()
    assert.equal((await answered).status, 204)
    emulator.hub.faults.put({ operation: 'receive', hang: true })
    const cut = assert.rejects(receive(emulator), { code: 'ECONNRESET' })
    while (emulator.hub.counters.peakPolls('d1') < 1) await new Promise(setImmediate)
    await emulator.close()
    await cut
    assert.equal(emulator.hub.counters.requests('receive', 'gone'), 1)
  })
})
