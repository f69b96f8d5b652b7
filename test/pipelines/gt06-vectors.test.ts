import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gt06Ready } from '../../src/cli/ready/gt06.ts'
import { type Gt06Options, gt06 } from '../../src/pipelines/gt06.ts'
import { encodeGt06 } from '../../src/stages/gt06/decode.ts'
import { gt06Framing } from '../../src/stages/gt06/framing.ts'
import type { Gt06Message } from '../../src/stages/gt06/messages.ts'
import { cutAt, seeded } from '../../src/testing.ts'
import { type Vector, vectorsOf } from '../stages/vectors.ts'
import { assertContains, runVector, type VectorRun } from './vector-runs.ts'

const vectors = vectorsOf('gt06') ?? []
const errors = vectors.filter(({ expected }) => expected.kind === 'error')
const streams = vectors.filter(({ expected }) => expected.kind === 'stream')
const frames = vectors.filter((each) => !errors.includes(each) && !streams.includes(each))

const bytesOf = ({ hex }: Vector) => Buffer.from(hex, 'hex')

/** As `headgate decode gt06`, with the clock that the vector's answer was made with. */
const run = (vector: Vector, chunks: readonly Buffer[], options: Gt06Options = {}) => {
  const clock = vector.ack_params?.clock
  const chosen = { ...options, ...(clock !== undefined && { clock: () => new Date(clock) }) }
  // Whoever logs in is known by that.
  const hello = vector.variant.startsWith('login') || vector.name.includes('login') ? {} : { hello: '123456789012345' }
  return runVector(
    Object.keys(chosen).length === 0
      ? gt06Ready.decode
      : (to) => gt06(to, { envelope: true, batch: { maxCount: 1, lingerMs: 0 }, ...chosen }),
    chunks,
    hello,
  )
}

/** Asserts that the frame of a vector went up `times`, was answered as often, and that nothing else happened. */
function assertRun({ ups, down, errors }: VectorRun, vector: Vector, times = 1, ack = vector.ack_hex ?? ''): void {
  const { name, expected } = vector
  assert.deepEqual(errors, [], name)
  assert.equal(ups.length, times, `${name}: went up`)
  for (const { kind, deviceId, body, properties, messageId } of ups) {
    assertContains(body, expected, name)
    if (expected.kind === 'login') {
      assert.deepEqual([kind, deviceId], ['hello', expected.imei], name)
      continue
    }
    assert.equal(kind, 'telemetry', name)
    assert.deepEqual(properties, { protocol: 'gt06', type: expected.kind }, name)
    assert.equal(messageId === undefined, expected.device_time === undefined, name)
    if (messageId !== undefined) assert.match(messageId, /^[A-Za-z0-9:._-]{1,128}$/)
  }
  assert.equal(down, ack.repeat(times), `${name}: answered`)
}

/** All ways to send a frame that this test tries: byte by byte, one cut at each of its first and last 64 places, and cut at random. */
function* cuttings(bytes: Buffer, random: () => number): Generator<Buffer[]> {
  yield Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
  for (let at = 1; at < bytes.length; at++) {
    if (at <= 64 || at >= bytes.length - 64) yield [bytes.subarray(0, at), bytes.subarray(at)]
  }
  for (let count = 0; count < 5; count++) {
    yield cutAt(
      bytes,
      Array.from({ length: 4 }, () => Math.floor(random() * bytes.length)),
    )
  }
}

/** A heartbeat of our own making, and its answer. */
const neighbour = {
  wire: Buffer.from('78780a134604040002000182390d0a', 'hex'),
  ack: '787805130001e9f10d0a',
}

