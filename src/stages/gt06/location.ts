import { bit, bits, uintBits } from '../struct/bits.ts'
import { bytes } from '../struct/blob.ts'
import { is } from '../struct/condition.ts'
import { either } from '../struct/either.ts'
import { u8, u16, u32, u64 } from '../struct/integers.ts'
import { rest } from '../struct/size.ts'
import { struct } from '../struct/struct.ts'
import { extraBytes, extraHex, type Gt06Layout, layout } from './layout.ts'
import type { Gt06Cell, Gt06Location } from './messages.ts'
import { cell, cellBytes, cellValue, position, positionBody, positionBytes, positionValue } from './position.ts'

const state = { acc: u8, upload_mode: u8, reupload: u8 }

/** Bytes of {@link state}. */
const stateBytes = 3

const cell4g = struct('cell', {
  network: bits({ wide_mnc: bit, mcc: uintBits(15) }),
  mnc: either(is('network.wide_mnc', true), u16, u8),
  lac: u32,
  cell_id: u64,
})

type Cell4g = ReturnType<typeof cell4g.decode>

const gpsOnly = layout<{ position: Position; extra: Buffer }, Gt06Location>({
  kind: 'location',
  // Also what such a location is where the rest is missing.
  types: [0x10, 0x12, 0x22, 0xa0],
  of: struct('location', { position, extra: bytes(rest) }),
  fits: (content) => content.length >= positionBytes,
  body: (value, content, type) => ({
    kind: 'location',
    ...positionBody(value.position, content, type),
    ...extraHex(value.extra),
  }),
  value: (body) => ({ position: positionValue(body), extra: extraBytes(body) }),
})

type Position = ReturnType<typeof position.decode>

const gpsAndCell = layout<{ position: Position; cell: Gt06Cell & { cell_id: number }; extra: Buffer }, Gt06Location>({
  kind: 'location',
  types: [0x12, 0x22],
  of: struct('location', { position, cell, extra: bytes(rest) }),
  fits: (content) => content.length >= positionBytes + cellBytes,
  body: (value, content, type) => ({
    kind: 'location',
    ...positionBody(value.position, content, type),
    cell: value.cell,
    ...extraHex(value.extra),
  }),
  says: (body) => body.cell !== undefined,
  value: (body) => ({
    position: positionValue(body),
    cell: cellValue(body.cell as Gt06Cell),
    extra: extraBytes(body),
  }),
})

const gpsCellAndState = layout({
  kind: 'location',
  types: [0x22],
  of: struct('location', { position, cell, ...state, extra: bytes(rest) }),
  fits: (content) => content.length >= positionBytes + cellBytes + stateBytes,
  body: (value, content, type): Gt06Location => ({
    kind: 'location',
    ...positionBody(value.position, content, type),
    cell: value.cell,
    ...stateBody(value),
    ...extraHex(value.extra),
  }),
  says: (body) => body.cell !== undefined && body.acc_on !== undefined,
  value: (body) => ({
    position: positionValue(body),
    cell: cellValue(body.cell as Gt06Cell),
    ...stateValue(body),
    extra: extraBytes(body),
  }),
})

const gps4g = layout({
  kind: 'location',
  types: [0xa0],
  of: struct('location', { position, cell: cell4g, ...state, extra: bytes(rest) }),
  fits: (content) => {
    const cell4gBytes = (content[positionBytes] as number) >= 0x80 ? 16 : 15
    return content.length >= positionBytes + cell4gBytes + stateBytes
  },
  body: (value, content, type): Gt06Location => ({
    kind: 'location',
    ...positionBody(value.position, content, type),
    cell: cell4gBody(value.cell),
    ...stateBody(value),
    ...extraHex(value.extra),
  }),
  says: (body) => body.cell !== undefined && body.acc_on !== undefined,
  value: (body) => ({
    position: positionValue(body),
    cell: cell4gValue(body.cell as Gt06Cell),
    ...stateValue(body),
    extra: extraBytes(body),
  }),
})

/**
 * Locations, the longest layout of a type first; what is behind the fields is `extra_hex`.
 *
 * ```
 * 10   position
 * 12   position │ mcc u16 │ mnc u8 │ lac u16 │ cell u24
 * 22   as 12    │ ACC u8 │ upload mode u8 │ re-upload u8
 * A0   position │ mcc u16 │ mnc u8, u16 where bit 15 of the mcc is set │ lac u32 │ cell u64 │ ACC │ upload mode │ re-upload
 * ```
 * Source: Concox GT06 v1.8.1, 5.2; JM-VL03 V1.1.2, 3.
 */
export const locationLayouts: readonly Gt06Layout[] = [gps4g, gpsCellAndState, gpsAndCell, gpsOnly]

function stateBody({ acc, upload_mode, reupload }: { acc: number; upload_mode: number; reupload: number }) {
  return { acc_on: acc !== 0, upload_mode, reupload }
}

function stateValue({ acc_on, upload_mode = 0, reupload = 0 }: Gt06Location) {
  return { acc: acc_on ? 1 : 0, upload_mode, reupload }
}

function cell4gBody({ network, mnc, lac, cell_id }: Cell4g): Gt06Cell {
  const small = cell_id <= BigInt(Number.MAX_SAFE_INTEGER)
  return { mcc: network.mcc, mnc, lac, cell_id: small ? Number(cell_id) : cell_id }
}

function cell4gValue({ mcc, mnc, lac, cell_id }: Gt06Cell): Cell4g {
  return { network: { wide_mnc: mnc > 0xff, mcc }, mnc, lac, cell_id: BigInt(cell_id) }
}
