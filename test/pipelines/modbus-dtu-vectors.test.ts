import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { modbusDtuReady } from '../../src/cli/ready/modbus-dtu.ts'
import { memoryHub } from '../../src/hub/memory.ts'
import { modbusDtu } from '../../src/pipelines/modbus-dtu.ts'
import { exchangeOf } from '../../src/stages/modbus/exchange.ts'
import { packet, packetDigits } from '../../src/stages/modbus/packet.ts'
import type { PollEntry, PollPoint } from '../../src/stages/modbus/poll-plan.ts'
import { coilOn, decodeRequest, encodeRequest, type RtuRequest } from '../../src/stages/modbus/rtu-request.ts'
import { encodeException, encodeResponse, type RtuResponse } from '../../src/stages/modbus/rtu-response.ts'
import { embed, seeded } from '../../src/testing.ts'
import { type Vector as AnyVector, vectorsOf } from '../stages/vectors.ts'
import { assertContains, runVector, type VectorRun } from './vector-runs.ts'

type Vector = AnyVector & { readonly request_hex?: string | readonly string[] }

const vectors = vectorsOf('modbus-rtu-dtu') as readonly Vector[] | undefined
const hex = (digits: string) => Buffer.from(digits, 'hex')
const run = (chunks: readonly Buffer[], hello?: string) =>
  runVector((to) => modbusDtuReady.decode(to), chunks, hello === undefined ? {} : { hello })

/** The request that a vector answers. */
function requestOf({ request_hex }: Vector): Buffer | undefined {
  const digits = typeof request_hex === 'string' ? request_hex : request_hex?.[0]
  return digits === undefined ? undefined : hex(digits)
}

/**
 * What the decoder of `headgate decode` can know of what is expected. `scaled` takes a plan, and is shown with one below. A reply has bits by
 * the byte: where fewer were asked for, only the request in front of it says so, which is shown below too.
 */
function knowable({ scaled, bits, frames, ...expected }: Vector['expected']): Record<string, unknown> {
  return { ...expected, ...(bits !== undefined && expected.kind === 'request' && { bits }) }
}

/** What went up, less the hello of a device without a name. */
function bodiesOf({ ups }: VectorRun): unknown[] {
  return ups.filter(({ body }) => body !== null).map(({ body }) => body)
}

function assertShown(vector: Vector, result: VectorRun): void {
  const { kind, error, frames } = vector.expected
  if (kind === 'error') {
    assert.equal(error, 'crc', vector.name)
    assert.deepEqual(
      result.errors.map(({ code }) => code),
      ['CHECKSUM_MISMATCH'],
      vector.name,
    )
    assert.deepEqual(bodiesOf(result), [])
    return
  }
  if (kind !== 'stream') {
    assert.deepEqual(result.errors, [], vector.name)
    assertContains(bodiesOf(result), [knowable(vector.expected)], vector.name)
    return
  }
  const parts = (frames as readonly Record<string, string>[]).flatMap((part) => Object.entries(part))
  const noise = parts.filter(([what]) => what === 'noise')
  assert.deepEqual(
    result.errors.map(({ code, message }) => [code, Number.parseInt(message, 10)]),
    noise.map(([, bytes]) => ['FRAME_NOISE', bytes.length / 2]),
    vector.name,
  )
  const shown = parts.filter(([what]) => what !== 'noise')
  const bodies = bodiesOf(result) as { kind: string; crc?: string; text?: string }[]
  assert.deepEqual(
    bodies.map(({ kind, crc, text }) => [kind, crc ?? hexOf(text)]),
    shown.map(([what, bytes]) => [what, what === 'registration' ? bytes : bytes.slice(-4)]),
    vector.name,
  )
}

/** As in the stream that is composed of one and a reply. */
const registration = [{ packet: packet('LOGIN:', packetDigits('id', 4)) }]

const hexOf = (text: string | undefined) => Buffer.from(text ?? '').toString('hex')
const singly = (bytes: Buffer) => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))

/** Times and the order of keys aside. */
function withoutTimes({ ups, down, errors }: VectorRun): unknown {
  return { ups: ups.map(({ creationTimeUtc: _, ...up }) => up), down, errors }
}

function kindsOf(all: readonly Vector[]): string {
  const counts = new Map<string, number>()
  for (const { expected } of all) counts.set(expected.kind, (counts.get(expected.kind) ?? 0) + 1)
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ')
}

