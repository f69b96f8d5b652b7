import { GatewayError } from '../core/errors.ts'
import { type Hello, hello } from '../core/items.ts'
import { isDeviceId } from './hub-names.ts'

/** A value of JSON.parse that has members. */
export type JsonObject = Record<string, unknown>

/** What `$hello` claims. Errors: `BAD_HELLO`. */
export function decodeHello(claim: unknown): Hello {
  if (!isObject(claim)) throw badHello('$hello is not an object')
  const { deviceId, key, sas } = claim
  if (!isDeviceId(deviceId)) {
    throw badHello('deviceId is not 1 to 128 of the characters that IoT Hub allows')
  }
  if (key !== undefined && typeof key !== 'string') throw badHello('key is not a string')
  if (sas !== undefined && typeof sas !== 'string') throw badHello('sas is not a string')
  if (key !== undefined && sas !== undefined) throw badHello('a hello brings a key or a sas, not both')
  return hello({ deviceId, ...(key !== undefined && { key }), ...(sas !== undefined && { sas }) })
}

/** The error of a hello. The message never quotes it: it may hold a key. */
export function badHello(message: string): GatewayError {
  return new GatewayError('BAD_HELLO', message)
}

/** True for an object that is no list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
