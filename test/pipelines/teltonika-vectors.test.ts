import assert from 'node:assert/strict'
import { test } from 'node:test'
import { teltonikaReady } from '../../src/cli/ready/teltonika.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import type { Hub } from '../../src/hub/port.ts'
import { teltonika } from '../../src/pipelines/teltonika.ts'
import { encodeAvl } from '../../src/stages/teltonika/avl.ts'
import { encodeMessage, type GprsPacket } from '../../src/stages/teltonika/messages.ts'
import { sealPacket } from '../../src/stages/teltonika/packet.ts'
import { cutAt, everyCut, singly } from '../../src/testing.ts'
import { type Vector, vectorsOf } from '../stages/vectors.ts'
import { assertContains, runVector, type VectorRun } from './vector-runs.ts'

const vectors = vectorsOf('teltonika') ?? []
const bytesOf = ({ hex }: Vector) => Buffer.from(hex, 'hex')
const isError = ({ expected }: Vector) => expected.kind === 'error'
const isLogin = ({ expected }: Vector) => expected.kind === 'login'
const good = vectors.filter((each) => !isError(each))
const packets = good.filter((each) => !isLogin(each) && each.expected.kind !== 'keepalive')
const bad = vectors.filter(isError)
const records = good.filter(({ expected }) => expected.kind === 'avl')
const messages = packets.filter(({ expected }) => expected.kind !== 'avl')
const fromServers = vectors.filter(({ direction }) => direction === 'server_to_device')
const login = good.find(isLogin)

/** What became of each error vector; what follows the frame is taken where the frame alone is refused. */
const codes: Readonly<Record<string, readonly [ErrorCode, 'closes' | 'stays']>> = {
  crc: ['CHECKSUM_MISMATCH', 'stays'],
  // A packet says that it has no data: nothing after that can be framed.
  length: ['FRAME_CORRUPT', 'closes'],
  unsupported_codec: ['BAD_CONTENT', 'stays'],
  incomplete: ['FRAME_UNTERMINATED', 'closes'],
  preamble: ['FRAME_CORRUPT', 'closes'],
}

const seed = 20_261_125
const decode = (to: Hub) => teltonikaReady.decode(to)
const hello = (each: Vector) => (isLogin(each) ? {} : { hello: '356307042441013' })

function assertGood(run: VectorRun, each: Vector, ups = run.ups): void {
  assert.deepEqual(run.errors, [], each.name)
  assertContains(ups[0]?.body, each.expected, each.name)
  assert.equal(ups.length, 1, each.name)
}

/** Those of a kind in a test of its own whose name says how many they are. */
function each(what: string, of: readonly Vector[], judge: (vector: Vector) => Promise<void>): void {
  if (vectors.length === 0) return
  assert.ok(of.length > 0, what)
  test(`${of.length} ${what}`, async () => {
    for (const vector of of) await judge(vector)
  })
}

each('frames of real devices give the expected fields and answers', good, async (vector) => {
  const run = await runVector(decode, [bytesOf(vector)], hello(vector))
  assertGood(run, vector)
  assert.equal(run.down, vector.ack_hex ?? '', vector.name)
})

each('frames that must be refused are, with the code of their kind, and nothing is answered', bad, async (vector) => {
  const run = await runVector(decode, [bytesOf(vector)], hello(vector))
  const [code] = codes[vector.expected.error ?? ''] ?? []
  assert.deepEqual([run.errors.map((error) => error.code), run.ups, run.down], [[code], [], ''], vector.name)
})

each(`frames give the same in every cutting (random cuts: seed ${seed})`, vectors, async (vector) => {
  const whole = await runVector(decode, [bytesOf(vector)], hello(vector))
  for (const chunks of everyCut(bytesOf(vector), { seed })) {
    assert.deepEqual(await runVector(decode, chunks, hello(vector)), whole, `${vector.name}: ${chunks.length} chunks`)
  }
})

