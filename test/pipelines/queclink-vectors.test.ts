import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { queclinkReady } from '../../src/cli/ready/queclink.ts'
import type { Hub } from '../../src/hub/port.ts'
import { queclink } from '../../src/pipelines/queclink.ts'
import { messageBytes } from '../../src/stages/queclink/wire.ts'
import { assertContains, runVector, type VectorRun } from './vector-runs.ts'

interface Vector {
  readonly name: string
  readonly variant: string
  readonly kind?: string
  readonly hex: string
  readonly direction: string
  readonly expected: { readonly kind: string; readonly imei: string; readonly locations?: readonly unknown[] }
  readonly ack_hex?: string
  readonly ack_if_sack_enabled_hex?: string
}

const path = resolve('../shared/vectors/queclink.json')
const vectors: Vector[] = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).vectors : []
const absent = vectors.length === 0 ? `there are no vectors at ${path}` : false

const decoding = (to: Hub) => queclinkReady.decode(to)
const acknowledging = (to: Hub) => queclink(to, { sack: true, batch: { maxCount: 1, lingerMs: 0 } })

function bytesOf({ hex }: Vector): Buffer {
  return Buffer.from(hex, 'hex')
}

/** What `count` messages that are the vector's come to. */
function assertRun(vector: Vector, run: VectorRun, count = 1): void {
  assert.deepEqual(run.errors, [], vector.name)
  const readings = run.ups.filter(({ kind }) => kind === 'telemetry')
  assert.equal(readings.length, count, vector.name)
  for (const { deviceId, body, properties } of readings) {
    assert.equal(deviceId, vector.expected.imei)
    assertContains(body, vector.expected, vector.name)
    if (vector.expected.locations === undefined)
      assert.ok(!('locations' in body), `${vector.name}: a location where none is`)
    assert.deepEqual([properties.protocol, properties.type], ['queclink', vector.expected.kind])
  }
  assert.equal(run.down, (vector.ack_hex ?? '').repeat(count), vector.name)
}

/** Pieces of bytes between these places. */
function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [0, ...places, bytes.length]
  return ends.slice(1).map((end, index) => bytes.subarray(ends[index], end))
}

/** A message of the same device, by our own encoder. */
function neighbour(vector: Vector): Buffer {
  const common = { protocol_version: '1A0800', device_name: 'neighbour', sendTime: new Date(0), count: '0001' }
  return messageBytes({ ...common, prefix: 'RESP', report: 'GTPNA', imei: vector.expected.imei, fields: [] })
}

const byVariant = new Map<string, Vector[]>()
for (const vector of vectors) byVariant.set(vector.variant, [...(byVariant.get(vector.variant) ?? []), vector])

test('vectors are there, come from devices, and none of them is an error', { skip: absent }, () => {
  assert.ok(vectors.every(({ direction, kind }) => direction === 'device_to_server' && kind !== 'error'))
})

for (const [variant, alike] of byVariant) {
  test(`${alike.length} of ${variant}: the expected fields, and the expected answer`, async () => {
    for (const vector of alike) {
      assertRun(vector, await runVector(decoding, [bytesOf(vector)]))
      assertRun(vector, await runVector(decoding, [bytesOf(vector)], { framed: true }))
    }
  })

  test(`${alike.length} of ${variant}: with SACK the hub's acceptance is acknowledged by count, its refusal and its silence are not`, async () => {
    for (const vector of alike) {
      const { ack_hex, ack_if_sack_enabled_hex = ack_hex } = vector
      const atOnce = vector.expected.kind === 'report' ? '' : ack_if_sack_enabled_hex
      assert.equal((await runVector(acknowledging, [bytesOf(vector)])).down, ack_if_sack_enabled_hex, vector.name)
      assert.equal((await runVector(acknowledging, [bytesOf(vector)], { hub: 'reject' })).down, atOnce, vector.name)
      assert.equal((await runVector(acknowledging, [bytesOf(vector)], { hub: 'hold' })).down, atOnce, vector.name)
    }
  })

  test(`${alike.length} of ${variant}: the same byte by byte, and cut at each of the first and last 64 places`, async () => {
    for (const vector of alike) {
      const bytes = bytesOf(vector)
      assertRun(
        vector,
        await runVector(
          decoding,
          Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)),
        ),
      )
      for (let at = 1; at < bytes.length; at++) {
        if (at <= 64 || at >= bytes.length - 64) assertRun(vector, await runVector(decoding, cutAt(bytes, [at])))
      }
    }
  })

  const seed = (Math.random() * 2 ** 31) | 0
  test(`${alike.length} of ${variant}: the same twice, cut at random (seed ${seed})`, async () => {
    let state = seed
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
      return (state >> 8) % below
    }
    for (const vector of alike) {
      const bytes = Buffer.concat([bytesOf(vector), bytesOf(vector)])
      const places = Array.from({ length: 5 }, () => random(bytes.length)).sort((one, other) => one - other)
      assertRun(vector, await runVector(decoding, cutAt(bytes, places)), 2)
    }
  })

  test(`${alike.length} of ${variant}: the same glued to a neighbour, before it and behind it`, async () => {
    for (const vector of alike) {
      const near = neighbour(vector)
      const { errors, ups, down } = await runVector(decoding, [Buffer.concat([near, bytesOf(vector), near])])
      const [, first, middle, last] = ups
      assert.deepEqual([first?.body.report, last?.body.report, ups.length], ['GTPNA', 'GTPNA', 4], vector.name)
      assertRun(vector, { errors, ups: middle === undefined ? [] : [middle], down })
    }
  })
}
