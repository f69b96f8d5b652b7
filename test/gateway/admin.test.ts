import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type Admin, startAdmin } from '../../src/gateway/admin.ts'
import { GatewayMetrics } from '../../src/gateway/metrics.ts'

async function adminFor(
  t: TestContext,
  unready: () => string | undefined = () => undefined,
  metrics = new GatewayMetrics(),
) {
  const admin = await startAdmin({ metrics, unready }, 0)
  t.after(() => admin.close())
  return admin
}

const get = (admin: Admin, path: string, method = 'GET') =>
  fetch(`http://127.0.0.1:${admin.address.port}${path}`, { method, headers: { connection: 'close' } })

/** Sends the first line of a request as it is, and returns the status line. */
async function ask(admin: Admin, requestLine: string): Promise<string> {
  const socket = connect(admin.address.port, '127.0.0.1')
  socket.end(`${requestLine}\r\nHost: x\r\nConnection: close\r\n\r\n`)
  const [chunk] = await once(socket, 'data')
  socket.destroy()
  return String(chunk).split('\r\n')[0] as string
}

test('/healthz is 200 while the process lives, ready or not', async (t) => {
  const admin = await adminFor(t, () => 'draining')
  assert.equal((await get(admin, '/healthz')).status, 200)
})

test('/readyz is 200 while devices are welcome, else 503 with the reason', async (t) => {
  let reason: string | undefined
  const admin = await adminFor(t, () => reason)
  assert.equal((await get(admin, '/readyz')).status, 200)
  for (reason of ['draining', 'saturated']) {
    const response = await get(admin, '/readyz')
    assert.equal(response.status, 503)
    assert.equal(await response.text(), `${reason}\n`)
  }
})

test('/metrics is the text that Prometheus reads', async (t) => {
  const response = await get(await adminFor(t), '/metrics')
  assert.equal(response.status, 200)
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  const text = await response.text()
  assert.match(text, /# TYPE headgate_connections gauge/)
  assert.match(text, /process_cpu_seconds_total/)
  assert.match(text, /[^\n]\n$/)
})

test('metrics that cannot be read are 500, and the next scrape is asked anew', async (t) => {
  const metrics = new GatewayMetrics()
  const expose = t.mock.method(metrics, 'expose', async () => Promise.reject(new Error('broken')), { times: 1 })
  const admin = await adminFor(t, undefined, metrics)
  assert.equal((await get(admin, '/metrics')).status, 500)
  expose.mock.restore()
  assert.equal((await get(admin, '/metrics')).status, 200)
})

test('/ is an index that leads to the rest', async (t) => {
  const admin = await adminFor(t)
  const response = await get(admin, '/?x=1')
  assert.match(response.headers.get('content-type') ?? '', /^text\/html/)
  const html = await response.text()
  for (const [, path] of html.matchAll(/href="([^"]+)"/g)) assert.equal((await get(admin, path as string)).status, 200)
})

test('another path is 404, another method than GET and HEAD 405', async (t) => {
  const admin = await adminFor(t)
  assert.equal((await get(admin, '/nothing')).status, 404)
  for (const method of ['POST', 'PUT', 'DELETE']) assert.equal((await get(admin, '/metrics', method)).status, 405)
  const head = await get(admin, '/healthz', 'HEAD')
  assert.deepEqual([head.status, await head.text()], [200, ''])
})

test('a target that is no URL is 404 and harms nobody', async (t) => {
  const admin = await adminFor(t)
  for (const target of ['//', '//[', '*', 'http://', 'http://[/', '/%', '/\\']) {
    assert.match(await ask(admin, `GET ${target} HTTP/1.1`), /^HTTP\/1.1 404/, target)
  }
  assert.equal((await get(admin, '/healthz')).status, 200)
})

test('a port that is taken is rejected with the error of the system', async (t) => {
  const { address } = await adminFor(t)
  await assert.rejects(startAdmin({ metrics: new GatewayMetrics(), unready: () => undefined }, address.port), {
    code: 'EADDRINUSE',
  })
})

test('closing cuts readers that keep their connection, those too that wait for an answer', async (t) => {
  const metrics = new GatewayMetrics()
  const asked = new Promise<void>((resolve) => {
    t.mock.method(metrics, 'expose', () => {
      resolve()
      return new Promise(() => {})
    })
  })
  const admin = await startAdmin({ metrics, unready: () => undefined }, 0)
  const reader = connect(admin.address.port, '127.0.0.1')
  reader.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
  await asked
  await Promise.all([once(reader, 'close'), admin.close()])
})
