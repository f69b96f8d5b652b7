import { validateHeaderName, validateHeaderValue } from 'node:http'
import { HubError } from './errors.ts'

/** A cloud-to-device message to queue. */
export interface Command {
  /** At most 64 KiB together with the properties. */
  readonly body: Buffer
  /** The application's properties; names must be HTTP tokens, values Latin-1 without line breaks (default none). */
  readonly properties?: Readonly<Record<string, string>>
  /** At most 128 characters (default: a random UUID). */
  readonly messageId?: string
  /** ISO 8601; earlier than now means expired at once (default: one hour from now). */
  readonly expiryTimeUtc?: string
  readonly correlationId?: string
  readonly contentType?: string
  readonly contentEncoding?: string
  readonly userId?: string
  /** Which feedback the sender asked for; the emulator keeps no feedback (default `none`). */
  readonly ack?: 'none' | 'positive' | 'negative' | 'full'
}

/** A command with its identity settled. */
export interface CheckedCommand extends Command {
  readonly properties: Readonly<Record<string, string>>
  readonly messageId: string
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly expiresAtMs: number
}

const maxCommandBytes = 64 * 1024
const defaultTtlMs = 3_600_000

/**
 * Checks a command against the limits of "Send cloud-to-device messages from IoT Hub".
 *
 * @param freshId Used when it has no messageId.
 * @throws {HubError} 400004 naming the field, or 413001 over 64 KiB.
 */
export function checkCommand(command: Command, nowMs: number, freshId: () => string): CheckedCommand {
  const properties = command.properties ?? {}
  const messageId = command.messageId ?? freshId()
  if (messageId === '' || messageId.length > 128) throw invalid('messageId', '1 to 128 characters')
  const expiresAtMs = command.expiryTimeUtc === undefined ? nowMs + defaultTtlMs : Date.parse(command.expiryTimeUtc)
  if (Number.isNaN(expiresAtMs)) throw invalid('expiryTimeUtc', 'an ISO 8601 time')
  for (const field of ['messageId', 'correlationId', 'contentType', 'contentEncoding', 'userId', 'ack'] as const) {
    const value = command[field]
    if (value !== undefined) requireHeader(field, 'name', value)
  }
  for (const [name, value] of Object.entries(properties)) requireHeader('properties', name, value)
  const propertyBytes = Object.entries(properties).reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (command.body.length + propertyBytes > maxCommandBytes) throw new HubError(413001, 'a command is at most 64 KiB')
  return { ...command, properties, messageId, expiresAtMs }
}

function requireHeader(field: string, name: string, value: string): void {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch {
    throw invalid(field, 'names and values that an HTTP header can carry')
  }
}

function invalid(field: string, expected: string): HubError {
  return new HubError(400004, `${field} must be ${expected}`)
}