each('packets glued to a neighbour give both, singly and cut where they meet too', packets, async (vector) => {
  const next = packets[(packets.indexOf(vector) + 1) % packets.length] as Vector
  const glued = Buffer.concat([bytesOf(vector), Buffer.of(0xff), bytesOf(next)])
  const joint = bytesOf(vector).length
  const cuts = [joint - 1, joint, joint + 1, joint + 2, joint + 5].map((at) => cutAt(glued, [at]))
  for (const chunks of [[glued], singly(glued), ...cuts]) {
    const run = await runVector(decode, chunks, hello(vector))
    assertGood(run, vector, run.ups.slice(0, 1))
    assertGood(run, next, run.ups.slice(2))
    assert.equal(run.down, `${vector.ack_hex ?? ''}${next.ack_hex ?? ''}`)
  }
})

each('packets come out behind the login that they are glued to', packets, async (vector) => {
  const run = await runVector(decode, [Buffer.concat([bytesOf(login as Vector), bytesOf(vector)])])
  assertContains(run.ups[0]?.body, login?.expected)
  assertGood(run, vector, run.ups.slice(1))
  assert.equal(run.down, `01${vector.ack_hex ?? ''}`)
})

each('refused frames leave the next one alone where they ended, else close', bad, async (vector) => {
  const next = records[0] as Vector
  const run = await runVector(decode, [Buffer.concat([bytesOf(vector), bytesOf(next)])], hello(vector))
  const [, after] = codes[vector.expected.error ?? ''] ?? []
  assert.equal(run.ups.length, after === 'stays' ? 1 : 0, vector.name)
  assert.equal(run.down, after === 'stays' ? next.ack_hex : '', vector.name)
})

each('packets of records are one message a record by default', records, async (vector) => {
  const one = { maxCount: 1, lingerMs: 0 }
  const run = await runVector((to) => teltonika(to, { batch: one }), [bytesOf(vector)], hello(vector))
  const { kind, codec, record_count, records: expected } = vector.expected as unknown as VectorPacket
  assert.equal(run.ups.length, record_count, vector.name)
  for (const [index, up] of run.ups.entries()) {
    assertContains(up.body, { kind, codec, record_count, ...expected[index] }, `${vector.name}[${index}]`)
    assert.equal('crc16' in up.body, false)
  }
  assert.equal(run.down, vector.ack_hex, vector.name)
  const ids = run.ups.map(({ messageId }) => messageId)
  assert.equal(new Set(ids).size, ids.length, `${vector.name}: message ids`)
})

/** Of groups of 16 byte values that are empty their meaning does not tell. */
const told = records.filter(({ variant }) => variant !== 'codec08-n16')

each('packets of records are made again, byte for byte, from what they mean', told, async (vector) => {
  const { codec, records: expected } = vector.expected as unknown as VectorPacket
  assert.equal(sealPacket(encodeAvl(codec, expected)).toString('hex'), vector.hex, vector.name)
})

each('packets of messages are made again, byte for byte, from what they mean', messages, async (vector) => {
  assert.equal(said(vector), vector.hex, vector.name)
})

each('frames that servers send are made by us as they are', fromServers, async (vector) => {
  assert.equal(said(vector), vector.hex, vector.name)
})

interface VectorPacket {
  readonly kind: string
  readonly codec: 8 | 16 | 142
  readonly record_count: number
  readonly records: Parameters<typeof encodeAvl>[1]
}

/** A packet of messages as we say it. */
function said({ expected }: Vector): string {
  const { codec, messages: spoken } = expected as unknown as GprsPacket
  assert.equal(spoken.length, 1)
  const data = spoken.map(({ payload_hex, ...each }) =>
    encodeMessage(codec, { ...each, payload: Buffer.from(payload_hex, 'hex') }),
  )
  return sealPacket(data[0] as Buffer).toString('hex')
}
