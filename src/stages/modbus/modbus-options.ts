import type { Connection } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import type { PacketFields, PacketPattern } from './packet.ts'
import { type CheckedPlan, checkedPlan, type PollPlan } from './poll-plan.ts'

/** A packet by which a DTU says who it is. */
export interface RegistrationRule {
  readonly packet: PacketPattern
  /** The device id that its fields make; default the first field. */
  readonly deviceId?: (fields: PacketFields) => string
  /** What kind of packet it is, for people; shown as `rule` with `envelope`. */
  readonly about?: string
}

/** Options of {@link modbus}. */
export interface ModbusOptions {
  /** Packets by which DTUs say who they are, sent once or in front of every reply. The first that fits is taken. */
  readonly registration?: readonly RegistrationRule[]
  /**
   * The id of a device that says nothing of itself, by its address or port; undefined: it must register. The gateway then speaks first,
   * and registration packets are heartbeats.
   */
  readonly identity?: (connection: Connection) => string | undefined
  /** Packets that mean nothing but that the DTU is there. */
  readonly heartbeat?: readonly PacketPattern[]
  /** What is polled, of every device or by its id; default nothing. */
  readonly plan?: PollPlan | ((deviceId: string) => PollPlan)
  /** How long a unit may take to reply; default 3000, 10 to 60000. */
  readonly replyTimeoutMs?: number
  /** How often a poll without a reply is asked again before it waits for its next interval; default 1, 0 to 10. Commands are asked once. */
  readonly retries?: number
  /** Pause after a request to unit 0, which nobody answers; default 100, 0 to 60000. */
  readonly turnaroundMs?: number
  /** So long the rest of what has begun and nobody waits for may take: of a packet without end mark, of a frame; default 1000, 10 to 60000. */
  readonly quietMs?: number
  /**
   * Frames that answer no request of the gateway: `noise` (default), counted and dropped; `telemetry`: requests, responses and
   * exceptions with a right CRC go up, for DTUs that poll by themselves.
   */
  readonly unsolicited?: 'noise' | 'telemetry'
  /** The id of a device that sends frames or heartbeats before it has registered; default none: all that is noise. */
  readonly defaultId?: string
  /** Also puts CRCs, byte counts and rules into bodies; default false. */
  readonly envelope?: boolean
  /** Sends heartbeats, and registrations beyond the first, up as telemetry; default false. */
  readonly heartbeats?: boolean
  /** Sends exceptions that answer polls up as telemetry, besides counting them; default false. */
  readonly exceptions?: boolean
}

/** Options with everything known. */
export interface ModbusSettings {
  readonly registration: readonly RegistrationRule[]
  readonly identity: ((connection: Connection) => string | undefined) | undefined
  readonly heartbeat: readonly PacketPattern[]
  readonly planFor: (deviceId: string) => CheckedPlan
  readonly replyTimeoutMs: number
  readonly retries: number
  readonly turnaroundMs: number
  readonly quietMs: number
  readonly unsolicited: 'noise' | 'telemetry'
  readonly defaultId: string | undefined
  readonly envelope: boolean
  readonly heartbeats: boolean
  readonly exceptions: boolean
}

/** Checks options. Errors: `CONFIGURATION`. A plan that depends on the device is checked when the device is known. */
export function settingsOf(options: ModbusOptions): ModbusSettings {
  const { registration = [], identity, heartbeat = [], plan = [], unsolicited = 'noise', defaultId } = options
  if (registration.length === 0 && identity === undefined && defaultId === undefined) {
    throw new GatewayError('CONFIGURATION', 'modbus: without registration and identity no device could become known')
  }
  for (const { packet, deviceId } of registration) {
    if (deviceId !== undefined || packet.firstField !== undefined) continue
    throw new GatewayError('CONFIGURATION', 'modbus: a registration that is always the same takes a deviceId')
  }
  if (unsolicited !== 'noise' && unsolicited !== 'telemetry') {
    throw new GatewayError('CONFIGURATION', `modbus: unsolicited is noise or telemetry, not ${unsolicited}`)
  }
  return {
    registration,
    identity,
    heartbeat,
    planFor: plannedFor(plan),
    replyTimeoutMs: inRange('replyTimeoutMs', options.replyTimeoutMs ?? 3000, 10, 60_000),
    retries: inRange('retries', options.retries ?? 1, 0, 10),
    turnaroundMs: inRange('turnaroundMs', options.turnaroundMs ?? 100, 0, 60_000),
    quietMs: inRange('quietMs', options.quietMs ?? 1000, 10, 60_000),
    unsolicited,
    defaultId,
    envelope: options.envelope ?? false,
    heartbeats: options.heartbeats ?? false,
    exceptions: options.exceptions ?? false,
  }
}

/** A plan that is the same for all devices is checked once. */
function plannedFor(plan: PollPlan | ((deviceId: string) => PollPlan)): (deviceId: string) => CheckedPlan {
  if (typeof plan === 'function') return (deviceId) => checkedPlan(plan(deviceId))
  const checked = checkedPlan(plan)
  return () => checked
}

function inRange(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new GatewayError('CONFIGURATION', `modbus: ${name} must be an integer from ${min} to ${max}, not ${value}`)
}
