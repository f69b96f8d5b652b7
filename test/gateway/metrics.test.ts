import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { pipeline } from '../../src/core/pipeline.ts'
import { type Exposition, GatewayMetrics } from '../../src/gateway/metrics.ts'
import { memoryHub } from '../../src/hub/memory.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { delimited } from '../../src/stages/delimited.ts'
import { hub } from '../../src/stages/hub.ts'
import { keyValuePayload } from '../../src/stages/key-value-payload.ts'
import { payload } from '../../src/stages/payload.ts'
import { skipUntil } from '../../src/stages/skip-until.ts'
import { embed } from '../../src/testing/embed.ts'
import { openGate } from './gate.ts'
import { helloLine, readingLine } from './raw-device.ts'

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Reads Prometheus' text format, and asserts that it is that. */
function parse(text: string): Sample[] {
  assert.match(text, /[^\n]\n$/)
  const samples: Sample[] = []
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ') || line.startsWith('# TYPE ')) continue
    const [, name, labels = '', value] =
      /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? assert.fail(`no sample: ${line}`)
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label, text])
    samples.push({ name: name as string, labels: Object.fromEntries(pairs), value: Number(value) })
  }
  return samples
}

async function scrape(
  metrics: Exposition,
): Promise<(name: string, labels?: Record<string, string>) => number | undefined> {
  const samples = parse((await metrics.expose()).text)
  return (name, labels = {}) => {
    const found = samples.filter(
      (sample) =>
        sample.name === `headgate_${name}` &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    )
    assert.ok(found.length < 2, `${name} is ambiguous`)
    return found[0]?.value
  }
}

/** A connection of a metered pipeline that sent a hello, three readings in one batch, and a line of nonsense. */
async function knownTraffic(hub = memoryHub(), name = 'jsonLines', metrics = new GatewayMetrics()) {
  const { pipeline: meter, connections } = metrics.pipeline(name)
  const device = embed(jsonLines(hub, { batch: { maxCount: 3 } }), { pipeline: name, meter })
  const sent = `${helloLine('secret-device')}nonsense\n${readingLine(1)}${readingLine(2)}${readingLine(3)}`
  device.write(sent)
  return { metrics, device, meter, connections, hub }
}

test('items, errors, dead letters and receipts are counted by pipeline, stage, direction, code, kind and outcome', async () => {
  const { metrics, device } = await knownTraffic()
  for (let line = 0; line < 5; line++) await device.next()
  const value = await scrape(metrics)
  const jsonUp = { pipeline: 'jsonLines', stage: 'json', direction: 'up' }
  assert.equal(value('stage_items_total', jsonUp), 5)
  assert.equal(value('stage_items_total', { stage: 'batch', direction: 'up' }), 3)
  assert.equal(value('stage_items_total', { stage: 'hub', direction: 'up' }), 1)
  assert.equal(value('stage_items_total', { stage: 'batch', direction: 'down' }), 1)
  assert.equal(value('stage_errors_total', { ...jsonUp, code: 'BAD_CONTENT' }), 1)
  assert.equal(value('dead_letters_total', { pipeline: 'jsonLines', code: 'BAD_CONTENT' }), 1)
  assert.equal(value('receipts_total', { pipeline: 'jsonLines', kind: 'hello', outcome: 'complete' }), 1)
  assert.equal(value('receipts_total', { pipeline: 'jsonLines', kind: 'telemetry', outcome: 'complete' }), 3)
  assert.ok((value('stage_seconds_total', jsonUp) ?? 0) > 0)
  assert.equal(value('in_flight_messages', { pipeline: 'jsonLines' }), 0)
})

test('messages in flight are those that the hub has not answered', async () => {
  const { metrics, device, hub, meter } = await knownTraffic(memoryHub({ hold: true }))
  await device.next()
  while (meter.inFlight === 0) await new Promise((resolve) => setImmediate(resolve))
  assert.equal((await scrape(metrics))('in_flight_messages'), 3)
  hub.release()
  for (let line = 0; line < 4; line++) await device.next()
  assert.equal((await scrape(metrics))('in_flight_messages'), 0)
  device.ring.destroy()
})

