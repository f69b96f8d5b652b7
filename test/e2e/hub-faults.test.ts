import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { SimulatedDevice } from '../../src/cli/simulated-device.ts'
import { bodyOf, LocalHub } from './local-hub.ts'

const deviceIds = Array.from({ length: 10 }, (_, index) => `d${index}`)
const readingsEach = 60

interface Disturbance {
  readonly name: string
  begin(local: LocalHub): void | Promise<void>
  end(local: LocalHub): void | Promise<void>
}

const clear = (local: LocalHub) => local.emulator.hub.faults.clear()

const disturbances: readonly Disturbance[] = [
  { name: 'hangs', begin: ({ emulator }) => emulator.hub.faults.put({ hang: true }), end: clear },
  {
    name: 'answers 429 with Retry-After',
    begin: ({ emulator }) =>
      emulator.hub.faults.put({ operation: 'send', status: 429, retryAfterSeconds: 1, count: 15 }),
    end: clear,
  },
  { name: 'answers 500', begin: ({ emulator }) => emulator.hub.faults.put({ status: 500 }), end: clear },
  {
    name: 'resets before it accepts',
    begin: ({ emulator }) => emulator.hub.faults.put({ reset: 'before' }),
    end: clear,
  },
  {
    name: 'resets after it accepted',
    begin: ({ emulator }) => emulator.hub.faults.put({ operation: 'send', reset: 'after' }),
    end: clear,
  },
  { name: 'is down', begin: (local) => local.stopHub(), end: (local) => local.startHub() },
]

for (const { name, begin, end } of disturbances) {
  test(`a hub that ${name} under load costs no reading, and none is acknowledged that it does not have`, async (t) => {
    const local = new LocalHub(deviceIds)
    t.after(() => local.close())
    await local.start({}, 300)
    const devices = deviceIds.map((deviceId) => new SimulatedDevice(local.device(deviceId)))
    await Promise.all(devices.map((device) => device.connect()))

    const acknowledged = new Set<string>()
    const answers: Promise<void>[] = []
    const send = (from: number, to: number) => {
      devices.forEach((device, index) => {
        for (let n = from; n < to; n++) {
          const answer = device.send({ n }).then((outcome) => {
            assert.equal(outcome, 'acked')
            const id = `d${index}/${n}`
            assert.ok(hubHas(local).has(id), `${id} was acknowledged and is not at the hub`)
            acknowledged.add(id)
          })
          answers.push(answer)
        }
      })
    }
    send(0, readingsEach / 3)
    await begin(local)
    send(readingsEach / 3, (2 * readingsEach) / 3)
    // The disturbance is under way once a request has met it.
    const failed = async () => {
      const { text } = await local.gateway.metrics.expose()
      return /hub_request_seconds_count\{.*operation="send",outcome="HUB_/.test(text)
    }
    while (!(await failed())) await turn()
    await end(local)
    send((2 * readingsEach) / 3, readingsEach)
    await Promise.all(answers)

    assert.equal(acknowledged.size, deviceIds.length * readingsEach)
    for (const deviceId of deviceIds) assert.deepEqual(firstArrivals(local, deviceId), range(readingsEach))
    assert.equal(
      devices.reduce((sum, device) => sum + device.protocolErrors, 0),
      0,
    )
    await Promise.all(devices.map((device) => device.end()))
  })
}

function hubHas(local: LocalHub): Set<string> {
  return new Set(local.accepted.map((message) => `${message.deviceId}/${bodyOf(message).n}`))
}

/** The readings of a device in the order in which the hub first had them. */
function firstArrivals(local: LocalHub, deviceId: string): number[] {
  const mine = local.accepted.filter((message) => message.deviceId === deviceId)
  return [...new Set(mine.map((message) => bodyOf(message).n as number))]
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index)
}
