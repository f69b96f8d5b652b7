import { readFileSync } from 'node:fs'
import { GatewayError } from '../core/errors.ts'

/** One line of a device file. */
export interface DeviceEntry {
  readonly deviceId: string
  /** Base64 key; undefined where the line has none. Holds a secret. */
  readonly key: string | undefined
  /** From 1. */
  readonly line: number
}

/**
 * Reads a file of `deviceId` or `deviceId key` lines. `#` begins a comment at the start of a line or behind a space only: a
 * device id may contain it. Throws `CONFIGURATION` if the file cannot be read.
 */
export function readDeviceFile(path: string): DeviceEntry[] {
  const entries: DeviceEntry[] = []
  readText(path)
    .split('\n')
    .forEach((text, index) => {
      const [deviceId, key] = text
        .replace(/(^|\s)#.*/, '')
        .trim()
        .split(/\s+/)
      if (deviceId) entries.push({ deviceId, key, line: index + 1 })
    })
  return entries
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new GatewayError('CONFIGURATION', `cannot read ${path}: ${(cause as NodeJS.ErrnoException).code}`, { cause })
  }
}
