import { GatewayError } from '../../core/errors.ts'
import { type Exchange, exchangeOf } from './exchange.ts'
import type { RegisterType, ValueForm } from './register-values.ts'
import { registersOf } from './register-values.ts'
import type { ReadFunction } from './rtu-request.ts'

/** A named value among those that a poll brings. */
export interface PollPoint extends Partial<ValueForm> {
  /** Its key in the message, with the unit of measure as suffix: `supply_voltage_v`. Unique in the plan. */
  readonly name: string
  /** Registers (functions 3, 4) or bits (1, 2) from the entry's address; default: right behind the point before. */
  readonly at?: number
  /** Registers or bits that it takes; default one value of its type. Several values make a list. */
  readonly count?: number
}

/** What is asked of a unit again and again: one request, one message. A single value has its form here, several have `points`. */
export interface PollEntry extends Partial<ValueForm> {
  /** Names the poll, and its value where there are no `points`. Unique in the plan. */
  readonly name: string
  /** Address of the unit on the serial line, 1 to 255 (the specification has 1 to 247). */
  readonly unit: number
  /** 1 reads coils, 2 discrete inputs, 3 holding registers, 4 input registers. */
  readonly function: ReadFunction
  /** Of the first register or bit as it stands on the wire: 0 for the one that manuals call 40001. */
  readonly address: number
  /** Registers (at most 125) or bits (at most 2000) to read; default as many as the points take. */
  readonly count?: number
  readonly points?: readonly PollPoint[]
  /** From one request to the next; default 60000, 100 to 86400000. */
  readonly intervalMs?: number
}

/** What is polled of a device, in the order in which it is first asked. */
export type PollPlan = readonly PollEntry[]

/** A point with everything known. */
export interface PlannedPoint {
  readonly name: string
  /** Address on the wire. */
  readonly address: number
  /** Registers or bits from the start of the poll, and how many. */
  readonly at: number
  readonly count: number
  /** Undefined for coils and discrete inputs. */
  readonly form: ValueForm | undefined
  readonly unit: number
  readonly function: ReadFunction
}

/** An entry with everything known. */
export interface PlannedPoll {
  readonly name: string
  readonly exchange: Exchange
  readonly address: number
  readonly quantity: number
  readonly intervalMs: number
  readonly points: readonly PlannedPoint[]
}

/** A plan that was checked. */
export interface CheckedPlan {
  readonly polls: readonly PlannedPoll[]
  /** By the name of an entry or of a point. */
  readonly readable: ReadonlyMap<string, PlannedPoll>
  /** By the name of a point, those of functions 2 and 4 too, which cannot be written. */
  readonly points: ReadonlyMap<string, PlannedPoint>
}

/** The most that one request may read, by the specification. */
export const mostOf = (code: ReadFunction) => (code <= 2 ? 2000 : 125)

/** Checks a plan and makes its requests. Errors: `CONFIGURATION`, naming the entry, the number and what is possible. */
export function checkedPlan(plan: PollPlan): CheckedPlan {
  const readable = new Map<string, PlannedPoll>()
  const points = new Map<string, PlannedPoint>()
  const polls = plan.map((entry) => {
    const poll = planned(entry)
    for (const point of poll.points) {
      if (points.has(point.name)) refuse(entry, `there is another point '${point.name}' in the plan`)
      points.set(point.name, point)
    }
    const names = new Set([entry.name, ...poll.points.map(({ name }) => name)])
    for (const name of names) {
      if (readable.has(name)) refuse(entry, `there is another entry or point '${name}' in the plan`)
      readable.set(name, poll)
    }
    return poll
  })
  return { polls, readable, points }
}

