import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ErrorCode } from '../../src/core/errors.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { lines } from '../../src/stages/lines.ts'
import { embed, feed, memoryHub } from '../../src/testing.ts'
import { cutAnywhere, cuts, deviceLines, greeting, maxLength, type Said } from './device-lines.ts'
import { type Fate, FaultyHub } from './faulty-hub.ts'

const code: fc.Arbitrary<ErrorCode> = fc.constantFrom('HUB_REJECTED', 'HUB_UNAVAILABLE', 'HUB_TIMEOUT', 'NOT_SUPPORTED')
const fates: fc.Arbitrary<readonly Fate[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant('accept' as const) },
    { weight: 1, arbitrary: code.map((refuse) => ({ refuse })) },
    { weight: 1, arbitrary: code.map((fail) => ({ fail })) },
  ),
  { maxLength: 6 },
)
const batching = fc.record({ maxCount: fc.constantFrom(1, 3, 100), lingerMs: fc.constantFrom(0, 1) })

interface ToldReceipt {
  readonly tag: number
  readonly complete: boolean
}

/** The receipts among what the device received, in order. */
function receiptsIn(bytes: Buffer): ToldReceipt[] {
  const found: ToldReceipt[] = []
  for (const text of bytes.toString().split('\n').filter(Boolean)) {
    const line = JSON.parse(text) as { $ack?: number; $nack?: number }
    if (line.$ack !== undefined) found.push({ tag: line.$ack, complete: true })
    if (line.$nack !== undefined) found.push({ tag: line.$nack, complete: false })
  }
  return found
}

const tagsOf = (said: readonly Said[]) => said.flatMap(({ tag }) => (tag === undefined ? [] : [tag]))
const begins = <T>(part: readonly T[], whole: readonly T[]) => assert.deepEqual(part, whole.slice(0, part.length))

test('every hello, telemetry and report gets exactly one receipt, in order, or its connection ends', async () => {
  await fc.assert(
    fc.asyncProperty(deviceLines, cuts, fates, batching, fc.boolean(), async (said, cuts, fates, batching, fuse) => {
      const to = new FaultyHub(fates)
      const device = embed(jsonLines(to, { maxLength, batch: batching }).with({ fuse }))
      for (const chunk of cutAnywhere(said, cuts, false)) device.write(chunk)
      device.end()
      await device.ended()
      const bytes = device.pending()
      const receipts = receiptsIn(bytes)
      const tags = receipts.map(({ tag }) => tag)
      const { failure, connection } = device.ring
      // Up to what closed the connection, each tagged item has one receipt; without a failure that is all of them.
      begins(tags, tagsOf(said))
      if (failure === undefined) assert.deepEqual(tags, tagsOf(said))
      else if (failure.code !== 'NOT_IDENTIFIED') {
        const closing = said.findIndex(({ kind }) => kind === 'long' || kind === 'stranger')
        assert.deepEqual(tags, tagsOf(said.slice(0, closing)), 'everything before the error that closed')
      }
      const hellos = said.filter(({ kind }) => kind === 'hello').length
      const welcomes = bytes.toString().split('"$welcome"').length - 1
      if (failure === undefined) assert.equal(welcomes, hellos)
      // What was acknowledged is what the hub has, no more and no less.
      const atHub = new Set([
        ...to.memory.accepted.map(({ message }) => message.tag),
        ...to.memory.reports.map(({ report }) => report.tag),
      ])
      for (const { tag, complete } of receipts) assert.equal(atHub.has(tag), complete, `${tag}`)
      assert.equal(connection.meter.inFlight, 0)
      assert.equal(to.memory.sessions.size, 0)
    }),
    { numRuns: 200, includeErrorInReport: true },
  )
})

test('every command gets exactly one receipt: answered, or given back when its connection ends', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }), fc.boolean(), async (answered, fin) => {
      const to = memoryHub()
      const device = embed(jsonLines(to, { hub: { maxCommands: 3 } }))
      device.write(greeting.bytes)
      await device.next()
      const settledFor = (id: string) =>
        to.settled.filter(({ command }) => command.id === id && command.deliveryCount === 0)
      const ids = answered.map((_, index) => to.queueCommand('d1', `${index}`))
      let waiting = 0
      const answers: string[] = []
      for (const [index, id] of ids.entries()) {
        if (waiting === 3) break
        assert.match(await device.next(), new RegExp(`"id":"${id}"`))
        if (!answered[index]) waiting++
        else answers.push(id)
        if (answered[index]) device.write(`{"$answer":"${id}"}\n`)
      }
      await to.until(() => answers.every((id) => settledFor(id).length === 1))
      if (fin) device.end()
      else device.ring.destroy()
      await device.ended()
      await to.until(() => to.sessions.size === 0)
      for (const id of ids) {
        const outcomes = settledFor(id).map(({ outcome }) => outcome)
        if (answers.includes(id)) assert.deepEqual(outcomes, ['complete'])
        else assert.ok(outcomes.length <= 1 && outcomes.every((outcome) => outcome === 'abandon'), `${outcomes}`)
      }
      assert.equal(
        to.settled.filter(({ command }) => command.deliveryCount === 0 && !answers.includes(command.id)).length >=
          waiting,
        true,
      )
    }),
    { numRuns: 50, includeErrorInReport: true },
  )
})

