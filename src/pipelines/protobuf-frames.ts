import type { Pipeline } from '../core/pipeline.ts'
import type { Hub } from '../hub/port.ts'
import { type Templates, valueTemplates, wrong } from '../stages/fields/template.ts'
import { type ProtobufPayloadOptions, type ProtobufSchema, protobufPayload } from '../stages/protobuf-payload.ts'
import { type FieldFrameOptions, fieldFrames } from './field-frames.ts'

/** Options of {@link protobufFrames}. Fields are called as in @bufbuild/protobuf: in camel case; of a oneof `case` and `value`. */
export interface ProtobufFramesOptions extends FieldFrameOptions, ProtobufPayloadOptions {
  /** The type of messages from the device. */
  readonly schema: ProtobufSchema
  /** The type of messages to the device, which templates are of; default: the same. */
  readonly schemaToDevice?: ProtobufSchema
}

/**
 * Devices that send Protocol Buffers, each message with its length in front, told by options alone; takes `npm install @bufbuild/protobuf`.
 * docs/protocols/generic.md has examples.
 *
 * ```
 * protobufFrames(hub, { schema: ReadingSchema, schemaToDevice: AckSchema, length: 'varint', deviceId: { field: 'id' }, sequence: 'n',
 *                       acknowledge: { complete: { ack: '{sequence}' } } })
 *         up:    06 | 0A 02 64 31 10 07       →  telemetry {"id":"d1","n":7} of d1
 *         down:  02 | 08 07                   { ack: 7 }, when the hub has it
 * ```
 * Errors: `CONFIGURATION` for options that cannot work, among them fields that a type has not; else those of {@link protobufPayload} and of
 * `payload`.
 */
export function protobufFrames(to: Hub, options: ProtobufFramesOptions): Pipeline {
  const { schema, schemaToDevice = schema, protoFieldNames } = options
  for (const [option, type] of Object.entries({ schema, schemaToDevice })) {
    if (type?.kind !== 'message') throw wrong(`protobufFrames: ${option}`, 'must be a message type', type)
  }
  const format = protobufPayload<unknown>(schema, { ...(protoFieldNames !== undefined && { protoFieldNames }) })
  const formatToDevice = protobufPayload<unknown>(schemaToDevice)
  const ofValues = valueTemplates((value) => formatToDevice.encode(value))
  const templates: Templates<unknown> = (option, template, names) => {
    checkMembers(option, template, schemaToDevice)
    return ofValues(option, template, names)
  }
  const fieldFault = (field: string | readonly string[]) => {
    const [first = ''] = typeof field === 'string' ? [field] : field
    return hasMember(schema, first) ? undefined : `must be a field of ${schema.typeName}`
  }
  return fieldFrames(to, { name: 'protobufFrames', protocol: 'protobuf', format, templates, fieldFault }, options)
}

/** @bufbuild/protobuf passes over members that a type has not: the device would get another message than was meant. */
function checkMembers(option: string, template: unknown, schema: ProtobufSchema): void {
  if (typeof template !== 'object' || template === null) throw wrong(option, 'must be an object', template)
  const stranger = Object.keys(template).find((name) => !hasMember(schema, name))
  if (stranger !== undefined) throw wrong(option, `must have fields of ${schema.typeName} only`, stranger)
}

/** The fields and oneofs of a type, as its descriptor lists them. */
interface Described {
  readonly members?: readonly { readonly localName: string }[]
}

function hasMember(schema: ProtobufSchema, name: string): boolean {
  const { members } = schema as Described
  return members === undefined || members.some(({ localName }) => localName === name)
}
