import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { signSharedAccessSignature } from '../../src/emulator/index.ts'
import {
  acceptedBy,
  assertRefused,
  deviceToken,
  emulatorFor,
  FakeClock,
  inAnHour,
  policyToken,
  send,
} from './https-peer.ts'

describe('the emulator lets in', () => {
  it('a device by its primary or its secondary key and by no other', async (test) => {
    const primaryKey = randomBytes(32).toString('base64')
    const secondaryKey = randomBytes(32).toString('base64')
    const emulator = await emulatorFor(test, {
      devices: [{ deviceId: 'd1', primaryKey, secondaryKey }, { deviceId: 'd2' }],
    })
    const sign = (key: string, resource = 'localhost/devices/d1') =>
      signSharedAccessSignature({ resource, key, expirySeconds: inAnHour() })
    assert.equal((await send(emulator, { token: sign(primaryKey) })).status, 204)
    assert.equal((await send(emulator, { token: sign(secondaryKey) })).status, 204)
    const other = emulator.hub.requireDevice('d2').authentication.symmetricKey.primaryKey
    assertRefused(await send(emulator, { token: sign(other) }), 401, 'IotHubUnauthorizedAccess')
    const forD2 = sign(primaryKey, 'localhost/devices/d2')
    assertRefused(await send(emulator, { token: forD2 }), 401, 'IotHubUnauthorizedAccess')
  })

  it('any device under any of its names, port or not, whatever the case', async (test) => {
    const emulator = await emulatorFor(test, { hostNames: ['Hub.Example'] })
    const key = emulator.hub.requireDevice('d1').authentication.symmetricKey.primaryKey
    const names = [
      'LOCALHOST',
      emulator.hostName,
      '127.0.0.1:1',
      '[::1]',
      'emulator.azure-devices.net',
      'hub.example:443',
    ]
    for (const name of names) {
      const token = signSharedAccessSignature({ resource: `${name}/devices/d1`, key, expirySeconds: inAnHour() })
      assert.equal((await send(emulator, { token })).status, 204, name)
    }
    const token = signSharedAccessSignature({ resource: 'other/devices/d1', key, expirySeconds: inAnHour() })
    assertRefused(await send(emulator, { token }), 401, 'IotHubUnauthorizedAccess')
  })

  it('every device by a policy with DeviceConnect, and by no other policy', async (test) => {
    const emulator = await emulatorFor(test)
    const accepted = acceptedBy(emulator)
    for (const policy of ['iothubowner', 'device'] as const) {
      assert.equal((await send(emulator, { token: policyToken(emulator, policy, 'localhost/devices') })).status, 204)
    }
    assert.match(accepted[0]?.systemProperties['iothub-connection-auth-method'] ?? '', /"scope":"hub"/)
    for (const policy of ['service', 'registryRead', 'registryReadWrite'] as const) {
      assertRefused(await send(emulator, { token: policyToken(emulator, policy) }), 401, 'IotHubUnauthorizedAccess')
    }
  })

  it('nobody without a signature, or with one that is malformed, expired or of an unknown policy', async (test) => {
    const clock = new FakeClock()
    const emulator = await emulatorFor(test, { clock })
    const token = deviceToken(emulator, 'd1', inAnHour(clock.now()))
    assert.equal((await send(emulator, { token })).status, 204)
    for (const bad of ['', 'Bearer x', token.replace('sig=', 'gis=')]) {
      assertRefused(await send(emulator, { token: bad }), 401, 'IotHubUnauthorized')
    }
    assertRefused(await send(emulator, { token: `${token}&skn=root` }), 401, 'IotHubUnauthorizedAccess')
    clock.pass(3_600_000)
    assertRefused(await send(emulator, { token }), 401, 'IotHubUnauthorized')
  })

  it('no disabled device and no unknown one, not even by a policy', async (test) => {
    const emulator = await emulatorFor(test)
    const token = policyToken(emulator, 'iothubowner')
    emulator.hub.updateDevice({ deviceId: 'd1', status: 'disabled' })
    assertRefused(await send(emulator), 401, 'IotHubUnauthorizedAccess')
    assertRefused(await send(emulator, { token }), 401, 'IotHubUnauthorizedAccess')
    assertRefused(await send(emulator, { token }, 'd9'), 404, 'DeviceNotFound')
    assertRefused(await send(emulator, { token }, 'no such id'), 404, 'DeviceNotFound')
  })
})