if (vectors.length > 0) {
  describe(`${vectors.length} vectors of GT06`, () => {
    test(`${frames.length} frames go up as expected and are answered as expected`, async () => {
      for (const vector of frames) assertRun(await run(vector, [bytesOf(vector)]), vector)
    })

    const seed = Date.now() % 1_000_000
    test(`${frames.length} frames do so in every cutting (seed ${seed})`, async () => {
      const random = seeded(seed)
      for (const vector of frames) {
        const ways = [...cuttings(bytesOf(vector), random)]
        assertRun(await run(vector, ways.flat()), vector, ways.length)
      }
    })

    test(`${frames.length} frames do so between two others in one chunk`, async () => {
      for (const vector of frames) {
        const isLogin = vector.expected.kind === 'login'
        // What comes before a login is for the stream tests.
        const before = isLogin ? bytesOf(vector) : neighbour.wire
        const { ups, down, errors } = await run(vector, [Buffer.concat([before, bytesOf(vector), neighbour.wire])])
        assert.deepEqual(errors, [], vector.name)
        const own = vector.ack_hex ?? ''
        const first = isLogin ? own : neighbour.ack
        // An alarm's answer waits for the hub, a heartbeat's for nothing.
        assert.ok([first + own + neighbour.ack, first + neighbour.ack + own].includes(down), vector.name)
        const { kind } = vector.expected
        assert.deepEqual(
          ups.map(({ body }) => body.kind),
          [isLogin ? 'login' : 'heartbeat', kind, 'heartbeat'],
        )
        assertContains(ups[1]?.body, vector.expected, vector.name)
      }
    })

    const located = frames.filter(({ ack_optional_hex }) => ack_optional_hex !== undefined)
    test(`${located.length} locations are answered where the pipeline is told to`, async () => {
      for (const vector of located) {
        const answered = await run(vector, [bytesOf(vector)], { acknowledgeLocations: true })
        assertRun(answered, vector, 1, vector.ack_optional_hex)
      }
    })

    test(`${streams.length} streams of glued frames go up and are answered one by one`, async () => {
      for (const vector of streams) {
        const expected = vector.expected.frames as readonly string[]
        for (const chunks of [[bytesOf(vector)], ...cuttings(bytesOf(vector), seeded(1))]) {
          const { ups, down, errors } = await run(vector, chunks)
          assert.deepEqual(errors, [], vector.name)
          assert.deepEqual(
            ups.map(({ body }) => gt06Framing().frame(encodeGt06(body)).toString('hex')),
            expected,
            vector.name,
          )
          assert.equal(down, vector.ack_hex ?? '', vector.name)
        }
      }
    })

    const wrongChecks = errors.filter(({ expected }) => expected.error === 'crc')
    test(`${wrongChecks.length} frames with a wrong CRC are refused by CHECKSUM_MISMATCH with both numbers, and answered by nothing`, async () => {
      for (const vector of wrongChecks) {
        const [, says, is] = /field (\w{4}), computed (\w{4})/.exec(vector.expected.detail as string) ?? []
        const wire = bytesOf(vector)
        for (const chunks of [[wire], ...cuttings(wire, seeded(2))]) {
          const { ups, down, errors } = await run(vector, [...chunks, neighbour.wire])
          assert.deepEqual(
            errors.map(({ code, message }) => `${code}: ${message}`),
            [`CHECKSUM_MISMATCH: CRC-16/X-25 is 0x${is}, the frame says 0x${says}`],
            vector.name,
          )
          assert.deepEqual(
            ups.map(({ body }) => body.kind),
            ['heartbeat'],
            vector.name,
          )
          assert.equal(down, neighbour.ack, vector.name)
        }
      }
    })

    const wrongLengths = errors.filter(({ expected }) => expected.error === 'length')
    test(`${wrongLengths.length} frames with a wrong length are noise, with the reason, and the next frame is found`, async () => {
      for (const vector of wrongLengths) {
        const wire = bytesOf(vector)
        for (const chunks of [[wire], ...cuttings(wire, seeded(3))]) {
          const { ups, down, errors } = await run(vector, [...chunks, neighbour.wire])
          assert.deepEqual(
            errors.map(({ code }) => code),
            ['FRAME_NOISE'],
            vector.name,
          )
          assert.match(
            errors[0]?.message as string,
            new RegExp(
              `^${wire.length} bytes belong to no frame; they looked like a frame: a frame of \\d+ bytes ends in`,
            ),
            vector.name,
          )
          assert.deepEqual(
            ups.map(({ body }) => body.kind),
            ['heartbeat'],
            vector.name,
          )
          assert.equal(down, neighbour.ack, vector.name)
        }
      }
    })

    test('where lengths and checks are tolerated, a frame with both wrong is answered', async () => {
      const tolerated = wrongLengths.filter((each) => 'tolerant_ack_hex' in each)
      for (const vector of tolerated) {
        const { ups, down, errors } = await run(vector, [bytesOf(vector)], { tolerance: 'tolerateAll' })
        assert.deepEqual(errors, [])
        assert.deepEqual(
          ups.map(({ body }) => body.kind),
          ['heartbeat'],
        )
        assert.equal(down, (vector as { tolerant_ack_hex?: string }).tolerant_ack_hex)
      }
      assert.ok(tolerated.length > 0)
    })

    const commands = frames.filter(({ direction }) => direction === 'server_to_device')
    test(`${commands.length} commands are what our own encoder makes of their fields`, () => {
      for (const { name, hex, expected } of commands) {
        const wire = gt06Framing().frame(encodeGt06(expected as unknown as Gt06Message))
        assert.equal(wire.toString('hex'), hex, name)
      }
    })
  })
}
