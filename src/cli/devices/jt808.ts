import { jt808Framing } from '../../pipelines/jt808.ts'
import { checksum } from '../../stages/checksum.ts'
import { decodeResendRequest } from '../../stages/jt808/answers.ts'
import { encodeBody } from '../../stages/jt808/bodies.ts'
import { fieldsOf, type MessageFields } from '../../stages/jt808/fields.ts'
import { deviceTimeOf, type Location } from '../../stages/jt808/location.ts'
import { type Message, maxBodyLength, readMessage, type Terminal, writeMessage } from '../../stages/jt808/message.ts'
import { messageIds } from '../../stages/jt808/message-ids.ts'
import type { DeviceSpeech, DeviceState, Heard, SimulatedIdentity, SpokenReport } from '../device-speech.ts'

const check = checksum('XOR')

/** Every so many reports: a heartbeat goes before it; it is an image in parts; it is a batch of locations. */
const heartbeatEvery = 5
const imageEvery = 7
const batchEvery = 10

const batchSize = 3
const imageBytes = 2500

/** What it obeys by 0x0001 alone. */
const obeyed: ReadonlySet<number> = new Set([messageIds.setParameters, messageIds.terminalControl, messageIds.text])

/** A simulated terminal of JT/T 808: of 2013 with an odd number, of 2019 with an even one. */
export class Jt808Device implements DeviceSpeech {
  readonly deviceId: string
  readonly framing = jt808Framing()
  readonly window = 4
  readonly answersReports = true
  welcomed = false
  readonly #terminal: Terminal
  #serial = 0
  #token: string | undefined
  /** The place of the last report, which 0x8201 asks for. */
  #location: Location = noLocation
  /** Reports by the serial that their answer names. Parts of an image are answered too, but only the last answers it. */
  readonly #keys = new Map<number, string>()
  /** Images whose answer has not come, by the serial of their first part: 0x8003 asks for parts again. */
  readonly #images = new Map<number, { readonly key: string; readonly parts: readonly Buffer[] }>()
  readonly #partSerials = new Set<number>()

