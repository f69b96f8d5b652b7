import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startEmulator } from '../../src/emulator/index.ts'
import { serve } from '../../src/gateway/serve.ts'
import { memoryHub } from '../../src/hub/memory.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { Conservation } from '../../src/testing/conservation.ts'
import { jsonLinesSpeech } from '../../src/testing/json-lines-speech.ts'
import { NumberedDevice } from '../../src/testing/numbered-device.ts'
import { selfSigned } from './certificate.ts'
import { turns } from './gate.ts'
import { helloLine, RawDevice, readingLine } from './raw-device.ts'
import { isThere, type Plan, WatchedGateway } from './watched-gateway.ts'

const deviceLines = (...ids: string[]) => ids.map((id) => helloLine(id))

async function welcomed(gateway: WatchedGateway, ids: readonly string[]): Promise<RawDevice[]> {
  const devices: RawDevice[] = []
  for (const words of deviceLines(...ids)) {
    const device = await gateway.device(words)
    await device.line()
    devices.push(device)
  }
  return devices
}

async function acknowledged(device: RawDevice, sequence: number): Promise<void> {
  device.write(readingLine(sequence))
  assert.equal(await device.line(), `{"$ack":${sequence}}`)
}

const ids = (count: number) => Array.from({ length: count }, (_, index) => `d${index}`)

/** A device that goes on until it is told to stop, and tells an oracle what it sends and hears. */
function numbered(port: () => number, deviceId: string, conservation: Conservation, readings: number): NumberedDevice {
  const open = () => connect({ port: port(), host: '127.0.0.1', noDelay: true })
  return new NumberedDevice({
    deviceId,
    speech: jsonLinesSpeech(),
    conservation,
    readings,
    connect: open,
    patienceMs: 10_000,
  })
}

