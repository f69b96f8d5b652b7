import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { readSettings, type Settings } from '../../src/cli/environment.ts'
import { drainSpool, exportSpool, showSpool } from '../../src/cli/spool.ts'
import { silentLog } from '../../src/core/connection.ts'
import { telemetry } from '../../src/core/items.ts'
import { startEmulator } from '../../src/emulator/index.ts'
import { disk } from '../../src/hub/spool/disk.ts'

const never = new Promise<never>(() => undefined)

/** What a command wrote, line by line. */
async function outputOf(command: (to: PassThrough) => Promise<void>): Promise<string[]> {
  const output = new PassThrough()
  output.resume()
  const chunks: Buffer[] = []
  output.on('data', (chunk: Buffer) => chunks.push(chunk))
  await command(output)
  return Buffer.concat(chunks).toString().split('\n').slice(0, -1)
}

async function spoolDirectory(t: TestContext): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-spool-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const store = disk({ dir })
  await store.open(silentLog)
  const message = telemetry(Buffer.of(0, 255), { messageId: 'm1', properties: { a: 'b' }, contentType: 'x/y' })
  await store.append('d1', [message, telemetry(Buffer.from('2'))], undefined)
  await store.append('d2', [telemetry(Buffer.from('3'))], 'digest.1')
  await store.remember('d1', { credentials: 'policy', confirmations: 1, accepted: [] })
  await store.remember('d2', { credentials: 'key', confirmations: 1, accepted: [] })
  await store.close()
  return dir
}

test('show lists each device with messages, bytes and its oldest, and says whose messages wait until they connect', async (t) => {
  const dir = await spoolDirectory(t)
  const lines = await outputOf((to) => showSpool(dir, false, to))
  assert.match(lines[0] as string, /^d1: 2 messages, \d+ bytes, oldest 20\d\d-.*Z$/)
  assert.match(lines[1] as string, /^d2: 1 messages, .*, waits until it connects \(its credentials: key\)$/)
  assert.match(lines[2] as string, /^2 devices, 3 messages, \d+ bytes, oldest .*Z, 0 damaged$/)
  const [json] = await outputOf((to) => showSpool(dir, true, to))
  const shown = JSON.parse(json as string)
  assert.deepEqual([shown.messages, shown.damaged, shown.devices.length], [3, 0, 2])
  assert.deepEqual(Object.keys(shown.devices[1]), ['deviceId', 'messages', 'bytes', 'oldest', 'credentials'])
  assert.equal(shown.bytes, shown.devices[0].bytes + shown.devices[1].bytes)
})

test('export prints every message as a line of JSON, and removes none', async (t) => {
  const dir = await spoolDirectory(t)
  for (let round = 0; round < 2; round++) {
    const messages = (await outputOf((to) => exportSpool(dir, to))).map((line) => JSON.parse(line))
    assert.match(messages[0].time, /^20\d\d-.*Z$/)
    for (const each of messages) delete each.time
    assert.deepEqual(messages, [
      { deviceId: 'd1', messageId: 'm1', contentType: 'x/y', properties: { a: 'b' }, body: 'AP8=' },
      { deviceId: 'd1', properties: {}, body: 'Mg==' },
      { deviceId: 'd2', properties: {}, body: 'Mw==' },
    ])
  }
})

test('export ends when its reader leaves', async (t) => {
  const dir = await spoolDirectory(t)
  const output = new PassThrough({ highWaterMark: 1 })
  const exporting = exportSpool(dir, output)
  output.destroy()
  await exporting
})

test('a directory without a spool is a CONFIGURATION error, and none is made of it', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-spool-'))
  t.after(() => rmSync(dir, { recursive: true }))
  for (const path of [dir, join(dir, 'none')]) {
    await assert.rejects(showSpool(path, false, new PassThrough()), {
      code: 'CONFIGURATION',
      message: `there is no spool in ${path}`,
    })
  }
})

test('a spool that a gateway has open is a CONFIGURATION error', async (t) => {
  const dir = await spoolDirectory(t)
  const store = disk({ dir })
  await store.open(silentLog)
  await assert.rejects(showSpool(dir, false, new PassThrough()), { code: 'CONFIGURATION', message: /another process/ })
  await store.close()
})

test('drain forwards everything to the hub under its policy, tells of it, and leaves the spool empty', async (t) => {
  const dir = await spoolDirectory(t)
  const emulator = await startEmulator({ port: 0, devices: [{ deviceId: 'd1' }, { deviceId: 'd2' }] })
  t.after(() => emulator.close())
  const accepted: string[] = []
  emulator.hub.subscribe(({ deviceId, body }) => accepted.push(`${deviceId} ${Buffer.from(body).toString('base64')}`))
  const settings: Settings = {
    ...readSettings({ logLevel: 'silent' }, {}),
    hub: emulator.connectionString,
    hubCa: emulator.ca,
  }
  const told = await outputOf((to) => drainSpool(dir, settings, never, new PassThrough(), to))
  assert.deepEqual(told, ['3 forwarded, 0 left'])
  assert.deepEqual(accepted.sort(), ['d1 AP8=', 'd1 Mg==', 'd2 Mw=='])
  assert.deepEqual(await outputOf((to) => showSpool(dir, false, to)), ['0 devices, 0 messages, 0 bytes, 0 damaged'])
})

test('drain fails with what is left where the hub does not know a device', async (t) => {
  const dir = await spoolDirectory(t)
  const emulator = await startEmulator({ port: 0, devices: [{ deviceId: 'd2' }] })
  t.after(() => emulator.close())
  const settings: Settings = {
    ...readSettings({ logLevel: 'silent' }, {}),
    hub: emulator.connectionString,
    hubCa: emulator.ca,
  }
  const draining = drainSpool(dir, settings, never, new PassThrough(), new PassThrough())
  await assert.rejects(draining, { message: '2 messages are left: the hub refuses 1 devices' })
  const lines = await outputOf((to) => showSpool(dir, false, to))
  assert.match(lines.at(-1) as string, /^1 devices, 2 messages/)
})

test('drain takes a hub with a policy', async (t) => {
  const dir = await spoolDirectory(t)
  for (const hub of [undefined, 'HostName=h']) {
    const settings: Settings = { ...readSettings({}, {}), hub }
    const draining = drainSpool(dir, settings, never, new PassThrough(), new PassThrough())
    await assert.rejects(draining, { code: 'CONFIGURATION', message: /HEADGATE_HUB, with a policy/ })
  }
})
