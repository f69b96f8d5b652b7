import { Connection, type DeadLetter } from '../../src/core/connection.ts'
import { type ErrorCode, GatewayError } from '../../src/core/errors.ts'
import { telemetry } from '../../src/core/items.ts'

/** A letter about an item, as the ring gives it. */
export function letterOf(item: unknown, code: ErrorCode = 'BAD_CONTENT', message = 'it means nothing'): DeadLetter {
  return { error: new GatewayError(code, message, { stage: 'codec.up' }), item }
}

/** A letter about a reading that the hub refused, told by its number. */
export function readingLetter(number: number, size = 0): DeadLetter {
  return letterOf(telemetry(Buffer.from(`${number}${' '.repeat(size)}`), { messageId: `m${number}` }), 'HUB_REJECTED')
}

/** The connection of a device that is known. */
export async function knownConnection(deviceId = 'd1'): Promise<Connection> {
  const connection = new Connection({ id: 'p-1', pipeline: 'p' })
  await connection.identify({ deviceId, credentials: { type: 'policy' } })
  return connection
}

/** The number that a line's reading was told by. */
export function numberOf(line: string): number {
  const { body } = JSON.parse(line) as { body: string }
  return Number(Buffer.from(body, 'base64').toString())
}
