import { Deframer } from '../../../src/core/deframer.ts'
import { PipelineMeter } from '../../../src/core/meter.ts'
import { jt808Framing } from '../../../src/pipelines/jt808.ts'
import { checksum } from '../../../src/stages/checksum.ts'
import { encodeBody } from '../../../src/stages/jt808/bodies.ts'
import { fieldsOf, type MessageFields } from '../../../src/stages/jt808/fields.ts'
import type { Location } from '../../../src/stages/jt808/location.ts'
import { readMessage, type Terminal, type Written, writeMessage } from '../../../src/stages/jt808/message.ts'

const check = checksum('XOR')

/** A message as it goes on the wire. */
export function wireOf(message: Buffer): Buffer {
  return jt808Framing().frame(check.write(message))
}

/** What the bytes on a wire hold: the decoded messages, checks verified. */
export function messagesIn(wire: Buffer): MessageFields[] {
  return framesIn(wire).map((frame) => fieldsOf(readMessage(frame), false))
}

/** What the bytes on a wire hold: messages without their checks, which are verified. */
export function framesIn(wire: Buffer): Buffer[] {
  const frames: Buffer[] = []
  const framing = jt808Framing()
  const deframer = new Deframer(framing.finder(), framing.maxBytes, new PipelineMeter('test').stage('between', 'up'))
  const outlet = {
    emit: (frame: Buffer) => {
      const error = check.verify(frame)
      if (error !== undefined) throw error
      frames.push(check.strip(frame))
    },
    reply: () => {},
    fail: (error: Error) => {
      throw error
    },
  }
  deframer.push(wire, outlet)
  deframer.end(outlet)
  return frames
}

/** What a server says, serials of its own left out. */
export function withoutSerials(wire: Buffer): string[] {
  return framesIn(wire).map((frame) => {
    const { header, body } = readMessage(frame)
    return writeMessage(header, { id: header.id, serial: 0, body }).toString('hex')
  })
}

/** A place, some of whose bytes have to be escaped. */
export const someLocation: Location = {
  alarm_flags: '00000000',
  status_flags: '0000000f',
  acc_on: true,
  positioned: true,
  latitude_deg: -7.241341,
  longitude_deg: -61.416952,
  altitude_m: 125,
  speed_kmh: 12.6,
  direction_deg: 126,
  device_time: '2026-03-01T07:59:58',
  time_utc: '2026-02-28T23:59:58Z',
  extras: [{ id: '0x01', hex: '0000007e' }],
  mileage_km: 12.6,
}

/** Makes the messages of one terminal, with running serials from 1. */
export class TestTerminal {
  readonly deviceId: string
  readonly terminal: Terminal
  serial = 1

  constructor(deviceId: string, version2019 = false) {
    this.deviceId = deviceId
    const terminalIdHex = deviceId.padStart(version2019 ? 20 : 12, '0')
    this.terminal = { version2019, protocolVersion: version2019 ? 1 : undefined, terminalIdHex }
  }

  /** A message of an id with its decoded fields, or the bytes of its body. */
  say(id: number, content: object | Buffer = {}, more: Partial<Written> = {}): Buffer {
    return wireOf(this.message(id, content, more))
  }

  /** The same without flags, escapes and check. */
  message(id: number, content: object | Buffer = {}, more: Partial<Written> = {}): Buffer {
    const { version2019 } = this.terminal
    const body = Buffer.isBuffer(content) ? content : encodeBody(id, { ...content }, version2019)
    return writeMessage(this.terminal, { id, serial: this.serial++, body, ...more })
  }

  register(): Buffer {
    const version = this.terminal.version2019 ? '2019' : '2011/2013'
    const names = { manufacturer: 'HDGT', model: 'test', device_id: '7654321' }
    return this.say(0x0100, { version, province: 44, city: 300, ...names, plate_color: 1, plate: '粤A12345' })
  }

  authenticate(token = this.deviceId): Buffer {
    return this.say(0x0102, { auth_code: token, imei: '123456789012345', software_version: '1.0' })
  }

  heartbeat(): Buffer {
    return this.say(0x0002)
  }

  locate(location: Partial<Location> = {}): Buffer {
    return this.say(0x0200, { location: { ...someLocation, ...location } })
  }

  batch(count: number): Buffer {
    const locations = Array.from({ length: count }, (_, place) => ({ ...someLocation, altitude_m: place }))
    return this.say(0x0704, { batch_type: 1, locations })
  }

  /** A body in so many parts, with consecutive serials. */
  parts(id: number, body: Buffer, total: number): Buffer[] {
    const size = Math.ceil(body.length / total)
    return Array.from({ length: total }, (_, place) =>
      this.say(id, body.subarray(place * size, (place + 1) * size), { subpackage: { total, index: place + 1 } }),
    )
  }
}
