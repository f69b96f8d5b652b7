import { GatewayError } from '../../core/errors.ts'
import type { Command } from '../../core/items.ts'
import { type Exchange, exchangeOf } from './exchange.ts'
import type { Bit } from './packed-bits.ts'
import { type CheckedPlan, mostOf, type PlannedPoint, type PlannedPoll } from './poll-plan.ts'
import { registersFor, registersOf } from './register-values.ts'
import { coilOn, type ReadFunction, type RtuRequest } from './rtu-request.ts'

/** What a command asks for. */
export interface AskedCommand {
  readonly exchange: Exchange
  /** The poll of the plan that it asks for out of turn. */
  readonly poll: PlannedPoll | undefined
}

type Members = Readonly<Record<string, unknown>>

/** The most that one request may write, by the specification. */
const mostCoils = 1968
const mostRegisters = 123

/**
 * A cloud-to-device message or method as a request.
 *
 * ```
 * {"write":"setpoint_c","value":21.5}                             by the plan: functions 5, 6, or 15, 16 for several
 * {"read":"setpoint_c"}                                           the poll that brings it, now
 * {"read":{"unit":1,"function":3,"address":0,"count":2}}          functions 1 to 4; count is 1 where it is missing
 * {"unit":1,"function":6,"address":2,"value":7}                   5 (true, false, 1, 0), 6
 * {"unit":1,"function":16,"address":2,"values":[7,8]}             15, 16
 * ```
 * Unit 0 may be written: all units obey, none answers. Errors: `BAD_CONTENT`, naming the member and what is possible; `NOT_SUPPORTED` for
 * desired properties.
 */
export function askedBy(command: Command, plan: CheckedPlan): AskedCommand {
  if (command.via === 'desired') throw new GatewayError('NOT_SUPPORTED', 'desired properties are no requests of Modbus')
  const body = membersOf(command.body)
  if ('write' in body) return { exchange: exchangeOf(writeOf(body, plan)), poll: undefined }
  if (!('read' in body)) return { exchange: exchangeOf(rawWrite(body)), poll: undefined }
  if (typeof body.read === 'string') {
    const poll = plan.readable.get(body.read)
    if (poll === undefined) throw bad(`the plan has nothing named '${body.read}' to read`)
    return { exchange: poll.exchange, poll }
  }
  return { exchange: exchangeOf(rawRead(body.read)), poll: undefined }
}

function membersOf(body: Buffer): Members {
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch {
    throw bad(`a command of ${body.length} bytes is not JSON`)
  }
  return asMembers(value, 'a command')
}

function asMembers(value: unknown, what: string): Members {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members
  throw bad(`${what} is a JSON object with 'write', 'read' or 'function'`)
}

function writeOf({ write: name, value }: Members, plan: CheckedPlan): RtuRequest {
  const point = typeof name === 'string' ? plan.points.get(name) : undefined
  if (typeof name === 'object' && name !== null) throw bad(`'write' is the name of a point, not an object or a list`)
  if (point === undefined) throw bad(`the plan has no point named '${name}' to write`)
  const { unit, function: code, address, form } = point
  if (code === 2 || code === 4) throw bad(`'${name}' is read by function ${code} and cannot be written`)
  if (form === undefined)
    return coils(
      unit,
      address,
      listed(value, point, 1).map((each) => bitOf(each, `'value'`)),
    )
  const registers = listed(value, point, registersOf[form.type]).flatMap((each) => registersFor(each, form))
  const [only] = registers
  if (registers.length === 1 && only !== undefined) return { unit, function: 6, address, value: only }
  return { unit, function: 16, address, registers: atMost(registers, mostRegisters) }
}

/** The values of a point, `size` registers or bits each; bits of a register come as a list themselves. */
function listed(value: unknown, { name, count, form }: PlannedPoint, size: number): readonly unknown[] {
  const values = count / size
  if (values === 1) return [Array.isArray(value) && form?.type !== 'bits' && value.length === 1 ? value[0] : value]
  if (Array.isArray(value) && value.length === values) return value
  throw bad(`'${name}' takes a list of ${values} values`)
}

function coils(unit: number, address: number, bits: readonly Bit[]): RtuRequest {
  const [only] = bits
  if (bits.length === 1) return { unit, function: 5, address, value: only === 1 ? coilOn : 0 }
  return { unit, function: 15, address, bits: atMost(bits, mostCoils) }
}

function rawRead(read: unknown): RtuRequest {
  const { unit, function: code, address, count = 1 } = asMembers(read, `'read'`)
  if (code !== 1 && code !== 2 && code !== 3 && code !== 4) throw bad(`'function' of a read is 1, 2, 3 or 4`)
  const asked = { unit: inRange('unit', unit, 1, 255), function: code as ReadFunction }
  return { ...asked, address: word('address', address), quantity: inRange('count', count, 1, mostOf(code)) }
}

function rawWrite(body: Members): RtuRequest {
  const { function: code, value, values } = body
  if (code !== 5 && code !== 6 && code !== 15 && code !== 16) throw bad(`'function' of a write is 5, 6, 15 or 16`)
  const unit = inRange('unit', body.unit, 0, 255)
  const address = word('address', body.address)
  if (code === 5) return { unit, function: code, address, value: bitOf(value, `'value'`) === 1 ? coilOn : 0 }
  if (code === 6) return { unit, function: code, address, value: word('value', value) }
  if (!Array.isArray(values) || values.length === 0) throw bad(`'values' of function ${code} is a list of 1 or more`)
  if (code === 15) {
    const bits = atMost(values, mostCoils).map((each) => bitOf(each, `each of 'values'`))
    return { unit, function: code, address, bits }
  }
  const registers = atMost(values, mostRegisters).map((each) => word(`each of 'values'`, each))
  return { unit, function: code, address, registers }
}

function atMost<T>(values: readonly T[], most: number): readonly T[] {
  if (values.length <= most) return values
  throw bad(`${values.length} values at once are more than the ${most} that a request can write`)
}

function bitOf(value: unknown, what: string): Bit {
  if (value === true || value === 1) return 1
  if (value === false || value === 0) return 0
  throw bad(`${what} of a coil is true, false, 1 or 0`)
}

function word(what: string, value: unknown): number {
  return inRange(what, value, 0, 65_535)
}

function inRange(what: string, value: unknown, min: number, max: number): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number
  throw bad(`'${what}' must be an integer from ${min} to ${max}`)
}

function bad(message: string): GatewayError {
  return new GatewayError('BAD_CONTENT', message)
}
