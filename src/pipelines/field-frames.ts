import { isUtf8 } from 'node:buffer'
import type { Framing } from '../core/framing.ts'
import type { Pipeline } from '../core/pipeline.ts'
import type { Hub } from '../hub/port.ts'
import type { FieldFault } from '../stages/fields/check-options.ts'
import type { FieldOptions, ValueKinds } from '../stages/fields/options.ts'
import { payloadByFields } from '../stages/fields/payload-by-fields.ts'
import { type Templates, valueTemplates, wrong } from '../stages/fields/template.ts'
import { lengthField } from '../stages/length-field.ts'
import { payload } from '../stages/payload.ts'
import type { PayloadFormat } from '../stages/payload-format.ts'
import { varintLength } from '../stages/varint-length.ts'
import { type FieldDeviceOptions, fieldPipeline } from './field-pipeline.ts'

/** What stands in front of a frame: its length in bytes, itself not counted, as an unsigned integer or as a varint (LEB128). */
export type FrameLength = 'u16' | 'u32' | 'u16-little-endian' | 'u32-little-endian' | 'varint'

/** Options of pipelines of binary frames, each with its length in front and one value in it. */
export interface FieldFrameOptions extends FieldDeviceOptions, FieldOptions<unknown, ValueKinds> {
  readonly length: FrameLength
  /** Longest frame in bytes, its length not counted; default 65536, of which a `u16` can say all but the last. */
  readonly maxFrameLength?: number
}

/** What a language of values adds. */
export interface ValueLanguage<T> {
  readonly name: string
  readonly protocol: string
  readonly format: PayloadFormat<T>
  /** Default: those of the format. */
  readonly templates?: Templates<unknown>
  readonly fieldFault?: FieldFault
}

/** A pipeline of binary frames of one value each. */
export function fieldFrames<T>(to: Hub, language: ValueLanguage<T>, options: FieldFrameOptions): Pipeline {
  const { name, format, templates = valueTemplates((value) => format.encode(value as T)) } = language
  const byFields = payloadByFields<T, unknown>(
    { ...language, lines: false, templates, commandOf: (body) => body, bodyOf: valueOfBody },
    options,
  )
  return fieldPipeline(
    name,
    to,
    framingOf(name, options),
    payload(format, { ...byFields, heartbeats: options.heartbeats ?? false }),
    options,
  )
}

function framingOf(name: string, { length, maxFrameLength = 65_536 }: FieldFrameOptions): Framing {
  if (!Number.isSafeInteger(maxFrameLength) || maxFrameLength < 1) {
    throw wrong(`${name}: maxFrameLength`, 'must be a positive integer', maxFrameLength)
  }
  if (length === 'varint') return varintLength({ maxLength: maxFrameLength })
  const [, bits, byteOrder = 'big-endian'] = /^u(16|32)(?:-(little-endian))?$/.exec(length) ?? []
  if (bits === undefined) {
    throw wrong(`${name}: length`, 'must be u16, u32, u16-little-endian, u32-little-endian or varint', length)
  }
  const lengthFieldLength = Number(bits) / 8
  return lengthField({
    lengthFieldLength,
    maxFrameLength: maxFrameLength + lengthFieldLength,
    byteOrder: byteOrder as 'big-endian' | 'little-endian',
  })
}

/** JSON where a body is that, else a text where it is one, else bytes. */
function valueOfBody(body: Buffer): unknown {
  if (!isUtf8(body)) return body
  const text = body.toString()
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
