import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Duplex, PassThrough, Transform, type TransformCallback } from 'node:stream'
import { test } from 'node:test'
import { constants, createGunzip, createGzip, gunzipSync, gzipSync } from 'node:zlib'
import through2 from 'through2'
import type { Hello, Receipt, Report, Telemetry } from '../../src/core/items.ts'
import type { Batches, Bytes, Level, Lines, Messages } from '../../src/core/levels.ts'
import { pipeline } from '../../src/core/pipeline.ts'
import { type Stage, stage } from '../../src/core/stage.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { fromHello } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { hub } from '../../src/stages/hub.ts'
import { json } from '../../src/stages/json.ts'
import { lines } from '../../src/stages/lines.ts'
import { type EmbeddedDevice, embed, type MemoryHub, memoryHub } from '../../src/testing.ts'

const greeting = '{"$hello":{"deviceId":"d1","key":"k"}}\n'
const welcome = '{"$welcome":"d1"}\n'

const nothing = <L extends Level>() => stage<L, L>('user', () => ({}))

/** The jsonLines pipeline with a place for a user's stage between any two of its own. */
function plant(
  to: MemoryHub,
  users: {
    bytes?: Stage<Bytes, Bytes>
    lines?: Stage<Lines, Lines>
    messages?: Stage<Messages, Messages>
    batches?: Stage<Batches, Batches>
  },
) {
  const named = <L extends Level>(name: string, user: Stage<L, L> | undefined) => ({ ...(user ?? nothing<L>()), name })
  return pipeline(
    'p',
    named('user-bytes', users.bytes),
    lines(),
    named('user-lines', users.lines),
    json(),
    named('user-messages', users.messages),
    authenticate(fromHello()),
    batch({ lingerMs: 0 }),
    named('user-batches', users.batches),
    hub(to),
  )
}

/** A stage of one stream in each direction, which it also shows to the test. */
function throughStreams<L extends Level>(
  make: (direction: 'up' | 'down') => Duplex | undefined,
  made: Duplex[] = [],
): Stage<L, L> {
  return stage<L, L>('user', () => {
    const [up, down] = [make('up'), make('down')]
    made.push(...[up, down].filter((each) => each !== undefined))
    return { ...(up && { up }), ...(down && { down }) }
  })
}

test('a PassThrough in any place and direction changes nothing', async () => {
  const script = `${greeting}{"$seq":1}\nwhat?\n{"$seq":2,"$properties":{"a":1}}\n{"$ping":1}\n{"$seq":3}\n`
  const expected = [
    '{"$ack":1}',
    '{"$nack":2,"code":"BAD_CONTENT","retry":false}',
    '{"$ack":3}',
    '{"$pong":1}',
    welcome.trim(),
  ]
  const object = () => new PassThrough({ objectMode: true })
  for (const ways of [['up'], ['down'], ['up', 'down']]) {
    const at = <L extends Level>(make: () => Duplex) =>
      throughStreams<L>((way) => (ways.includes(way) ? make() : undefined))
    const places: Parameters<typeof plant>[1][] = [
      { bytes: at<Bytes>(() => new PassThrough()) },
      { lines: at<Lines>(object) },
      { messages: at<Messages>(object) },
      { batches: at<Batches>(object) },
      {
        bytes: at<Bytes>(() => new PassThrough()),
        lines: at<Lines>(object),
        messages: at<Messages>(object),
        batches: at<Batches>(object),
      },
    ]
    for (const place of places) {
      for (const fuse of [true, false]) {
        const to = memoryHub()
        const device = embed(plant(to, place).with({ fuse }))
        device.write(script)
        device.end()
        await device.ended()
        const said = device.pending().toString().split('\n').filter(Boolean)
        const label = `${Object.keys(place)} ${ways} ${fuse}`
        assert.equal(said.filter((line) => line.includes('$error')).length, 1, label)
        assert.deepEqual(said.filter((line) => !line.includes('$error')).sort(), expected.toSorted(), label)
        const receipts = said.filter((line) => /\$n?ack/.test(line))
        assert.deepEqual(receipts, expected.slice(0, 3), label)
        assert.deepEqual(
          to.accepted.map(({ message }) => message.tag),
          [1, 3],
          label,
        )
        assert.equal(device.ring.failure, undefined, label)
      }
    }
  }
})

test('a through2 between codec and authenticator sees every item and may change it', async () => {
  const to = memoryHub()
  const toKnots = (item: Messages['up']) =>
    item.kind === 'telemetry' ? { ...item, properties: { ...item.properties, unit: 'kn' } } : item
  const knots = stage<Messages, Messages>('knots', () => ({
    up: through2.obj((item: Messages['up'], _encoding: string, done: TransformCallback) => done(null, toKnots(item))),
  }))
  const device = embed(plant(to, { messages: knots }))
  device.write(`${greeting}{"$seq":1}\n{"$seq":2}\n`)
  assert.equal(await device.next(), welcome)
  assert.equal(await device.next(), '{"$ack":1}\n')
  assert.equal(await device.next(), '{"$ack":2}\n')
  assert.deepEqual(
    to.accepted.map(({ message }) => message.properties.unit),
    ['kn', 'kn'],
  )
  device.end()
  await device.ended()
})

