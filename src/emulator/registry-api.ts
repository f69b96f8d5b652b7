import type { Permission, Policies } from './access.ts'
import { type Answer, asHubError, jsonAnswer, noContent } from './answer.ts'
import { HubError } from './errors.ts'
import type { EmulatedHub } from './hub.ts'
import type { DeviceIdentity, DeviceInput } from './registry.ts'
import { parseBulkEntry, parseDevice } from './registry-wire.ts'
import { readJson } from './request-body.ts'
import type { Call, Route } from './server.ts'

const maxBulk = 100
const maxPage = 1000

/**
 * The identity registry over HTTPS. Source: the "Devices", "Query" and "Bulk registry" operations of the IoT Hub REST
 * API, api-version 2021-04-12 (any other does). Of the query language only `SELECT * FROM devices`.
 */
export function registryRoutes(hub: EmulatedHub, policies: Policies): Route[] {
  const guarded = (anyOf: readonly Permission[], perform: (call: Call) => Answer | Promise<Answer>) => ({
    operation: 'registry' as const,
    handle(call: Call) {
      const id = call.param('id')
      policies.admitService(call.request.headers.authorization, ['devices', ...(id ? [id] : [])], anyOf)
      return perform(call)
    },
  })
  return [
    { method: 'PUT', path: '/devices/:id', ...guarded(['RegistryWrite'], (call) => put(hub, call)) },
    {
      method: 'GET',
      path: '/devices/:id',
      ...guarded(['RegistryRead'], (call) => deviceAnswer(hub.requireDevice(call.param('id')))),
    },
    {
      method: 'DELETE',
      path: '/devices/:id',
      ...guarded(['RegistryWrite'], ({ param, request }) => {
        hub.deleteDevice(param('id'), request.headers['if-match'])
        return noContent
      }),
    },
    {
      method: 'GET',
      path: '/devices',
      ...guarded(['RegistryRead'], ({ query }) => jsonAnswer(hub.listDevices(pageSize('top', query.top)))),
    },
    { method: 'POST', path: '/devices', ...guarded(['RegistryWrite'], (call) => bulk(hub, call)) },
    {
      method: 'POST',
      path: '/devices/query',
      ...guarded(['RegistryRead', 'ServiceConnect'], (call) => query(hub, call)),
    },
    {
      method: 'DELETE',
      path: '/devices/:id/commands',
      ...guarded(['RegistryWrite', 'ServiceConnect'], ({ param }) =>
        jsonAnswer({ deviceId: param('id'), totalMessagesPurged: hub.queue(param('id')).purge() }),
      ),
    },
  ]
}

async function put(hub: EmulatedHub, { request, param }: Call): Promise<Answer> {
  const device = parseDevice(await readJson(request))
  if (device.deviceId !== param('id')) throw new HubError(400004, 'deviceId must be the one in the path')
  const ifMatch = request.headers['if-match']
  if (ifMatch !== undefined) return deviceAnswer(hub.updateDevice(device, ifMatch))
  return deviceAnswer(hub.createDevice(device))
}

/** Applies each entry by itself: those before and after a wrong one take effect. */
async function bulk(hub: EmulatedHub, { request }: Call): Promise<Answer> {
  const entries = await readJson(request)
  if (!Array.isArray(entries)) throw new HubError(400004, 'the request must be an array')
  if (entries.length > maxBulk) throw new HubError(413002, `a bulk request has at most ${maxBulk} devices`)
  const parsed = entries.map(parseBulkEntry)
  const errors = parsed.flatMap(({ device, importMode, ifMatch }) => {
    try {
      applyBulkEntry(hub, device, importMode, ifMatch)
      return []
    } catch (error) {
      const { code, errorName } = asHubError(error)
      return [{ deviceId: device.deviceId, errorCode: code, errorStatus: errorName }]
    }
  })
  const isSuccessful = errors.length === 0
  return jsonAnswer({ isSuccessful, errors, warnings: [] }, {}, isSuccessful ? 200 : 400)
}

function applyBulkEntry(hub: EmulatedHub, device: DeviceInput, importMode: string, ifMatch: string): void {
  const etag = importMode.endsWith('ifmatchetag') ? ifMatch : '*'
  const verb = importMode.replace(/ifmatchetag$/, '')
  if (verb === 'delete') hub.deleteDevice(device.deviceId, etag)
  else if (verb === 'update') hub.updateDevice(device, etag)
  else if (verb === 'createorupdate' && hub.getDevice(device.deviceId)) hub.updateDevice(device, etag)
  else hub.createDevice(device)
}

async function query(hub: EmulatedHub, { request }: Call): Promise<Answer> {
  const body = await readJson(request)
  const text = typeof body === 'object' && body !== null && 'query' in body ? body.query : undefined
  if (typeof text !== 'string' || !/^\s*select\s+\*\s+from\s+devices\s*$/i.test(text)) {
    throw new HubError(400004, 'query must be SELECT * FROM devices, the only one the emulator knows')
  }
  const size = pageSize('x-ms-max-item-count', header(request.headers['x-ms-max-item-count']))
  const offset = Number(header(request.headers['x-ms-continuation']) ?? 0)
  if (!Number.isSafeInteger(offset) || offset < 0) throw new HubError(400004, 'x-ms-continuation is not one of ours')
  const found = hub.listDevices(size + 1, offset)
  const headers: Record<string, string> = { 'x-ms-item-type': 'Twin' }
  if (found.length > size) headers['x-ms-continuation'] = String(offset + size)
  return jsonAnswer(found.slice(0, size).map(twinOf), headers)
}

/** What a query shows of a device: the emulator keeps no twins, so their properties are empty. */
function twinOf({ authentication, ...device }: DeviceIdentity): object {
  const none = { $metadata: {}, $version: 1 }
  return {
    deviceId: device.deviceId,
    etag: 'AAAAAAAAAAE=',
    deviceEtag: device.etag,
    status: device.status,
    statusReason: device.statusReason,
    statusUpdateTime: device.statusUpdatedTime,
    connectionState: device.connectionState,
    lastActivityTime: device.lastActivityTime,
    cloudToDeviceMessageCount: device.cloudToDeviceMessageCount,
    authenticationType: authentication.type,
    x509Thumbprint: authentication.x509Thumbprint,
    version: 1,
    properties: { desired: none, reported: none },
    capabilities: device.capabilities,
  }
}

function deviceAnswer(device: DeviceIdentity): Answer {
  return jsonAnswer(device, { ETag: `"${device.etag}"` })
}

function pageSize(name: string, text: string | undefined): number {
  const size = Number(text ?? maxPage)
  if (!Number.isInteger(size) || size < 1 || size > maxPage) {
    throw new HubError(400004, `${name} must be a whole number from 1 to ${maxPage}`)
  }
  return size
}

function header(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
