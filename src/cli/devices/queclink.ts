import type { Framing } from '../../core/framing.ts'
import { queclinkFraming } from '../../stages/queclink/framing.ts'
import { locationFields } from '../../stages/queclink/locations.ts'
import { decodeServerMessage, type ServerCommand } from '../../stages/queclink/server-message.ts'
import { isoSeconds } from '../../stages/queclink/utc-time.ts'
import { fourDigits, messageBytes } from '../../stages/queclink/wire.ts'
import type { DeviceSpeech, DeviceState, Heard, SimulatedIdentity, SpokenReport } from '../device-speech.ts'

/** The password of simulated devices, for commands to them. */
export const simulatedPassword = 'gl300'

/** A GL300, and the version of its protocol. */
const protocolVersion = '1A0800'

/** A heartbeat goes before every so many reports. */
const reportsPerHeartbeat = 20

/** What it obeys; real ones say nothing to a command that they do not know. */
const knownCommands = new Set([
  'GTRTO',
  'GTFRI',
  'GTBSI',
  'GTSRI',
  'GTQSS',
  'GTCFG',
  'GTTMA',
  'GTGEO',
  'GTNMD',
  'GTUPD',
])

/** A simulated GL300 in which SACK is enabled: reports its position by GTFRI, sends heartbeats, answers commands. */
export function queclinkDevice({ index }: SimulatedIdentity): DeviceSpeech {
  return new QueclinkDevice(`35${String(index).padStart(13, '0')}`)
}

class QueclinkDevice implements DeviceSpeech {
  readonly deviceId: string
  readonly framing: Framing = queclinkFraming()
  readonly window = 8
  readonly answersReports = true
  readonly welcomed = true
  /** Counts of heartbeats and answers that the gateway has not acknowledged; the oldest may never be. */
  readonly #others = new Set<string>()
  #count = 0

  constructor(deviceId: string) {
    this.deviceId = deviceId
  }

  hello(): readonly Buffer[] {
    return [this.#other('GTHBD', [], new Date())]
  }

  report(state: DeviceState): SpokenReport {
    const beat = state.sequence % reportsPerHeartbeat === 0 ? [this.#other('GTHBD', [], state.time)] : []
    const key = this.#nextCount()
    const battery = String(Math.max(1, 100 - (state.sequence % 100)))
    const fields = ['0', '0', '1', ...positionFields(state), '', battery]
    const bytes = messageBytes({
      ...this.#common,
      prefix: 'RESP',
      report: 'GTFRI',
      fields,
      sendTime: state.time,
      count: key,
    })
    return { bytes: Buffer.concat([...beat, bytes]), key }
  }

  hear(frame: Buffer): readonly Heard[] {
    const said = decodeServerMessage(frame.toString('latin1', 0, frame.length - 1))
    if (said === undefined) return [{ kind: 'unexpected', reason: 'neither SACK nor command' }]
    if (said.kind === 'command') return this.#obey(said, frame)
    if (this.#others.delete(said.count)) return []
    if (said.report !== undefined) return [{ kind: 'unexpected', reason: 'SACK of a heartbeat that was not sent' }]
    return [{ kind: 'acked', key: said.count }]
  }

  #obey({ report, parameters, command_serial }: ServerCommand, frame: Buffer): Heard[] {
    const isOurs = frame.toString('latin1').startsWith(`AT+${report}=${simulatedPassword},`)
    if (!isOurs || !knownCommands.has(report)) return []
    const fields = report === 'GTRTO' ? [parameters[0] ?? '', command_serial] : [command_serial]
    return [
      { kind: 'say', bytes: this.#other(report, fields, new Date()) },
      { kind: 'command', id: `${report}-${command_serial}` },
    ]
  }

  /** A message that is no report. */
  #other(report: string, fields: readonly string[], sendTime: Date): Buffer {
    const count = this.#nextCount()
    this.#others.add(count)
    if (this.#others.size > 64) this.#others.delete(this.#others.values().next().value as string)
    return messageBytes({ ...this.#common, prefix: 'ACK', report, fields, sendTime, count })
  }

  #nextCount(): string {
    return fourDigits(this.#count++)
  }

  get #common() {
    return { protocol_version: protocolVersion, imei: this.deviceId, device_name: 'simulated' }
  }
}

function positionFields(state: DeviceState): string[] {
  const { speed_kmh, course_deg: azimuth_deg, altitude_m, longitude_deg, latitude_deg, time } = state
  const position = { hdop_or_accuracy: 1, speed_kmh, azimuth_deg, altitude_m, longitude_deg, latitude_deg }
  return locationFields(
    { ...position, fix_time_utc: isoSeconds(time) },
    { mcc: 460, mnc: 0, lac: 0x18d8, cell_id: 0x6141 },
  )
}
