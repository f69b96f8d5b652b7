import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Emulator, PolicyName } from '../../src/emulator/index.ts'
import type { Asked } from './https-peer.ts'
import { ask, emulatorFor, policyToken } from './https-peer.ts'

async function call(
  emulator: Emulator,
  asked: Omit<Asked, 'body'> & { json?: unknown },
  policy: PolicyName = 'iothubowner',
) {
  const { json, ...rest } = asked
  const body = json === undefined ? {} : { body: JSON.stringify(json) }
  const answer = await ask(emulator, { token: policyToken(emulator, policy), ...rest, ...body })
  return { ...answer, json: answer.body.length === 0 ? undefined : JSON.parse(answer.body.toString()) }
}

describe('the identity registry', () => {
  it('creates a device, with fresh keys for empty ones', async (test) => {
    const emulator = await emulatorFor(test)
    const json = { deviceId: 'x', authentication: { type: 'sas', symmetricKey: { primaryKey: '', secondaryKey: '' } } }
    const { status, json: device } = await call(emulator, { method: 'PUT', path: '/devices/x', json })
    assert.equal(status, 200)
    assert.match(device.authentication.symmetricKey.primaryKey, /^[A-Za-z0-9+/]{43}=$/)
    assert.deepEqual([device.deviceId, device.status, device.connectionState], ['x', 'enabled', 'Disconnected'])
    assert.deepEqual((await call(emulator, { path: '/devices/x' })).json, device)
    const again = await call(emulator, { method: 'PUT', path: '/devices/x', json })
    assert.deepEqual([again.status, again.headers['iothub-errorcode']], [409, 'DeviceAlreadyExists'])
  })

  it('updates a device when the etag matches', async (test) => {
    const emulator = await emulatorFor(test)
    const { json: device } = await call(emulator, { path: '/devices/d1' })
    const update = (etag: string, status: string) => {
      const headers = { 'If-Match': etag }
      return call(emulator, { method: 'PUT', path: '/devices/d1', headers, json: { ...device, status } })
    }
    const disabled = await update(`"${device.etag}"`, 'disabled')
    assert.equal(disabled.json.status, 'disabled')
    assert.notEqual(disabled.json.etag, device.etag)
    assert.deepEqual(disabled.json.authentication, device.authentication)
    assert.equal((await update(`"${device.etag}"`, 'enabled')).status, 412)
    assert.equal((await update('"*"', 'enabled')).json.status, 'enabled')
  })

  it('deletes a device once, when the etag matches', async (test) => {
    const emulator = await emulatorFor(test)
    const remove = (etag: string) =>
      call(emulator, { method: 'DELETE', path: '/devices/d1', headers: { 'If-Match': etag } })
    assert.equal((await remove('"old"')).status, 412)
    assert.equal((await remove('*')).status, 204)
    assert.equal((await remove('*')).status, 404)
    assert.equal((await call(emulator, { path: '/devices/d1' })).status, 404)
  })

  it('lists devices in the order of creation, and tells how many commands wait', async (test) => {
    const emulator = await emulatorFor(test, { devices: ['b', 'a', 'c'].map((deviceId) => ({ deviceId })) })
    emulator.hub.queueCommand('b', { body: Buffer.alloc(0) })
    const { json } = await call(emulator, { path: '/devices/?top=2' })
    assert.deepEqual(
      json.map(({ deviceId, cloudToDeviceMessageCount }: Record<string, unknown>) => [
        deviceId,
        cloudToDeviceMessageCount,
      ]),
      [
        ['b', 1],
        ['a', 0],
      ],
    )
    assert.equal((await call(emulator, { path: '/devices?top=1001' })).status, 400)
  })

  it('pages through a query for all devices, and knows no other', async (test) => {
    const emulator = await emulatorFor(test, { devices: ['a', 'b', 'c'].map((deviceId) => ({ deviceId })) })
    const page = (headers: Record<string, string>, query = 'SELECT * FROM devices') =>
      call(emulator, { method: 'POST', path: '/devices/query', headers, json: { query } }, 'service')
    const first = await page({ 'x-ms-max-item-count': '2' })
    const continuation = String(first.headers['x-ms-continuation'])
    const second = await page({ 'x-ms-max-item-count': '2', 'x-ms-continuation': continuation })
    const ids = [...first.json, ...second.json].map(({ deviceId }) => deviceId)
    assert.deepEqual(ids, ['a', 'b', 'c'])
    assert.equal(second.headers['x-ms-continuation'], undefined)
    assert.equal((await page({}, 'SELECT * FROM devices.jobs')).status, 400)
  })

  it('takes a bulk of changes and tells which failed', async (test) => {
    const emulator = await emulatorFor(test)
    const bulk = (json: unknown) => call(emulator, { method: 'POST', path: '/devices', json })
    const created = await bulk([
      { id: 'a', importMode: 'create' },
      { id: 'b' },
      { id: 'd1', importMode: 'createOrUpdate', status: 'disabled' },
    ])
    assert.deepEqual(created.json, { isSuccessful: true, errors: [], warnings: [] })
    assert.equal(emulator.hub.requireDevice('d1').status, 'disabled')
    const mixed = await bulk([
      { id: 'a', importMode: 'create' },
      { id: 'b', importMode: 'deleteIfMatchETag', eTag: 'old' },
      { id: 'd1', importMode: 'delete' },
      { id: 'z', importMode: 'update' },
    ])
    assert.equal(mixed.status, 400)
    assert.deepEqual(mixed.json.errors, [
      { deviceId: 'a', errorCode: 409001, errorStatus: 'DeviceAlreadyExists' },
      { deviceId: 'b', errorCode: 412001, errorStatus: 'PreconditionFailed' },
      { deviceId: 'z', errorCode: 404001, errorStatus: 'DeviceNotFound' },
    ])
    assert.equal(emulator.hub.getDevice('d1'), undefined)
    assert.equal((await bulk(Array.from({ length: 101 }, (_, index) => ({ id: `n${index}` })))).status, 413)
    assert.equal((await bulk([{ id: 'a', importMode: 'maybe' }])).status, 400)
  })

  it('purges the commands of a device', async (test) => {
    const emulator = await emulatorFor(test)
    emulator.hub.queueCommand('d1', { body: Buffer.alloc(0), messageId: 'm' })
    const { json } = await call(emulator, { method: 'DELETE', path: '/devices/d1/commands' }, 'service')
    assert.deepEqual(json, { deviceId: 'd1', totalMessagesPurged: 1 })
    assert.deepEqual(emulator.hub.commandStates('d1'), [{ messageId: 'm', state: 'deadlettered', deliveryCount: 0 }])
  })

  it('refuses a device that is wrong, and says which field', async (test) => {
    const emulator = await emulatorFor(test)
    const wrong: [RegExp, string, unknown][] = [
      [/deviceId/, 'x', { deviceId: 'y' }],
      [/deviceId/, 'a b', { deviceId: 'a b' }],
      [/primaryKey/, 'x', { deviceId: 'x', authentication: { symmetricKey: { primaryKey: 'short' } } }],
      [/authentication.type/, 'x', { deviceId: 'x', authentication: { type: 'selfSigned' } }],
      [/status/, 'x', { deviceId: 'x', status: 'asleep' }],
      [/device must be an object/, 'x', []],
    ]
    for (const [message, id, json] of wrong) {
      const answer = await call(emulator, { method: 'PUT', path: `/devices/${encodeURIComponent(id)}`, json })
      assert.equal(answer.status, 400)
      assert.match(answer.json.Message, message)
    }
  })

  it('lets each policy do what it may and no more', async (test) => {
    const emulator = await emulatorFor(test)
    const status = async (policy: PolicyName, method: string) => {
      const json = method === 'PUT' ? { deviceId: 'd1' } : undefined
      return (await call(emulator, { method, path: '/devices/d1', json }, policy)).status
    }
    for (const policy of ['device', 'service'] as const) assert.equal(await status(policy, 'GET'), 401)
    for (const policy of ['registryRead', 'registryReadWrite'] as const) assert.equal(await status(policy, 'GET'), 200)
    assert.equal(await status('registryRead', 'PUT'), 401)
    assert.equal(await status('registryReadWrite', 'PUT'), 409)
    const elsewhere = policyToken(emulator, 'iothubowner', 'localhost/devices/other')
    assert.equal((await ask(emulator, { path: '/devices/d1', token: elsewhere })).status, 401)
    assert.equal((await ask(emulator, { path: '/devices/d1' })).status, 401)
  })
})
