export { type Codec, codec } from './core/codec.ts'
export { assertNotExpired, isExpired } from './core/command-expiry.ts'
export {
  Connection,
  type ConnectionOptions,
  type DeadLetter,
  type IdentifyOptions,
  type Log,
  type Peer,
  silentLog,
  type Unread,
} from './core/connection.ts'
export { type ErrorCode, errorTable, GatewayError, type GatewayErrorOptions, type Verdict } from './core/errors.ts'
export type { Found } from './core/found.ts'
export * as found from './core/found.ts'
export { type FrameFinder, type Framing, type FramingParts, framing } from './core/framing.ts'
export * from './core/items.ts'
export type { Batches, Bytes, Frames, Level, Lines, Messages } from './core/levels.ts'
export { type Gauge, type HubMeter, PipelineMeter, type StageMeter, unmeteredHub } from './core/meter.ts'
export { isPipeline, type Pipeline, type PipelineOptions, pipeline } from './core/pipeline.ts'
export { defaultPolicy, type Policy } from './core/policy.ts'
export type { Ring } from './core/ring.ts'
export { Secret } from './core/secret.ts'
export {
  type ActiveContext,
  type ActiveHalf,
  type EndingStep,
  type Endpoint,
  type Half,
  type Halves,
  type Outlet,
  type Stage,
  type Step,
  type StepObject,
  stage,
  type TurnStep,
} from './core/stage.ts'
export { type WorkerPlace, workerPlace } from './core/worker-place.ts'
export { type DeadLetterFileOptions, deadLetterFile } from './gateway/dead-letter-file.ts'
export { type DeadLetterRouteOptions, deadLetterRoute } from './gateway/dead-letter-route.ts'
export type { DeadLetterSink, SinkOptions } from './gateway/dead-letter-sink.ts'
export { type DeadLetterStreamOptions, deadLetterStream } from './gateway/dead-letter-stream.ts'
export type { Deadlines } from './gateway/deadlines.ts'
export {
  type DeadLetterKind,
  type DeadLetterLine,
  type DescribeOptions,
  describeDeadLetter,
} from './gateway/describe-dead-letter.ts'
export type { TlsOptions } from './gateway/listener.ts'
export { createLog, type LogLevel } from './gateway/log.ts'
export { maskSecrets } from './gateway/mask-secrets.ts'
export type { Exposition, GatewayMetrics } from './gateway/metrics.ts'
export type { ReadFrame } from './gateway/read-dead-letter.ts'
export {
  type LetterPlace,
  type LetterSource,
  type ReplayOptions,
  type ReplayReport,
  replayDeadLetters,
} from './gateway/replay.ts'
export {
  type DeadLetterHandler,
  type Gateway,
  type GatewayOptions,
  type ServeOptions,
  type Service,
  serve,
} from './gateway/serve.ts'
export { type AzureHttpOptions, azureHttp } from './hub/azure-http.ts'
export type { HubTier } from './hub/hub-tier.ts'
export { type PaceOptions, pace } from './hub/pace.ts'
export { type Hub, type HubAbilities, type HubSession, type HubSessionContext, PartialSendError } from './hub/port.ts'
export { type RetryOptions, retry } from './hub/retry.ts'
export { type DiskOptions, disk } from './hub/spool/disk.ts'
export { type MemoryStoreOptions, memoryStore } from './hub/spool/memory-store.ts'
export { type Spool, type SpoolOptions, spool } from './hub/spool/spool.ts'
export type { DeviceBacklog, KnownDevice, SpoolStore, SpoolTotals, StoredMessage } from './hub/spool/store.ts'
export { type CborFramesOptions, cborFrames } from './pipelines/cbor-frames.ts'
export { type CsvLinesOptions, csvLines } from './pipelines/csv-lines.ts'
export { deduped } from './pipelines/deduped.ts'
export type { DeviceOptions } from './pipelines/device-options.ts'
export type { FieldFrameOptions, FrameLength } from './pipelines/field-frames.ts'
export type { FieldLineOptions } from './pipelines/field-lines.ts'
export { type Gt06Options, gt06 } from './pipelines/gt06.ts'
export { type JsonLinesOptions, jsonLines } from './pipelines/json-lines.ts'
export { type Jt808Options, jt808, jt808Framing } from './pipelines/jt808.ts'
export { type KeyValueLinesOptions, keyValueLines } from './pipelines/key-value-lines.ts'
export { type MllpOptions, mllp } from './pipelines/mllp.ts'
export { type ModbusDtuOptions, modbusDtu } from './pipelines/modbus-dtu.ts'
export { type MsgpackFramesOptions, msgpackFrames } from './pipelines/msgpack-frames.ts'
export { type NmeaOptions, nmea } from './pipelines/nmea.ts'
export { type ProtobufFramesOptions, protobufFrames } from './pipelines/protobuf-frames.ts'
export { type QueclinkOptions, queclink } from './pipelines/queclink.ts'
export { type TeltonikaOptions, teltonika } from './pipelines/teltonika.ts'
export { asymmetric, unframed } from './stages/asymmetric.ts'
export { type AuthenticateOptions, type Authenticator, authenticate } from './stages/authenticate.ts'
export { allowList, byPolicy, fromHello, keyFile } from './stages/authenticators.ts'
export { type BatchOptions, batch } from './stages/batch.ts'
export { type BetweenOptions, between } from './stages/between.ts'
export { cborPayload } from './stages/cbor-payload.ts'
export { type Check, lrc, sum, xor } from './stages/check.ts'
export { type CheckKind, checkOf } from './stages/check-kinds.ts'
export { checked } from './stages/checked.ts'
export { type Checksum, type ChecksumOptions, checksum } from './stages/checksum.ts'
export { type Alternative, choice } from './stages/choice.ts'
export { type CobsOptions, cobs } from './stages/cobs.ts'
export { type CrcParameters, crc } from './stages/crc.ts'
export { type CsvPayloadOptions, csvPayload } from './stages/csv-payload.ts'
export { type DecodedOptions, decodedTelemetry } from './stages/decoded-telemetry.ts'
export { type DedupeOptions, dedupe } from './stages/dedupe.ts'
export { type DelimitedOptions, delimited } from './stages/delimited.ts'
export { type Enrichment, enrich, peerAddress } from './stages/enrich.ts'
export type { Escape } from './stages/escapes.ts'
export type { TimeNotation } from './stages/fields/device-time.ts'
export type { Field, Scalar } from './stages/fields/field.ts'
export type { DeviceIdOption, FieldOptions } from './stages/fields/options.ts'
export type { NumberFields } from './stages/fields/spoken-line.ts'
export { type FixedLengthOptions, fixedLength } from './stages/fixed-length.ts'
export { frameDigest } from './stages/frame-digest.ts'
export type { CommandAnswer } from './stages/given-commands.ts'
export { type Gt06CodecOptions, gt06Codec } from './stages/gt06/codec.ts'
export { decodeGt06, encodeGt06 } from './stages/gt06/decode.ts'
export type { Gt06Tolerance } from './stages/gt06/finder.ts'
export { type Gt06FramingOptions, gt06Framing } from './stages/gt06/framing.ts'
export type * from './stages/gt06/messages.ts'
export { type HdlcOptions, hdlc } from './stages/hdlc.ts'
export { hl7 } from './stages/hl7/codec.ts'
export type { Hl7Message, Hl7Observation } from './stages/hl7/message.ts'
export type { Hl7Options } from './stages/hl7/options.ts'
export { senderId } from './stages/hl7/sender-id.ts'
export { type HubOptions, hub } from './stages/hub.ts'
export { idleBytes } from './stages/idle-bytes.ts'
export { type JsonOptions, json } from './stages/json.ts'
export { type JsonObjectsOptions, jsonObjects } from './stages/json-objects.ts'
export { jsonPayload } from './stages/json-payload.ts'
export { jsonText } from './stages/json-text.ts'
export { jt808Codec } from './stages/jt808/codec.ts'
export type { Jt808CodecOptions } from './stages/jt808/options.ts'
export type { SubPackageOptions } from './stages/jt808/sub-package-desk.ts'
export { type Registering, type Tokens, terminalIdTokens } from './stages/jt808/tokens.ts'
export { type KeyValuePayloadOptions, keyValuePayload } from './stages/key-value-payload.ts'
export { type LengthBetweenOptions, lengthBetween } from './stages/length-between.ts'
export { type LengthFieldOptions, lengthField } from './stages/length-field.ts'
export { type LinesOptions, lines } from './stages/lines.ts'
export type { Mark } from './stages/marks.ts'
export { type MeasuredByOptions, type MeasureHeader, measuredBy } from './stages/measured-by.ts'
export { type MllpBlocksOptions, mllpBlocks } from './stages/mllp/blocks.ts'
export { commonHeartbeats, commonRegistrations } from './stages/modbus/common-packets.ts'
export { modbus } from './stages/modbus/modbus.ts'
export type { ModbusOptions, RegistrationRule } from './stages/modbus/modbus-options.ts'
export {
  type PacketField,
  type PacketFields,
  type PacketPattern,
  packet,
  packetBytes,
  packetDigits,
  packetTail,
  packetWord,
} from './stages/modbus/packet.ts'
export type { PollEntry, PollPlan, PollPoint } from './stages/modbus/poll-plan.ts'
export type { RegisterType, ValueForm } from './stages/modbus/register-values.ts'
export { msgpackPayload } from './stages/msgpack-payload.ts'
export { type AisMessage, decodeAis } from './stages/nmea/ais-messages.ts'
export { nmeaCodec } from './stages/nmea/codec.ts'
export type { NmeaCodecOptions } from './stages/nmea/options.ts'
export {
  readSentence,
  type Sentence,
  type SentenceOptions,
  type TagBlock,
  writeSentence,
} from './stages/nmea/sentence.ts'
export { type OctetCountedOptions, octetCounted } from './stages/octet-counted.ts'
export { jsonArray, newlineJoined, type Packing, type PackingOptions, packing } from './stages/packing.ts'
export { payload } from './stages/payload.ts'
export type { PayloadFormat } from './stages/payload-format.ts'
export type { PayloadOptions } from './stages/payload-options.ts'
export { type ProtobufPayloadOptions, type ProtobufSchema, protobufPayload } from './stages/protobuf-payload.ts'
export { type QueclinkCodecOptions, queclinkCodec } from './stages/queclink/codec.ts'
export { queclinkFraming } from './stages/queclink/framing.ts'
export type { QueclinkCell, QueclinkLocation } from './stages/queclink/locations.ts'
export { decodeMessage as decodeQueclink, type QueclinkMessage } from './stages/queclink/message.ts'
export { type RawOptions, raw } from './stages/raw.ts'
export { ReceiptGroup } from './stages/receipt-group.ts'
export { gt06Location } from './stages/schemas/gt06-location.ts'
export { jt808Message } from './stages/schemas/jt808-message.ts'
export { modbusRequest, modbusResponse } from './stages/schemas/modbus-rtu.ts'
export { teltonikaAvl } from './stages/schemas/teltonika-avl.ts'
export { teltonikaMessages } from './stages/schemas/teltonika-messages.ts'
export { sequence } from './stages/sequence.ts'
export { type SkipUntilOptions, skipUntil } from './stages/skip-until.ts'
export { type SlipOptions, slip } from './stages/slip.ts'
export { tail } from './stages/tail.ts'
export { type AvlId, type AvlIds, commonAvlIds } from './stages/teltonika/avl-ids.ts'
export { type TeltonikaFramingOptions, teltonikaFraming } from './stages/teltonika/framing.ts'
export { type TeltonikaCodecOptions, teltonikaCodec } from './stages/teltonika/teltonika.ts'
export type { TextFields } from './stages/text-fields.ts'
export { type ThrottleOptions, throttle } from './stages/throttle.ts'
export { type TrailerOptions, trailer } from './stages/trailer.ts'
export { type VarintLengthOptions, varintLength } from './stages/varint-length.ts'
