import { GatewayError } from '../core/errors.ts'

const sessionCodes: ReadonlySet<string> = new Set(['UNAUTHORIZED', 'DEVICE_NOT_FOUND', 'CONFIGURATION', 'BUG'])

/**
 * What the hub said to a send, as its messages get it: what is wrong with the session says nothing against a message, which the device may send
 * again when it is back (`HUB_SESSION_CLOSED`).
 */
export function asMessageError(error: GatewayError): GatewayError {
  if (!sessionCodes.has(error.code)) return error
  return new GatewayError('HUB_SESSION_CLOSED', `the hub session is of no use: ${error.message}`, {
    cause: error,
    stage: 'hub.up',
  })
}
