import { delimited } from '../../stages/delimited.ts'
import { AisWriter } from '../../stages/nmea/ais-bits.ts'
import { type Sentence, writeSentence } from '../../stages/nmea/sentence.ts'
import type { DeviceSpeech, DeviceState, Heard, SimulatedIdentity, SpokenReport } from '../device-speech.ts'

/** Every so many reports the receiver also hears a ship. */
const reportsBetweenShips = 5

/** A receiver on board: position by RMC and GGA, heading by HDT, now and then two messages of a ship; its name stands in tag blocks. */
export function nmeaDevice({ deviceId, index }: SimulatedIdentity): DeviceSpeech {
  return new NmeaDevice(deviceId, index)
}

class NmeaDevice implements DeviceSpeech {
  readonly deviceId: string
  readonly framing = delimited({ delimiter: '\n', maxLength: 1024 })
  readonly window = 1
  readonly answersReports = false
  readonly welcomed = true
  readonly #mmsi: number

  constructor(deviceId: string, index: number) {
    this.deviceId = deviceId
    this.#mmsi = 247_000_000 + (index % 1_000_000)
  }

  hello(): readonly Buffer[] {
    return []
  }

  report(state: DeviceState): SpokenReport {
    const own = ownSentences(state)
    const ships = state.sequence % reportsBetweenShips === 0 ? this.#ship(state) : []
    const tags = { s: this.deviceId, c: String(state.time.getTime()) }
    const lines = [...own, ...ships].map((sentence) => `${writeSentence({ ...sentence, tags })}\r\n`)
    // The ship's second message takes two sentences.
    return {
      bytes: Buffer.from(lines.join(''), 'latin1'),
      key: undefined,
      readings: own.length + (ships.length > 0 ? 2 : 0),
    }
  }

  hear(): readonly Heard[] {
    return [{ kind: 'unexpected', reason: 'nothing is ever said to a receiver' }]
  }

  #ship({ latitude_deg, longitude_deg, course_deg, sequence }: DeviceState): Spoken[] {
    const position = new AisWriter()
      .number(1, 6)
      .number(0, 2)
      .number(this.#mmsi, 30)
      .number(0, 4)
      .number(-128, 8)
      .number(123, 10)
      .number(1, 1)
      .number(Math.round(longitude_deg * 600_000), 28)
      .number(Math.round(latitude_deg * 600_000), 27)
      .number(course_deg * 10, 12)
      .number(course_deg, 9)
      .number(sequence % 60, 6)
      .number(0, 25).armoured
    const voyage = new AisWriter()
      .number(5, 6)
      .number(0, 2)
      .number(this.#mmsi, 30)
      .number(0, 2)
      .number(9_000_000, 30)
      .text('IABC1', 42)
      .text('SIMULATED SHIP', 120)
      .number(70, 8)
      .number(100, 9)
      .number(20, 9)
      .number(8, 6)
      .number(9, 6)
      .number(1, 4)
      .number(0, 20)
      .number(64, 8)
      .text('GENOVA', 120)
      .number(0, 2).armoured
    const id = String(sequence % 10)
    const [one, two] = [voyage.payload.slice(0, 56), voyage.payload.slice(56)]
    return [
      vdm('1', '1', '', position.payload, position.fillBits),
      vdm('2', '1', id, one, 0),
      vdm('2', '2', id, two, voyage.fillBits),
    ]
  }
}

type Spoken = Omit<Sentence, 'checksum' | 'tags'>

function vdm(total: string, number: string, id: string, payload: string, fillBits: number): Spoken {
  return { start: '!', talker: 'AI', type: 'VDM', fields: [total, number, id, 'A', payload, String(fillBits)] }
}

function ownSentences(state: DeviceState): Spoken[] {
  const { latitude_deg, longitude_deg, speed_kmh, course_deg, altitude_m, time } = state
  const [date = '', clock = ''] = time.toISOString().split('T')
  const hhmmss = clock.slice(0, 12).replaceAll(':', '')
  const ddmmyy = `${date.slice(8, 10)}${date.slice(5, 7)}${date.slice(2, 4)}`
  const place = [
    packed(latitude_deg, 2),
    latitude_deg < 0 ? 'S' : 'N',
    packed(longitude_deg, 3),
    longitude_deg < 0 ? 'W' : 'E',
  ]
  const knots = (speed_kmh / 1.852).toFixed(1)
  const gps = { start: '$', talker: 'GP' } as const
  return [
    { ...gps, type: 'RMC', fields: [hhmmss, 'A', ...place, knots, course_deg.toFixed(1), ddmmyy, '', '', 'A'] },
    {
      ...gps,
      type: 'GGA',
      fields: [hhmmss, ...place, '1', '09', '1.0', altitude_m.toFixed(1), 'M', '47.0', 'M', '', ''],
    },
    { ...gps, type: 'HDT', fields: [course_deg.toFixed(1), 'T'] },
  ]
}

/** Degrees as degrees and minutes, the degrees in so many digits. */
function packed(degrees: number, digits: number): string {
  const tenThousandths = Math.round(Math.abs(degrees) * 600_000)
  const whole = Math.floor(tenThousandths / 600_000)
  const minutes = ((tenThousandths % 600_000) / 10_000).toFixed(4).padStart(7, '0')
  return `${String(whole).padStart(digits, '0')}${minutes}`
}
