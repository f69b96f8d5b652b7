import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Bytes, Frames, Messages } from '../../src/core/levels.ts'
import { pipeline } from '../../src/core/pipeline.ts'
import type { Stage } from '../../src/core/stage.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { cborPayload } from '../../src/stages/cbor-payload.ts'
import { delimited } from '../../src/stages/delimited.ts'
import { fixedLength } from '../../src/stages/fixed-length.ts'
import { hub } from '../../src/stages/hub.ts'
import { keyValuePayload } from '../../src/stages/key-value-payload.ts'
import { lengthField } from '../../src/stages/length-field.ts'
import { payload } from '../../src/stages/payload.ts'
import { raw } from '../../src/stages/raw.ts'
import { embed, type MemoryHub, memoryHub } from '../../src/testing.ts'

const served = (framing: Stage<Bytes, Frames>, codec: Stage<Frames, Messages>, to: MemoryHub) =>
  pipeline('devices', framing, codec, authenticate(byPolicy()), batch({ maxCount: 10, lingerMs: 0 }), hub(to))

const accepted = (to: MemoryHub) => to.accepted.map(({ deviceId, message }) => `${deviceId} ${message.body}`)

describe('a CBOR device', () => {
  interface Said {
    readonly id?: string
    readonly n?: number
    readonly done?: string
  }
  const cbor = cborPayload<Said | { readonly ack?: unknown; readonly nack?: unknown; readonly run?: string }>()
  const sensor = (to: MemoryHub) =>
    served(
      lengthField({ lengthFieldLength: 2, maxFrameLength: 4096 }),
      payload(cborPayload<Said & { ack?: unknown; nack?: unknown; run?: string }>(), {
        hello: ({ id }) => (id === undefined ? undefined : { deviceId: id }),
        tag: ({ n }) => n,
        acknowledge: ({ of, outcome }) => (outcome === 'complete' ? { ack: of.tag } : { nack: of.tag }),
        command: ({ id }) => ({ run: id }),
        answer: ({ done }) => (done === undefined ? undefined : { id: done }),
        refuse: ({ code }) => ({ nack: code }),
      }),
      to,
    )
  const sent = (value: Said & { readonly t?: number; readonly raw?: Buffer }) => lengthed(cbor.encode(value))
  const told = async (device: ReturnType<typeof embed>) => {
    const length = await device.read(2)
    return cbor.decode(await device.read(length.readUInt16BE()))
  }

  test('says hello, sends readings that are acknowledged once the hub has them, answers a command, in any cutting', async () => {
    for (const size of [1, 3, 1000]) {
      const to = memoryHub({ hold: true })
      const device = embed(sensor(to))
      const bytes = Buffer.concat([sent({ id: 'd1', n: 0 }), sent({ n: 1, t: 20.5, raw: Buffer.of(1, 2) })])
      for (let at = 0; at < bytes.length; at += size) device.write(bytes.subarray(at, at + size))
      assert.deepEqual(await told(device), { ack: 0 })
      assert.equal(device.pending().length, 0)
      to.release()
      assert.deepEqual(await told(device), { ack: 1 })
      assert.deepEqual(accepted(to), ['d1 {"n":1,"t":20.5,"raw":"AQI="}'])

      const id = to.queueCommand('d1', '')
      assert.deepEqual(await told(device), { run: id })
      assert.equal(to.settled.length, 0)
      device.write(sent({ done: id }))
      await to.until(() => to.settled.length === 1)
      assert.equal(to.settled[0]?.outcome, 'complete')
      device.end()
      await device.ended()
    }
  })

  test('is told of a frame that is no CBOR, and stays connected', async () => {
    const to = memoryHub()
    const device = embed(sensor(to))
    device.write(sent({ id: 'd1', n: 0 }))
    assert.deepEqual(await told(device), { ack: 0 })
    device.write(lengthed(Buffer.of(0xff)))
    assert.deepEqual(await told(device), { nack: 'BAD_CONTENT' })
    device.write(sent({ n: 1 }))
    assert.deepEqual(await told(device), { ack: 1 })
    device.end()
    await device.ended()
  })
})

