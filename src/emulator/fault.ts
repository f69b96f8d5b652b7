import { HubError } from './errors.ts'
import type { Throttle } from './throttle.ts'

export type { Throttle } from './throttle.ts'

/** Which requests of a device a fault strikes. */
export type FaultOperation = 'send' | 'receive' | 'settle' | 'all'

/**
 * Something that shall go wrong: the body of `PUT /emulator/faults`. There is one fault for each pair of device and
 * operation, and a new one replaces it; a request meets every fault that fits it, in the order in which they were put.
 * Of one fault several effects may be given; they come in the order below. At least one is needed.
 */
export interface Fault {
  /** The device that it strikes (absent: every device). */
  readonly device?: string
  /** Default `all`. */
  readonly operation?: FaultOperation
  /** Strike only so many matching requests, 1 or more (absent: until it is replaced or cleared). */
  readonly count?: number
  /** Strike a matching request with this chance, 0 to 1 (default 1), decided by a generator with a seed. */
  readonly probability?: number
  /** Seed of that generator, a whole number (default 1). */
  readonly seed?: number

  /** Hold the request for so long, 1 to 600,000 (real time, not the injected clock's), then go on. */
  readonly latencyMs?: number
  /** Hold the request until the fault is cleared or replaced, then go on as if it had not been struck. */
  readonly hang?: true
  /** Cut the connection without an answer, `before` (or true) or `after` the operation took effect. */
  readonly reset?: true | 'before' | 'after'
  /** Answer with this status, 400 to 599, instead of performing the operation. */
  readonly status?: number
  /** `Retry-After` of `status` and `throttle` answers, 0 to 86,400. */
  readonly retryAfterSeconds?: number
  /** Answer 429001 over this rate. A tier limits sends and receives, and not settling. One bucket per operation. */
  readonly throttle?: Throttle
  /** Answer 403002 to a send that would exceed so many 4 KiB meters in a day (UTC, by the emulator's clock). */
  readonly dailyQuota4kMeters?: number
  /** Before the operation, make every lock of the device run out: a settle then fails with 412002. */
  readonly expireLocks?: true
}

type Check = (value: unknown) => boolean

const isOneOf =
  (...values: unknown[]): Check =>
  (value) =>
    values.includes(value)
const isNumber =
  (from: number, to: number): Check =>
  (value) =>
    typeof value === 'number' && value >= from && value <= to
const isWhole =
  (from: number, to: number): Check =>
  (value) =>
    Number.isInteger(value) && isNumber(from, to)(value)

const fields: Readonly<Record<keyof Fault, readonly [Check, string]>> = {
  device: [(value) => typeof value === 'string' && value !== '', 'a device id'],
  operation: [isOneOf('send', 'receive', 'settle', 'all'), 'send, receive, settle or all'],
  count: [isWhole(1, Number.MAX_SAFE_INTEGER), 'a whole number, 1 or more'],
  probability: [isNumber(0, 1), 'a number from 0 to 1'],
  seed: [isWhole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), 'a whole number'],
  latencyMs: [isNumber(1, 600_000), 'a number from 1 to 600000'],
  hang: [isOneOf(true), 'true'],
  reset: [isOneOf(true, 'before', 'after'), 'true, before or after'],
  status: [isWhole(400, 599), 'a whole number from 400 to 599'],
  retryAfterSeconds: [isWhole(0, 86_400), 'a whole number from 0 to 86400'],
  throttle: [isThrottle, '{"perSecond", "burst"?} or {"tier": "S1"|"S2"|"S3", "units"?}'],
  dailyQuota4kMeters: [isWhole(0, Number.MAX_SAFE_INTEGER), 'a whole number, 0 or more'],
  expireLocks: [isOneOf(true), 'true'],
}

const effects: readonly (keyof Fault)[] = [
  'latencyMs',
  'hang',
  'reset',
  'status',
  'throttle',
  'dailyQuota4kMeters',
  'expireLocks',
]

/** Checks a fault from outside. @throws {HubError} 400004 naming the field that is wrong. */
export function parseFault(value: unknown): Fault {
  if (!isObject(value)) throw new HubError(400004, 'a fault must be a JSON object')
  for (const [name, given] of Object.entries(value)) {
    const rule = isField(name) ? fields[name] : undefined
    if (!rule) throw new HubError(400004, `${name} is not a field of a fault`)
    const [check, expected] = rule
    if (!check(given)) throw new HubError(400004, `${name} must be ${expected}`)
  }
  if (!effects.some((effect) => effect in value)) {
    throw new HubError(400004, `a fault needs one of ${effects.join(', ')}`)
  }
  return value as Fault
}

function isThrottle(value: unknown): boolean {
  if (!isObject(value)) return false
  const checks: Readonly<Record<string, Check>> =
    'tier' in value
      ? { tier: isOneOf('S1', 'S2', 'S3'), units: isWhole(1, 200) }
      : { perSecond: isNumber(Number.MIN_VALUE, 1e9), burst: isNumber(1, 1e9) }
  if (!('tier' in value) && !('perSecond' in value)) return false
  return Object.entries(value).every(([name, given]) => Object.hasOwn(checks, name) && checks[name]?.(given))
}

function isField(name: string): name is keyof Fault {
  return Object.hasOwn(fields, name)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
