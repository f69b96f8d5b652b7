import { bytes } from '../struct/blob.ts'
import { u8 } from '../struct/integers.ts'
import { rest } from '../struct/size.ts'
import { struct } from '../struct/struct.ts'
import { extraBytes, extraHex, type Gt06Layout, layout } from './layout.ts'
import type { Gt06Alarm, Gt06Cell } from './messages.ts'
import { cell, cellBytes, cellValue, position, positionBody, positionBytes, positionValue } from './position.ts'
import { terminalBody, terminalInfo } from './terminal.ts'

const types = [0x16, 0x26, 0x27]

const status = { terminal_info: terminalInfo, voltage_level: u8, gsm_signal_level: u8, alarm: u8, language: u8 }

/** Bytes of {@link status}. */
const statusBytes = 5

/** Where the length of the cell stands. */
const lengthAt = positionBytes

const withCell = layout({
  kind: 'alarm',
  types,
  of: struct('alarm', { position, lbs_length: u8, cell, ...status, extra: bytes(rest) }),
  fits: (content) =>
    // It counts itself, or not.
    (content[lengthAt] === cellBytes || content[lengthAt] === cellBytes + 1) &&
    content.length >= lengthAt + 1 + cellBytes + statusBytes,
  body: (value, content, type): Gt06Alarm => ({
    kind: 'alarm',
    ...positionBody(value.position, content, type),
    lbs_length: value.lbs_length,
    cell: value.cell,
    ...statusBody(value, content[lengthAt + 1 + cellBytes] as number),
    ...extraHex(value.extra),
  }),
  says: (body) => body.cell !== undefined,
  value: (body) => ({
    position: positionValue(body),
    lbs_length: body.lbs_length,
    cell: cellValue(body.cell as Gt06Cell),
    ...statusValue(body),
    extra: extraBytes(body),
  }),
})

const withoutCell = layout({
  kind: 'alarm',
  types,
  of: struct('alarm', { position, lbs_length: u8, ...status, extra: bytes(rest) }),
  fits: (content) => content[lengthAt] === 0 && content.length >= lengthAt + 1 + statusBytes,
  body: (value, content, type): Gt06Alarm => ({
    kind: 'alarm',
    ...positionBody(value.position, content, type),
    lbs_length: value.lbs_length,
    ...statusBody(value, content[lengthAt + 1] as number),
    ...extraHex(value.extra),
  }),
  value: (body) => ({
    position: positionValue(body),
    lbs_length: body.lbs_length,
    ...statusValue(body),
    extra: extraBytes(body),
  }),
})

/**
 * Alarms: what is behind the fields, such as a mileage, is `extra_hex`.
 *
 * ```
 * position │ 09            │ 01 CC 00 28 7D 00 1F B8 │ 40      │ 04      │ 04  │ 00    │ 02       │ …
 *            cell's length   cell                      state     voltage   GSM   alarm   language   extra
 * ```
 * Source: Concox GT06 v1.8.1, 5.3; JM-VL03 V1.1.2, 5.
 */
export const alarmLayouts: readonly Gt06Layout[] = [withCell, withoutCell]

type Status = Pick<Gt06Alarm, 'terminal_info' | 'voltage_level' | 'gsm_signal_level' | 'alarm' | 'language'>

function statusBody({ terminal_info, voltage_level, gsm_signal_level, alarm, language }: Status, byte: number): Status {
  return { terminal_info: terminalBody(terminal_info, byte), voltage_level, gsm_signal_level, alarm, language }
}

function statusValue({ terminal_info, voltage_level, gsm_signal_level, alarm, language }: Status): Status {
  return { terminal_info, voltage_level, gsm_signal_level, alarm, language }
}