describe('a key=value device whose every line has its id', () => {
  const meter = (to: MemoryHub) =>
    served(
      delimited({ delimiter: ['\r\n', '\n'], maxLength: 200 }),
      payload(keyValuePayload({ numbers: ['t'] }), {
        deviceId: ({ id }) => id as string,
        tag: ({ n }) => n,
        acknowledge: ({ of, outcome }) => ({ [outcome === 'complete' ? 'ok' : 'no']: of.tag as string }),
      }),
      to,
    )

  test('is known by its first line, whose reading is acknowledged once, when the hub has it', async () => {
    const to = memoryHub({ hold: true })
    const device = embed(meter(to))
    device.write('id=7;n=1;t=20.5\nid=7;n=2;t=21\r\n')
    await to.until(() => to.sessions.size === 1)
    assert.equal(device.pending().length, 0)
    to.release()
    assert.equal(await device.next(), 'ok=1\r\n')
    assert.equal(await device.next(), 'ok=2\r\n')
    assert.deepEqual(accepted(to), ['7 {"id":"7","n":"1","t":20.5}', '7 {"id":"7","n":"2","t":21}'])
    device.end()
    await device.ended()
    assert.equal(device.pending().length, 0)
  })

  test('that names another device is told no, in its turn, and nothing of that line reaches the hub in either name', async () => {
    for (const fuse of [true, false]) {
      const to = memoryHub()
      const device = embed(meter(to).with({ fuse }))
      device.write('id=7;n=1\nid=8;n=2\nid=7;n=3\n')
      assert.equal(await device.next(), 'ok=1\r\n')
      assert.equal(await device.next(), 'no=2\r\n')
      await device.ended()
      assert.equal(device.ring.failure?.code, 'IDENTITY_CHANGED')
      assert.deepEqual(accepted(to), ['7 {"id":"7","n":"1"}'])
    }
  })

  test('that the hub does not know is told no, once', async () => {
    const to = memoryHub({ keys: {} })
    const device = embed(meter(to))
    device.write('id=7;n=1\n')
    assert.equal(await device.next(), 'no=1\r\n')
    await device.ended()
    assert.equal(device.pending().length, 0)
    assert.deepEqual(accepted(to), [])
  })

  test('whose first reading is bad but for its id is told no, and stays connected', async () => {
    const to = memoryHub()
    const stage = payload(keyValuePayload(), {
      deviceId: ({ id }) => id as string,
      tag: ({ n }) => n,
      properties: ({ site }) => ({ site: site as string, 'not allowed': site as string }),
      acknowledge: ({ of, outcome }) => ({ [outcome === 'complete' ? 'ok' : 'no']: of.tag as string }),
    })
    const device = embed(served(delimited({ delimiter: '\n', maxLength: 200 }), stage, to))
    device.write('id=7;n=1;site=turin\nid=7;n=2\n')
    assert.equal(await device.next(), 'no=1\n')
    assert.equal(await device.next(), 'ok=2\n')
    device.end()
    await device.ended()
  })

  test('that never answers has its command complete when it is on its way', async () => {
    const to = memoryHub()
    const device = embed(meter(to))
    device.write('id=7;n=1\n')
    assert.equal(await device.next(), 'ok=1\r\n')
    to.queueCommand('7', 'valve=open')
    assert.equal(await device.next(), 'valve=open\r\n')
    await to.until(() => to.settled.length === 1)
    assert.equal(to.settled[0]?.outcome, 'complete')
    device.end()
    await device.ended()
  })
})

describe('a device behind raw', () => {
  test('registers, sends what nobody parses, and gets the bodies of commands', async () => {
    const to = memoryHub()
    const device = embed(served(fixedLength({ length: 4 }), raw({ firstFrame: /\w+/ }), to))
    device.write(Buffer.from([...Buffer.from('dtu1'), 1, 2, 0, 0xff]))
    await to.until(() => to.accepted.length === 1)
    assert.deepEqual(to.accepted[0]?.message.body, Buffer.of(1, 2, 0, 0xff))
    assert.equal(to.accepted[0]?.deviceId, 'dtu1')
    to.queueCommand('dtu1', Buffer.of(9, 8, 7, 6))
    assert.deepEqual(await device.read(4), Buffer.of(9, 8, 7, 6))
    await to.until(() => to.settled.length === 1)
    device.end()
    await device.ended()
  })

  test('that is known by its address has its first frame accepted', async () => {
    const to = memoryHub()
    const stage = raw({ deviceId: ({ peer }) => `press-${peer.address}` })
    const device = embed(served(fixedLength({ length: 1 }), stage, to), { peer: { address: '10.0.0.7', port: 1 } })
    device.write(Buffer.of(5))
    await to.until(() => to.accepted.length === 1)
    assert.equal(to.accepted[0]?.deviceId, 'press-10.0.0.7')
    device.end()
    await device.ended()
  })
})

function lengthed(frame: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(frame.length)
  return Buffer.concat([length, frame])
}