/** Errors leave out what they cannot: how a stream of errors ends is told the same however it was cut. */
describe('Modbus frames of real devices', {
  skip: vectors === undefined && 'there are no vectors beside the project',
}, () => {
  const all = vectors ?? []

  test(`whole: ${all.length} (${kindsOf(all)})`, async () => {
    for (const vector of all) assertShown(vector, await run([hex(vector.hex)]))
  })

  test('whole, for a device that was identified from the start', async () => {
    for (const vector of all) assertShown(vector, await run([hex(vector.hex)], 'support-case'))
  })

  test('as a paste, one a line, with nothing between them', async () => {
    const lines = all.map(({ hex: digits }) => hex(digits))
    const result = await runVector((to) => modbusDtuReady.decode(to), lines, { framed: true })
    const errors = all.filter(({ expected }) => expected.kind === 'error').length
    const noise = all
      .flatMap(({ expected }) => (expected.frames ?? []) as Record<string, string>[])
      .filter((part) => 'noise' in part)
    assert.equal(result.errors.length, errors + noise.length)
    const shown = all.filter(({ expected: { kind } }) => kind !== 'stream' && kind !== 'error')
    const bodies = bodiesOf(result).filter((body) => shown.some(({ expected }) => contains(body, knowable(expected))))
    assert.ok(bodies.length >= shown.length, `${bodies.length} of ${shown.length}`)
  })

  test('byte by byte', async () => {
    for (const vector of all) assertShown(vector, await run(singly(hex(vector.hex))))
  })

  test('cut at every single place', async () => {
    for (const vector of all) {
      const bytes = hex(vector.hex)
      const whole = withoutTimes(await run([bytes]))
      for (let at = 1; at < bytes.length; at++) {
        if (at > 64 && at < bytes.length - 64) continue
        const cut = await run([bytes.subarray(0, at), bytes.subarray(at)])
        assert.deepEqual(withoutTimes(cut), whole, `${vector.name}, cut at ${at}`)
      }
    }
  })

  const seed = Math.floor(Math.random() * 2 ** 31)
  test(`glued to one another in any order and cut at random places (seed ${seed})`, async () => {
    const random = seeded(seed)
    // A device that registers twice under two names ends its connection.
    const glued = all.filter(
      ({ expected: { kind } }) => kind !== 'error' && kind !== 'registration' && kind !== 'stream',
    )
    for (let round = 0; round < 20; round++) {
      const order = [...glued].sort(() => random() - 0.5)
      const bytes = Buffer.concat(order.map(({ hex: digits }) => hex(digits)))
      const chunks: Buffer[] = []
      for (let at = 0; at < bytes.length; ) {
        const length = 1 + Math.floor(random() * 20)
        chunks.push(bytes.subarray(at, at + length))
        at += length
      }
      const result = await run(chunks)
      assert.deepEqual(result.errors, [])
      assertContains(
        bodiesOf(result),
        order.map(({ expected }) => knowable(expected)),
      )
    }
  })

  test('each before and behind another good one', async () => {
    const neighbour = encodeResponse({ unit: 77, function: 4, registers: [1, 2, 3] })
    for (const vector of all) {
      for (const chunks of [
        [hex(vector.hex), neighbour],
        [neighbour, hex(vector.hex)],
      ]) {
        const result = await run([Buffer.concat(chunks)])
        const bodies = bodiesOf(result) as { unit?: number }[]
        assert.equal(bodies.filter(({ unit }) => unit === 77).length, 1, vector.name)
        const others = result.ups.filter(({ body }) => body?.unit !== 77)
        assertShown(vector, { ...result, ups: others })
      }
    }
  })

  test('are made by the encoder, byte for byte, from what is expected of them', () => {
    let made = 0
    for (const { name, hex: digits, expected } of all) {
      const encoded = encodedAs(expected)
      if (encoded === undefined) continue
      assert.equal(encoded.toString('hex'), digits, name)
      made++
    }
    assert.ok(made >= 22, `${made}`)
  })

  const answered = all.filter((vector) => requestOf(vector) !== undefined && vector.expected.kind !== 'error')
  test(`are what polls and commands bring: ${answered.length} replies to their requests`, async () => {
    for (const vector of answered) {
      await assertPolled(vector)
    }
  })

  test('with a wrong CRC answer nothing: the poll is asked once more', async (t) => {
    for (const vector of all.filter(({ expected }) => expected.kind === 'error')) {
      const request = requestOf(vector)
      if (request === undefined) continue
      t.mock.timers.enable({ apis: ['setTimeout'] })
      const hub = memoryHub()
      const { unit, address, quantity } = decodeRequest(request)
      const plan: PollEntry[] = [{ name: 'poll', unit, function: 3, address, count: quantity ?? 1 }]
      const device = embed(modbusDtu(hub, { registration, plan, batch: { maxCount: 1 } }))
      device.write('LOGIN:1001')
      assert.deepEqual(await device.read(request.length), request)
      device.write(hex(vector.hex))
      await turns()
      t.mock.timers.tick(3000)
      assert.deepEqual(await device.read(request.length), request)
      device.ring.destroy()
      assert.deepEqual(hub.accepted, [])
      t.mock.timers.reset()
    }
  })
})

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
}

