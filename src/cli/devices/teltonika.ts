import * as found from '../../core/found.ts'
import { type FrameFinder, type Framing, framing } from '../../core/framing.ts'
import { type AvlRecord, encodeAvl } from '../../stages/teltonika/avl.ts'
import {
  decodeMessages,
  encodeMessage,
  type GprsPacket,
  refusalType,
  responseType,
} from '../../stages/teltonika/messages.ts'
import { headerBytes, loginFrame, openPacket, packetOverhead, sealPacket } from '../../stages/teltonika/packet.ts'
import type { DeviceSpeech, DeviceState, Heard, SimulatedIdentity, SpokenReport } from '../device-speech.ts'

/** Options of {@link TeltonikaDevice}. */
export interface TeltonikaDeviceOptions {
  /** The packets have 1 to so many records in turn, the newest last; default 3. */
  readonly mostRecords?: number
}

/** The IMEI of a simulated device: 35, its number, and the check digit that IMEIs have. */
export function imeiOf({ index }: SimulatedIdentity): string {
  const digits = `35${String(index).padStart(12, '0')}`
  const sum = [...digits].reduce((total, digit, at) => {
    const doubled = Number(digit) * (at % 2 === 0 ? 1 : 2)
    return total + (doubled > 9 ? doubled - 9 : doubled)
  }, 0)
  return `${digits}${(10 - (sum % 10)) % 10}`
}

/** The longest packet that it listens to. */
const longestPacket = 8192

/** A tracker of the FMB family: codec 8, one packet at a time, commands by codec 12 and 14. */
export class TeltonikaDevice implements DeviceSpeech {
  readonly deviceId: string
  readonly framing: Framing
  readonly window = 1
  readonly answersReports = true
  welcomed = false
  readonly #mostRecords: number
  /** The packet that waits for its answer. */
  #reported: { readonly key: string; readonly records: number } | undefined

  constructor(identity: SimulatedIdentity, { mostRecords = 3 }: TeltonikaDeviceOptions = {}) {
    this.deviceId = imeiOf(identity)
    this.#mostRecords = mostRecords
    this.framing = framing('teltonikaAnswers', {
      maxBytes: longestPacket,
      finder: () => this.#finder(),
      frame: (frame) => frame,
    })
  }

  hello(): readonly Buffer[] {
    return [loginFrame(this.deviceId)]
  }

  report(state: DeviceState): SpokenReport {
    const count = 1 + (state.sequence % this.#mostRecords)
    const records = Array.from({ length: count }, (_, at) => recordOf(state, count - 1 - at))
    const key = String(state.sequence)
    this.#reported = { key, records: count }
    return { bytes: sealPacket(encodeAvl(8, records)), key, readings: count }
  }

  hear(frame: Buffer): readonly Heard[] {
    if (!this.welcomed) return this.#hearVerdict(frame)
    return frame.length > 4 ? this.#hearPacket(frame) : this.#hearCount(frame.readUInt32BE(0))
  }

  #hearVerdict(frame: Buffer): readonly Heard[] {
    if (frame[0] !== 1) return [{ kind: 'refused', reason: `the gateway answered the login with ${frame[0]}` }]
    this.welcomed = true
    return [{ kind: 'welcome' }]
  }

  /** As the real ones do, it sends all records again where not all of them were taken. */
  #hearCount(records: number): readonly Heard[] {
    const reported = this.#reported
    if (reported === undefined)
      return [{ kind: 'unexpected', reason: `${records} records were acknowledged, none waits` }]
    if (records !== reported.records) return [{ kind: 'again', key: reported.key }]
    this.#reported = undefined
    return [{ kind: 'acked', key: reported.key }]
  }

  #hearPacket(frame: Buffer): readonly Heard[] {
    let packet: GprsPacket
    try {
      packet = decodeMessages(openPacket(frame).data)
    } catch (thrown) {
      return [{ kind: 'unexpected', reason: String(thrown) }]
    }
    const { codec, kind, messages } = packet
    const [{ text = '', imei } = {}] = messages
    if (kind !== 'command_request') return [{ kind: 'unexpected', reason: `a ${kind} came` }]
    const isOurs = imei === undefined || imei === this.deviceId
    const type = isOurs ? responseType : refusalType
    const payload = Buffer.from(isOurs ? this.#answerTo(text) : '')
    const answer = encodeMessage(codec, { type, payload, imei: this.deviceId })
    const said = { kind: 'say', bytes: sealPacket(answer) } as const
    return isOurs ? [said, { kind: 'command', id: text }] : [said]
  }

  #answerTo(command: string): string {
    const [name = '', ...values] = command.split(' ')
    if (name === 'getinfo') return 'INI:2020/1/1 0:00 RTC:2020/1/1 0:00 RST:1 ERR:0 SR:0 BR:0 CF:0 FG:0 FL:0'
    if (name === 'getver') return `Ver:00.00.00 GPS:none Hw:SIMULATED IMEI:${this.deviceId}`
    if (name === 'getio') return 'DI1:1 DI2:0 DI3:0 AIN1:0 AIN2:0 DO1:0 DO2:0'
    if (name === 'setparam') return `New value ${values.join(' ')}`
    return `${name} OK`
  }

  /** What comes first is the verdict; four bytes of zero are a packet's beginning unless a count is waited for. */
  #finder(): FrameFinder {
    return {
      find: (window, from) => {
        const length = this.#lengthAt(window, from)
        if (length > longestPacket) return found.noise(window.length)
        if (window.length - from < length) return found.wait(length)
        return found.frame(window.subarray(from, from + length), from + length)
      },
    }
  }

  #lengthAt(window: Buffer, from: number): number {
    if (!this.welcomed) return 1
    if (window.length - from < 4) return 4
    if (this.#reported !== undefined || window.readUInt32BE(from) !== 0) return 4
    if (window.length - from < headerBytes) return headerBytes
    return window.readUInt32BE(from + 4) + packetOverhead
  }
}

/** The state as it was so many seconds earlier, its position a little behind. */
function recordOf(state: DeviceState, secondsAgo: number): AvlRecord {
  return {
    timestamp_ms: state.time.getTime() - 1000 * secondsAgo,
    priority: 0,
    longitude_deg: roundTo7(state.longitude_deg - 0.000001 * secondsAgo),
    latitude_deg: roundTo7(state.latitude_deg),
    altitude_m: Math.round(state.altitude_m),
    angle_deg: Math.round(state.course_deg) % 360,
    satellites: 12,
    speed_kmh: Math.round(state.speed_kmh),
    event_io_id: 0,
    io: [
      { id: 239, bytes: 1, hex: '01' },
      { id: 240, bytes: 1, hex: state.speed_kmh > 0 ? '01' : '00' },
      { id: 66, bytes: 2, hex: '3069' },
      // Dallas temperature 1, in tenths of a degree.
      { id: 72, bytes: 4, hex: inHex(Math.round(10 * state.temperature_c), 4) },
      { id: 16, bytes: 4, hex: inHex(10 * state.sequence, 4) },
    ],
  }
}

function roundTo7(degrees: number): number {
  return Math.round(degrees * 1e7) / 1e7
}

function inHex(value: number, bytes: number): string {
  return BigInt.asUintN(8 * bytes, BigInt(value))
    .toString(16)
    .padStart(2 * bytes, '0')
}
