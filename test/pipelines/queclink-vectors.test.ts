import assert from 'node:assert/strict'
import { test } from 'node:test'
import { queclinkReady } from '../../src/cli/ready/queclink.ts'
import type { Hub } from '../../src/hub/port.ts'
import { queclink } from '../../src/pipelines/queclink.ts'
import { messageBytes } from '../../src/stages/queclink/wire.ts'
import { everyCut } from '../../src/testing.ts'
import { type Vector, vectorsOf } from '../stages/vectors.ts'
import { assertContains, runVector, type VectorRun } from './vector-runs.ts'

/** Frames of real devices; where they are absent the loader says so, and nothing is tested here. */
const vectors = vectorsOf('queclink') ?? []

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

/** A message of the same device, by our own encoder. */
function neighbour(vector: Vector): Buffer {
  const common = { protocol_version: '1A0800', device_name: 'neighbour', sendTime: new Date(0), count: '0001' }
  return messageBytes({ ...common, prefix: 'RESP', report: 'GTPNA', imei: String(vector.expected.imei), fields: [] })
}

const byVariant = new Map<string, Vector[]>()
for (const vector of vectors) byVariant.set(vector.variant, [...(byVariant.get(vector.variant) ?? []), vector])

test(`none of ${vectors.length} vectors is a server's, or one that must be refused: those are composed in other tests`, () => {
  for (const { direction, expected } of vectors) {
    assert.deepEqual([direction, expected.error], ['device_to_server', undefined])
  }
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
      // An answer that nobody waits for is a report.
      const atOnce = vector.expected.kind === 'heartbeat' ? ack_if_sack_enabled_hex : ''
      assert.equal((await runVector(acknowledging, [bytesOf(vector)])).down, ack_if_sack_enabled_hex, vector.name)
      assert.equal((await runVector(acknowledging, [bytesOf(vector)], { hub: 'reject' })).down, atOnce, vector.name)
      assert.equal((await runVector(acknowledging, [bytesOf(vector)], { hub: 'hold' })).down, atOnce, vector.name)
    }
  })

  const seed = Math.floor(Math.random() * 2 ** 31)
  test(`${alike.length} of ${variant}: the same byte by byte, cut at each of the first and last 64 places, and at random (seed ${seed})`, async () => {
    for (const vector of alike) {
      for (const chunks of everyCut(bytesOf(vector), { seed })) assertRun(vector, await runVector(decoding, chunks))
    }
  })

  test(`${alike.length} of ${variant}: a message that is sent again goes up again, under the same message id`, async () => {
    for (const vector of alike) {
      const run = await runVector(decoding, [bytesOf(vector), bytesOf(vector)])
      assertRun(vector, run, 2)
      const ids = run.ups.filter(({ kind }) => kind === 'telemetry').map(({ messageId }) => messageId)
      assert.ok(ids[0] !== undefined && ids[0] === ids[1], vector.name)
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
