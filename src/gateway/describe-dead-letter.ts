import type { Connection, DeadLetter } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Batch, Command, Hello, Properties, Receipt, Report, Telemetry } from '../core/items.ts'
import { maxSendBytes } from '../core/message-size.ts'
import { jsonText } from '../stages/json-text.ts'
import { maskSecrets } from './mask-secrets.ts'

/** Options of {@link describeDeadLetter}. */
export interface DescribeOptions {
  /** Bytes of a frame or line that are kept, 0 to 1048576; default 4096. */
  readonly maxFrameBytes?: number
  /** Bytes of a message's body that are kept, 0 to 261119, which is the most that a hub takes; default that. */
  readonly maxBodyBytes?: number
  /** Takes credentials out of what devices sent, given what is kept and up to 1024 bytes behind that; default `maskSecrets`. */
  readonly redact?: (bytes: Buffer) => Buffer
}

/** What a dead letter is about; `other` for items of a user's own levels. */
export type DeadLetterKind = 'frame' | 'line' | 'hello' | 'telemetry' | 'report' | 'command' | 'receipt' | 'other'

/** A dead letter as one object of JSON, without credentials. Bytes are in base64, but for frames, which are in hexadecimal. */
export interface DeadLetterLine {
  /** When it was set aside, ISO 8601 in UTC. */
  readonly time: string
  readonly pipeline: string
  readonly stage: string | undefined
  readonly code: string
  readonly message: string
  readonly deviceId: string | undefined
  readonly connection: string
  readonly kind: DeadLetterKind
  /** True where something was taken out of it: it is not what the device sent. */
  readonly redacted?: true
  /**
   * The first bytes of a frame or line as the stage was given it, without marks that stages outside of it take away; `frameBytes` is how
   * many there were. `headgate replay --frames` puts marks back, for `headgate decode`.
   */
  readonly frameHex?: string
  readonly frameBytes?: number
  /** Of telemetry and commands; `bodyBytes` is how many there were. */
  readonly body?: string
  readonly bodyBytes?: number
  readonly properties?: Properties
  readonly messageId?: string | undefined
  readonly correlationId?: string | undefined
  readonly contentType?: string | undefined
  readonly contentEncoding?: string | undefined
  readonly creationTimeUtc?: string | undefined
  /** Reported properties as JSON text, cut as a body is; without it, they nest too deep to be written. */
  readonly patch?: string
  /** Of commands and of receipts of commands. */
  readonly commandId?: string
  readonly commandName?: string | undefined
  readonly outcome?: string
}

type Content = Omit<DeadLetterLine, 'time' | 'pipeline' | 'stage' | 'code' | 'message' | 'deviceId' | 'connection'>

/** Describes a dead letter, for sinks of one's own: ours do by it. Throws `CONFIGURATION` for options out of range, and what `redact` throws. */
export function describeDeadLetter(
  { error, item }: DeadLetter,
  connection: Connection,
  options: DescribeOptions = {},
): DeadLetterLine {
  const description = new Description(checkDescribeOptions('describeDeadLetter', options))
  const content = description.of(item)
  const hello = content.kind === 'hello' ? (item as Hello).deviceId : undefined
  return {
    time: new Date().toISOString(),
    pipeline: connection.pipeline,
    stage: error.stage,
    code: error.code,
    // A defect's message may quote what it could not read.
    message: description.text(error.message),
    deviceId: connection.identity?.deviceId ?? hello,
    connection: connection.id,
    ...content,
    ...(description.redacted && { redacted: true as const }),
  }
}

