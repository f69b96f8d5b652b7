import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type Emulator, startEmulator } from '../../src/emulator/index.ts'
import { LineDevice, Program } from './program.ts'

const module = new URL('./json-lines-module.js', import.meta.url).pathname
const deviceIds = ['d0', 'd1', 'd2', 'd3']

let emulator: Emulator
let folder: string
const programs: Program[] = []

before(async () => {
  emulator = await startEmulator({ devices: deviceIds.map((deviceId) => ({ deviceId })) })
  folder = mkdtempSync(join(tmpdir(), 'headgate-test-'))
  writeFileSync(join(folder, 'ca.pem'), emulator.ca)
})
after(async () => {
  await Promise.all(programs.map((program) => program.end()))
  await emulator.close()
  rmSync(folder, { recursive: true })
})

function start(...args: string[]): Program {
  const program = new Program(['serve', ...args, '--workers', '2', '--json'], {
    HEADGATE_HUB: `HostName=${emulator.hostName}`,
    HEADGATE_HUB_CA: join(folder, 'ca.pem'),
  })
  programs.push(program)
  return program
}

async function welcomed(port: number, deviceId: string): Promise<LineDevice> {
  const key = emulator.hub.getDevice(deviceId)?.authentication.symmetricKey.primaryKey
  const device = new LineDevice(port)
  device.write({ $hello: { deviceId, key } })
  assert.deepEqual(await device.next(), { $welcome: deviceId })
  return device
}

async function acknowledged(device: LineDevice, sequence: number): Promise<void> {
  device.write({ $seq: sequence, t: 1 })
  assert.deepEqual(await device.next(), { $ack: sequence })
}

/** Resolves when standard error has so many lines that say so. */
async function logged(program: Program, message: string, count: number): Promise<void> {
  while (program.stderr.split(message).length <= count) await turn()
}

test('serve --workers: SIGHUP replaces the workers one at a time, SIGTERM drains them, exit code 0', async () => {
  const program = start(module)
  const { gateway, admin } = await program.announcement()
  const port = gateway[0]?.port as number
  const devices = await Promise.all(deviceIds.map((id) => welcomed(port, id)))
  for (const device of devices) await acknowledged(device, 1)
  program.signal('SIGHUP')
  for (const device of devices) {
    assert.equal(await device.next(), undefined)
    device.socket.end()
  }
  await logged(program, 'all workers were replaced', 1)
  assert.equal(program.stderr.split('a worker listens').length - 1, 4)
  const again = await Promise.all(deviceIds.map((id) => welcomed(port, id)))
  for (const device of again) await acknowledged(device, 2)
  const metrics = await (await fetch(`http://127.0.0.1:${admin.port}/metrics`)).text()
  assert.match(metrics, /^headgate_receipts_total\{pipeline="jsonLines",kind="telemetry",outcome="complete"\} 8$/m)
  program.signal('SIGTERM')
  for (const device of again) {
    assert.equal(await device.next(), undefined)
    device.socket.end()
  }
  assert.equal(await program.exited(), 0)
})

test('serve --workers: each has a dead-letter file of its own, complete when it has ended', async () => {
  const path = join(folder, 'dead.jsonl')
  const program = start(module, '--dead-letters', path)
  const { gateway } = await program.announcement()
  const devices: LineDevice[] = []
  for (const id of ['d0', 'd1']) devices.push(await welcomed(gateway[0]?.port as number, id))
  for (const device of devices) {
    device.write('{"$seq":1,"broken":\n')
    assert.ok(await device.next())
  }
  program.signal('SIGTERM')
  for (const device of devices) {
    assert.equal(await device.next(), undefined)
    device.socket.end()
  }
  assert.equal(await program.exited(), 0)
  const letters = [1, 2].map((number) => readFileSync(`${path}.worker-${number}`, 'utf8').trim().split('\n'))
  assert.deepEqual(
    letters.map(({ length }) => length),
    [1, 1],
  )
})

test('serve --workers: what a worker cannot start with is told once, exit code 2', async () => {
  const path = join(folder, 'broken.mjs')
  writeFileSync(path, 'export default 7')
  const program = start(path)
  assert.equal(await program.exited(), 2)
  assert.match(
    program.stderr,
    /^headgate: the default export of .*broken.mjs is no pipeline, list of services, or function\n$/,
  )
})

test('serve --workers without a hub says that there is no embedded one', async () => {
  const hubless = join(folder, 'hubless.mjs')
  writeFileSync(hubless, 'export default (hub) => hub')
  const program = new Program(['serve', hubless, '--workers', '2'])
  programs.push(program)
  assert.equal(await program.exited(), 2)
  assert.match(program.stderr, /HEADGATE_HUB must be set/)
})
