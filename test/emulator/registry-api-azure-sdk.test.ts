import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'
import type tls from 'node:tls'
import iothub from 'azure-iothub'
import type { Emulator } from '../../src/emulator/index.ts'
import { emulatorFor } from './https-peer.ts'

const azureName = 'emulator.azure-devices.net'

/**
 * Leads connections for the hub's name to the emulator while a test runs. The SDK has port 443 and an agent of its own
 * built in; `https` looks `tls.connect` up in the CommonJS module at each connection, so that is where it can be led.
 */
function leadToEmulator(test: TestContext, emulator: Emulator): void {
  const module = createRequire(import.meta.url)('node:tls') as typeof tls
  const connect = module.connect as (options: tls.ConnectionOptions, listener?: () => void) => tls.TLSSocket
  test.mock.method(module, 'connect', (options: tls.ConnectionOptions, listener?: () => void) =>
    options.host === azureName
      ? connect({ ...options, host: '127.0.0.1', port: emulator.port, ca: emulator.ca }, listener)
      : connect(options, listener),
  )
}

async function registryFor(test: TestContext) {
  const emulator = await emulatorFor(test)
  leadToEmulator(test, emulator)
  const connectionString = emulator.connectionString.replace(emulator.hostName, azureName)
  return { emulator, registry: iothub.Registry.fromConnectionString(connectionString) }
}

describe("Microsoft's service SDK", () => {
  it('creates, reads, updates and deletes a device', async (test) => {
    const { emulator, registry } = await registryFor(test)
    const { responseBody: created } = await registry.create({ deviceId: 'sdk-device?' })
    assert.equal(created.deviceId, 'sdk-device?')
    assert.equal(created.authentication?.symmetricKey?.primaryKey?.length, 44)
    const { responseBody: read } = await registry.get('sdk-device?')
    assert.deepEqual(read, created)
    const { responseBody: updated } = await registry.update({ ...read, status: 'disabled' } as iothub.Device)
    assert.equal(updated.status, 'disabled')
    assert.equal(emulator.hub.requireDevice('sdk-device?').status, 'disabled')
    await registry.delete('sdk-device?')
    assert.equal(emulator.hub.getDevice('sdk-device?'), undefined)
  })

  it('reads the reason of a refusal', async (test) => {
    const { registry } = await registryFor(test)
    await assert.rejects(registry.get('d9'), { name: 'DeviceNotFoundError' })
    await assert.rejects(registry.create({ deviceId: 'd1' }), { name: 'DeviceAlreadyExistsError' })
  })

  it('lists devices, queries them page by page, and changes them in bulk', async (test) => {
    const { emulator, registry } = await registryFor(test)
    const { responseBody: added } = await registry.addDevices([{ deviceId: 'd2' }, { deviceId: 'd3' }])
    assert.equal(added.isSuccessful, true)
    const { responseBody: listed } = await registry.list()
    assert.deepEqual(
      listed.map(({ deviceId }) => deviceId),
      ['d1', 'd2', 'd3'],
    )
    const query = registry.createQuery('SELECT * FROM devices', 2)
    const ids: string[] = []
    while (query.hasMoreResults) {
      // The SDK forgets its own place when it is used with promises.
      const { result } = await query.next(query.continuationToken)
      ids.push(...result.map(({ deviceId }: { deviceId: string }) => deviceId))
    }
    assert.deepEqual(ids, ['d1', 'd2', 'd3'])
    await registry.removeDevices([{ deviceId: 'd2' }], true)
    assert.equal(emulator.hub.getDevice('d2'), undefined)
  })
})
