import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../core/errors.ts'
import type { Pipeline } from '../core/pipeline.ts'
import type { Hub } from '../hub/port.ts'
import { delimited } from '../stages/delimited.ts'
import type { FieldFault } from '../stages/fields/check-options.ts'
import type { FieldOptions, LineKinds } from '../stages/fields/options.ts'
import { payloadByFields } from '../stages/fields/payload-by-fields.ts'
import { type NumberFields, type SpokenLine, type SpokenLines, spokenFormat } from '../stages/fields/spoken-line.ts'
import { isBroken, lineTemplates } from '../stages/fields/template.ts'
import { payload } from '../stages/payload.ts'
import type { PayloadFormat } from '../stages/payload-format.ts'
import type { TextFields } from '../stages/text-fields.ts'
import { type FieldDeviceOptions, fieldPipeline } from './field-pipeline.ts'

/** Options of pipelines of lines. A line ends in LF or CR LF; lines to the device end in CR LF. */
export interface FieldLineOptions extends FieldDeviceOptions, FieldOptions<string, LineKinds> {
  /** Longest line in bytes, its end not counted; default 8192. */
  readonly maxLength?: number
  /**
   * The fields that are numbers in the body, digit for digit: those that are named (a line in which one of them is something else is
   * refused; nothing at all is null), or `all`: whatever is written just as JSON writes numbers, so `7` but not `007`. Default: all are texts.
   */
  readonly numbers?: NumberFields
}

/** What a kind of lines adds. */
export interface LineLanguage {
  readonly name: string
  readonly protocol: string
  readonly format: PayloadFormat<TextFields>
  readonly fieldFault?: FieldFault
}

/** A pipeline of lines that are fields of text. */
export function fieldLines(to: Hub, language: LineLanguage, options: FieldLineOptions): Pipeline {
  const byFields = payloadByFields<TextFields | SpokenLine, string>(
    { ...language, lines: true, templates: lineTemplates, commandOf: wholeLine, bodyOf: (body) => body },
    options,
  )
  const format = spokenFormat(language.format, spokenLines(options), options.numbers)
  return fieldPipeline(
    language.name,
    to,
    delimited({ delimiter: ['\r\n', '\n'], maxLength: options.maxLength ?? 8192 }),
    payload(format, { ...byFields, heartbeats: options.heartbeats ?? false }),
    options,
  )
}

function spokenLines({ heartbeat, hello, answer }: FieldLineOptions): SpokenLines {
  return [
    ...(heartbeat !== undefined && 'line' in heartbeat ? [['heartbeat', heartbeat.line] as const] : []),
    ...(answer !== undefined && 'line' in answer ? [['answer', answer.line] as const] : []),
    ...(answer !== undefined && 'line' in answer && answer.reject !== undefined
      ? [['rejection', answer.reject] as const]
      : []),
    ...(hello !== undefined && 'line' in hello ? [['hello', hello.line] as const] : []),
  ]
}

function wholeLine(body: Buffer): Buffer {
  if (isUtf8(body) && !isBroken(body.toString())) return body
  throw new GatewayError('BAD_CONTENT', `the body of a command, of ${body.length} bytes, is not one line of text`)
}