test('connections are spread evenly, metrics are those of one gateway, and a drain ends all workers', async (t) => {
  const gateway = await WatchedGateway.start(t, { options: { adminPort: 0 } })
  const devices = await welcomed(gateway, ids(20))
  for (const device of devices) await acknowledged(device, 1)
  for (const worker of [1, 2]) {
    const open = await gateway.metric('headgate_worker_connections', `worker="${worker}"`)
    assert.ok(open !== undefined && open >= 8, `worker ${worker} has ${open} of 20`)
  }
  assert.equal(await gateway.metric('headgate_connections', 'pipeline="jsonLines"'), 20)
  assert.equal(await gateway.metric('headgate_receipts_total', 'kind="telemetry"', 'outcome="complete"'), 20)
  assert.equal(await gateway.metric('headgate_workers'), 2)
  assert.equal(await gateway.metric('headgate_worker_restarts_total'), 0)
  const { text, status } = await get(gateway, '/metrics')
  assert.equal(status, 200)
  assert.equal(text.match(/^# TYPE process_cpu_seconds_total /gm)?.length, 1)
  assert.deepEqual(await get(gateway, '/readyz'), { status: 200, text: 'ready\n' })

  const drained = gateway.call('drain', 5000)
  assert.deepEqual(await get(gateway, '/readyz'), { status: 503, text: 'draining\n' })
  for (const device of devices) {
    assert.equal(await device.rest(), '')
    device.end()
  }
  await drained
  assert.deepEqual([1, 2].flatMap((number) => gateway.pids(number)).filter(isThere), [])
  assert.equal(
    await gateway.metric('headgate_connections_total', 'outcome="ok"'),
    20,
    'what they counted outlives them',
  )
  assert.equal(await gateway.metric('headgate_workers'), 0)
  await gateway.call('close')
  assert.equal(await gateway.exited(), 0)
  assert.equal(gateway.stderr, '')
})

async function get(gateway: WatchedGateway, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${gateway.adminPort}${path}`, { headers: { connection: 'close' } })
  return { status: response.status, text: await response.text() }
}

test('a worker that is killed is replaced while the other serves, its devices come back, and no counter shrinks', async (t) => {
  const gateway = await WatchedGateway.start(t, {})
  const devices = await welcomed(gateway, ids(4))
  for (const device of devices) await acknowledged(device, 1)
  const before = await gateway.metric('headgate_receipts_total', 'kind="telemetry"')
  assert.equal(before, 4)
  process.kill(gateway.pids(1)[0] as number, 'SIGKILL')
  const [line] = await gateway.logged('a worker ended by itself')
  assert.deepEqual(line?.fields, { worker: 1, ending: 'signal SIGKILL' })
  const isLost = (device: RawDevice) => device.closed || device.ended
  while (devices.filter(isLost).length < 2) await turns(1)
  const lost = devices.filter(isLost)
  for (const device of devices.filter((each) => !lost.includes(each))) await acknowledged(device, 2)
  // With one worker left, whoever comes back is served by it.
  const [back] = await welcomed(gateway, ['d0'])
  await acknowledged(back as RawDevice, 2)
  assert.equal(await gateway.metric('headgate_receipts_total', 'kind="telemetry"'), 4 + 3)
  await gateway.logged('a worker listens', 3)
  assert.equal(await gateway.metric('headgate_workers'), 2)
  assert.equal(await gateway.metric('headgate_worker_restarts_total'), 1)
  assert.notEqual(gateway.pids(1)[1], gateway.pids(1)[0])
})

test('a reload replaces every worker, and no reading that was acknowledged is lost', async (t) => {
  const deviceIds = ids(6)
  const emulator = await startEmulator({ devices: deviceIds.map((deviceId) => ({ deviceId })) })
  t.after(() => emulator.close())
  const speech = jsonLinesSpeech()
  const conservation = new Conservation()
  emulator.hub.subscribe(({ deviceId, body }) => conservation.atHub(deviceId, speech.originOf(body)))
  const hub = { connectionString: emulator.connectionString, ca: emulator.ca }
  const gateway = await WatchedGateway.start(t, { hub })
  const devices = deviceIds.map((id) => numbered(() => gateway.port, id, conservation, 1_000_000))
  t.after(() => {
    for (const device of devices) device.destroy()
  })
  for (const device of devices) device.start()
  const first = [1, 2].flatMap((number) => gateway.pids(number))
  const acked = () => devices.map(({ settled }) => settled)
  await Promise.all(devices.map((device) => once(device, 'acked')))
  await gateway.call('reload')
  assert.deepEqual(first.filter(isThere), [])
  assert.equal(
    [1, 2].every((number) => gateway.pids(number).length === 2),
    true,
  )
  const then = acked()
  // All of them go on.
  await Promise.all(devices.map((device) => once(device, 'acked')))
  assert.ok(devices.every(({ settled }, index) => settled > (then[index] as number)))
  await Promise.all(devices.map((device) => device.end()))
  const verdict = conservation.verdict()
  assert.equal(verdict.ackedButMissing, 0, JSON.stringify(verdict))
  assert.deepEqual([verdict.early, verdict.crossed, verdict.strange, verdict.reordered], [0, 0, 0, 0])
  assert.ok(verdict.acked > deviceIds.length)
  assert.ok(
    devices.every(({ connections }) => connections >= 2),
    'each was on a worker that went',
  )
  assert.equal(await gateway.metric('headgate_worker_restarts_total'), 0)
})

test('a reload whose new worker cannot start says why, and the old ones go on', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const brokenIfThere = join(folder, 'broken')
  const gateway = await WatchedGateway.start(t, { brokenIfThere })
  const devices = await welcomed(gateway, ids(4))
  writeFileSync(brokenIfThere, '')
  await assert.rejects(gateway.call('reload'), { code: 'CONFIGURATION', message: /worker 1 ended with code 1 before/ })
  for (const device of devices) await acknowledged(device, 1)
  assert.equal(await gateway.metric('headgate_workers'), 2)
  rmSync(brokenIfThere)
  await gateway.call('reload')
  for (const device of devices) device.end()
  const [again] = await welcomed(gateway, ['d0'])
  await acknowledged(again as RawDevice, 2)
})

test('workers with a spool have a directory each, and a reload hands it over', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const emulator = await startEmulator({ devices: ids(2).map((deviceId) => ({ deviceId })) })
  t.after(() => emulator.close())
  const atHub: string[] = []
  emulator.hub.subscribe(({ deviceId }) => atHub.push(deviceId))
  const hub = { connectionString: emulator.connectionString, ca: emulator.ca }
  const gateway = await WatchedGateway.start(t, { hub, spoolDir: join(folder, 'spool') })
  const devices = await welcomed(gateway, ids(2))
  emulator.hub.faults.put({ status: 503 })
  for (const device of devices) await acknowledged(device, 1)
  const reloaded = gateway.call('reload')
  for (const device of devices) {
    await device.rest()
    device.end()
  }
  await reloaded
  assert.deepEqual(atHub, [])
  emulator.hub.faults.clear()
  // What the first ones stored, the second ones forward.
  while (atHub.length < 2) await gateway.metric('headgate_workers')
  assert.deepEqual(atHub.sort(), ids(2))
  await gateway.call('drain', 1000)
})

test('the newest connection of a device ends the older one in another worker', async (t) => {
  const gateway = await WatchedGateway.start(t, {})
  const [older] = await welcomed(gateway, ['same'])
  const [newer] = await welcomed(gateway, ['same'])
  assert.equal(await older?.rest(), '')
  older?.end()
  await gateway.until(1, 'headgate_connections_total', 'outcome="TAKEN_OVER"')
  await acknowledged(newer as RawDevice, 1)
  assert.equal(await gateway.metric('headgate_worker_connections', 'worker="1"'), 0)
  assert.equal(await gateway.metric('headgate_worker_connections', 'worker="2"'), 1)
  // And back again: the first worker has forgotten it.
  const [newest] = await welcomed(gateway, ['same'])
  assert.equal(await newer?.rest(), '')
  await acknowledged(newest as RawDevice, 2)
})

test('workers whose primary was killed finish what they have and end', async (t) => {
  const emulator = await startEmulator({ devices: [{ deviceId: 'd0' }] })
  t.after(() => emulator.close())
  const hub = { connectionString: emulator.connectionString, ca: emulator.ca }
  const gateway = await WatchedGateway.start(t, { hub })
  const [device] = await welcomed(gateway, ['d0'])
  const atHub = new Promise((resolve) => emulator.hub.subscribe(resolve))
  emulator.hub.faults.put({ latencyMs: 300 })
  device?.write(readingLine(1))
  await gateway.until(1, 'headgate_in_flight_messages')
  gateway.signal('SIGKILL')
  await gateway.exited()
  assert.equal(await device?.line(), '{"$ack":1}')
  await atHub
  assert.equal(await device?.rest(), '')
  device?.end()
  await gateway.allEnded()
})

test('signals that reach the whole group end no worker', async (t) => {
  const gateway = await WatchedGateway.start(t, {})
  const devices = await welcomed(gateway, ids(2))
  for (const number of [1, 2]) {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.kill(gateway.pids(number)[0] as number, signal)
  }
  for (const device of devices) await acknowledged(device, 1)
  assert.equal(await gateway.metric('headgate_workers'), 2)
})

test('what the first worker cannot start with is what serve rejects with, once, and nothing is left', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.after(() => taken.close())
  const { port } = taken.address() as { port: number }
  const plans: readonly [Plan['options'], object][] = [
    [
      { port, host: '127.0.0.1', workers: 2 },
      { code: 'EADDRINUSE', port },
    ],
    [{ port: 0, workers: 2, idleTimeoutMs: -1 }, { code: 'CONFIGURATION' }],
    [
      { port: 0, host: '127.0.0.1', workers: 2, adminPort: port },
      { code: 'EADDRINUSE', port },
    ],
  ]
  for (const [options, failure] of plans) {
    const gateway = new WatchedGateway({ options })
    t.after(() => gateway.end())
    await assert.rejects(gateway.listening(), failure)
    assert.equal(await gateway.exited(), 1)
    await gateway.allEnded()
    assert.deepEqual(gateway.log, [])
  }
})

test('a number of workers that cannot be is CONFIGURATION, as is a reload without any, or a second gateway beside', async (t) => {
  for (const workers of [0, 1.5, 257]) {
    await assert.rejects(serve(jsonLines(memoryHub()), { port: 0, workers }), {
      code: 'CONFIGURATION',
      message: /workers/,
    })
  }
  const plain = await serve(jsonLines(memoryHub()), { port: 0, host: '127.0.0.1' })
  t.after(() => plain.close())
  await assert.rejects(plain.reload(), { code: 'CONFIGURATION' })
  const gateway = await WatchedGateway.start(t, { options: { workers: 1 } })
  await assert.rejects(gateway.call('serveAgain'), { code: 'CONFIGURATION', message: /has workers already/ })
})

test('workers that are full turn more connections away, and one that leaves makes room', async (t) => {
  const gateway = await WatchedGateway.start(t, { options: { maxConnections: 3, adminPort: 0 } })
  const devices = await welcomed(gateway, ids(4))
  assert.deepEqual(await get(gateway, '/readyz'), { status: 503, text: 'saturated\n' })
  for (let count = 1; count <= 2; count++) {
    const more = await gateway.device()
    await more.until(() => more.ended || more.closed)
    await gateway.until(count, 'headgate_connections_total', 'outcome="CONNECTION_LIMIT"')
  }
  for (const device of devices) device.end()
  await gateway.until(0, 'headgate_connections')
  await acknowledged((await welcomed(gateway, ['d9']))[0] as RawDevice, 1)
})

test('TLS is served by workers as by one process, and handshakes in progress count', async (t) => {
  const tls = await selfSigned()
  const gateway = await WatchedGateway.start(t, { options: { workers: 1, maxConnections: 2, tls } })
  const device = await RawDevice.connectTls(gateway.port, tls.cert)
  t.after(() => device.socket.destroy())
  device.write(helloLine('d1'))
  await device.line()
  await acknowledged(device, 1)
  await gateway.device()
  const third = await gateway.device()
  await third.until(() => third.ended || third.closed)
  await gateway.until(1, 'headgate_connections_total', 'outcome="CONNECTION_LIMIT"')
  assert.equal(await gateway.metric('headgate_connections_total', 'outcome="TLS_HANDSHAKE"'), undefined)
})