test("what the codec refused keeps its place in front of a user's stream", async () => {
  const to = memoryHub()
  const device = embed(plant(to, { messages: throughStreams<Messages>(() => through2.obj()) }))
  device.write(greeting)
  await device.next()
  device.write('{"$seq":1}\n{"$seq":2,"$properties":{"a":1}}\n{"$seq":3}\n')
  assert.equal(await device.next(), '{"$ack":1}\n')
  assert.equal(await device.next(), '{"$nack":2,"code":"BAD_CONTENT","retry":false}\n')
  assert.equal(await device.next(), '{"$ack":3}\n')
  device.end()
  await device.ended()
})

const compressed = () =>
  stage<Bytes, Bytes>('gzip', () => ({ up: createGunzip(), down: createGzip({ flush: constants.Z_SYNC_FLUSH }) }))

test('zlib as the outermost stage: compressed in both directions, while the device talks', async () => {
  const to = memoryHub()
  const device = embed(plant(to, { bytes: compressed() }))
  const toGateway = createGzip({ flush: constants.Z_SYNC_FLUSH })
  const fromGateway = createGunzip()
  toGateway.on('data', (chunk: Buffer) => device.write(chunk))
  device.ring.stream.on('data', (chunk: Buffer) => fromGateway.write(chunk))
  device.ring.stream.on('end', () => fromGateway.end())
  const hear = async () => String((await once(fromGateway, 'data'))[0])
  toGateway.write(greeting)
  assert.equal(await hear(), welcome)
  toGateway.write('{"$ping":1}\n')
  assert.equal(await hear(), '{"$pong":1}\n')
  toGateway.write('{"$seq":1}\n')
  assert.equal(await hear(), '{"$ack":1}\n')
  toGateway.end()
  await once(toGateway, 'end')
  device.end()
  await Promise.all([once(fromGateway, 'end'), device.ended()])
  assert.equal(device.ring.failure, undefined)
})

test('zlib as the outermost stage: one whole archive, and the answer is one', async () => {
  const device = embed(plant(memoryHub(), { bytes: compressed() }))
  const many = Array.from({ length: 2000 }, (_, index) => `{"$seq":${index}}\n`).join('')
  device.write(gzipSync(greeting + many))
  device.end()
  await device.ended()
  const said = gunzipSync(device.pending()).toString()
  assert.equal(said, welcome + many.replaceAll('$seq', '$ack'))
})

test('bytes that are no archive end the connection, with the stage named', async () => {
  const device = embed(plant(memoryHub(), { bytes: compressed() }))
  device.write('not gzip at all')
  await device.ended()
  assert.equal(device.ring.failure?.stage, 'user-bytes.up')
  assert.equal(device.ring.failure?.message, 'incorrect header check')
})

const ways: { readonly name: string; readonly fail: (done: TransformCallback, stream: Duplex) => void }[] = [
  { name: 'gives an error to its callback', fail: (done) => done(new Error('broke')) },
  { name: 'is destroyed with an error', fail: (_, stream) => void stream.destroy(new Error('broke')) },
  {
    name: 'throws',
    fail: () => {
      throw new Error('broke')
    },
  },
]

for (const { name, fail } of ways) {
  test(`a user's stream that ${name} ends its connection with the stage named, and no other connection`, async () => {
    for (const direction of ['up', 'down'] as const) {
      const to = memoryHub()
      const isDoomed = (item: Hello | Telemetry | Report | Receipt<unknown> | { kind: string }) =>
        item.kind === 'telemetry' || ('of' in item && (item.of as { kind?: string }).kind === 'telemetry')
      const made: Duplex[] = []
      const doomed = throughStreams<Messages>((way) => {
        if (way !== direction) return new PassThrough({ objectMode: true })
        return new Transform({
          objectMode: true,
          transform(item, _encoding, done) {
            if (isDoomed(item)) fail(done, this)
            else done(null, item)
          },
        })
      }, made)
      const blueprint = plant(to, { messages: doomed })
      const [one, other] = [embed(blueprint), embed(blueprint)] as [EmbeddedDevice, EmbeddedDevice]
      for (const device of [one, other]) {
        device.write(greeting)
        assert.equal(await device.next(), welcome)
      }
      one.write('{"$seq":1}\n')
      await one.ended()
      await new Promise(setImmediate)
      assert.equal(one.ring.failure?.stage, `user-messages.${direction}`)
      assert.equal(one.ring.failure?.message, 'broke')
      assert.deepEqual(
        made.map((stream) => stream.destroyed),
        [true, true, false, false],
      )
      assert.equal(to.sessions.size, 1)
      other.write('{"$ping":1}\n')
      assert.equal(await other.next(), '{"$pong":1}\n')
      other.end()
      await other.ended()
    }
  })
}

test('destroying a ring destroys every stream of it, and nothing of another', async () => {
  const to = memoryHub()
  const made: Duplex[] = []
  const object = () => new PassThrough({ objectMode: true })
  const blueprint = plant(to, {
    bytes: throughStreams<Bytes>(() => new PassThrough(), made),
    lines: throughStreams<Lines>(object, made),
    messages: throughStreams<Messages>(object, made),
    batches: throughStreams<Batches>(object, made),
  })
  const [one, other] = [embed(blueprint), embed(blueprint)] as [EmbeddedDevice, EmbeddedDevice]
  for (const device of [one, other]) {
    device.write(greeting)
    assert.equal(await device.next(), welcome)
  }
  one.ring.destroy()
  await one.ended()
  await new Promise(setImmediate)
  assert.deepEqual(
    made.map((stream) => stream.destroyed),
    [...Array(8).fill(true), ...Array(8).fill(false)],
  )
  assert.equal(one.ring.stream.destroyed, true)
  assert.equal(to.sessions.size, 1)
  other.end()
  await other.ended()
  assert.equal(to.sessions.size, 0)
})
