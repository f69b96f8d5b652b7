import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { pipeline } from '../../src/core/pipeline.ts'
import { serve } from '../../src/gateway/serve.ts'
import { memoryHub } from '../../src/hub/memory.ts'
import type { Hub } from '../../src/hub/port.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { hub as hubEndpoint } from '../../src/stages/hub.ts'
import { json } from '../../src/stages/json.ts'
import { lines } from '../../src/stages/lines.ts'
import { liveResources, openGate } from './gate.ts'
import { helloLine, RawDevice, readingLine } from './raw-device.ts'

const named = (name: string, to: Hub) =>
  pipeline(name, lines({ maxLength: 1000 }), json(), authenticate(byPolicy()), batch({ maxCount: 1 }), hubEndpoint(to))

test('several pipelines are served, each on its own port to its own hub', async (t) => {
  const hubs = [memoryHub(), memoryHub()] as const
  const gateway = await serve([
    { pipeline: named('a', hubs[0]), port: 0, host: '127.0.0.1' },
    { pipeline: named('b', hubs[1]), port: 0, host: '127.0.0.1' },
  ])
  t.after(() => gateway.close())
  assert.deepEqual(
    gateway.addresses.map(({ pipeline }) => pipeline),
    ['a', 'b'],
  )
  for (const { pipeline, address } of gateway.addresses) {
    const device = await RawDevice.connect(address.port, helloLine(`on-${pipeline}`) + readingLine(1))
    await device.lines(2)
    device.socket.destroy()
  }
  assert.deepEqual(
    hubs.map(({ accepted }) => accepted.map(({ deviceId }) => deviceId)),
    [['on-a'], ['on-b']],
  )
})

test('two pipelines of one name, and no pipeline at all, are CONFIGURATION', async () => {
  const twice = [
    { pipeline: named('a', memoryHub()), port: 0 },
    { pipeline: named('a', memoryHub()), port: 0 },
  ]
  await assert.rejects(serve(twice), { code: 'CONFIGURATION', message: /'a'/ })
  await assert.rejects(serve([]), { code: 'CONFIGURATION' })
})

test('a deadline or a limit that cannot be is CONFIGURATION, and nothing listens', async () => {
  const before = await liveResources()
  await assert.rejects(serve(jsonLines(memoryHub()), { port: 0, stallTimeoutMs: 0 }), { code: 'CONFIGURATION' })
  await assert.rejects(serve(jsonLines(memoryHub()), { port: 0, maxConnections: 0 }), { code: 'CONFIGURATION' })
  assert.deepEqual(await liveResources(), before)
})

test('a port that is taken is rejected with EADDRINUSE and leaves nothing, not even the ports that were free', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  const before = await liveResources()
  const services = [
    { pipeline: named('a', memoryHub()), port: 0, host: '127.0.0.1' },
    { pipeline: named('b', memoryHub()), port, host: '127.0.0.1' },
  ]
  await assert.rejects(serve(services), { code: 'EADDRINUSE', port })
  const admin = serve(jsonLines(memoryHub()), { port: 0, adminPort: port })
  await assert.rejects(admin, { code: 'EADDRINUSE', port })
  assert.deepEqual(await liveResources(), before)
  taken.close()
})

test('a hub that cannot be prepared is rejected, and nothing listens', async () => {
  const before = await liveResources()
  const { can, open } = memoryHub()
  const unprepared: Hub = { can, open, prepare: async () => Promise.reject(new Error('not ready')) }
  await assert.rejects(serve(jsonLines(unprepared), { port: 0 }), /not ready/)
  assert.deepEqual(await liveResources(), before)
})

test('the hub is prepared once, before the gateway listens', async (t) => {
  let prepared = 0
  const { can, open } = memoryHub()
  const hub: Hub = { can, open, prepare: async () => void prepared++ }
  const { device } = await openGate(t, { pipeline: jsonLines(hub) })
  assert.equal(prepared, 1)
  await (await device(helloLine('d1'))).line()
  await (await device(helloLine('d2'))).line()
  assert.equal(prepared, 1)
})

test('close cuts everything at once and leaves nothing', async () => {
  const hub = memoryHub({ hold: true })
  const warm = await serve(jsonLines(hub), { port: 0, adminPort: 0 })
  await warm.metrics.expose()
  await warm.close()
  const before = await liveResources()
  const gateway = await serve(jsonLines(hub), { port: 0, host: '127.0.0.1', adminPort: 0 })
  const devices = await Promise.all(
    ['', '{', helloLine(), helloLine() + readingLine(1)].map((words) => RawDevice.connect(gateway.address.port, words)),
  )
  await Promise.all(devices.slice(2).map((device) => device.line()))
  await gateway.close()
  await Promise.all(devices.map((device) => device.until(() => device.closed || device.ended)))
  for (const { socket } of devices) socket.destroy()
  await Promise.all(devices.map((device) => device.until(() => device.closed)))
  assert.equal(hub.sessions.size, 0)
  assert.deepEqual(await liveResources(), before)
})

test('/readyz says saturated when a pipeline is full, and draining from the first moment of a drain', async (t) => {
  const { gateway, device, log } = await openGate(t, { adminPort: 0, maxConnections: 1 })
  const ready = async () => {
    const response = await fetch(`http://127.0.0.1:${gateway.adminAddress?.port}/readyz`, {
      headers: { connection: 'close' },
    })
    return `${response.status} ${(await response.text()).trim()}`
  }
  assert.equal(await ready(), '200 ready')
  const d1 = await device(helloLine())
  await d1.line()
  assert.equal(await ready(), '503 saturated')
  d1.end()
  await log.ended(1)
  assert.equal(await ready(), '200 ready')
  const drained = gateway.drain()
  assert.equal(await ready(), '503 draining')
  await drained
  assert.equal(await ready(), '503 draining')
})
