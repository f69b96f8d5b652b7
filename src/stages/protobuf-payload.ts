import { asBuffer } from './json-text.ts'
import { optionalPackage } from './optional-package.ts'
import { encoding, maxDepth, type PayloadFormat, refusing } from './payload-format.ts'

/** A message descriptor of @bufbuild/protobuf, by those of its members that tell one. */
export interface ProtobufSchema {
  readonly kind: 'message'
  readonly typeName: string
}

/** Options of {@link protobufPayload}. */
export interface ProtobufPayloadOptions {
  /** True: members of the JSON body are called as in the .proto file; default false: in camel case, as ProtoJSON has it. */
  readonly protoFieldNames?: boolean
}

interface Bufbuild {
  fromBinary(schema: ProtobufSchema, bytes: Buffer, options: object): unknown
  toBinary(schema: ProtobufSchema, message: unknown): Uint8Array
  toJsonString(schema: ProtobufSchema, message: unknown, options: object): string
  create(schema: ProtobufSchema, init: unknown): unknown
}

/**
 * Protocol Buffers, one message of one type a frame; takes `npm install @bufbuild/protobuf`. The type comes from generated code
 * (`buf generate`, `protoc-gen-es`), or from a FileDescriptorSet (`protoc --include_imports -o sensor.binpb sensor.proto`):
 *
 * ```
 * import { type Reading, ReadingSchema } from './gen/sensor_pb.js'
 * protobufPayload<Reading>(ReadingSchema)
 *
 * const set = fromBinary(FileDescriptorSetSchema, readFileSync('sensor.binpb'))
 * protobufPayload(createFileRegistry(set).getMessage('plant.Reading'))
 *
 * message Reading { string id = 1; double t = 2; }      0A 02 64 31 11 00 00 00 00 00 80 34 40  ↔  { id: 'd1', t: 20.5 }
 * ```
 * A value is a message as @bufbuild/protobuf has it (64-bit integers are BigInts). The JSON body is ProtoJSON, in which bytes are
 * base64 and 64-bit integers are texts; fields that are 0 or empty are written, fields that the type does not know are not.
 * Where a varint says how long each message is, that is a framing: `varintLength`.
 *
 * Errors: `BAD_CONTENT` for what is not such a message, nests deeper than 64, or cannot be said in ProtoJSON. Down, `BUG` for
 * what @bufbuild/protobuf refuses: it turns some values of a wrong type into others, so trust the compiler's word only. `CONFIGURATION` without @bufbuild/protobuf.
 */
export function protobufPayload<T = Record<string, unknown>>(
  schema: ProtobufSchema,
  options: ProtobufPayloadOptions = {},
): PayloadFormat<T> {
  const { fromBinary, toBinary, toJsonString, create } = optionalPackage<Bufbuild>(
    '@bufbuild/protobuf',
    'protobufPayload',
  )
  // A field that is absent because it is 0 is a reading all the same.
  const json = { alwaysEmitImplicit: true, useProtoFieldName: options.protoFieldNames ?? false }
  const language = `a ${schema.typeName}`
  return {
    name: 'protobuf',
    contentType: 'application/x-protobuf',
    decode: (frame) => refusing(frame, language, () => fromBinary(schema, frame, { recursionLimit: maxDepth }) as T),
    encode: (value) =>
      encoding(language, () => {
        // To create, anything else is a message without a field that is set.
        if (typeof value !== 'object' || value === null) throw new TypeError('not an object')
        return asBuffer(toBinary(schema, create(schema, value)))
      }),
    jsonBody: (value, frame) =>
      refusing(frame, `${language} that JSON can say`, () => Buffer.from(toJsonString(schema, value, json))),
  }
}