/** The options with their defaults. Throws `CONFIGURATION` in the name of `who`. */
export function checkDescribeOptions(who: string, options: DescribeOptions): Required<DescribeOptions> {
  const { maxFrameBytes = 4096, maxBodyBytes = maxSendBytes, redact = maskSecrets } = options
  for (const [name, value, max] of [
    ['maxFrameBytes', maxFrameBytes, 1_048_576],
    ['maxBodyBytes', maxBodyBytes, maxSendBytes],
  ] as const) {
    if (Number.isInteger(value) && value >= 0 && value <= max) continue
    throw new GatewayError('CONFIGURATION', `${who}: ${name} must be an integer from 0 to ${max}, not ${value}`)
  }
  if (typeof redact !== 'function') {
    throw new GatewayError('CONFIGURATION', `${who}: redact must be a function, not ${typeof redact}`)
  }
  return { maxFrameBytes, maxBodyBytes, redact }
}

/** Bytes behind the cut that are looked at: more than any credential is long whose beginning does not show that it is one. */
const contextBytes = 1024

type Item = Hello | Telemetry | Report | Command | Batch | Receipt<{ readonly kind: string }>

/** One description in the making. */
class Description {
  readonly #options: Required<DescribeOptions>
  redacted = false

  constructor(options: Required<DescribeOptions>) {
    this.#options = options
  }

  of(item: unknown): Content {
    if (typeof item === 'string') return { kind: 'line', ...this.#frame(Buffer.from(item)) }
    if (item instanceof Uint8Array) return { kind: 'frame', ...this.#frame(Buffer.from(item)) }
    const known = item as Item | undefined
    switch (known?.kind) {
      case 'hello':
        return { kind: 'hello' }
      case 'telemetry':
        return this.#telemetry(known)
      case 'report':
        return { kind: 'report', ...this.#patch(known) }
      case 'command':
        return { kind: 'command', commandId: known.id, commandName: known.name, ...this.#message(known) }
      case 'receipt': {
        const { of, outcome } = known
        return { kind: 'receipt', outcome, ...(of.kind === 'command' && { commandId: (of as Command).id }) }
      }
      default:
        return { kind: 'other' }
    }
  }

  text(text: string): string {
    return this.#kept(Buffer.from(text), this.#options.maxFrameBytes).toString()
  }

  #frame(bytes: Buffer): Pick<DeadLetterLine, 'frameHex' | 'frameBytes'> {
    const kept = this.#kept(bytes, this.#options.maxFrameBytes)
    return { frameHex: kept.toString('hex'), frameBytes: bytes.length }
  }

  #telemetry(message: Telemetry): Content {
    const { messageId, creationTimeUtc } = message
    return { kind: 'telemetry', ...this.#message(message), messageId, creationTimeUtc }
  }

  #message(message: Telemetry | Command) {
    const { body, properties, correlationId, contentType, contentEncoding } = message
    return {
      body: this.#kept(body, this.#options.maxBodyBytes).toString('base64'),
      bodyBytes: body.length,
      properties: this.#properties(properties),
      correlationId,
      contentType,
      contentEncoding,
    }
  }

  #properties(properties: Properties): Properties {
    const masked = Object.entries(properties).map(([name, value]) => [
      name,
      this.#redact(Buffer.from(value)).toString(),
    ])
    return Object.fromEntries(masked) as Properties
  }

  #patch({ patch }: Report): Pick<DeadLetterLine, 'patch'> {
    let text: string
    try {
      text = jsonText(patch)
    } catch (thrown) {
      if (GatewayError.from(thrown).code !== 'BAD_CONTENT') throw thrown
      return {}
    }
    return { patch: this.#kept(Buffer.from(text), this.#options.maxBodyBytes).toString() }
  }

  /** Masked before it is cut, since half a credential does not look like one; but not all of a frame that is mostly cut off. */
  #kept(bytes: Buffer, maxBytes: number): Buffer {
    return this.#redact(bytes.subarray(0, maxBytes + contextBytes)).subarray(0, maxBytes)
  }

  #redact(bytes: Buffer): Buffer {
    const left = this.#options.redact(bytes)
    if (!(left instanceof Uint8Array)) {
      throw new GatewayError('CONFIGURATION', `redact must give bytes, not ${typeof left}`)
    }
    if (left !== bytes && !bytes.equals(left)) this.redacted = true
    return left
  }
}
