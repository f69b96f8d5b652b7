export { type Codec, codec } from './core/codec.ts'
export {
  Connection,
  type ConnectionOptions,
  type DeadLetter,
  type Log,
  type Peer,
  silentLog,
} from './core/connection.ts'
export { type ErrorCode, errorTable, GatewayError, type GatewayErrorOptions, type Verdict } from './core/errors.ts'
export type { Found } from './core/found.ts'
export * as found from './core/found.ts'
export { type FrameFinder, type Framing, type FramingParts, framing } from './core/framing.ts'
export * from './core/items.ts'
export type { Batches, Bytes, Frames, Level, Lines, Messages } from './core/levels.ts'
export { type HubMeter, PipelineMeter, type StageMeter, unmeteredHub } from './core/meter.ts'
export { isPipeline, type Pipeline, type PipelineOptions, pipeline } from './core/pipeline.ts'
export { defaultPolicy, type Policy } from './core/policy.ts'
export type { Ring } from './core/ring.ts'
export { Secret } from './core/secret.ts'
export {
  type EndingStep,
  type Endpoint,
  type Half,
  type Halves,
  type Outlet,
  type Stage,
  type Step,
  stage,
} from './core/stage.ts'
export type { Deadlines } from './gateway/deadlines.ts'
export type { TlsOptions } from './gateway/listener.ts'
export { createLog, type LogLevel } from './gateway/log.ts'
export type { GatewayMetrics } from './gateway/metrics.ts'
export { type Gateway, type GatewayOptions, type ServeOptions, type Service, serve } from './gateway/serve.ts'
export { type AzureHttpOptions, azureHttp } from './hub/azure-http.ts'
export { type Hub, type HubAbilities, type HubSession, type HubSessionContext, PartialSendError } from './hub/port.ts'
export { type RetryOptions, retry } from './hub/retry.ts'
export { type JsonLinesOptions, jsonLines } from './pipelines/json-lines.ts'
export { asymmetric, unframed } from './stages/asymmetric.ts'
export { type Authenticator, authenticate } from './stages/authenticate.ts'
export { allowList, byPolicy, fromHello, keyFile } from './stages/authenticators.ts'
export { type BatchOptions, batch } from './stages/batch.ts'
export { cborPayload } from './stages/cbor-payload.ts'
export { type Check, lrc, sum, xor } from './stages/check.ts'
export { type CheckKind, checkOf } from './stages/check-kinds.ts'
export { checked } from './stages/checked.ts'
export { type Checksum, type ChecksumOptions, checksum } from './stages/checksum.ts'
export { type Alternative, choice } from './stages/choice.ts'
export { type CrcParameters, crc } from './stages/crc.ts'
export { type CsvPayloadOptions, csvPayload } from './stages/csv-payload.ts'
export { type DelimitedOptions, delimited } from './stages/delimited.ts'
export { type Enrichment, enrich, peerAddress } from './stages/enrich.ts'
export { type FixedLengthOptions, fixedLength } from './stages/fixed-length.ts'
export type { CommandAnswer } from './stages/given-commands.ts'
export { type HubOptions, hub } from './stages/hub.ts'
export { idleBytes } from './stages/idle-bytes.ts'
export { json } from './stages/json.ts'
export { jsonPayload } from './stages/json-payload.ts'
export { jsonText } from './stages/json-text.ts'
export { type KeyValuePayloadOptions, keyValuePayload } from './stages/key-value-payload.ts'
export { type LengthFieldOptions, lengthField } from './stages/length-field.ts'
export { type LinesOptions, lines } from './stages/lines.ts'
export type { Mark } from './stages/marks.ts'
export { msgpackPayload } from './stages/msgpack-payload.ts'
export { payload } from './stages/payload.ts'
export type { PayloadFormat } from './stages/payload-format.ts'
export type { PayloadOptions } from './stages/payload-options.ts'
export { type ProtobufPayloadOptions, type ProtobufSchema, protobufPayload } from './stages/protobuf-payload.ts'
export { type RawOptions, raw } from './stages/raw.ts'
export { gt06Location } from './stages/schemas/gt06-location.ts'
export { jt808Message } from './stages/schemas/jt808-message.ts'
export { modbusRequest, modbusResponse } from './stages/schemas/modbus-rtu.ts'
export { teltonikaAvl } from './stages/schemas/teltonika-avl.ts'
export { sequence } from './stages/sequence.ts'
export { type SkipUntilOptions, skipUntil } from './stages/skip-until.ts'
export { tail } from './stages/tail.ts'
export type { TextFields } from './stages/text-fields.ts'
export { type ThrottleOptions, throttle } from './stages/throttle.ts'
export { type TrailerOptions, trailer } from './stages/trailer.ts'
