import { bytes } from '../struct/blob.ts'
import { u8, u16 } from '../struct/integers.ts'
import { scaled } from '../struct/scaled.ts'
import { rest } from '../struct/size.ts'
import { struct } from '../struct/struct.ts'
import { extraBytes, extraHex, type Gt06Layout, layout } from './layout.ts'
import type { Gt06Heartbeat, Gt06TerminalInfo } from './messages.ts'
import { terminalBody, terminalInfo } from './terminal.ts'

const documented = layout({
  kind: 'heartbeat',
  types: [0x13],
  of: struct('heartbeat', {
    terminal_info: terminalInfo,
    voltage_level: u8,
    gsm_signal_level: u8,
    alarm: u8,
    language: u8,
  }),
  fits: (content) => content.length === 5,
  body: ({ terminal_info, ...others }, content): Gt06Heartbeat => ({
    kind: 'heartbeat',
    terminal_info: terminalBody(terminal_info, content[0] as number),
    ...others,
  }),
  says: (body) => body.voltage_level !== undefined,
  value: (body) => ({
    terminal_info: body.terminal_info as Gt06TerminalInfo,
    voltage_level: body.voltage_level as number,
    gsm_signal_level: body.gsm_signal_level ?? 0,
    alarm: body.alarm ?? 0,
    language: body.language ?? 0,
  }),
})

const withBattery = layout({
  kind: 'heartbeat',
  types: [0x23],
  of: struct('heartbeat', {
    terminal_info: terminalInfo,
    battery_v: scaled(u16, { divideBy: 100, unit: 'V' }),
    gsm_signal_level: u8,
    extra: bytes(rest),
  }),
  fits: (content) => content.length >= 4,
  body: (value, content): Gt06Heartbeat => ({
    kind: 'heartbeat',
    terminal_info: terminalBody(value.terminal_info, content[0] as number),
    content_hex: content.toString('hex'),
    battery_v: value.battery_v,
    gsm_signal_level: value.gsm_signal_level,
    ...extraHex(value.extra),
  }),
  says: (body) => body.battery_v !== undefined,
  value: (body) => ({
    terminal_info: body.terminal_info as Gt06TerminalInfo,
    battery_v: body.battery_v as number,
    gsm_signal_level: body.gsm_signal_level ?? 0,
    extra: extraBytes(body),
  }),
})

/** Of firmware whose heartbeats go on otherwise than documented. */
const stateOnly = layout({
  kind: 'heartbeat',
  types: [0x13, 0x23],
  of: struct('heartbeat', { terminal_info: terminalInfo, others: bytes(rest) }),
  fits: (content) => content.length >= 1,
  body: (value, content): Gt06Heartbeat => ({
    kind: 'heartbeat',
    terminal_info: terminalBody(value.terminal_info, content[0] as number),
    content_hex: content.toString('hex'),
  }),
  says: (body) => body.content_hex !== undefined,
  value: (body) => ({
    terminal_info: body.terminal_info as Gt06TerminalInfo,
    others: Buffer.from(body.content_hex as string, 'hex').subarray(1),
  }),
})

/**
 * Heartbeats.
 *
 * ```
 * 13   state │ voltage 0–6 │ GSM 0–4 │ alarm │ language
 * 23   state │ battery u16 ÷ 100 V │ GSM │ extra
 * ```
 * Source: Concox GT06 v1.8.1, 5.4; JM-VL03 V1.1.2, 2.
 */
export const heartbeatLayouts: readonly Gt06Layout[] = [documented, withBattery, stateOnly]