function planned(entry: PollEntry): PlannedPoll {
  const { name, unit, function: code, address, intervalMs = 60_000 } = entry
  if (typeof name !== 'string' || !/^.{1,128}$/.test(name)) refuse(entry, 'a name has 1 to 128 characters')
  if (![1, 2, 3, 4].includes(code)) refuse(entry, `function must be 1, 2, 3 or 4, not ${code}`)
  inRange(entry, 'unit', unit, 1, 255)
  inRange(entry, 'address', address, 0, 65_535)
  inRange(entry, 'intervalMs', intervalMs, 100, 86_400_000)
  const points = pointsOf(entry)
  const end = Math.max(...points.map(({ at, count }) => at + count))
  const quantity = inRange(entry, 'count', entry.count ?? end, 1, mostOf(code))
  if (end > quantity) refuse(entry, `its points take ${end}, its count is ${quantity}`)
  if (address + quantity > 65_536) refuse(entry, `${quantity} from address ${address} on reach beyond 65535`)
  const exchange = exchangeOf({ unit, function: code, address, quantity })
  return { name, exchange, address, quantity, intervalMs, points }
}

function pointsOf(entry: PollEntry): PlannedPoint[] {
  const { points, name, count } = entry
  if (points === undefined) return [pointOf(entry, { ...entry, name, ...(count !== undefined && { count }) }, 0)]
  const alone = (['type', 'wordOrder', 'byteOrder', 'scale', 'offset'] as const).find((key) => entry[key] !== undefined)
  if (alone !== undefined) refuse(entry, `'${alone}' belongs to each of its points`)
  if (points.length === 0) refuse(entry, 'it has no points')
  let behind = 0
  return points.map((point) => {
    const made = pointOf(entry, point, behind)
    behind = made.at + made.count
    return made
  })
}

function pointOf(entry: PollEntry, point: PollPoint, behind: number): PlannedPoint {
  const { unit, function: code } = entry
  const { name, type } = point
  if (typeof name !== 'string' || !/^.{1,128}$/.test(name)) refuse(entry, 'the name of a point has 1 to 128 characters')
  const at = inRange(entry, `'at' of ${name}`, point.at ?? behind, 0, mostOf(code) - 1)
  if (code <= 2) {
    if (type !== undefined && type !== 'bits') refuse(entry, `'${name}' is read by function ${code}: bits, no ${type}`)
    const count = inRange(entry, `'count' of ${name}`, point.count ?? 1, 1, mostOf(code))
    return { name, address: entry.address + at, at, count, form: undefined, unit, function: code }
  }
  const form = formOf(entry, point, type ?? 'u16')
  const size = registersOf[form.type]
  const count = inRange(entry, `'count' of ${name}`, point.count ?? size, 1, mostOf(code))
  if (count % size !== 0) refuse(entry, `'${name}' takes ${size} registers a value, ${count} are no multiple of that`)
  return { name, address: entry.address + at, at, count, form, unit, function: code }
}

function formOf(entry: PollEntry, point: PollPoint, type: RegisterType): ValueForm {
  const { name, wordOrder, byteOrder, scale, offset } = point
  if (!Object.hasOwn(registersOf, type)) {
    refuse(entry, `'${name}' has type '${type}'; there are ${Object.keys(registersOf).join(', ')}`)
  }
  for (const order of [wordOrder, byteOrder]) {
    if (order !== undefined && order !== 'big-endian' && order !== 'little-endian') {
      refuse(entry, `'${name}' has an order '${order}'; there are big-endian, little-endian`)
    }
  }
  if (scale !== undefined && (!Number.isFinite(scale) || scale === 0)) refuse(entry, `'${name}' has scale ${scale}`)
  if (offset !== undefined && !Number.isFinite(offset)) refuse(entry, `'${name}' has offset ${offset}`)
  return { type, wordOrder, byteOrder, scale, offset }
}

function inRange({ name }: PollEntry, what: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  const message = `poll plan, '${name}': ${what} must be an integer from ${min} to ${max}, not ${value}`
  throw new GatewayError('CONFIGURATION', message)
}

function refuse({ name }: PollEntry, why: string): never {
  throw new GatewayError('CONFIGURATION', `poll plan, '${name}': ${why}`)
}
