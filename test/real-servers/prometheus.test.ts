import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { SimulatedDevice } from '../../src/cli/simulated-device.ts'
import { LocalHub } from '../e2e/local-hub.ts'

const local = new LocalHub(['d1'])
let metricsUrl: string

before(async () => {
  await local.start({ adminPort: 0 })
  metricsUrl = `localhost:${local.gateway.adminAddress?.port}`
  const device = new SimulatedDevice(local.device('d1'))
  await device.connect()
  for (let n = 0; n < 7; n++) assert.equal(await device.send({ n }), 'acked')
  const impostor = new SimulatedDevice(local.device('d1', 'd3Jvbmc='))
  await assert.rejects(impostor.connect())
  await device.end()
})
after(() => local.close())

test('promtool finds nothing wrong with the metrics', async () => {
  const input = await (await fetch(`http://${metricsUrl}/metrics`)).text()
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })
  assert.equal(`${stdout}${stderr}`, '')
  assert.equal(status, 0)
})

test('a real Prometheus scrapes the gateway and finds the acknowledged readings', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-prometheus-'))
  const port = await freePort()
  const config = `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs: [{ job_name: headgate, static_configs: [{ targets: ["${metricsUrl}"] }] }]
`
  writeFileSync(join(folder, 'prometheus.yml'), config)
  const prometheus = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  )
  const exited = once(prometheus, 'exit')
  try {
    assert.equal(await value(port, 'headgate_receipts_total{kind="telemetry",outcome="complete"}'), 7)
    assert.equal(await value(port, 'headgate_receipts_total{kind="hello",outcome="reject"}'), 1)
    assert.equal(await value(port, 'up{job="headgate"}'), 1)
    assert.equal(await value(port, 'headgate_connections'), 0)
  } finally {
    prometheus.kill()
    await exited
    rmSync(folder, { recursive: true })
  }
})

/** The value of a query, once Prometheus answers with one. */
async function value(port: number, query: string): Promise<number> {
  const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`
  for (;;) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok) {
      const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } }
      if (data.result[0] !== undefined) return Number(data.result[0].value[1])
    }
    await turn()
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