function contains(actual: unknown, expected: unknown): boolean {
  try {
    assertContains(actual, expected)
    return true
  } catch {
    return false
  }
}

/** The frame that has what is expected; undefined for what is no frame, and for bits beyond those that were asked for. */
function encodedAs(expected: Vector['expected']): Buffer | undefined {
  const { kind, unit, function: code, exception_code: exception } = expected
  if (kind === 'request') return encodeRequest(expected as unknown as RtuRequest)
  if (kind === 'exception') return encodeException(unit as number, code as number, exception as number)
  if (kind !== 'response' || 'bits' in expected) return undefined
  return encodeResponse(expected as unknown as RtuResponse)
}

/** How a manual's scaled values come of its registers. */
const pointsOf: Readonly<Record<string, readonly PollPoint[]>> = {
  supply_voltage_v: [{ name: 'supply_voltage_v', scale: 0.01 }],
  'voltage_v current_a frequency_hz': ['voltage_v', 'current_a', 'frequency_hz'].map((name) => ({ name, type: 'f32' })),
}

/** Makes the vector's request of a plan or a command, sees its bytes on the wire, gives the reply, sees what goes up. */
async function assertPolled(vector: Vector): Promise<void> {
  const request = requestOf(vector) as Buffer
  const asked = decodeRequest(request)
  const hub = memoryHub()
  const scaled = vector.expected.scaled as Record<string, number> | undefined
  const isRead = asked.function <= 4
  const points = scaled === undefined ? undefined : pointsOf[Object.keys(scaled).join(' ')]
  const entry = {
    name: 'poll',
    unit: asked.unit,
    function: asked.function as 3,
    address: asked.address,
    count: asked.quantity ?? 1,
  }
  const plan: PollEntry[] = isRead ? [points === undefined ? entry : { ...entry, points }] : []
  const device = embed(modbusDtu(hub, { registration, plan, batch: { maxCount: 1 } }))
  device.write('LOGIN:1001')
  const { unit, function: code, address, bits, registers, value } = asked
  if (!isRead) {
    const values = bits ?? registers ?? undefined
    const on = code === 5 ? value === coilOn : value
    hub.queueCommand('1001', JSON.stringify({ unit, function: code, address, values, value: on }), {
      via: 'method',
    })
  }
  assert.deepEqual(await device.read(request.length), request, vector.name)
  assert.deepEqual(exchangeOf(asked as unknown as RtuRequest).request, request)
  device.write(hex(vector.hex))
  const { expected } = vector
  if (isRead) {
    await hub.until(() => hub.accepted.length === 1)
    const body = JSON.parse(hub.accepted[0]?.message.body.toString() ?? '')
    // What only frames a reply is not shown here, and what a stream is made of was shown above.
    const { crc, byte_count, scaled: _, kind, frames, ...plain } = expected
    assertContains(body, plain, vector.name)
    if (scaled !== undefined) assertScaled(body.points, scaled)
  } else {
    await hub.until(() => hub.settled.length === 1)
    const { crc, ...plain } = expected
    assert.equal(hub.settled[0]?.outcome, 'complete')
    assertContains(hub.settled[0]?.response?.body, plain, vector.name)
  }
  device.end()
  await device.ended()
}

/** Manuals print a float with three decimals. */
function assertScaled(points: Record<string, number>, scaled: Record<string, number>): void {
  assert.deepEqual(Object.keys(points), Object.keys(scaled))
  for (const [name, value] of Object.entries(scaled)) {
    assert.equal(Math.round((points[name] as number) * 1000) / 1000, value)
  }
}
