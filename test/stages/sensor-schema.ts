import { create, createFileRegistry, type DescMessage } from '@bufbuild/protobuf'
import {
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt'

const field = (
  name: string,
  number: number,
  type: Type,
  label = Label.OPTIONAL,
  typeName = '',
): FieldDescriptorProto => {
  const jsonName = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
  return create(FieldDescriptorProtoSchema, {
    name,
    jsonName,
    number,
    type,
    label,
    ...(typeName !== '' && { typeName }),
  })
}

const file = create(FileDescriptorProtoSchema, {
  name: 'sensor.proto',
  package: 'plant',
  syntax: 'proto3',
  messageType: [
    {
      name: 'Reading',
      field: [
        field('id', 1, Type.STRING),
        field('t', 2, Type.DOUBLE),
        field('serial_number', 3, Type.UINT64),
        field('raw', 4, Type.BYTES),
        field('parts', 5, Type.MESSAGE, Label.REPEATED, '.plant.Reading'),
      ],
    },
  ],
})

/** `message Reading { string id = 1; double t = 2; uint64 serial_number = 3; bytes raw = 4; repeated Reading parts = 5; }` */
export const ReadingSchema = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getMessage(
  'plant.Reading',
) as DescMessage

/** What generated code would call its type. */
export interface Reading {
  readonly id: string
  readonly t: number
  readonly serialNumber: bigint
  readonly raw: Uint8Array
  readonly parts: readonly Reading[]
}
