import { decodeGt06, encodeGt06 } from '../../stages/gt06/decode.ts'
import { gt06Framing } from '../../stages/gt06/framing.ts'
import type {
  Gt06Body,
  Gt06Cell,
  Gt06Command,
  Gt06Message,
  Gt06Position,
  Gt06TerminalInfo,
} from '../../stages/gt06/messages.ts'
import type { DeviceSpeech, DeviceState, Heard, SimulatedIdentity, SpokenReport } from '../device-speech.ts'

const framing = gt06Framing()

const cell: Gt06Cell = { mcc: 460, mnc: 0, lac: 10365, cell_id: 8049 }

const terminal: Gt06TerminalInfo = {
  oil_electricity_disconnected: false,
  gps_on: true,
  alarm_code: 0,
  charging: true,
  acc_on: true,
  armed: false,
}

/** One report in so many is an alarm; in front of one in so many goes a heartbeat. */
const alarmEvery = 10
const heartbeatEvery = 5

/** An SOS, in the state byte. */
const sos = 4

/**
 * A simulated GT06 tracker: logs in by an IMEI made of its number, reports locations (0x22), now and then a heartbeat and an alarm,
 * says that it has done what a command asks.
 */
export class Gt06Device implements DeviceSpeech {
  readonly deviceId: string
  readonly framing = framing
  readonly window = 8
  readonly answersReports = true
  welcomed = false
  #serial = 0

  constructor({ index }: SimulatedIdentity) {
    this.deviceId = `35${String(index).padStart(13, '0')}`
  }

  hello(): readonly Buffer[] {
    return [
      this.#say('0x01', { kind: 'login', imei: this.deviceId, type_code_hex: '2020', timezone_language_hex: '0002' })
        .bytes,
    ]
  }

  report(state: DeviceState): SpokenReport {
    const position: Gt06Position = {
      device_time: state.time.toISOString().slice(0, 19),
      satellites: 9,
      latitude_deg: state.latitude_deg,
      longitude_deg: state.longitude_deg,
      speed_kmh: Math.min(255, Math.max(0, Math.round(state.speed_kmh))),
      course_deg: Math.round(state.course_deg) % 360,
      fix: true,
      differential: false,
    }
    const heartbeat = state.sequence % heartbeatEvery === 0 ? this.#heartbeat() : nothing
    const { bytes, key } = state.sequence % alarmEvery === 0 ? this.#alarm(position) : this.#location(position)
    return { bytes: Buffer.concat([heartbeat, bytes]), key }
  }

  hear(frame: Buffer): readonly Heard[] {
    const message = decodeGt06(frame)
    const type = message.protocol_number
    if (type === '0x01') {
      this.welcomed = true
      return [{ kind: 'welcome' }]
    }
    if (type === '0x13') return []
    if (type === '0x22' || type === '0x26') return [{ kind: 'acked', key: keyOf(type, message.serial) }]
    if (message.kind === 'command') return this.#obey(message)
    return [{ kind: 'unexpected', reason: `a frame of type ${type}` }]
  }

  #heartbeat(): Buffer {
    const state = { voltage_level: 6, gsm_signal_level: 4, alarm: 0, language: 2 }
    return this.#say('0x13', { kind: 'heartbeat', terminal_info: terminal, ...state }).bytes
  }

  #location(position: Gt06Position) {
    return this.#say('0x22', { kind: 'location', ...position, cell, acc_on: true, upload_mode: 0, reupload: 0 })
  }

  #alarm(position: Gt06Position) {
    return this.#say('0x26', {
      kind: 'alarm',
      ...position,
      lbs_length: 9,
      cell,
      terminal_info: { ...terminal, alarm_code: sos },
      voltage_level: 6,
      gsm_signal_level: 4,
      alarm: 1,
      language: 2,
    })
  }

  #obey({ server_flag, text }: Gt06Command): readonly Heard[] {
    const reply = { kind: 'command_response', server_flag, text: `${text.slice(0, 40)} Success!`, language: 2 } as const
    return [
      { kind: 'command', id: String(server_flag) },
      { kind: 'say', bytes: this.#say('0x15', reply).bytes },
    ]
  }

  #say(type: string, body: Gt06Body): { readonly bytes: Buffer; readonly key: string } {
    this.#serial = (this.#serial + 1) & 0xffff
    const message: Gt06Message = { ...body, start: '7878', protocol_number: type, serial: this.#serial }
    return { bytes: framing.frame(encodeGt06(message)), key: keyOf(type, this.#serial) }
  }
}

const nothing = Buffer.alloc(0)

function keyOf(type: string, serial: number): string {
  return `${type}/${serial}`
}
