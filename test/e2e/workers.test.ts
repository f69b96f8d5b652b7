import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Emulator, startEmulator } from '../../src/emulator/index.ts'
import { LineDevice, Program } from './program.ts'

const module = new URL('./json-lines-module.js', import.meta.url).pathname
let emulator: Emulator
let folder: string
const programs: Program[] = []

before(async () => {
  emulator = await startEmulator({ devices: [{ deviceId: 'd1' }, { deviceId: 'd2' }] })
  folder = mkdtempSync(join(tmpdir(), 'headgate-test-'))
  writeFileSync(join(folder, 'ca.pem'), emulator.ca)
})
after(async () => {
  await Promise.all(programs.map((program) => program.end()))
  await emulator.close()
  rmSync(folder, { recursive: true })
})

function start(...args: readonly string[]): Program {
  const hub = { HEADGATE_HUB: `HostName=${emulator.hostName}`, HEADGATE_HUB_CA: join(folder, 'ca.pem') }
  const program = new Program(['serve', module, '--json', ...args], args.includes('--workers') ? hub : {})
  programs.push(program)
  return program
}

async function connect(port: number, deviceId: string): Promise<LineDevice> {
  const device = new LineDevice(port)
  const key = emulator.hub.requireDevice(deviceId).authentication.symmetricKey.primaryKey
  device.write({ $hello: { deviceId, key } })
  assert.deepEqual(await device.next(), { $welcome: deviceId })
  return device
}

test('headgate serve --workers: both serve the one port to the hub, SIGHUP replaces them, SIGTERM drains them', async () => {
  const program = start('--workers', '2')
  const { gateway, admin } = await program.announcement()
  const port = gateway[0]?.port as number
  const devices = [await connect(port, 'd1'), await connect(port, 'd2')]
  for (const device of devices) {
    device.write({ $seq: 1, t: 20 })
    assert.deepEqual(await device.next(), { $ack: 1 })
  }
  const scrape = async () => (await fetch(`http://127.0.0.1:${admin.port}/metrics`)).text()
  const metrics = await scrape()
  assert.match(metrics, /^headgate_connections\{pipeline="jsonLines"\} 2$/m)
  assert.match(metrics, /^headgate_receipts_total\{pipeline="jsonLines",kind="telemetry",outcome="complete"\} 2$/m)
  assert.match(metrics, /^headgate_workers 2$/m)
  program.signal('SIGHUP')
  for (const device of devices) assert.equal(await device.next(), undefined, 'its FIN')
  const again = await connect(port, 'd1')
  again.write({ $seq: 2, t: 20 })
  assert.deepEqual(await again.next(), { $ack: 2 })
  program.signal('SIGTERM')
  assert.equal(await again.next(), undefined)
  assert.equal(await program.exited(), 0)
})

test('what keeps workers from serving is said once, with exit code 2 for what the user can mend', async () => {
  const program = new Program(['serve', module, '--workers', '2'])
  programs.push(program)
  assert.equal(await program.exited(), 2)
  assert.match(program.stderr, /--workers needs HEADGATE_HUB/)
  const wrong = new Program(['serve', module, '--workers', 'many'])
  programs.push(wrong)
  assert.equal(await wrong.exited(), 2)
  assert.match(wrong.stderr, /--workers is not a number from 1 to 128/)
})
