import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { embed, memoryHub } from '../../src/testing.ts'

const greeting = '{"$hello":{"deviceId":"d1","key":"k"}}\n'

test('a reading is acknowledged only once the hub has it', async () => {
  const to = memoryHub({ hold: true })
  const device = embed(jsonLines(to))
  device.write(`${greeting}{"$seq":7,"t":20}\n`)
  assert.equal(await device.next(), '{"$welcome":"d1"}\n')
  assert.equal(device.pending().length, 0)
  to.release()
  assert.equal(await device.next(), '{"$ack":7}\n')
  assert.deepEqual(
    to.accepted.map(({ deviceId, message }) => [deviceId, message.body.toString()]),
    [['d1', '{"t":20}']],
  )
  device.end()
  await device.ended()
  assert.equal(to.sessions.size, 0)
})

test('a command reaches the device, its answer settles it with the hub', async () => {
  const to = memoryHub()
  const device = embed(jsonLines(to))
  device.write(greeting)
  await device.next()
  const id = to.queueCommand('d1', '{"open":true}', { name: 'valve', properties: { a: 'b' } })
  assert.equal(
    await device.next(),
    `{"$command":{"id":"${id}","via":"c2d","name":"valve","body":{"open":true},"properties":{"a":"b"}}}\n`,
  )
  device.write(`{"$answer":"${id}","outcome":"reject"}\n`)
  await to.until(() => to.settled.length === 1)
  assert.equal(to.settled[0]?.outcome, 'reject')
  device.end()
  await device.ended()
})

test('a line that is not a JSON object is refused and the connection stays', async () => {
  const to = memoryHub()
  const device = embed(jsonLines(to))
  device.write(`${greeting}what?\n{"$seq":1}\n{"$ping":1}\n`)
  await device.next()
  assert.match(await device.next(), /"\$error":\{"code":"BAD_CONTENT"/)
  assert.equal(await device.next(), '{"$pong":1}\n')
  assert.equal(await device.next(), '{"$ack":1}\n')
  device.end()
  await device.ended()
})

test('a line over the limit is answered with FRAME_TOO_LONG, after which the connection ends with everything before it settled', async () => {
  const to = memoryHub()
  const device = embed(jsonLines(to, { maxLength: 64 }))
  device.write(`${greeting}{"$seq":1}\n{"x":"${'y'.repeat(80)}"}\n{"$seq":2}\n`)
  assert.equal(await device.next(), '{"$welcome":"d1"}\n')
  assert.match(await device.next(), /FRAME_TOO_LONG.*at least 65 bytes.*64/)
  assert.equal(await device.next(), '{"$ack":1}\n')
  await device.ended()
  assert.equal(to.accepted.length, 1)
  assert.equal(device.ring.failure?.code, 'FRAME_TOO_LONG')
})

test('receipts keep the order of what they answer, refused or not', async () => {
  const to = memoryHub()
  const device = embed(jsonLines(to))
  device.write(`${greeting}{"$seq":1}\n{"$seq":2,"$properties":{"a":1}}\n{"$seq":3}\n`)
  await device.next()
  assert.equal(await device.next(), '{"$ack":1}\n')
  assert.equal(await device.next(), '{"$nack":2,"code":"BAD_CONTENT","retry":false}\n')
  assert.equal(await device.next(), '{"$ack":3}\n')
  device.end()
  await device.ended()
})

test('what the hub refuses for now is nacked with retry, what it refuses for ever without', async () => {
  const to = memoryHub()
  to.fail(new GatewayError('HUB_UNAVAILABLE', 'down'), new GatewayError('HUB_REJECTED', 'never'))
  const device = embed(jsonLines(to, { batch: { maxCount: 1 } }))
  device.write(`${greeting}{"$seq":1}\n{"$seq":2}\n{"$seq":3}\n`)
  await device.next()
  assert.equal(await device.next(), '{"$nack":1,"code":"HUB_UNAVAILABLE","retry":true}\n')
  assert.equal(await device.next(), '{"$nack":2,"code":"HUB_REJECTED","retry":false}\n')
  assert.equal(await device.next(), '{"$ack":3}\n')
  device.end()
  await device.ended()
})

test('a wrong key is refused in the protocol and ends the connection', async () => {
  const to = memoryHub({ keys: { d1: 'right' } })
  const device = embed(jsonLines(to))
  device.write(`${greeting}{"$seq":1}\n`)
  assert.match(await device.next(), /"\$error":\{"code":"UNAUTHORIZED"/)
  await device.ended()
  assert.equal(to.accepted.length, 0)
})

test('telemetry before the hello ends the connection', async () => {
  const to = memoryHub()
  const device = embed(jsonLines(to))
  device.write(`{"$seq":1}\n${greeting}`)
  assert.match(await device.next(), /NOT_IDENTIFIED/)
  await device.ended()
  assert.equal(to.sessions.size, 0)
})

test('a computed enrichment finds the value of every reading, unless it is said that readings are looked through only', async () => {
  const valueSeen = async (options: { parse?: 'all' | 'keys' }) => {
    const to = memoryHub()
    const seen: unknown[] = []
    const look = ({ value }: { value: unknown }) => {
      seen.push(value)
      return undefined
    }
    const device = embed(jsonLines(to, { ...options, enrichments: { look } }))
    device.write(`${greeting}{"$seq":7,"t":20}\n`)
    await device.next()
    assert.equal(await device.next(), '{"$ack":7}\n')
    device.end()
    await device.ended()
    return seen
  }
  assert.deepEqual(await valueSeen({}), [{ t: 20 }])
  assert.deepEqual(await valueSeen({ parse: 'all' }), [{ t: 20 }])
  assert.deepEqual(await valueSeen({ parse: 'keys' }), [undefined])
})

test('readings that nobody asks for the value of are looked through only', async () => {
  const refused: unknown[] = []
  const tooLarge = `${greeting}{"$seq":7,"t":"${'x'.repeat(270_000)}"}\n`
  for (const parse of [undefined, 'all'] as const) {
    const device = embed(
      jsonLines(memoryHub(), { ...(parse && { parse }), enrichments: { site: 'turin' }, maxLength: 300_000 }),
      {
        onDeadLetter: ({ item }) => void refused.push((item as { value?: unknown }).value),
      },
    )
    device.write(tooLarge)
    await device.next()
    assert.match(await device.next(), /"\$nack":7,"code":"MESSAGE_TOO_LARGE"/)
    device.end()
    await device.ended()
  }
  assert.equal(refused[0], undefined)
  assert.equal(typeof refused[1], 'object')
})
