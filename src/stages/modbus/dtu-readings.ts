import type { Telemetry } from '../../core/items.ts'
import { decodedTelemetry } from '../decoded-telemetry.ts'
import type { SeenPacket } from './byte-search.ts'
import type { ModbusSettings } from './modbus-options.ts'
import type { Bit } from './packed-bits.ts'
import type { PlannedPoint, PlannedPoll } from './poll-plan.ts'
import { type RegisterValue, registersOf, registerValue } from './register-values.ts'
import type { DecodedResponse } from './rtu-response.ts'

/** What every body has. */
export interface Body {
  readonly kind: string
}

/** Makes a message of what a DTU said: property `protocol` is `modbus`, `type` the kind of the body, and the time is now: none is sent. */
export function said(value: Body): Telemetry {
  return decodedTelemetry(value, { protocol: 'modbus', type: value.kind, time: new Date() })
}

/** The body of a response to a poll: the response, from which address on, and the named values that it brings. */
export function polledBody(poll: PlannedPoll, response: DecodedResponse): DecodedResponse {
  const { kind, ...rest } = response
  const named = { kind, poll: poll.name, ...rest }
  return kind === 'exception' ? named : { ...named, address: poll.address, ...{ points: pointsOf(poll, response) } }
}

function pointsOf({ points }: PlannedPoll, response: DecodedResponse): Readonly<Record<string, unknown>> {
  return Object.fromEntries(points.map((point) => [point.name, valueAt(point, response)]))
}

function valueAt({ at, count, form }: PlannedPoint, { bits = [], registers = [] }: DecodedResponse): unknown {
  const values: (Bit | RegisterValue)[] = []
  if (form === undefined) values.push(...bits.slice(at, at + count))
  else {
    const size = registersOf[form.type]
    for (let from = at; from < at + count; from += size)
      values.push(registerValue(registers.slice(from, from + size), form))
  }
  return values.length === 1 ? values[0] : values
}

/** The body of a registration or heartbeat: its fields, and its bytes as text where they are printable, else in hexadecimal. */
export function packetBody(
  { pattern, fields }: SeenPacket,
  bytes: Buffer,
  { registration, envelope }: ModbusSettings,
): Body {
  const rule = registration.find(({ packet }) => packet === pattern)
  const text = bytes.toString('latin1')
  const shown = /^[\x20-\x7e]+$/.test(text) ? { text } : { hex: bytes.toString('hex') }
  const kind = rule === undefined ? 'heartbeat' : 'registration'
  return { kind, ...fields, ...shown, ...(envelope && rule?.about !== undefined && { rule: rule.about }) }
}
