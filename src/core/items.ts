import type { GatewayError } from './errors.ts'
import { Secret } from './secret.ts'

/** How an item fared, in IoT Hub's own verbs: done; not now, send again; never. */
export type Outcome = 'complete' | 'abandon' | 'reject'

/** What a device claims, or what the gateway holds for it: its own key, its own token, or the gateway's hub policy. */
export type Credentials =
  | { readonly type: 'key'; readonly key: Secret }
  | { readonly type: 'sas'; readonly sas: Secret }
  | { readonly type: 'policy' }

/** Who the gateway believes a device to be, and with which credentials it speaks to the hub in its name. */
export interface Identity {
  readonly deviceId: string
  readonly credentials: Credentials
}

/** User properties of a message. */
export type Properties = Readonly<Record<string, string>>

/** A device says who it is. `credentials` is undefined where the protocol carries none. */
export interface Hello {
  readonly kind: 'hello'
  readonly deviceId: string
  readonly credentials: Credentials | undefined
  readonly tag: unknown
  /** What else the device said of itself, decoded; for whoever looks on, such as an authenticator. */
  readonly value: unknown
}

/** One reading on its way to the hub. */
export interface Telemetry {
  readonly kind: 'telemetry'
  /** The message body as the hub gets it, byte for byte. */
  readonly body: Buffer
  /** The decoded reading for stages that look inside, where the codec decoded one. Let go by the batcher; the hub never sees it. */
  value: unknown
  readonly properties: Properties
  readonly messageId: string | undefined
  readonly correlationId: string | undefined
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  /** When the device took the reading, ISO 8601 in UTC. */
  readonly creationTimeUtc: string | undefined
  /** The protocol's own mark, such as a sequence number, that the receipt needs. */
  readonly tag: unknown
  /** Set by the ring where a stage refused this item: it keeps its place in the lane, so that receipts keep their order. */
  refused: GatewayError | undefined
  /** Set where the hub is known to have it already: it keeps its place in the lane for its receipt, and is not sent again. */
  alreadyAccepted: boolean
}

/** A patch of the device twin's reported properties. */
export interface Report {
  readonly kind: 'report'
  readonly patch: Readonly<Record<string, unknown>>
  readonly tag: unknown
  /** As in {@link Telemetry}. */
  refused: GatewayError | undefined
}

/** What the hub asks of a device: a cloud-to-device message, a direct method, or a change of desired properties. */
export interface Command {
  readonly kind: 'command'
  /** The hub's message id, or one made by the hub session; unique within a connection while it waits for its receipt. */
  readonly id: string
  readonly via: 'c2d' | 'method' | 'desired'
  /** Method name, or the C2D message's property `name`. */
  readonly name: string | undefined
  readonly body: Buffer
  readonly properties: Properties
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  readonly correlationId: string | undefined
  /** How often the hub delivered it before. */
  readonly deliveryCount: number
  /**
   * Never written to the device from then on, in milliseconds of `Date.now()`; Infinity where nothing limits it. The hub session sets what
   * the hub's expiry and lock demand, the endpoint narrows it to {@link Command.answerBefore}; codecs that hold a command ask `isExpired`
   * before they write it.
   */
  writeBefore: number
  /** When the endpoint gives the command up, in milliseconds of `Date.now()`; set by the endpoint. */
  answerBefore: number
}

/** A direct method's result. */
export interface MethodResponse {
  readonly status: number
  readonly body: unknown
}

/** Several messages that go to the hub together, in order. `bytes` is their size as the hub counts it. */
export interface Batch {
  readonly kind: 'batch'
  readonly messages: readonly (Telemetry | Report)[]
  readonly bytes: number
}

/** What comes back for a hello, telemetry, report, command or batch. */
export interface Receipt<T> {
  readonly kind: 'receipt'
  readonly of: T
  readonly outcome: Outcome
  /** Why, where the outcome is not `complete`. */
  readonly error: GatewayError | undefined
  /** A direct method's result, on the receipt of a command that came via `method`. */
  readonly response: MethodResponse | undefined
}

/** A batch's receipt: `outcome` holds for all its messages except those that `exceptions` names with their own error. */
export interface BatchReceipt extends Receipt<Batch> {
  readonly exceptions: ReadonlyMap<Telemetry | Report, GatewayError>
}

