import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type Emulator, startEmulator } from '../../src/emulator/index.ts'
import { LineDevice, Program } from './program.ts'

const deviceCount = 20
const readingsEach = 6000
const padding = 'x'.repeat(1000)
const offeredBytes = deviceCount * readingsEach * padding.length
const deviceIds = Array.from({ length: deviceCount }, (_, index) => `d${index}`)

/**
 * What a held connection may have read: one chunk being worked off, 16 items behind it in two streams, a batch that fills,
 * one that waits, four in flight; of the readings here 7 batches of 100 KB.
 */
const ceilingBytesEach = 1_000_000

let emulator: Emulator
let program: Program
let folder: string

before(async () => {
  emulator = await startEmulator({ devices: deviceIds.map((deviceId) => ({ deviceId })) })
  folder = mkdtempSync(join(tmpdir(), 'headgate-test-'))
  writeFileSync(join(folder, 'ca.pem'), emulator.ca)
  const module = new URL('./json-lines-module.js', import.meta.url).pathname
  const hub = { HEADGATE_HUB: `HostName=${emulator.hostName}`, HEADGATE_HUB_CA: join(folder, 'ca.pem') }
  program = new Program(['serve', module, '--json'], hub)
})
after(async () => {
  await program.end()
  await emulator.close()
  rmSync(folder, { recursive: true })
})

test('a hub that hangs under full load: sockets stop being read, memory stays flat, all is delivered in the end', async () => {
  const { gateway, admin } = await program.announcement()
  const received = new Map<string, number>()
  emulator.hub.subscribe(({ deviceId }) => received.set(deviceId, (received.get(deviceId) ?? 0) + 1))
  const samples = async (): Promise<(name: string) => number> => {
    const text = await (await fetch(`http://localhost:${admin.port}/metrics`)).text()
    return (name) => Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (.*)$`, 'm').exec(text)?.[1] ?? Number.NaN)
  }
  const bytesUp = 'headgate_bytes_total\\{pipeline="jsonLines",direction="up"\\}'

  const devices = deviceIds.map((deviceId) => {
    const device = new LineDevice(gateway[0]?.port as number)
    const key = emulator.hub.getDevice(deviceId)?.authentication.symmetricKey.primaryKey
    device.write({ $hello: { deviceId, key } })
    return device
  })
  for (const device of devices) assert.ok('$welcome' in ((await device.next()) ?? {}))
  const residentBefore = (await samples())('process_resident_memory_bytes')

  emulator.hub.faults.put({ operation: 'send', hang: true })
  for (const device of devices) {
    for (let n = 0; n < readingsEach; n++) device.write(`{"$seq":${n},"padding":"${padding}"}\n`)
  }
  // It has come to rest when the gateway has read nothing more over many scrapes.
  let rest = 0
  for (let last = -1; rest < 100; await turn()) {
    const now = (await samples())(bytesUp)
    rest = now === last && now > 0 ? rest + 1 : 0
    last = now
  }
  const held = await samples()
  assert.ok(held(bytesUp) < deviceCount * ceilingBytesEach, `${held(bytesUp)} bytes read of ${offeredBytes} offered`)
  const growth = held('process_resident_memory_bytes') - residentBefore
  assert.ok(growth < offeredBytes, `resident memory grew by ${growth} bytes with ${offeredBytes} offered`)
  assert.equal(received.size, 0)
  const blocked = 'headgate_stage_blocked_seconds_total\\{pipeline="jsonLines",stage="hub",direction="up"\\}'
  assert.ok(held(blocked) > 0)

  emulator.hub.faults.clear()
  for (const device of devices) {
    for (let n = 0; n < readingsEach; n++) assert.deepEqual(await device.next(), { $ack: n })
    device.socket.end()
    assert.equal(await device.next(), undefined)
  }
  for (const deviceId of deviceIds) assert.ok((received.get(deviceId) ?? 0) >= readingsEach)
})
