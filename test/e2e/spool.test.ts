import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { serve } from '../../src/gateway/serve.ts'
import { azureHttp } from '../../src/hub/azure-http.ts'
import { retry } from '../../src/hub/retry.ts'
import { disk } from '../../src/hub/spool/disk.ts'
import { spool } from '../../src/hub/spool/spool.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { bodyOf, LocalHub } from './local-hub.ts'
import { LineDevice } from './program.ts'

test('a device is welcomed and acknowledged while the hub is down, and its readings arrive, in order, after a restart of both', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-spool-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const local = new LocalHub(['d1'])
  await local.startHub()
  t.after(() => local.emulator.close())
  const start = async () => {
    const { hostName, ca } = local.emulator
    const remote = azureHttp(`HostName=${hostName}`, {
      ca,
      requestTimeoutMs: 20_000,
      pollIntervalMs: 20,
      pollsPerSecond: 1000,
    })
    const pauses = { minDelayMs: 10, maxDelayMs: 50 }
    // A hub that is down is told as such at once; one that is only slow has all the time it wants.
    const hub = spool(retry(remote, { ...pauses, deadlineMs: 50 }), disk({ dir }), {
      ...pauses,
      helloTimeoutMs: 60_000,
    })
    return { hub, gateway: await serve(jsonLines(hub), { port: 0 }) }
  }
  const connected = async (port: number) => {
    const device = new LineDevice(port)
    device.write({ $hello: { deviceId: 'd1', key: local.key('d1') } })
    assert.ok((await device.next())?.$welcome !== undefined)
    return device
  }
  const key = local.key('d1')
  local.key = () => key

  const first = await start()
  const before = await connected(first.gateway.address.port)
  before.write({ $seq: 0, n: 0 })
  assert.deepEqual(await before.next(), { $ack: 0 })
  while (local.accepted.length < 1) await turn()
  before.socket.destroy()
  await local.stopHub()

  const device = await connected(first.gateway.address.port)
  const numbers = Array.from({ length: 20 }, (_, at) => at + 1)
  for (const n of numbers) {
    device.write({ $seq: n, n })
    assert.deepEqual(await device.next(), { $ack: n })
  }
  assert.equal(local.accepted.length, 1, 'the hub is down')
  device.socket.destroy()
  await first.gateway.close()
  await first.hub.close()

  await local.startHub()
  const second = await start()
  assert.match((await second.gateway.metrics.expose()).text, /^headgate_spool_messages 20$/m)
  const after = await connected(second.gateway.address.port)
  while (local.accepted.length < 21) await turn()
  assert.deepEqual(
    local.accepted.map((message) => bodyOf(message).n),
    [0, ...numbers],
  )
  after.socket.destroy()
  await second.gateway.close()
  await second.hub.close()
})
