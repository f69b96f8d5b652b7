import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { PipelineMeter } from '../../src/core/meter.ts'
import { type Pipeline, pipeline } from '../../src/core/pipeline.ts'
import type { Hub } from '../../src/hub/port.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { type DedupeOptions, dedupe } from '../../src/stages/dedupe.ts'
import { enrich } from '../../src/stages/enrich.ts'
import { hub } from '../../src/stages/hub.ts'
import { json } from '../../src/stages/json.ts'
import { lines } from '../../src/stages/lines.ts'
import { type EmbeddedDevice, embed, type MemoryHub, memoryHub } from '../../src/testing.ts'

const sensor = (to: Hub, options: DedupeOptions = {}): Pipeline =>
  pipeline(
    'sensor',
    lines({ maxLength: 1000 }),
    json(),
    authenticate(byPolicy()),
    dedupe(options),
    enrich({ site: 'a' }),
    batch({ lingerMs: 0 }),
    hub(to),
  )

const reading = (seq: number, t = 20) => `{"$seq":${seq},"t":${t}}\n`
const bodies = (to: MemoryHub) => to.accepted.map(({ message }) => message.body.toString())

/** A device that has been welcomed. */
async function connect(to: Pipeline, deviceId = 'd1', meter?: PipelineMeter): Promise<EmbeddedDevice> {
  const device = embed(to, meter === undefined ? {} : { meter })
  device.write(`{"$hello":{"deviceId":"${deviceId}"}}\n`)
  assert.match(await device.next(), /welcome/)
  return device
}

async function answers(device: EmbeddedDevice, count: number): Promise<string[]> {
  const lines: string[] = []
  while (lines.length < count) lines.push((await device.next()).trim())
  return lines
}

