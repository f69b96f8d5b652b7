import { encodeGt06 } from '../../src/stages/gt06/decode.ts'
import type { Gt06Message } from '../../src/stages/gt06/messages.ts'
import { toWire } from '../../src/stages/gt06/wire.ts'

export const imei = '356938035643809'

/** A frame of any type, on the wire. */
export function wire(type: number, serial: number, content = '', start: '7878' | '7979' = '7878'): Buffer {
  return stopped(toWire({ start, type, serial, content: Buffer.from(content.replaceAll(' ', ''), 'hex') }))
}

/** What a server answers to a frame that begins with 7878. */
export function answer(type: number, serial: number): Buffer {
  return wire(type, serial)
}

export function login(serial = 1, who = imei): Buffer {
  return wire(0x01, serial, who.padStart(16, '0'))
}

/** A login of a terminal whose clock is so far before UTC, as the wire says it. */
export function loginWithZone(serial: number, zone: string): Buffer {
  return wire(0x01, serial, `${imei.padStart(16, '0')} 2020 ${zone}`)
}

export function heartbeat(serial: number): Buffer {
  return wire(0x13, serial, '46 06 04 00 02')
}

const place = {
  satellites: 9,
  latitude_deg: 45.0703,
  longitude_deg: 7.6869,
  speed_kmh: 50,
  course_deg: 90,
  fix: true,
  differential: false,
}
const cell = { mcc: 222, mnc: 10, lac: 4711, cell_id: 815 }

/** A location (0x12), in the terminal's own time. */
export function location(serial: number, device_time = '2026-11-25T20:30:00'): Buffer {
  return made({ kind: 'location', start: '7878', protocol_number: '0x12', serial, device_time, ...place, cell })
}

/** A location (0x22), in UTC. */
export function utcLocation(serial: number, device_time = '2026-11-25T20:30:00'): Buffer {
  const state = { acc_on: true, upload_mode: 0, reupload: 0 }
  return made({
    kind: 'location',
    start: '7878',
    protocol_number: '0x22',
    serial,
    device_time,
    ...place,
    cell,
    ...state,
  })
}

export function alarm(serial: number, protocol_number = '0x16', device_time = '2026-11-25T20:30:00'): Buffer {
  return made({
    kind: 'alarm',
    start: '7878',
    protocol_number,
    serial,
    device_time,
    ...place,
    lbs_length: 9,
    cell,
    terminal_info: {
      oil_electricity_disconnected: false,
      gps_on: true,
      alarm_code: 4,
      charging: false,
      acc_on: true,
      armed: false,
    },
    voltage_level: 5,
    gsm_signal_level: 4,
    alarm: 1,
    language: 2,
  })
}

/** The same frame with one bit of its content flipped. */
export function flipped(frame: Buffer): Buffer {
  const copy = Buffer.from(frame)
  copy.writeUInt8(copy.readUInt8(6) ^ 0x10, 6)
  return copy
}

function made(message: Gt06Message): Buffer {
  return stopped(encodeGt06(message))
}

function stopped(frame: Buffer): Buffer {
  return Buffer.concat([frame, Buffer.from('\r\n')])
}
