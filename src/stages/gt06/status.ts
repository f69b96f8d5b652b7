import { array } from '../struct/array.ts'
import { bytes } from '../struct/blob.ts'
import { u8, u16, u24 } from '../struct/integers.ts'
import { rest } from '../struct/size.ts'
import { struct } from '../struct/struct.ts'
import { deviceTime, timeParts, timeText } from './device-time.ts'
import { extraBytes, extraHex, type Gt06Layout, layout } from './layout.ts'
import type { Gt06Information, Gt06Lbs, Gt06TimeAnswer, Gt06TimeRequest } from './messages.ts'

/** The cell that serves the terminal, and six more. */
const cells = 7

const lbs = layout({
  kind: 'lbs',
  types: [0x28],
  of: struct('lbs', {
    device_time: deviceTime,
    mcc: u16,
    mnc: u8,
    cells: array(struct('cell', { lac: u16, cell_id: u24, rssi: u8 }), cells),
    extra: bytes(rest),
  }),
  fits: (content) => content.length >= 9 + 6 * cells,
  body: ({ device_time, extra, ...others }): Gt06Lbs => ({
    kind: 'lbs',
    device_time: timeText(device_time),
    ...others,
    ...extraHex(extra),
  }),
  value: (body) => ({
    device_time: timeParts(body.device_time),
    mcc: body.mcc,
    mnc: body.mnc,
    cells: [...body.cells],
    extra: extraBytes(body),
  }),
})

/** The status of a terminal's settings: a text. What the other types of information hold is its model's own. */
const settings = 4

const information = layout({
  kind: 'information',
  types: [0x94],
  of: struct('information', { information_type: u8, data: bytes(rest) }),
  fits: (content) => content.length >= 1,
  body: ({ information_type, data }): Gt06Information => ({
    kind: 'information',
    information_type: `0x${information_type.toString(16).padStart(2, '0')}`,
    ...(information_type === settings ? { text: data.toString('latin1') } : { data_hex: data.toString('hex') }),
  }),
  value: (body) => ({
    information_type: Number(body.information_type),
    data: body.text === undefined ? Buffer.from(body.data_hex ?? '', 'hex') : Buffer.from(body.text, 'latin1'),
  }),
})

const timeRequest = layout({
  kind: 'time_request',
  types: [0x8a],
  of: struct('timeRequest', {}),
  fits: (content) => content.length === 0,
  body: (): Gt06TimeRequest => ({ kind: 'time_request' }),
  value: () => ({}),
})

const timeAnswer = layout({
  kind: 'time_answer',
  types: [0x8a],
  of: struct('timeAnswer', { time: deviceTime }),
  fits: (content) => content.length === 6,
  body: ({ time }): Gt06TimeAnswer => ({ kind: 'time_answer', time: timeText(time) }),
  value: ({ time }) => ({ time: timeParts(time) }),
})

/**
 * What terminals say of themselves, and the time that they ask for.
 *
 * ```
 * 28   time │ mcc u16 │ mnc u8 │ 7 × { lac u16 │ cell u24 │ signal u8 } │ extra
 * 94   type u8 │ data; a text where the type is 4
 * 8A   nothing; the answer has six bytes of time in UTC
 * ```
 * Source: Concox JM-VL03 V1.1.2, 4, 6 and 8.
 */
export const statusLayouts: readonly Gt06Layout[] = [lbs, information, timeRequest, timeAnswer]