test('what is refused and what is put off are receipts of their own outcome', async () => {
  const hub = memoryHub()
  hub.fail(new GatewayError('HUB_UNAVAILABLE', 'later'))
  const { metrics, device } = await knownTraffic(hub)
  for (let line = 0; line < 5; line++) await device.next()
  assert.equal((await scrape(metrics))('receipts_total', { kind: 'telemetry', outcome: 'abandon' }), 3)
})

test('connections and bytes are counted on real sockets', async (t) => {
  const { gateway, device, log } = await openGate(t)
  const words = helloLine() + readingLine(7)
  const answers = '{"$welcome":"d1"}\n{"$ack":7}\n'
  const d1 = await device(words)
  await d1.lines(2)
  const during = await scrape(gateway.metrics)
  assert.equal(during('connections', { pipeline: 'jsonLines' }), 1)
  assert.equal(during('connections_total', { outcome: 'ok' }), undefined)
  assert.equal(during('bytes_total', { pipeline: 'jsonLines', direction: 'up' }), words.length)
  assert.equal(during('bytes_total', { pipeline: 'jsonLines', direction: 'down' }), answers.length)
  d1.end()
  await log.ended(1)
  const after = await scrape(gateway.metrics)
  assert.equal(after('connections', { pipeline: 'jsonLines' }), 0)
  assert.equal(after('connections_total', { pipeline: 'jsonLines', outcome: 'ok' }), 1)
})

test('requests to the hub are a histogram by operation and outcome, batches one of messages; throttling and quota are counted', async () => {
  const metrics = new GatewayMetrics()
  const { hub } = metrics.pipeline('p').pipeline
  const before = await scrape(metrics)
  assert.equal(before('hub_throttled_total', { pipeline: 'p' }), 0)
  assert.equal(before('hub_billable_messages_total', { pipeline: 'p' }), 0)
  hub.request('send', 'ok', 0.02)
  hub.request('send', 'HUB_THROTTLED', 3)
  hub.accepted(7, 9)
  hub.throttled()
  const value = await scrape(metrics)
  const sent = { pipeline: 'p', operation: 'send', outcome: 'ok' }
  assert.equal(value('hub_request_seconds_count', sent), 1)
  assert.equal(value('hub_request_seconds_sum', sent), 0.02)
  assert.equal(value('hub_request_seconds_bucket', { ...sent, le: '0.01' }), 0)
  assert.equal(value('hub_request_seconds_bucket', { ...sent, le: '0.025' }), 1)
  assert.equal(value('hub_request_seconds_count', { ...sent, outcome: 'HUB_THROTTLED' }), 1)
  assert.equal(value('hub_batch_messages_sum', { pipeline: 'p' }), 7)
  assert.equal(value('hub_throttled_total', { pipeline: 'p' }), 1)
  assert.equal(value('hub_billable_messages_total', { pipeline: 'p' }), 9)
})

test('blocked time names the stage that holds, and grows while it holds', async (t) => {
  const clock = { now: 1000 }
  t.mock.method(performance, 'now', () => clock.now)
  const metrics = new GatewayMetrics()
  const { blocked } = metrics.pipeline('p').pipeline.stage('hub', 'up')
  blocked.start(clock.now)
  clock.now += 2500
  const labels = { pipeline: 'p', stage: 'hub', direction: 'up' }
  assert.equal((await scrape(metrics))('stage_blocked_seconds_total', labels), 2.5)
  blocked.stop(clock.now, 1000)
  clock.now += 9000
  assert.equal((await scrape(metrics))('stage_blocked_seconds_total', labels), 2.5)
})

test('rounding in the blocked time never breaks a scrape', async () => {
  const metrics = new GatewayMetrics()
  const { blocked } = metrics.pipeline('p').pipeline.stage('hub', 'up')
  blocked.start(0.1)
  blocked.start(0.2)
  blocked.stop(0.1, 0.1)
  blocked.stop(0.2, 0.2)
  assert.equal((await scrape(metrics))('stage_blocked_seconds_total'), 0)
})

