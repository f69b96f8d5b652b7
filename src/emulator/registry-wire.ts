import { HubError } from './errors.ts'
import type { DeviceInput, DeviceStatus } from './registry.ts'

/** One entry of a bulk request. */
export interface BulkEntry {
  readonly device: DeviceInput
  /** Lower case. */
  readonly importMode: string
  /** The entry's etag; '' when it has none, which matches no device. */
  readonly ifMatch: string
}

type Json = Readonly<Record<string, unknown>>

const importModes = new Set([
  'create',
  'update',
  'updateifmatchetag',
  'createorupdate',
  'createorupdateifmatchetag',
  'delete',
  'deleteifmatchetag',
])

/**
 * Reads a device as `PUT /devices/{id}` carries it: `{deviceId, status?, statusReason?, authentication?: {type?,
 * symmetricKey?: {primaryKey?, secondaryKey?}}}`, null being the same as absent. Fields it does not know are ignored,
 * as SDKs send back all that they once read. Source: the `Device` schema of the IoT Hub REST API.
 *
 * @throws {HubError} 400004 naming the field.
 */
export function parseDevice(value: unknown): DeviceInput {
  const device = record('the device', value)
  return { deviceId: text('deviceId', device.deviceId) ?? '', ...parseProperties(device) }
}

/**
 * Reads `{id, importMode?, eTag?, …}` of a bulk request; the mode is `create` when absent, in any case.
 *
 * @throws {HubError} 400004 naming the field.
 */
export function parseBulkEntry(value: unknown): BulkEntry {
  const entry = record('the entry', value)
  const importMode = (text('importMode', entry.importMode) ?? 'create').toLowerCase()
  if (!importModes.has(importMode)) throw new HubError(400004, 'importMode is none that a hub knows')
  return {
    device: { deviceId: text('id', entry.id) ?? '', ...parseProperties(entry) },
    importMode,
    ifMatch: text('eTag', entry.eTag ?? entry.etag) ?? '',
  }
}

function parseProperties(device: Json): Omit<DeviceInput, 'deviceId'> {
  const authentication = record('authentication', device.authentication ?? {})
  const type = text('authentication.type', authentication.type) ?? 'sas'
  if (type !== 'sas') throw new HubError(400004, 'authentication.type must be sas, the emulator knows no other')
  const keys = record('symmetricKey', authentication.symmetricKey ?? {})
  const status = text('status', device.status)?.toLowerCase()
  if (status !== undefined && !isStatus(status)) throw new HubError(400004, 'status must be enabled or disabled')
  const statusReason = text('statusReason', device.statusReason)
  const primaryKey = text('primaryKey', keys.primaryKey)
  const secondaryKey = text('secondaryKey', keys.secondaryKey)
  return {
    ...(status === undefined ? {} : { status }),
    ...(statusReason === undefined ? {} : { statusReason }),
    ...(primaryKey === undefined ? {} : { primaryKey }),
    ...(secondaryKey === undefined ? {} : { secondaryKey }),
  }
}

function isStatus(value: string): value is DeviceStatus {
  return value === 'enabled' || value === 'disabled'
}

function record(name: string, value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HubError(400004, `${name} must be an object`)
  }
  return value as Json
}

function text(name: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw new HubError(400004, `${name} must be a string`)
  return value
}