async function finish(...devices: EmbeddedDevice[]): Promise<void> {
  for (const device of devices) {
    device.end()
    await device.ended()
  }
}

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('dedupe', () => {
  test('a reading that the hub has gets its receipt in its turn and is not sent again, and is counted', async () => {
    const to = memoryHub()
    const meter = new PipelineMeter('sensor')
    const device = await connect(sensor(to), 'd1', meter)
    device.write(reading(1))
    assert.deepEqual(await answers(device, 1), ['{"$ack":1}'])
    device.write(reading(2) + reading(1) + reading(3))
    assert.deepEqual(await answers(device, 3), ['{"$ack":2}', '{"$ack":1}', '{"$ack":3}'])
    assert.equal(to.accepted.length, 3)
    assert.equal(meter.stage('dedupe', 'up').repeats, 1)
    await finish(device)
  })

  test('what is remembered outlives connections, and is of one device alone', async () => {
    const to = memoryHub()
    const plant = sensor(to)
    for (const deviceId of ['d1', 'd1', 'd2']) {
      const device = await connect(plant, deviceId)
      device.write(reading(1))
      assert.deepEqual(await answers(device, 1), ['{"$ack":1}'])
      await finish(device)
    }
    assert.deepEqual(
      to.accepted.map(({ deviceId }) => deviceId),
      ['d1', 'd2'],
    )
  })

  test('a sequence number that begins anew with another reading is no repeat; a line without one never is', async () => {
    const to = memoryHub()
    const device = await connect(sensor(to))
    device.write(`${reading(1, 20)}`)
    await answers(device, 1)
    device.write(`${reading(1, 21)}{"t":5}\n{"t":5}\n`)
    await answers(device, 1)
    await finish(device)
    assert.deepEqual(bodies(to), ['{"t":20}', '{"t":21}', '{"t":5}', '{"t":5}'])
  })

  test('a repeat in the same chunk waits for its original, and what came before it goes on', async () => {
    const to = memoryHub({ hold: true })
    const device = await connect(sensor(to))
    device.write(reading(1) + reading(1) + reading(2))
    await turns(20)
    assert.deepEqual([to.accepted.length, device.pending().length], [0, 0])
    to.release()
    assert.deepEqual(await answers(device, 3), ['{"$ack":1}', '{"$ack":1}', '{"$ack":2}'])
    assert.deepEqual(bodies(to), ['{"t":20}', '{"t":20}'])
    await finish(device)
  })

  test('a repeat whose original the hub does not take goes itself', async () => {
    const to = memoryHub()
    to.fail(new GatewayError('HUB_UNAVAILABLE', 'later'))
    const device = await connect(sensor(to))
    device.write(reading(1) + reading(1))
    assert.deepEqual(await answers(device, 2), ['{"$nack":1,"code":"HUB_UNAVAILABLE","retry":true}', '{"$ack":1}'])
    assert.equal(to.accepted.length, 1)
    await finish(device)
  })

  test('a repeat on a new connection waits for what the old one has under way', async () => {
    const to = memoryHub({ hold: true })
    const plant = sensor(to)
    const old = await connect(plant)
    old.write(reading(1))
    await turns(20)
    const young = await connect(plant)
    young.write(reading(1))
    await turns(20)
    assert.equal(to.accepted.length, 0)
    to.release()
    assert.deepEqual(await answers(young, 1), ['{"$ack":1}'])
    assert.equal(to.accepted.length, 1)
    await finish(old, young)
  })

  test('a repeat goes itself when the connection of its original breaks', async () => {
    const to = memoryHub({ hold: true })
    const plant = sensor(to)
    const old = await connect(plant)
    old.write(reading(1))
    await turns(20)
    const young = await connect(plant)
    young.write(reading(1))
    await turns(20)
    old.ring.destroy()
    await turns(20)
    to.release()
    assert.deepEqual(await answers(young, 1), ['{"$ack":1}'])
    assert.equal(to.accepted.length, 1)
    await finish(young)
  })

  test('a reading that a stage further in refuses was not accepted', async () => {
    const to = memoryHub()
    let faults = 1
    const plant = pipeline(
      'sensor',
      lines({ maxLength: 1000 }),
      json(),
      authenticate(byPolicy()),
      dedupe(),
      enrich({
        checked: () => {
          if (faults-- > 0) throw new GatewayError('BAD_CONTENT', 'not yet')
          return 'yes'
        },
      }),
      batch({ lingerMs: 0 }),
      hub(to),
    )
    const device = await connect(plant)
    device.write(reading(1) + reading(1))
    assert.deepEqual(await answers(device, 2), ['{"$nack":1,"code":"BAD_CONTENT","retry":false}', '{"$ack":1}'])
    assert.equal(to.accepted.length, 1)
    await finish(device)
  })

  test('while a repeat waits its device is not read without bound, and a reset leaves nothing behind', async () => {
    const to = memoryHub({ hold: true })
    const device = await connect(sensor(to))
    device.write(reading(1) + reading(1))
    const line = reading(2).padStart(100)
    let taken = 0
    while (taken < 5_000_000 && device.write(line.repeat(50))) {
      taken += 50 * line.length
      await turns(2)
    }
    assert.ok(taken < 200_000, `${taken} bytes were taken`)
    device.ring.destroy()
    await turns(5)
    assert.equal(to.sessions.size, 0)
    to.release()
    const next = await connect(sensor(to))
    next.write(reading(1))
    assert.deepEqual(await answers(next, 1), ['{"$ack":1}'])
    await finish(next)
  })

  test('after the window a repeat is a reading again', async (context) => {
    let now = 5000
    context.mock.method(performance, 'now', () => now)
    const to = memoryHub()
    const device = await connect(sensor(to, { windowMs: 1000 }))
    for (const [later, accepted] of [
      [0, 1],
      [1000, 1],
      [1, 2],
    ] as const) {
      now += later
      device.write(reading(1))
      assert.deepEqual(await answers(device, 1), ['{"$ack":1}'])
      assert.equal(to.accepted.length, accepted)
    }
    await finish(device)
  })

  test('options out of range are CONFIGURATION', () => {
    for (const [options, name] of [
      [{ windowMs: 0 }, 'windowMs'],
      [{ maxPerDevice: 1.5 }, 'maxPerDevice'],
      [{ maxDevices: 1_000_001 }, 'maxDevices'],
    ] as const) {
      assert.throws(() => dedupe(options), { code: 'CONFIGURATION', message: new RegExp(`^dedupe: ${name} must be`) })
    }
  })
})
