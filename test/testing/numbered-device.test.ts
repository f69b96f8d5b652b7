import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { Conservation } from '../../src/testing/conservation.ts'
import { jsonLinesSpeech } from '../../src/testing/json-lines-speech.ts'
import { NumberedDevice, type NumberedDeviceOptions } from '../../src/testing/numbered-device.ts'

/** The gateway's end of one connection, in memory: what it was told, line by line, and what it says. */
class GatewayEnd extends Duplex {
  readonly told: Record<string, unknown>[] = []
  onTold: () => void = () => {}

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    for (const line of chunk.toString().split('\n')) if (line !== '') this.told.push(JSON.parse(line))
    this.onTold()
    done()
  }

  say(...messages: object[]): void {
    for (const message of messages) this.push(`${JSON.stringify(message)}\n`)
  }

  /** Numbers of the readings that it was told. */
  get numbers(): unknown[] {
    return this.told.filter((each) => '$seq' in each).map((each) => each.$seq)
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.onTold = resolve))
  }
}

class Rig {
  readonly ends: GatewayEnd[] = []
  readonly conservation = new Conservation({ receiptMeans: 'durable' })
  readonly device: NumberedDevice
  #opened: () => void = () => {}

  constructor(options: Partial<NumberedDeviceOptions> = {}) {
    const connect = () => {
      const end = new GatewayEnd()
      this.ends.push(end)
      this.#opened()
      return end
    }
    const { conservation } = this
    const speech = jsonLinesSpeech()
    this.device = new NumberedDevice({
      ...{ deviceId: 'd1', readings: 6, window: 3, reconnectMs: 1, connect, conservation, speech },
      ...options,
    })
    this.device.start()
  }

  async end(index: number): Promise<GatewayEnd> {
    while (this.ends[index] === undefined) await new Promise<void>((resolve) => (this.#opened = resolve))
    return this.ends[index]
  }
}

test('it waits for its welcome, then keeps a window of readings on the way', async () => {
  const { device, end } = bound(new Rig())
  const first = await end(0)
  await first.until(() => first.told.length === 1)
  assert.deepEqual(first.told, [{ $hello: { deviceId: 'd1' } }])
  first.say({ $welcome: 'd1' })
  await first.until(() => first.numbers.length === 3)
  first.say({ $ack: 1 })
  await first.until(() => first.numbers.length === 4)
  assert.deepEqual(first.numbers, [1, 2, 3, 4])
  device.destroy()
})

test('after a loss it connects again and goes back to the oldest that was not acknowledged', async () => {
  const { device, end } = bound(new Rig())
  const first = await end(0)
  first.say({ $welcome: 'd1' })
  await first.until(() => first.numbers.length === 3)
  first.say({ $ack: 1 })
  await first.until(() => first.numbers.length === 4)
  first.destroy()
  const second = await end(1)
  second.say({ $welcome: 'd1' })
  await second.until(() => second.numbers.length === 3)
  assert.deepEqual(second.numbers, [2, 3, 4])
  assert.deepEqual(second.told[0], { $hello: { deviceId: 'd1' } })
  device.destroy()
})

test('what is refused for now goes again from there; what is refused for good is settled', async () => {
  const { device, end, conservation } = bound(new Rig())
  const first = await end(0)
  first.say({ $welcome: 'd1' })
  await first.until(() => first.numbers.length === 3)
  first.say({ $nack: 1, code: 'HUB_THROTTLED', retry: true }, { $nack: 2, code: 'HUB_THROTTLED', retry: true })
  await first.until(() => first.numbers.length === 6)
  assert.deepEqual(first.numbers, [1, 2, 3, 1, 2, 3])
  for (const number of [1, 2, 3, 4, 5]) first.say({ $ack: number })
  first.say({ $nack: 6, code: 'HUB_REJECTED', retry: false })
  await device.finished()
  assert.equal(device.settled, 6)
  assert.equal(conservation.verdict().acked, 5)
  device.destroy()
})

test('a gateway that owes an answer and says nothing is left; one that owes nothing is not', async () => {
  const { device, end } = bound(new Rig({ patienceMs: 20, readings: 1 }))
  const first = await end(0)
  await once(first, 'close')
  const second = await end(1)
  second.say({ $welcome: 'd1' }, { $ack: 1 })
  await device.finished()
  const closed = device.end()
  assert.equal(device.connections, 2)
  second.push(null)
  await closed
})

test('it answers a command the same way over every connection, and one that it never answers not at all', async () => {
  const answerTo = (id: string) => (id === 'c1' ? ('reject' as const) : undefined)
  const { device, end, conservation } = bound(new Rig({ answerTo, readings: 0 }))
  for (const id of ['c1', 'c2']) conservation.commandQueued({ id, deviceId: 'd1' })
  for (const index of [0, 1]) {
    const gateway = await end(index)
    gateway.say({ $welcome: 'd1' }, { $command: { id: 'c2' } }, { $command: { id: 'c1' } })
    await gateway.until(() => gateway.told.length === 2)
    assert.deepEqual(gateway.told[1], { $answer: 'c1', outcome: 'reject' })
    gateway.destroy()
  }
  assert.equal(conservation.verdict().commandsDelivered, 2)
  device.destroy()
})

test('a hello that is refused is tried again', async () => {
  const { device, end } = bound(new Rig())
  const first = await end(0)
  first.say({ $error: { code: 'HUB_UNAVAILABLE', message: 'not now' } })
  await end(1)
  device.destroy()
})

test('options out of range are refused', () => {
  for (const option of [{ readings: -1 }, { window: 0 }, { patienceMs: 0 }, { reconnectMs: 0 }]) {
    const [name] = Object.keys(option) as [string]
    assert.throws(() => new Rig(option), { code: 'CONFIGURATION', message: new RegExp(name) })
  }
})

function bound(rig: Rig): { device: NumberedDevice; conservation: Conservation; end: Rig['end'] } {
  return { device: rig.device, conservation: rig.conservation, end: (index) => rig.end(index) }
}
