import { create, createFileRegistry, type DescMessage } from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt'

const { STRING, UINT32, DOUBLE, BOOL } = FieldDescriptorProto_Type

/**
 * ```
 * message Up   { string id = 1; uint32 n = 2; double t = 3; string done = 4; bool failed = 5; bool ping = 6; }
 * message Down { uint32 ack = 1; uint32 nak = 2; bool pong = 3; string run = 4; string what = 5; string error = 6; }
 * ```
 */
const file = create(FileDescriptorProtoSchema, {
  name: 'plant.proto',
  package: 'plant',
  syntax: 'proto3',
  messageType: [
    messageOf('Up', { id: STRING, n: UINT32, t: DOUBLE, done: STRING, failed: BOOL, ping: BOOL }),
    messageOf('Down', { ack: UINT32, nak: UINT32, pong: BOOL, run: STRING, what: STRING, error: STRING }),
  ],
})

const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }))

/** What devices send. */
export const UpSchema = registry.getMessage('plant.Up') as DescMessage

/** What they are sent. */
export const DownSchema = registry.getMessage('plant.Down') as DescMessage

function messageOf(name: string, fields: Readonly<Record<string, FieldDescriptorProto_Type>>) {
  const field = Object.entries(fields).map(([each, type], index) => ({
    name: each,
    jsonName: each,
    number: index + 1,
    type,
    label: FieldDescriptorProto_Label.OPTIONAL,
  }))
  return { name, field }
}
