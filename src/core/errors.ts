/** What an error leads to: forget the item, set it aside with its reason, or end the connection in an orderly way. */
export type Verdict = 'drop' | 'dead-letter' | 'close'

interface ErrorClass {
  /** What the default policy answers. */
  readonly verdict: Verdict
  /** True where the same item may succeed later: its receipt is `abandon`, otherwise `reject`. */
  readonly retryable: boolean
}

/**
 * Every code that Headgate itself gives, with what follows from it by default. Codes are labels of metrics and words of
 * wire protocols: once published, a code is never renamed.
 */
export const errorTable = {
  /** A frame exceeds the deframer's limit; where the next one begins may be unknown, or far away. */
  FRAME_TOO_LONG: { verdict: 'close', retryable: false },
  /** The bytes cannot be cut into frames any more. */
  FRAME_CORRUPT: { verdict: 'close', retryable: false },
  /** The device ended the connection in the middle of a frame. */
  FRAME_UNTERMINATED: { verdict: 'dead-letter', retryable: false },
  /** Bytes between two frames that belong to neither. */
  FRAME_NOISE: { verdict: 'drop', retryable: false },
  /** A frame was found, but it is not one: bad escapes, another end, cut short by the next, no room for its check. The next one is not touched. */
  FRAME_DAMAGED: { verdict: 'dead-letter', retryable: false },
  /** The check that a frame carries is not that of its bytes; the next one is not touched by that. */
  CHECKSUM_MISMATCH: { verdict: 'dead-letter', retryable: false },
  /** A frame was found but does not mean anything in the protocol. */
  BAD_CONTENT: { verdict: 'dead-letter', retryable: false },
  /** A hello that the protocol does not know; nothing that follows it could be believed. */
  BAD_HELLO: { verdict: 'close', retryable: false },
  /** Something other than a hello came before the device was known. */
  NOT_IDENTIFIED: { verdict: 'close', retryable: false },
  /** The device's credentials were refused, by the gateway or by the hub. */
  UNAUTHORIZED: { verdict: 'close', retryable: false },
  /** The hub knows no device of that name. */
  DEVICE_NOT_FOUND: { verdict: 'close', retryable: false },
  /** A second hello on one connection names another device. */
  IDENTITY_CHANGED: { verdict: 'close', retryable: false },
  /** A message exceeds what the hub takes (255 KiB less one byte), or a frame to the device what its length field can say. */
  MESSAGE_TOO_LARGE: { verdict: 'dead-letter', retryable: false },
  /** The hub says that this message will never be accepted. */
  HUB_REJECTED: { verdict: 'dead-letter', retryable: false },
  /** The hub says: later (429). */
  HUB_THROTTLED: { verdict: 'drop', retryable: true },
  /** The hub's daily message quota is spent (403002); it is refilled at midnight UTC. */
  HUB_QUOTA_EXCEEDED: { verdict: 'drop', retryable: true },
  /** The hub answered with a server error, or could not be reached. */
  HUB_UNAVAILABLE: { verdict: 'drop', retryable: true },
  /** The hub did not answer within the deadline; whether it has the message is not known. */
  HUB_TIMEOUT: { verdict: 'drop', retryable: true },
  /** The hub session was closed while the request waited. */
  HUB_SESSION_CLOSED: { verdict: 'drop', retryable: true },
  /** The spool holds as much as it may. */
  SPOOL_FULL: { verdict: 'drop', retryable: true },
  /** The spool's disk failed: nothing can be made durable for now. */
  SPOOL_FAILED: { verdict: 'drop', retryable: true },
  /** A message waited in the spool for longer than it may. */
  SPOOL_EXPIRED: { verdict: 'dead-letter', retryable: false },
  /** A command was settled after its lock had expired; the hub delivers it again. */
  LOCK_LOST: { verdict: 'drop', retryable: false },
  /** This transport has no such operation (twins and methods over HTTPS). */
  NOT_SUPPORTED: { verdict: 'dead-letter', retryable: false },
  /** The device answered a command that is not waiting for an answer. */
  UNKNOWN_COMMAND: { verdict: 'drop', retryable: false },
  /** The device did not answer a command in time. */
  COMMAND_TIMEOUT: { verdict: 'drop', retryable: true },
  /** A command's time was over before it could be written to the device. */
  COMMAND_EXPIRED: { verdict: 'drop', retryable: true },
  /** The connection ended while a command waited for its answer. */
  DEVICE_GONE: { verdict: 'drop', retryable: true },
  /** No hello within the deadline. */
  HELLO_TIMEOUT: { verdict: 'close', retryable: false },
  /** The device was silent for longer than the idle deadline. */
  IDLE_TIMEOUT: { verdict: 'close', retryable: false },
  /** The device did not read what was written to it for longer than the stall deadline. */
  STALLED: { verdict: 'close', retryable: false },
  /** A TLS handshake failed or was not done within the hello deadline; counted only. */
  TLS_HANDSHAKE: { verdict: 'close', retryable: false },
  /** The network broke the connection: a reset, a cable, a peer that vanished. */
  CONNECTION_LOST: { verdict: 'close', retryable: true },
  /** The device has a newer connection: this one, which may be a ghost, was ended. */
  TAKEN_OVER: { verdict: 'close', retryable: true },
  /** The gateway ended the connection: it was closed, or draining took longer than its deadline. */
  GATEWAY_CLOSED: { verdict: 'close', retryable: true },
  /** The gateway holds as many connections as it may. */
  CONNECTION_LIMIT: { verdict: 'close', retryable: true },
  /** Options or environment that cannot work. */
  CONFIGURATION: { verdict: 'close', retryable: false },
  /** Anything else that a stage threw: a defect in that stage. */
  BUG: { verdict: 'close', retryable: false },
} as const satisfies Record<string, ErrorClass>

/** A code of {@link errorTable}. */
export type ErrorCode = keyof typeof errorTable

/** Options of {@link GatewayError}. */
export interface GatewayErrorOptions {
  readonly cause?: unknown
  /** The stage half at fault, such as `json.up`. */
  readonly stage?: string
  /** How long the hub asked to wait, from its Retry-After. */
  readonly retryAfterMs?: number
  /** Default: as the table says of the code. */
  readonly retryable?: boolean
}

/** An error with a code, the stage that raised it, and whether trying again can help. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined
  /** Set by the stage that throws, else by the ring when it catches. */
  stage: string | undefined

  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? errorTable[code].retryable
    this.retryAfterMs = options.retryAfterMs
    this.stage = options.stage
  }

  /** Whatever was thrown as a GatewayError: itself, or code `BUG` with the original as its cause. */
  static from(thrown: unknown, stage?: string): GatewayError {
    if (thrown instanceof GatewayError) {
      thrown.stage ??= stage
      return thrown
    }
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    return new GatewayError('BUG', message, stage === undefined ? { cause: thrown } : { cause: thrown, stage })
  }
}
