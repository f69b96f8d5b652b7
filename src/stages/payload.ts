import type { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import { type Command, hello, receipt, type Telemetry, telemetry } from '../core/items.ts'
import type { Frames, Messages } from '../core/levels.ts'
import { type Outlet, type Stage, stage } from '../core/stage.ts'
import { GivenCommands } from './given-commands.ts'
import { isDeviceId } from './hub-names.ts'
import { jsonText } from './json-text.ts'
import { badDeviceId, helloOf, messageIdOf, propertiesOf, utcOf } from './message-parts.ts'
import type { PayloadFormat } from './payload-format.ts'
import { checkPayloadOptions, type PayloadOptions } from './payload-options.ts'

/**
 * The codec of devices whose frames are values of a common language: tells by options what a value means. Every frame is an
 * answer, a heartbeat, a hello or a reading; the first of these options to know it decides.
 *
 * ```
 * payload(cborPayload<{ id?: string; n: number }>(), {       up:    { id: 'd1', n: 0 }   →  hello d1, tag 0
 *   hello: ({ id }) => id === undefined ? undefined : …             { n: 1, t: 20.5 }    →  telemetry {"n":1,"t":20.5}, tag 1
 *   tag: ({ n }) => n,                                       down:  receipt of tag 1     →  { ack: 1 }
 *   acknowledge: ({ of }) => ({ ack: of.tag }),                     command              →  its body as it is
 * })
 * payload(keyValuePayload(), { deviceId: ({ id }) => … })    up:    id=7;t=20.5          →  hello 7, telemetry {"id":"7","t":"20.5"}
 * ```
 * Lines of text are frames as well: `delimited({ delimiter: ['\r\n', '\n'], maxLength: 1024 })` gives them.
 *
 * With `deviceId` the hello goes in front of the first reading and is of the same frame: it has the reading's tag, and only its
 * refusal is given to `acknowledge`, so that a frame is never acknowledged before the hub has its reading. A later frame in another
 * name is refused with `IDENTITY_CHANGED`, in one that IoT Hub does not take with `BAD_CONTENT`, under its own tag and in its turn.
 *
 * With `answer` a command waits until the device answers it, and is abandoned if it does not in time. Without `answer` it is
 * complete as soon as it is on its way down: if the framing cannot take it, or the connection breaks before the device has read
 * it, it is lost.
 *
 * Errors: `BAD_CONTENT` for a frame that is none of the format, and where an option throws or gives what IoT Hub does not take (a
 * reading keeps its receipt); `BAD_HELLO`; `UNKNOWN_COMMAND` for an answer that nobody waits for; down, `NOT_SUPPORTED` where
 * `command` knows no frame. `CONFIGURATION` for options that cannot work.
 */
export function payload<T>(
  format: PayloadFormat<T>,
  options: PayloadOptions<NoInfer<T>> = {},
): Stage<Frames, Messages> {
  const { name } = format
  checkPayloadOptions(name, options)
  const { refuse } = options
  return stage<Frames, Messages>(name, (connection) => {
    const made = new PayloadCodec(format, options, connection)
    return {
      up: (frame, out) => made.decode(frame, out),
      down: (item, out) => made.encode(item, out),
      ...(refuse !== undefined && { refuse: (error: GatewayError) => made.bytesOf(refuse(error)) }),
    }
  })
}

const noBody = Buffer.alloc(0)

/** The tag of heartbeats that go up: they have been answered. */
const answeredAlready = Symbol('answered already')

class PayloadCodec<T> {
  readonly #format: PayloadFormat<T>
  readonly #options: PayloadOptions<T>
  readonly #connection: Connection
  readonly #commands = new GivenCommands()
  /** The id of the hello that went in front of the first reading. */
  #introduced: string | undefined
  /** A hello has gone up. */
  #greeted = false

  constructor(format: PayloadFormat<T>, options: PayloadOptions<T>, connection: Connection) {
    this.#format = format
    this.#options = options
    this.#connection = connection
  }

  decode(frame: Buffer, out: Outlet<Messages['up'], Buffer>): void {
    const value = this.#format.decode(frame)
    const answer = this.#ask('answer', () => this.#options.answer?.(value))
    if (answer !== undefined) {
      out.emit(this.#commands.answered(answer))
      return
    }
    const said = this.#ask('heartbeat', () => {
      const given = this.#options.heartbeat?.(value)
      return given === true ? true : this.bytesOf(given)
    })
    if (said !== undefined) {
      this.#hear(value, frame, said, out)
      return
    }
    const tag = this.#ask('tag', () => this.#options.tag?.(value))
    const claim = this.#ask('hello', () => this.#options.hello?.(value, this.#connection))
    if (claim !== undefined) {
      out.emit(helloOf(claim, tag))
      this.#greeted = true
      return
    }
    const id = this.#ask('deviceId', () => this.#options.deviceId?.(value, this.#connection))
    try {
      if (id !== undefined) this.#introduce(id, tag, out)
      out.emit(this.#reading(value, frame, tag))
    } catch (thrown) {
      const error = GatewayError.from(thrown)
      if (error.code !== 'BAD_CONTENT' && error.code !== 'IDENTITY_CHANGED') throw error
      // Beside its tag, so that the device is told which reading that was.
      out.fail(error, telemetry(noBody, { tag }))
    }
  }

  encode(item: Messages['down'], out: Outlet<Buffer, Messages['up']>): void {
    if (item.kind === 'command') {
      this.#give(item, out)
      return
    }
    if (item.of.tag === answeredAlready) return
    // The reading of the same frame is still on its way.
    if (item.of.kind === 'hello' && item.outcome === 'complete' && this.#options.deviceId !== undefined) return
    const frame = this.#ask('acknowledge', () => this.bytesOf(this.#options.acknowledge?.(item)))
    if (frame !== undefined) out.emit(frame)
  }

  bytesOf(said: T | Buffer | undefined): Buffer | undefined {
    if (said === undefined || Buffer.isBuffer(said)) return said as Buffer | undefined
    return this.#format.encode(said)
  }

  /** A heartbeat: answered first, since a device that is not to be served is told so by what its hello is answered. */
  #hear(value: T, frame: Buffer, said: Buffer | true, out: Outlet<Messages['up'], Buffer>): void {
    if (said !== true) out.reply(said)
    const id = this.#ask('deviceId', () => this.#options.deviceId?.(value, this.#connection))
    if (id !== undefined) this.#introduce(id, answeredAlready, out)
    // In front of a hello it would be taken for a reading of nobody, and end the connection.
    const known = this.#greeted || this.#connection.identity !== undefined
    if (known && this.#options.heartbeats === true) out.emit(this.#reading(value, frame, answeredAlready))
  }

  #give(command: Command, out: Outlet<Buffer, Messages['up']>): void {
    const { command: say = ({ body }: Command) => body, answer } = this.#options
    const frame = this.#ask('command', () => this.bytesOf(say(command)))
    if (frame === undefined) throw new GatewayError('NOT_SUPPORTED', 'the device takes no such command')
    out.emit(frame)
    if (answer === undefined) out.reply(receipt(command, 'complete'))
    else this.#commands.add(command)
  }

  #introduce(id: unknown, tag: unknown, out: Outlet<Messages['up'], Buffer>): void {
    const known = this.#introduced
    if (id === known) return
    if (!isDeviceId(id)) throw new GatewayError(known === undefined ? 'BAD_HELLO' : 'BAD_CONTENT', badDeviceId)
    // Not as a hello: its refusal would overtake the receipts of readings that are on their way.
    if (known !== undefined)
      throw new GatewayError('IDENTITY_CHANGED', 'a frame on this connection names another device')
    this.#introduced = id
    this.#greeted = true
    out.emit(hello({ deviceId: id }, tag))
  }

  #reading(value: T, frame: Buffer, tag: unknown): Telemetry {
    const { properties, messageId, time } = this.#options
    const { body, ...content } = this.#bodyOf(value, frame)
    return telemetry(body, {
      ...content,
      value,
      tag,
      properties: propertiesOf(this.#ask('properties', () => properties?.(value))),
      messageId: messageIdOf(this.#ask('messageId', () => messageId?.(value, frame))),
      creationTimeUtc: utcOf(this.#ask('time', () => time?.(value))),
    })
  }

  #bodyOf(value: T, frame: Buffer): Content {
    const { body = 'json' } = this.#options
    if (body === 'frame') return { body: frame, contentType: this.#format.contentType, contentEncoding: undefined }
    if (body === 'json') return jsonContent(this.#format.jsonBody?.(value, frame) ?? Buffer.from(jsonText(value)))
    const made = this.#ask('body', () => body(value))
    if (Buffer.isBuffer(made)) return { body: made, contentType: undefined, contentEncoding: undefined }
    return jsonContent(Buffer.from(jsonText(made)))
  }

  /** Calls an option. What it throws may be the frame's fault as well as its own; either way that frame alone is refused. */
  #ask<R>(option: keyof PayloadOptions<T>, call: () => R): R {
    try {
      return call()
    } catch (cause) {
      if (cause instanceof GatewayError && cause.code !== 'BUG') throw cause
      // Other errors may quote what the device sent.
      const what = cause instanceof GatewayError ? `fails: ${cause.message}` : 'throws'
      throw new GatewayError('BAD_CONTENT', `the option ${option} ${what}`, { cause })
    }
  }
}

type Content = Pick<Telemetry, 'body' | 'contentType' | 'contentEncoding'>

function jsonContent(body: Buffer): Content {
  return { body, contentType: 'application/json', contentEncoding: 'utf-8' }
}
