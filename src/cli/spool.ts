import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { silentLog } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Telemetry } from '../core/items.ts'
import { createLog } from '../gateway/log.ts'
import { parseConnectionString } from '../hub/connection-string.ts'
import type { Hub } from '../hub/port.ts'
import { DiskStore } from '../hub/spool/disk.ts'
import { type Drained, drain } from '../hub/spool/drain.ts'
import { connectHub } from './connect-hub.ts'
import type { Settings } from './environment.ts'

/** `headgate spool show DIR`: what is stored, device by device, in words or as JSON. */
export async function showSpool(dir: string, json: boolean, to: Writable): Promise<void> {
  await withStore(dir, async (store) => {
    const devices = []
    for (const { deviceId, messages, bytes, oldestAt } of store.backlogs()) {
      const credentials = (await store.known(deviceId))?.credentials
      devices.push({
        deviceId,
        messages,
        bytes,
        oldest: new Date(oldestAt).toISOString(),
        credentials: credentials ?? 'unknown',
      })
    }
    const { messages, bytes, oldestAt, damaged } = store.totals()
    const oldest = oldestAt === undefined ? null : new Date(oldestAt).toISOString()
    if (json) {
      to.write(`${JSON.stringify({ devices, messages, bytes, oldest, damaged })}\n`)
      return
    }
    for (const each of devices) {
      const waits =
        each.credentials === 'policy' ? '' : `, waits until it connects (its credentials: ${each.credentials})`
      await written(
        to,
        `${each.deviceId}: ${each.messages} messages, ${each.bytes} bytes, oldest ${each.oldest}${waits}\n`,
      )
    }
    const since = oldest === null ? '' : `, oldest ${oldest}`
    to.write(`${devices.length} devices, ${messages} messages, ${bytes} bytes${since}, ${damaged} damaged\n`)
  })
}

/** `headgate spool export DIR`: every message as a line of JSON, its body in base64; removes nothing. */
export async function exportSpool(dir: string, to: Writable): Promise<void> {
  await withStore(dir, async (store) => {
    for await (const { deviceId, storedAt, message } of store.contents()) {
      if (!(await written(to, lineOf(deviceId, message, storedAt)))) return
    }
    const { damaged } = store.totals()
    if (damaged > 0) throw new GatewayError('SPOOL_FAILED', `${damaged} damaged records or files were left out`)
  })
}

/**
 * `headgate spool drain DIR`: forwards everything to HEADGATE_HUB under its policy. What the hub refuses for good is taken out, and printed
 * as `export` does. Rejects if anything was refused or is left.
 */
export async function drainSpool(
  dir: string,
  settings: Settings,
  terminated: Promise<unknown>,
  to: Writable,
  toTell: Writable,
): Promise<void> {
  const { hub: connectionString, logLevel } = settings
  if (connectionString === undefined || parseConnectionString(connectionString).policy === undefined) {
    const words = 'spool drain takes a hub in HEADGATE_HUB, with a policy: SharedAccessKeyName and SharedAccessKey'
    throw new GatewayError('CONFIGURATION', words)
  }
  const log = createLog(logLevel)
  const ending = new AbortController()
  void terminated.then(() => ending.abort())
  await withStore(dir, async (store) => {
    const hub: Hub = connectHub(settings, undefined)
    const tell = (drained: Drained) => toTell.write(`${drained.forwarded} forwarded, ${drained.left} left\n`)
    const onGivenUp = async (deviceId: string, message: Telemetry, { code }: GatewayError) => {
      await written(to, lineOf(deviceId, message, undefined, code))
    }
    try {
      const drained = await drain(hub, store, { signal: ending.signal, log, onGivenUp, onProgress: tell })
      tell(drained)
      const { givenUp, left, refusedDevices } = drained
      if (left > 0 && refusedDevices > 0) {
        throw new GatewayError('UNAUTHORIZED', `${left} messages are left: the hub refuses ${refusedDevices} devices`)
      }
      if (left > 0) throw new GatewayError('GATEWAY_CLOSED', `${left} messages are left`)
      if (givenUp > 0) throw new GatewayError('HUB_REJECTED', `the hub refused ${givenUp} messages, printed above`)
    } finally {
      await hub.close?.()
    }
  })
}

/** Opens the spool of a directory for as long as `use` takes. Throws `CONFIGURATION` where there is none, rather than making one. */
async function withStore(dir: string, use: (store: DiskStore) => Promise<void>): Promise<void> {
  if (!existsSync(dir) || !readdirSync(dir).some((name) => /^CURRENT$|^MANIFEST-|\.ldb$/.test(name))) {
    throw new GatewayError('CONFIGURATION', `there is no spool in ${dir}`)
  }
  const store = new DiskStore({ dir, maxBytes: 2 ** 50 })
  await store.open(silentLog)
  try {
    await use(store)
  } finally {
    await store.close()
  }
}

function lineOf(deviceId: string, message: Telemetry, storedAt?: number, refused?: string): string {
  const { messageId, correlationId, contentType, contentEncoding, creationTimeUtc, properties, body } = message
  const time = storedAt === undefined ? undefined : new Date(storedAt).toISOString()
  const fields = { messageId, correlationId, contentType, contentEncoding, creationTimeUtc, properties }
  return `${JSON.stringify({ deviceId, time, refused, ...fields, body: body.toString('base64') })}\n`
}

/** Waits while the reader is slow; false once it has left. */
async function written(to: Writable, text: string): Promise<boolean> {
  if (to.destroyed) return false
  if (to.write(text)) return true
  await Promise.race([once(to, 'drain'), once(to, 'close')]).catch(() => undefined)
  return !to.destroyed
}
