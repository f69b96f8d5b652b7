import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type HubMeter, unmeteredHub } from '../../src/core/meter.ts'
import { type AcceptedMessage, type Emulator, startEmulator, type Throttle } from '../../src/emulator/index.ts'
import { azureHttp } from '../../src/hub/azure-http.ts'
import { type PaceOptions, pace } from '../../src/hub/pace.ts'
import type { Hub, HubSession } from '../../src/hub/port.ts'
import { retry } from '../../src/hub/retry.ts'
import { reading } from '../hub/rig.ts'

/** An emulator that throttles, and a hub that keeps to what it believes of it. */
class ThrottledHub {
  readonly accepted: AcceptedMessage[] = []
  /** 429s that the hub's meter was told of. */
  throttled = 0
  readonly emulator: Emulator
  readonly hub: Hub
  #awaited = 0
  #arrived = () => {}
  #refusedFirst = () => {}
  /** Resolves when the first request was throttled. */
  readonly firstThrottled = new Promise<void>((resolve) => {
    this.#refusedFirst = resolve
  })
  readonly #meter: HubMeter = { ...unmeteredHub, throttled: () => this.#throttled() }

  private constructor(emulator: Emulator, options: PaceOptions) {
    this.emulator = emulator
    emulator.hub.subscribe((message) => {
      this.accepted.push(message)
      if (this.accepted.length === this.#awaited) this.#arrived()
    })
    // Few sockets: what costs most here is to open them.
    const remote = azureHttp(emulator.connectionString, { ca: emulator.ca, maxSockets: 8 })
    this.hub = retry(pace(remote, options), { minDelayMs: 50, maxDelayMs: 500 })
  }

  static async start(t: TestContext, deviceIds: string[], throttle: Throttle, options: PaceOptions) {
    const emulator = await startEmulator({ devices: deviceIds.map((deviceId) => ({ deviceId })) })
    emulator.hub.faults.put({ throttle })
    const made = new ThrottledHub(emulator, options)
    t.after(async () => {
      await made.hub.close?.()
      await emulator.close()
    })
    return made
  }

  open(deviceId: string): Promise<HubSession> {
    const context = { signal: new AbortController().signal, meter: this.#meter, sendOnly: true }
    return this.hub.open({ deviceId, credentials: { type: 'policy' } }, context)
  }

  /** Requests that the emulator answered with 429. */
  get refused(): number {
    const { counters } = this.emulator.hub
    return counters.requests('send', 429) + counters.requests('receive', 429)
  }

  countOf(deviceId: string, from: number): number {
    return this.accepted.slice(from).filter((message) => message.deviceId === deviceId).length
  }

  #throttled(): void {
    if (this.throttled++ === 0) this.#refusedFirst()
  }

  /** Resolves when so many messages have been accepted in all, more than now. */
  reached(count: number): Promise<void> {
    this.#awaited = count
    return new Promise((resolve) => {
      this.#arrived = resolve
    })
  }
}

const idsOf = (count: number) => Array.from({ length: count }, (_, n) => `d${n}`)

/** Sends one reading after the other until told to stop; all that it sent. */
function sendForEver(session: HubSession, isOver: () => boolean): Promise<string[]> {
  const sent: string[] = []
  const run = async () => {
    while (!isOver()) {
      const body = `${sent.length}`
      await session.send([reading(body)])
      sent.push(body)
    }
    return sent
  }
  return run()
}

// Rates so low that the hub is the bottleneck on the slowest of machines; side by side, since they mostly wait.
describe('pace and a hub that throttles', { concurrency: true }, () => {
  test('at the rate of an S1 the hub never throttles, though one device has thirty connections', async (t) => {
    const deviceIds = idsOf(10)
    const local = await ThrottledHub.start(t, deviceIds, { tier: 'S1' }, { tier: 'S1' })
    let isOver = false
    const chatty = Array.from({ length: 30 }, () => 'd0')
    const senders = [...deviceIds, ...chatty].map(async (id) => sendForEver(await local.open(id), () => isOver))
    await local.reached(300)
    isOver = true
    await Promise.all(senders)
    assert.deepEqual([local.refused, local.throttled], [0, 0])
  })

  test('a device with forty connections takes nothing from those with four', async (t) => {
    const deviceIds = idsOf(5)
    const local = await ThrottledHub.start(t, deviceIds, { perSecond: 20 }, { tier: 'S1', sendsPerSecond: 20 })
    let isOver = false
    const connections = [...Array.from({ length: 40 }, () => 'd0'), ...[1, 2, 3, 4].flatMap(() => deviceIds.slice(1))]
    const senders = connections.map(async (id) => sendForEver(await local.open(id), () => isOver))
    // Until all have opened and the burst is over.
    await local.reached(40)
    await local.reached(120)
    const shares = deviceIds.map((id) => local.countOf(id, 40))
    isOver = true
    await Promise.all(senders)
    assert.deepEqual([local.refused, local.throttled], [0, 0])
    const fair = 80 / deviceIds.length
    for (const share of shares) assert.ok(share >= fair / 2 && share <= fair * 2, `${shares}`)
  })

  test('a hub that allows half of what was believed is found out: each device has its share, nothing is lost', async (t) => {
    const deviceIds = idsOf(4)
    const local = await ThrottledHub.start(t, deviceIds, { perSecond: 10 }, { tier: 'S1', sendsPerSecond: 20 })
    let isOver = false
    const senders = deviceIds.map(async (id) => [id, await sendForEver(await local.open(id), () => isOver)] as const)
    // How soon it throttles depends on how fast this machine is.
    await local.firstThrottled
    await local.reached(local.accepted.length + 60)
    isOver = true
    const sent = await Promise.all(senders)
    assert.equal(local.refused, local.throttled)
    assert.ok(local.refused < local.accepted.length / 5, `${local.refused} of ${local.accepted.length} refused`)
    for (const [id, bodies] of sent) {
      const mine = local.accepted.filter(({ deviceId }) => deviceId === id)
      assert.deepEqual(
        mine.map(({ body }) => Buffer.from(body).toString()),
        bodies,
      )
    }
    const counts = sent.map(([, bodies]) => bodies.length)
    const fair = local.accepted.length / counts.length
    for (const count of counts) assert.ok(count >= fair / 2 && count <= fair * 2, `${counts}`)
  })

  test('opening a fleet of devices costs no poll that the hub throttles', async (t) => {
    const deviceIds = idsOf(8)
    const local = await ThrottledHub.start(
      t,
      deviceIds,
      { perSecond: 2, burst: 5 },
      { tier: 'S1', receivesPerSecond: 2 },
    )
    await Promise.all(
      deviceIds.map((deviceId) => {
        const { signal } = new AbortController()
        return local.hub.open({ deviceId, credentials: { type: 'policy' } }, { signal, meter: unmeteredHub })
      }),
    )
    assert.equal(local.emulator.hub.counters.requests('receive', 204), 8)
    assert.equal(local.refused, 0)
  })
})
