import { GatewayError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import type { Authenticator } from './authenticate.ts'
import { readDeviceFile } from './device-file.ts'

/** The device brings its own key or SAS in the hello; one that brings neither is refused. The hub is the judge. */
export function fromHello(): Authenticator {
  return ({ deviceId, credentials }) => {
    if (credentials === undefined) throw new GatewayError('UNAUTHORIZED', 'the hello carries neither a key nor a token')
    return { deviceId, credentials }
  }
}

/**
 * The gateway acts for any device by its hub policy. The name that a device gives is believed without proof, so this suits
 * closed networks, and protocols without any secret; {@link allowList} narrows it.
 */
export function byPolicy(): Authenticator {
  return ({ deviceId }) => ({ deviceId, credentials: { type: 'policy' } })
}

/**
 * As {@link byPolicy}, but only for the devices named in a file: one id a line, `#` begins a comment. The file is read once;
 * throws `CONFIGURATION` if it cannot be.
 */
export function allowList(path: string): Authenticator {
  const allowed = new Set(readDeviceFile(path).map(({ deviceId }) => deviceId))
  return ({ deviceId }) => {
    if (!allowed.has(deviceId)) throw new GatewayError('UNAUTHORIZED', 'the device is not on the allow list')
    return { deviceId, credentials: { type: 'policy' } }
  }
}

/**
 * The gateway holds each device's hub key, in a file of `deviceId key` lines, `#` begins a comment. A device that brings a
 * key itself must bring that one. The file is read once; throws `CONFIGURATION` if it cannot be, or if a line has no key.
 */
export function keyFile(path: string): Authenticator {
  const keys = new Map<string, Secret>()
  for (const { deviceId, key, line } of readDeviceFile(path)) {
    if (key === undefined) throw new GatewayError('CONFIGURATION', `${path}: line ${line} has no key`)
    keys.set(deviceId, new Secret(key))
  }
  return ({ deviceId, credentials }) => {
    const key = keys.get(deviceId)
    if (key === undefined) throw new GatewayError('UNAUTHORIZED', 'the gateway holds no key for the device')
    if (credentials?.type === 'key' && !credentials.key.equals(key)) {
      throw new GatewayError('UNAUTHORIZED', 'the key in the hello is not the one that the gateway holds')
    }
    return { deviceId, credentials: { type: 'key', key } }
  }
}