/** What {@link hello} takes: at most one of `key` (base64 device key) and `sas` (a shared access signature). */
export interface HelloClaim {
  readonly deviceId: string
  readonly key?: string
  readonly sas?: string
}

/** Makes a hello. Called by codecs. */
export function hello(claim: HelloClaim, tag?: unknown, value?: unknown): Hello {
  let credentials: Credentials | undefined
  if (claim.key !== undefined) credentials = { type: 'key', key: new Secret(claim.key) }
  else if (claim.sas !== undefined) credentials = { type: 'sas', sas: new Secret(claim.sas) }
  return { kind: 'hello', deviceId: claim.deviceId, credentials, tag, value }
}

/** The optional parts of {@link telemetry}. */
export type TelemetryOptions = Partial<Omit<Telemetry, 'kind' | 'body' | 'refused' | 'alreadyAccepted'>>

/** What messages without properties share, so that they are known by it. */
export const noProperties: Properties = Object.freeze({})

/**
 * Makes a telemetry item. Called by codecs; every field is present so that all items share one hidden class. A body that is a small part
 * of a large read is copied, since it would keep all of that in memory for as long as the hub takes.
 */
export function telemetry(body: Buffer, options: TelemetryOptions = {}): Telemetry {
  return {
    kind: 'telemetry',
    body: ownBytes(body),
    value: options.value,
    properties: options.properties ?? noProperties,
    messageId: options.messageId,
    correlationId: options.correlationId,
    contentType: options.contentType,
    contentEncoding: options.contentEncoding,
    creationTimeUtc: options.creationTimeUtc,
    tag: options.tag,
    refused: undefined,
    alreadyAccepted: false,
  }
}

/** The same telemetry with other properties: a copy, since the one may be kept by whoever gets the dead letters. Called by `enrich`. */
export function withProperties(message: Telemetry, properties: Properties): Telemetry {
  return {
    kind: 'telemetry',
    body: message.body,
    value: message.value,
    properties,
    messageId: message.messageId,
    correlationId: message.correlationId,
    contentType: message.contentType,
    contentEncoding: message.contentEncoding,
    creationTimeUtc: message.creationTimeUtc,
    tag: message.tag,
    refused: message.refused,
    alreadyAccepted: message.alreadyAccepted,
  }
}

/** Small Buffers lie in memory of up to this size that they share with others. */
const sharedBytes = 16_384

function ownBytes(body: Buffer): Buffer {
  const { byteLength } = body.buffer
  return byteLength > sharedBytes && byteLength > 4 * body.length ? Buffer.from(body) : body
}

/** Makes a report of reported twin properties. Called by codecs. */
export function report(patch: Readonly<Record<string, unknown>>, tag?: unknown): Report {
  return { kind: 'report', patch, tag, refused: undefined }
}

/** The optional parts of {@link command}. */
export type CommandOptions = Partial<Omit<Command, 'kind' | 'id' | 'body' | 'answerBefore'>>

/** Makes a command. Called by hub sessions. */
export function command(id: string, body: Buffer, options: CommandOptions = {}): Command {
  return {
    kind: 'command',
    id,
    via: options.via ?? 'c2d',
    name: options.name,
    body,
    properties: options.properties ?? noProperties,
    contentType: options.contentType,
    contentEncoding: options.contentEncoding,
    correlationId: options.correlationId,
    deliveryCount: options.deliveryCount ?? 0,
    writeBefore: options.writeBefore ?? Number.POSITIVE_INFINITY,
    answerBefore: Number.POSITIVE_INFINITY,
  }
}

/** Makes a receipt. Called by whatever settles: the endpoint, `authenticate`, a codec that heard a device's answer. */
export function receipt<T>(of: T, outcome: Outcome, error?: GatewayError, response?: MethodResponse): Receipt<T> {
  return { kind: 'receipt', of, outcome, error, response }
}

/** The receipt of something that failed: `abandon` where trying again can help, else `reject`. */
export function failedReceipt<T>(of: T, error: GatewayError): Receipt<T> {
  return receipt(of, error.retryable ? 'abandon' : 'reject', error)
}
