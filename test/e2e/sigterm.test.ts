import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Acknowledgement } from '../../src/cli/fleet-device.ts'
import { SimulatedDevice } from '../../src/cli/simulated-device.ts'
import { type Emulator, startEmulator } from '../../src/emulator/index.ts'
import { bodyOf } from './local-hub.ts'
import { LineDevice, Program } from './program.ts'

const deviceIds = Array.from({ length: 20 }, (_, index) => `d${index}`)

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

test('SIGTERM under load: exit code 0, and every reading is acknowledged and at the hub, or not acknowledged', async () => {
  const atHub = new Set<string>()
  emulator.hub.subscribe((message) => atHub.add(`${message.deviceId}/${bodyOf(message).n}`))
  const module = new URL('./json-lines-module.js', import.meta.url).pathname
  const program = new Program(['serve', module, '--json'], {
    HEADGATE_HUB: `HostName=${emulator.hostName}`,
    HEADGATE_HUB_CA: join(folder, 'ca.pem'),
  })
  programs.push(program)
  const { gateway } = await program.announcement()
  const devices = deviceIds.map((deviceId) => {
    const key = emulator.hub.getDevice(deviceId)?.authentication.symmetricKey.primaryKey as string
    return new SimulatedDevice({ host: 'localhost', port: gateway[0]?.port as number, deviceId, key })
  })
  await Promise.all(devices.map((device) => device.connect()))

  const outcomes = new Map<string, Acknowledgement>()
  let terminated = false
  const load = devices.map(async (device, index) => {
    // Each device sends until its connection ends, without waiting for acknowledgements.
    for (let n = 0, gone = false; !gone && n < 5000; n++) {
      const id = `d${index}/${n}`
      void device.send({ n }).then((outcome) => {
        outcomes.set(id, outcome)
        gone = outcome === 'lost'
        if (outcomes.size > 500 && !terminated) {
          terminated = true
          program.signal('SIGTERM')
        }
      })
      await device.drained()
      if (n % 20 === 19) await new Promise((resolve) => setImmediate(resolve))
    }
    await device.end()
  })
  assert.equal(await program.exited(), 0)
  await Promise.all(load)
  assert.ok(terminated)

  const acked = [...outcomes].filter(([, outcome]) => outcome === 'acked').map(([id]) => id)
  assert.ok(acked.length > 500)
  assert.deepEqual(
    acked.filter((id) => !atHub.has(id)),
    [],
  )
  assert.ok(![...outcomes.values()].includes('nacked'))
  assert.equal(
    devices.reduce((sum, device) => sum + device.protocolErrors, 0),
    0,
  )
})

test('SIGTERM while the hub hangs: exit code 0 after the deadline, and nothing was acknowledged', async () => {
  emulator.hub.queueCommand('d0', { body: Buffer.from('{}') })
  const module = new URL('./json-lines-module.js', import.meta.url).pathname
  const program = new Program(['serve', module, '--json', '--drain-ms', '500'], {
    HEADGATE_HUB: `HostName=${emulator.hostName}`,
    HEADGATE_HUB_CA: join(folder, 'ca.pem'),
  })
  programs.push(program)
  const { gateway } = await program.announcement()
  const key = emulator.hub.getDevice('d0')?.authentication.symmetricKey.primaryKey
  const device = new LineDevice(gateway[0]?.port as number)
  device.write({ $hello: { deviceId: 'd0', key } })
  assert.deepEqual(await device.next(), { $welcome: 'd0' })
  // A command waits for its answer and a reading for the hub, and the hub answers neither.
  assert.ok('$command' in ((await device.next()) ?? {}))
  emulator.hub.faults.put({ hang: true })
  device.write({ $seq: 1, t: 1 })
  program.signal('SIGTERM')
  assert.equal(await device.next(), undefined)
  assert.equal(await program.exited(), 0)
  emulator.hub.faults.clear()
})