test('two pipelines share every metric and differ by label', async () => {
  const metrics = new GatewayMetrics()
  const first = await knownTraffic(memoryHub(), 'first', metrics)
  const second = await knownTraffic(memoryHub(), 'second', metrics)
  for (const { device } of [first, second]) for (let line = 0; line < 5; line++) await device.next()
  first.meter.hub.accepted(1, 1)
  second.meter.hub.accepted(2, 2)
  const value = await scrape(metrics)
  for (const pipeline of ['first', 'second']) {
    assert.equal(value('receipts_total', { pipeline, kind: 'telemetry', outcome: 'complete' }), 3)
    assert.equal(value('stage_items_total', { pipeline, stage: 'json', direction: 'up' }), 5)
  }
  assert.equal(value('hub_billable_messages_total', { pipeline: 'first' }), 1)
  assert.equal(value('hub_billable_messages_total', { pipeline: 'second' }), 2)
})

test('readings that the hub had already are counted for the stage that knew', async () => {
  const metrics = new GatewayMetrics()
  const { pipeline: meter } = metrics.pipeline('p')
  meter.stage('json', 'up').items = 1
  assert.equal((await scrape(metrics))('stage_repeats_total'), undefined)
  meter.stage('dedupe', 'up').repeats = 3
  assert.equal((await scrape(metrics))('stage_repeats_total', { pipeline: 'p', stage: 'dedupe' }), 3)
})

test('labels are of the published names only, and never say which device', async () => {
  const { metrics, device } = await knownTraffic()
  for (let line = 0; line < 5; line++) await device.next()
  device.end()
  await device.ended()
  const { text } = await metrics.expose()
  assert.ok(!text.includes('secret-device'))
  const allowed = ['pipeline', 'stage', 'direction', 'outcome', 'code', 'operation', 'kind', 'le']
  for (const { name, labels } of parse(text)) {
    if (!name.startsWith('headgate_')) continue
    for (const label of Object.keys(labels)) assert.ok(allowed.includes(label), `${name} has ${label}`)
  }
})

test('every metric has a help text and a unit in its name where it has a unit', async () => {
  const { text } = await (await knownTraffic()).metrics.expose()
  for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (headgate_\S+) (\S+)$/gm)) {
    assert.ok(text.includes(`# HELP ${name} `), name)
    assert.equal(name.endsWith('_total'), type === 'counter', name)
    assert.doesNotMatch(name, /_ms|milli/)
  }
})

test('metrics of the process are exposed once, however many gateways run in it', async () => {
  for (const metrics of [new GatewayMetrics(), new GatewayMetrics()]) {
    const { text } = await metrics.expose()
    assert.equal(text.match(/^# TYPE process_cpu_seconds_total /gm)?.length, 1)
    assert.equal(text.match(/^process_cpu_seconds_total /gm)?.length, 1)
  }
})

test('a scrape twice says the same twice', async () => {
  const { metrics, device } = await knownTraffic()
  for (let line = 0; line < 5; line++) await device.next()
  const own = async () => parse((await metrics.expose()).text).filter(({ name }) => name.startsWith('headgate_'))
  assert.deepEqual(await own(), await own())
})

test('bytes that belong to no frame are counted for the stage that found none in them', async () => {
  const metrics = new GatewayMetrics()
  const { pipeline: meter } = metrics.pipeline('noisy')
  const noisy = pipeline(
    'noisy',
    skipUntil(delimited({ delimiter: '#', maxLength: 64 }), '*'),
    payload(keyValuePayload(), { deviceId: ({ id }) => String(id) }),
    authenticate(byPolicy()),
    batch({ lingerMs: 0 }),
    hub(memoryHub()),
  )
  const device = embed(noisy, { pipeline: 'noisy', meter })
  device.write('noise*id=d1;t=1#??*id=d1;t=2#')
  device.end()
  await device.ended()
  const value = await scrape(metrics)
  assert.equal(value('noise_bytes_total', { pipeline: 'noisy', stage: 'delimited' }), 5 + 2)
  assert.equal(value('stage_errors_total', { stage: 'delimited', code: 'FRAME_NOISE' }), 2)
})
