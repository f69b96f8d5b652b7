import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { provisionDevice } from '../../src/cli/registry.ts'
import { type Emulator, startEmulator } from '../../src/emulator/index.ts'

let emulator: Emulator

before(async () => {
  emulator = await startEmulator({ devices: [{ deviceId: 'there' }] })
})
afterEach(() => emulator.hub.faults.clear())
after(() => emulator.close())

const keyOf = (deviceId: string) => emulator.hub.requireDevice(deviceId).authentication.symmetricKey.primaryKey
const provision = (
  deviceId: string,
  connectionString = emulator.connectionString,
  ca: string | undefined = emulator.ca,
) => provisionDevice(connectionString, ca, deviceId)

test('a device that does not exist is created, and its key returned', async () => {
  const key = await provision('new')
  assert.equal(key, keyOf('new'))
  assert.equal(Buffer.from(key, 'base64').length >= 16, true)
})

test('a device that exists keeps its key, which is returned', async () => {
  const before = keyOf('there')
  assert.equal(await provision('there'), before)
  assert.equal(keyOf('there'), before)
})

test('a device id that must be escaped is created under its own name', async () => {
  assert.equal(await provision('a:b#c?d'), keyOf('a:b#c?d'))
})

test('a connection string without a policy is CONFIGURATION', async () => {
  await assert.rejects(provision('x', `HostName=${emulator.hostName}`), { code: 'CONFIGURATION' })
})

test('a policy that may not write, a wrong key and an impossible name are refused with the status of the hub', async () => {
  await assert.rejects(provision('x', emulator.policyConnectionString('device')), {
    code: 'HUB_REJECTED',
    message: /401|403/,
  })
  const wrongKey = emulator.connectionString.replace(/SharedAccessKey=.*/, 'SharedAccessKey=d3Jvbmc=')
  await assert.rejects(provision('x', wrongKey), (error: Error) => {
    assert.match(error.message, /401/)
    assert.ok(!error.message.includes('d3Jvbmc='))
    return true
  })
  await assert.rejects(provision('no spaces'), { code: 'HUB_REJECTED', message: /400/ })
})

test('a hub whose certificate is not trusted is not spoken to', async () => {
  await assert.rejects(provisionDevice(emulator.connectionString, undefined, 'x'), {
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  })
})
