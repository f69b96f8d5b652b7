import type { D2cContent } from './d2c-message.ts'
import { HubError } from './errors.ts'

/** The most that one send may hold, single message or batch: 256 KiB. */
export const maxSendBytes = 256 * 1024

const meterBytes = 4096

/**
 * What a message weighs: body, values of system properties, names and values of the application's properties.
 * Source: "Understand IoT Hub quotas and throttling" and "Create and read IoT Hub messages".
 */
export function messageBytes(content: D2cContent): number {
  let bytes = content.body.length
  for (const value of Object.values(content.systemProperties)) bytes += Buffer.byteLength(value)
  for (const [name, value] of Object.entries(content.properties)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value)
  }
  return bytes
}

/** How many units of the daily quota messages cost: each by itself in blocks of 4 KiB, an empty one too. */
export function meters(contents: readonly D2cContent[]): number {
  return contents.reduce((sum, content) => sum + Math.max(1, Math.ceil(messageBytes(content) / meterBytes)), 0)
}

/** Refuses a send that weighs more than 256 KiB. @throws {HubError} 413001. */
export function requireSize(contents: readonly D2cContent[]): void {
  const bytes = contents.reduce((sum, content) => sum + messageBytes(content), 0)
  if (bytes > maxSendBytes) throw tooLarge()
}

/** The refusal of a send that is too large. */
export function tooLarge(): HubError {
  return new HubError(413001, `a send is at most ${maxSendBytes} bytes`)
}
