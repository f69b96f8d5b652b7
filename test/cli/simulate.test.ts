import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, type TestContext, test } from 'node:test'
import { readSettings } from '../../src/cli/environment.ts'
import { type SimulateOptions, simulate } from '../../src/cli/simulate.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { startEmulator } from '../../src/emulator/index.ts'
import { serve } from '../../src/gateway/serve.ts'
import { type MemoryHub, memoryHub } from '../../src/hub/memory.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'

afterEach(() => {
  process.removeAllListeners('SIGTERM')
  process.removeAllListeners('SIGINT')
})

/** Runs a simulation of two readings a device, and returns what it printed. */
async function run(t: TestContext, hub: MemoryHub, options: Partial<SimulateOptions>, settings = readSettings({}, {})) {
  const gateway = await serve(jsonLines(hub, { batch: { maxCount: 1 } }), { port: 0, host: '127.0.0.1' })
  t.after(() => gateway.close())
  const { port } = gateway.address
  const defaults = {
    host: '127.0.0.1',
    port,
    devices: 2,
    rate: 1000,
    count: 2,
    prefix: 'p-',
    keyFile: undefined,
    first: 1,
  }
  let printed = ''
  const original = process.stdout.write.bind(process.stdout)
  const write = t.mock.method(process.stdout, 'write', (chunk: string | Uint8Array) => {
    // The test runner reports through the same stream, in bytes.
    if (typeof chunk !== 'string') return original(chunk)
    printed += chunk
    return true
  })
  try {
    await simulate(
      { ...defaults, protocol: undefined, ackTimeoutMs: 10_000, provision: false, json: true, ...options },
      settings,
    )
  } finally {
    write.mock.restore()
  }
  return printed
}

/** A hub in process that knows the given keys, and a file of them. */
function keyFile(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'keys'), text)
  return join(folder, 'keys')
}

test('devices of a key file are simulated with their keys, and the report is one line of JSON', async (t) => {
  const hub = memoryHub({ keys: { a: 'ka', b: 'kb' } })
  const printed = await run(t, hub, { keyFile: keyFile(t, 'a ka\n\n  b   kb  \n') })
  const { devices, sent, acked, protocolErrors } = JSON.parse(printed)
  assert.deepEqual([devices, sent, acked, protocolErrors], [2, 4, 4, 0])
  assert.match(printed, /^[^\n]+\n$/)
})

test('without --json the report is in words', async (t) => {
  const hub = memoryHub({ keys: { a: 'ka' } })
  const printed = await run(t, hub, { keyFile: keyFile(t, 'a ka'), json: false })
  assert.match(printed, /^1 devices: 2 sent, 2 acknowledged, 0 refused, 0 lost; latency p50 /)
})

test('a reading that was refused fails the simulation', async (t) => {
  const hub = memoryHub({ keys: { a: 'ka' } })
  hub.fail(new GatewayError('HUB_REJECTED', 'never'))
  await assert.rejects(run(t, hub, { keyFile: keyFile(t, 'a ka') }), {
    message: '1 readings were not acknowledged, 0 answers were wrong',
  })
})

test('provisioned devices get the keys of the registry', async (t) => {
  const emulator = await startEmulator()
  t.after(() => emulator.close())
  const settings = { ...readSettings({}, {}), hub: emulator.connectionString, hubCa: emulator.ca }
  const hub = memoryHub()
  const printed = await run(t, hub, { provision: true, devices: 3 }, settings)
  assert.equal(JSON.parse(printed).acked, 6)
  assert.deepEqual(
    emulator.hub.listDevices().map(({ deviceId }) => deviceId),
    ['p-1', 'p-2', 'p-3'],
  )
})

test('provisioning without a hub to ask is CONFIGURATION', async (t) => {
  await assert.rejects(run(t, memoryHub(), { provision: true }), { code: 'CONFIGURATION' })
})

test('numbered devices without keys are refused by a gateway that wants them', async (t) => {
  await assert.rejects(run(t, memoryHub(), {}), /refused p-1: UNAUTHORIZED/)
})