test('no receipt goes down before the hub has accepted: at every step there are no more acks than messages at the hub', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 5 }), async (count, maxCount) => {
      const to = memoryHub({ hold: true })
      const device = embed(jsonLines(to, { batch: { maxCount, lingerMs: 0 } }))
      let acks = 0
      const look = () => {
        acks += receiptsIn(device.pending()).length
        assert.ok(acks <= to.accepted.length, `${acks} acks for ${to.accepted.length} messages at the hub`)
      }
      device.write(greeting.bytes)
      for (let tag = 1; tag <= count; tag++) {
        device.write(`{"$seq":${tag}}\n`)
        await new Promise(setImmediate)
        look()
      }
      assert.equal(acks, 0)
      while (acks < count) {
        to.release()
        to.hold()
        await new Promise(setImmediate)
        look()
      }
      assert.equal(to.accepted.length, count)
      to.release()
      device.end()
      await device.ended()
    }),
    { numRuns: 30, includeErrorInReport: true },
  )
})

test('nothing but a hello passes before identity', async () => {
  await fc.assert(
    fc.asyncProperty(deviceLines, cuts, fc.boolean(), async (said, cuts, fuse) => {
      const to = memoryHub()
      const strangers = said.filter(({ kind }) => kind !== 'hello' && kind !== 'stranger')
      const device = embed(jsonLines(to, { maxLength }).with({ fuse }))
      for (const chunk of cutAnywhere(strangers, cuts, false)) device.write(chunk)
      device.end()
      await device.ended()
      assert.equal(to.accepted.length + to.reports.length, 0)
      assert.equal(device.ring.connection.identity, undefined)
      assert.ok(!device.pending().toString().includes('$ack'))
    }),
    { numRuns: 100, includeErrorInReport: true },
  )
})

test('nothing that came while the hello is being answered passes before the answer, nor at all after a refusal', async () => {
  for (const fuse of [true, false]) {
    for (const key of ['right', 'wrong']) {
      const to = memoryHub({ keys: { d1: 'right' } })
      let ask: (() => void) | undefined
      const asked = new Promise<void>((resolve) => {
        ask = resolve
      })
      const authenticator = async ({ deviceId, credentials }: { deviceId: string; credentials: unknown }) => {
        await asked
        return { deviceId, credentials } as never
      }
      const device = embed(jsonLines(to, { authenticator, batch: { lingerMs: 0 } }).with({ fuse }))
      device.write(`{"$hello":{"deviceId":"d1","key":"${key}"}}\n{"$seq":1}\n{"$report":{},"$seq":2}\n{"$ping":1}\n`)
      await new Promise(setImmediate)
      assert.equal(to.accepted.length + to.reports.length, 0)
      assert.equal(device.pending().length, 0, 'not even a ping overtakes the hello')
      ask?.()
      device.end()
      await device.ended()
      const said = device.pending().toString()
      if (key === 'right') assert.match(said, /^\{"\$welcome":"d1"\}\n/)
      else assert.match(said, /^\{"\$error":\{"code":"UNAUTHORIZED"[^\n]*\n$/)
      assert.equal(to.accepted.length, key === 'right' ? 1 : 0)
    }
  }
})

test('identities never cross connections', async () => {
  const to = memoryHub()
  const plant = jsonLines(to, { batch: { maxCount: 7, lingerMs: 0 } })
  const names = Array.from({ length: 50 }, (_, index) => `d${index}`)
  const devices = names.map((name) => ({ name, device: embed(plant) }))
  for (const { name, device } of devices) device.write(`{"$hello":{"deviceId":"${name}","key":"k"}}\n`)
  for (const name of names) to.queueCommand(name, JSON.stringify(name))
  for (let round = 0; round < 20; round++) {
    for (const { name, device } of devices) device.write(`{"$seq":${round},"from":"${name}"}\n`)
    await new Promise(setImmediate)
  }
  for (const { device } of devices) device.end()
  for (const { name, device } of devices) {
    await device.ended()
    const said = device.pending().toString()
    assert.ok(said.startsWith(`{"$welcome":"${name}"}\n`))
    assert.deepEqual(
      [...said.matchAll(/"body":"(\w+)"/g)].map(([, body]) => body),
      [name],
    )
    assert.deepEqual(
      receiptsIn(Buffer.from(said)).map(({ tag }) => tag),
      Array.from({ length: 20 }, (_, round) => round),
    )
  }
  assert.equal(to.accepted.length, 50 * 20)
  for (const { deviceId, message } of to.accepted) assert.equal(message.body.toString(), `{"from":"${deviceId}"}`)
  assert.equal(to.sessions.size, 0)
})

test('any cutting of the same bytes gives the same items', async () => {
  await fc.assert(
    fc.asyncProperty(deviceLines, cuts, fc.boolean(), async (said, cuts, unfinished) => {
      const run = async (chunks: readonly Buffer[]) => {
        const { up } = await feed(lines({ maxLength }), chunks)
        return { lines: up.emitted, errors: up.errors.map((error) => error.code) }
      }
      assert.deepEqual(await run(cutAnywhere(said, cuts, unfinished)), await run(cutAnywhere(said, [], unfinished)))
    }),
    { numRuns: 200, includeErrorInReport: true },
  )
})
