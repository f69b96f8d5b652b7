import { GatewayError } from '../../core/errors.ts'
import { isDeviceId } from '../hub-names.ts'
import { timeNotations } from './device-time.ts'
import type { Field } from './field.ts'
import type { FieldOptions } from './options.ts'
import { checkLinePattern } from './spoken-line.ts'
import { wrong } from './template.ts'

/** Says what is wrong with a field, or nothing: what languages with fixed fields know better. */
export type FieldFault = (field: Field) => string | undefined

/** Options that are objects, in whole or by choice. */
const objects = ['deviceId', 'hello', 'time', 'type', 'heartbeat', 'acknowledge', 'answer'] as const

/**
 * Throws `CONFIGURATION` for options of `name` that cannot work, except for templates: whoever makes those checks them. `lines`: whether
 * the language has lines, which patterns can tell.
 */
export function checkFieldOptions<Said>(
  name: string,
  options: FieldOptions<Said>,
  faultOf: FieldFault,
  lines: boolean,
): void {
  for (const option of objects) {
    const value: unknown = options[option]
    const isText = typeof value === 'string' && (option === 'deviceId' || option === 'type')
    if (value === undefined || isText) continue
    if (typeof value !== 'object' || value === null) throw wrong(`${name}: ${option}`, 'must be an object', value)
    if ('line' in value && !lines) {
      throw wrong(`${name}: ${option}`, 'must name a field, since there are no lines', value)
    }
  }
  const field = (option: string, value: unknown) => checkField(`${name}: ${option}`, value, faultOf)
  const { deviceId, hello, idPrefix, sequence, time, type, heartbeat, answer } = options
  if ((deviceId === undefined) === (hello === undefined)) {
    throw new GatewayError('CONFIGURATION', `${name}: one of deviceId and hello is needed, and not both`)
  }
  if (idPrefix !== undefined && !isDeviceId(idPrefix)) {
    throw wrong(`${name}: idPrefix`, 'must be 1 to 128 of the characters that IoT Hub allows', idPrefix)
  }
  if (deviceId !== undefined && deviceId !== 'peerAddress') {
    if (typeof deviceId !== 'object' || 'field' in deviceId === 'fixed' in deviceId) {
      throw wrong(`${name}: deviceId`, "must be { field }, { fixed } or 'peerAddress'", deviceId)
    }
    if ('field' in deviceId) field('deviceId.field', deviceId.field)
    else if (!isDeviceId(`${idPrefix ?? ''}${deviceId.fixed}`) || typeof deviceId.fixed !== 'string') {
      throw wrong(`${name}: deviceId.fixed`, 'must be what IoT Hub takes as a device id', deviceId.fixed)
    }
  }
  if (sequence !== undefined) field('sequence', sequence)
  if (time !== undefined) {
    field('time.field', time.field)
    if (!timeNotations.includes(time.as))
      throw wrong(`${name}: time.as`, `must be one of ${timeNotations.join(', ')}`, time.as)
  }
  if (typeof type === 'object') field('type.field', type.field)
  else if (type !== undefined && !isTypeName(type)) {
    throw wrong(`${name}: type`, 'must be 1 to 128 printable characters of ASCII, or { field }', type)
  }
  if (hello !== undefined) {
    if ('line' in hello) checkLinePattern(`${name}: hello.line`, hello.line, ['id'])
    else {
      field('hello.field', hello.field)
      if (hello.key !== undefined) field('hello.key', hello.key)
    }
  }
  if (heartbeat !== undefined) {
    if ('line' in heartbeat) checkLinePattern(`${name}: heartbeat.line`, heartbeat.line)
    else {
      field('heartbeat.field', heartbeat.field)
      if (!['undefined', 'string', 'number', 'bigint', 'boolean'].includes(typeof heartbeat.equals)) {
        throw wrong(`${name}: heartbeat.equals`, 'must be a text, a number, true or false', heartbeat.equals)
      }
    }
  }
  if (answer !== undefined) {
    if ('line' in answer) {
      checkLinePattern(`${name}: answer.line`, answer.line)
      if (answer.reject !== undefined) checkLinePattern(`${name}: answer.reject`, answer.reject)
    } else {
      field('answer.field', answer.field)
      if (answer.outcome !== undefined) field('answer.outcome.field', answer.outcome.field)
      for (const outcome of ['reject', 'abandon'] as const) {
        const values = answer.outcome?.[outcome]
        if (values !== undefined && !Array.isArray(values)) {
          throw wrong(`${name}: answer.outcome.${outcome}`, 'must be a list of values', values)
        }
      }
    }
  }
  const { acknowledge = {} } = options
  const stranger = Object.keys(acknowledge).find((outcome) => !['complete', 'abandon', 'reject'].includes(outcome))
  if (stranger !== undefined) throw wrong(`${name}: acknowledge`, 'must be by complete, abandon and reject', stranger)
}

function checkField(option: string, field: unknown, faultOf: FieldFault): void {
  const names = typeof field === 'string' ? [field] : field
  if (!Array.isArray(names) || names.length === 0 || !names.every((each) => typeof each === 'string' && each !== '')) {
    throw wrong(option, 'must be the name of a field, or a list of names', field)
  }
  const fault = faultOf(field as Field)
  if (fault !== undefined) throw wrong(option, fault, field)
}

/** Whether a text may be the property `type`. */
export function isTypeName(text: unknown): text is string {
  return typeof text === 'string' && /^[\x20-\x7e]{1,128}$/.test(text)
}