  constructor({ index }: Pick<SimulatedIdentity, 'index'>) {
    this.deviceId = `138${String(index).padStart(8, '0')}`
    const version2019 = index % 2 === 0
    this.#terminal = {
      version2019,
      protocolVersion: version2019 ? 1 : undefined,
      terminalIdHex: this.deviceId.padStart(version2019 ? 20 : 12, '0'),
    }
  }

  hello(): readonly Buffer[] {
    this.welcomed = false
    return [this.#token === undefined ? this.#register() : this.#authenticate(this.#token)]
  }

  report(state: DeviceState): SpokenReport {
    this.#location = locationOf(state, state.time)
    if (state.sequence % batchEvery === 0) return this.#batch(state)
    if (state.sequence % imageEvery === 0) return this.#image(state)
    const heartbeat = state.sequence % heartbeatEvery === 0 ? [this.#say(messageIds.heartbeat, {})] : []
    const { bytes, key } = this.#keyed(messageIds.location, { location: this.#location })
    return { bytes: Buffer.concat([...heartbeat, bytes]), key }
  }

  hear(frame: Buffer): readonly Heard[] {
    if (check.verify(frame) !== undefined) return [unexpected('the check of a message is not that of its bytes')]
    const message = readMessage(check.strip(frame))
    const fields = fieldsOf(message, false)
    const { id, serial, terminalIdHex } = message.header
    if (terminalIdHex !== this.#terminal.terminalIdHex) return [unexpected('a message is for another terminal')]
    if (id === messageIds.registerAnswer) return this.#heardRegistration(fields)
    if (id === messageIds.platformAnswer) return this.#heardAnswer(fields)
    if (id === messageIds.multimediaAnswer) return this.#answered(keyOfImage(message.body.readUInt32BE(0)), 0)
    if (id === messageIds.resendRequest) return this.#heardRequest(message)
    return [
      { kind: 'say', bytes: this.#obey(id, serial) },
      { kind: 'command', id: String(fields.message_id) },
    ]
  }

  #register(): Buffer {
    const version = this.#terminal.version2019 ? '2019' : '2011/2013'
    const names = { manufacturer: 'HDGT', model: 'simulated', device_id: this.deviceId.slice(-7) }
    return this.#say(messageIds.register, {
      version,
      province: 44,
      city: 300,
      ...names,
      plate_color: 1,
      plate: '粤A12345',
    })
  }

  #authenticate(token: string): Buffer {
    return this.#say(messageIds.authenticate, { auth_code: token, imei: this.deviceId, software_version: '1.0' })
  }

  #batch(state: DeviceState): SpokenReport {
    const locations = Array.from({ length: batchSize }, (_, place) =>
      locationOf(state, new Date(state.time.getTime() - 10_000 * (batchSize - 1 - place))),
    )
    return { ...this.#keyed(messageIds.locationBatch, { batch_type: 1, locations }), readings: batchSize }
  }

  #image({ sequence }: DeviceState): SpokenReport {
    const image = Buffer.alloc(4 + imageBytes, sequence & 0xff)
    image.writeUInt32BE(sequence, 0)
    const total = Math.ceil(image.length / maxBodyLength)
    const firstSerial = this.#serial
    const parts = Array.from({ length: total }, (_, place) => {
      const body = image.subarray(place * maxBodyLength, (place + 1) * maxBodyLength)
      this.#partSerials.add(this.#serial)
      return this.#wire(messageIds.multimedia, body, { total, index: place + 1 })
    })
    const key = keyOfImage(sequence)
    this.#keys.set((firstSerial + total - 1) & 0xffff, key)
    this.#images.set(firstSerial, { key, parts })
    return { bytes: Buffer.concat(parts), key }
  }

  #heardRegistration({ result, auth_code }: MessageFields): readonly Heard[] {
    if (result !== 0 || typeof auth_code !== 'string') return [{ kind: 'refused', reason: `0x8100 says ${result}` }]
    this.#token = auth_code
    return [{ kind: 'say', bytes: this.#authenticate(auth_code) }]
  }

  #heardAnswer({ reply_serial, reply_id, result }: MessageFields): readonly Heard[] {
    if (reply_id === '0x0002') return []
    if (reply_id === '0x0102') return this.#heardVerdict(result as number)
    const serial = reply_serial as number
    const key = this.#keys.get(serial)
    if (key !== undefined) return this.#answered(key, result as number)
    if (this.#partSerials.has(serial) && result === 0) return []
    return [unexpected(`0x8001 answers serial ${serial}, which was not sent`)]
  }

  /** A code that is not right any more is forgotten, and the terminal registers anew. */
  #heardVerdict(result: number): readonly Heard[] {
    if (result === 0) {
      this.welcomed = true
      return [{ kind: 'welcome' }]
    }
    if (this.#token === undefined) return [{ kind: 'refused', reason: `0x8001 says ${result}` }]
    this.#token = undefined
    return [{ kind: 'say', bytes: this.#register() }]
  }

  #answered(key: string, result: number): readonly Heard[] {
    if (result === 1) return [{ kind: 'again', key }]
    for (const [firstSerial, image] of this.#images) if (image.key === key) this.#images.delete(firstSerial)
    return [{ kind: result === 0 ? 'acked' : 'rejected', key }]
  }

  #heardRequest({ header, body }: Message): readonly Heard[] {
    const request = decodeResendRequest(body, header.version2019)
    const image = request === undefined ? undefined : this.#images.get(request.first_serial)
    if (request === undefined || image === undefined) return [unexpected('0x8003 asks for what was not sent')]
    return request.indexes.flatMap((index) => {
      const bytes = image.parts[index - 1]
      return bytes === undefined ? [unexpected(`0x8003 asks for part ${index}`)] : [{ kind: 'say', bytes } as const]
    })
  }

  #obey(id: number, serial: number): Buffer {
    const answered = Buffer.alloc(2)
    answered.writeUInt16BE(serial, 0)
    const reply = (replyId: number, body: Buffer) => this.#wire(replyId, Buffer.concat([answered, body]))
    if (id === queries.location) {
      const body = encodeBody(messageIds.location, { location: this.#location }, this.#terminal.version2019)
      return reply(messageIds.locationReply, body)
    }
    if (id === queries.parameters) {
      return reply(messageIds.parametersReply, encodeBody(messageIds.setParameters, { parameters }, false))
    }
    const reply_id = `0x${id.toString(16)}`
    return this.#say(messageIds.generalAnswer, { reply_serial: serial, reply_id, result: obeyed.has(id) ? 0 : 3 })
  }

  #keyed(id: number, fields: object): { readonly bytes: Buffer; readonly key: string } {
    const key = String(this.#serial)
    this.#keys.set(this.#serial, key)
    return { bytes: this.#say(id, fields), key }
  }

  #say(id: number, fields: object): Buffer {
    return this.#wire(id, encodeBody(id, { ...fields }, this.#terminal.version2019))
  }

  #wire(id: number, body: Buffer, subpackage?: { readonly total: number; readonly index: number }): Buffer {
    const serial = this.#serial
    this.#serial = (serial + 1) & 0xffff
    return this.framing.frame(check.write(writeMessage(this.#terminal, { id, serial, body, subpackage })))
  }
}

const queries = { parameters: 0x8104, location: 0x8201 }

/** How often it sends heartbeats, and where its platform is. */
const parameters = [
  { id: '0x00000001', hex: '0000003c' },
  { id: '0x00000013', hex: Buffer.from('headgate').toString('hex') },
]

const noLocation: Location = {
  alarm_flags: '00000000',
  status_flags: '00000000',
  acc_on: false,
  positioned: false,
  latitude_deg: 0,
  longitude_deg: 0,
  altitude_m: 0,
  speed_kmh: 0,
  direction_deg: 0,
  device_time: '2000-01-01T00:00:00',
  time_utc: null,
  extras: [],
}

function locationOf(state: DeviceState, time: Date): Location {
  // ACC is on, there is a position; 2 is south, 3 west.
  const status = 0b0011 | (state.latitude_deg < 0 ? 0b0100 : 0) | (state.longitude_deg < 0 ? 0b1000 : 0)
  return {
    ...noLocation,
    status_flags: status.toString(16).padStart(8, '0'),
    latitude_deg: state.latitude_deg,
    longitude_deg: state.longitude_deg,
    altitude_m: Math.max(0, Math.round(state.altitude_m)),
    speed_kmh: Math.round(10 * state.speed_kmh) / 10,
    direction_deg: Math.round(state.course_deg) % 360,
    device_time: deviceTimeOf(time),
    extras: [{ id: '0x01', hex: state.sequence.toString(16).padStart(8, '0') }],
  }
}

function keyOfImage(multimediaId: number): string {
  return `image-${multimediaId}`
}

function unexpected(reason: string): Heard {
  return { kind: 'unexpected', reason }
}
