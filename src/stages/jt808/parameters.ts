import { array } from '../struct/array.ts'
import { bytes, hex } from '../struct/blob.ts'
import { countOf } from '../struct/derived.ts'
import { u8 } from '../struct/integers.ts'
import { field } from '../struct/size.ts'
import { struct } from '../struct/struct.ts'

/** A parameter of a terminal, as it is sent. */
export interface Parameter {
  /** 32 bits: `0x00000013`. */
  readonly id: string
  readonly hex: string
}

/** A list of parameters. */
export const parameterList = struct('parameters', {
  count: countOf('parameters', u8),
  parameters: array(struct('parameter', { id: hex(4), value: bytes(u8) }), field('count')),
})

/** Decodes a count and so many parameters, {id u32, length u8, value}. `BAD_CONTENT` where they do not end with the bytes. */
export function decodeParameters(body: Buffer): readonly Parameter[] {
  return parameterList.decode(body).parameters.map(({ id, value }) => ({ id: `0x${id}`, hex: value.toString('hex') }))
}

/** Encodes up to 255 parameters of up to 255 bytes each. */
export function encodeParameters(parameters: readonly Parameter[]): Buffer {
  return parameterList.encode({
    parameters: parameters.map(({ id, hex: digits }) => ({ id: id.slice(2), value: Buffer.from(digits, 'hex') })),
  })
}
