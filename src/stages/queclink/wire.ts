import { utcDigits } from './utc-time.ts'

/** What {@link messageBytes} writes. */
export interface MessageParts {
  readonly prefix: 'RESP' | 'BUFF' | 'ACK'
  readonly report: string
  readonly protocol_version: string
  readonly imei: string
  readonly device_name: string
  /** What stands between device name and send time. */
  readonly fields: readonly string[]
  /** Undefined leaves it empty. */
  readonly sendTime: Date | undefined
  readonly count: string
}

/** A message as a device sends it, `$` included; the other way of `decodeMessage`. Texts must hold neither `,` nor `$`. */
export function messageBytes(parts: MessageParts): Buffer {
  const { prefix, report, protocol_version, imei, device_name, fields, sendTime, count } = parts
  const time = sendTime === undefined ? '' : utcDigits(sendTime)
  const all = [protocol_version, imei, device_name, ...fields, time, count]
  return Buffer.from(`+${prefix}:${report},${all.join(',')}$`)
}

/** The answer to a heartbeat, which every device waits for: `+SACK:GTHBD,1A0102,11F0$`. */
export function heartbeatSack(protocolVersion: string, count: string): Buffer {
  return Buffer.from(`+SACK:GTHBD,${protocolVersion},${count}$`)
}

/** The answer to any other message, which a device waits for where SACK is enabled in it: `+SACK:11F0$`. */
export function sack(count: string): Buffer {
  return Buffer.from(`+SACK:${count}$`)
}

/** A command: `AT+GTRTO=gmt100,0,,,,,,0014$`. Nothing may hold `,` or `$`. */
export function commandBytes(report: string, password: string, parameters: readonly string[], serial: string): Buffer {
  return Buffer.from(`AT+${report}=${[password, ...parameters, serial].join(',')}$`)
}

/** A number as four hexadecimal digits, as counts and serials are written; it begins again behind FFFF. */
export function fourDigits(number: number): string {
  return (number & 0xffff).toString(16).toUpperCase().padStart(4, '0')
}
