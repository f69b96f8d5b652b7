import { GatewayError } from '../core/errors.ts'
import { type Hello, type HelloClaim, hello, type Properties } from '../core/items.ts'
import { isDeviceId, isMessageId, isPropertyName } from './hub-names.ts'

/** Why a device id is refused. */
export const badDeviceId = 'the device id is not 1 to 128 of the characters that IoT Hub allows'

/** A hello of what an option claims; throws `BAD_HELLO` for a claim that IoT Hub could not take. */
export function helloOf(claim: HelloClaim, tag: unknown): Hello {
  const { deviceId, key, sas } = claim
  if (!isDeviceId(deviceId)) throw new GatewayError('BAD_HELLO', badDeviceId)
  for (const secret of [key, sas]) {
    if (secret !== undefined && typeof secret !== 'string') {
      throw new GatewayError('BAD_HELLO', 'the key or sas of a hello is not a text')
    }
  }
  if (key !== undefined && sas !== undefined)
    throw new GatewayError('BAD_HELLO', 'a hello brings a key or a sas, not both')
  return hello(claim, tag)
}

/** The message id that an option gives; throws `BAD_CONTENT` for one that IoT Hub does not take. */
export function messageIdOf(id: unknown): string | undefined {
  if (id === undefined || isMessageId(id)) return id
  throw bad('messageId is not 1 to 128 of the characters that IoT Hub allows')
}

const noProperties: Properties = Object.freeze({})

/** The properties that an option gives, without those that are undefined; throws `BAD_CONTENT` for what IoT Hub does not take. */
export function propertiesOf(given: unknown): Properties {
  if (given === undefined) return noProperties
  if (typeof given !== 'object' || given === null) throw bad('properties gives no object')
  const properties = Object.entries(given).filter(([, value]) => value !== undefined)
  properties.forEach(([name, value], index) => {
    if (!isPropertyName(name))
      throw bad(`name ${index + 1} of the properties has characters that IoT Hub does not allow`)
    if (typeof value !== 'string') throw bad(`value ${index + 1} of the properties is not a text`)
  })
  return Object.fromEntries(properties)
}

/** The time that an option gives, in ISO 8601 in UTC; throws `BAD_CONTENT` for what is none. */
export function utcOf(time: unknown): string | undefined {
  if (time === undefined) return undefined
  const date = typeof time === 'string' ? new Date(time) : time
  if (date instanceof Date && !Number.isNaN(date.getTime())) return date.toISOString()
  throw bad('time is neither a Date nor a text that is one in ISO 8601')
}

function bad(message: string): GatewayError {
  return new GatewayError('BAD_CONTENT', message)
}
