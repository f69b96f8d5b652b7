import type { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Command, Hello, HelloClaim, Receipt, Report, Telemetry } from '../core/items.ts'
import type { CommandAnswer } from './given-commands.ts'

/**
 * Options of {@link payload}: functions that look into a decoded value. What they are given was sent by a device and may be of
 * any shape, whatever `T` says; what they throw refuses the frame with `BAD_CONTENT`, or, if it is a GatewayError, with its own code.
 */
export interface PayloadOptions<T> {
  /**
   * The answer to a frame that is a heartbeat, as in `acknowledge`, or true where there is none to say; undefined for all other frames.
   * It is answered at once, however long the hub takes over readings, and goes no further; where `deviceId` knows whose it is, it is a
   * hello all the same. While the hub is asked about a hello nothing behind that is looked at, so heartbeats wait for that alone.
   */
  readonly heartbeat?: (value: T) => T | Buffer | true | undefined
  /** True: heartbeats of a device that is known go up as readings too, which nobody acknowledges; default false. */
  readonly heartbeats?: boolean
  /** Who the device is, in a frame that says so and nothing else; undefined for all other frames. */
  readonly hello?: (value: T, connection: Connection) => HelloClaim | undefined
  /**
   * Who the device is, in a frame that is a reading too, or by where it connects from: a hello goes in front of the first reading.
   * Undefined where this frame does not say it. Not beside `hello`.
   */
  readonly deviceId?: (value: T, connection: Connection) => string | undefined
  /** The device's answer to a command; undefined for all other frames. With it commands wait for their answer. */
  readonly answer?: (value: T) => CommandAnswer | undefined
  /** What `acknowledge` needs to know of a hello or reading, such as a sequence number. */
  readonly tag?: (value: T) => unknown
  /** Properties of the message, in names that IoT Hub takes; those that are undefined are left out. */
  readonly properties?: (value: T) => Readonly<Record<string, string | undefined>>
  /**
   * The message's body. `json` (default): the value as JSON (see {@link jsonText}), in UTF-8. `frame`: the frame as it came, with
   * the content type of its format. A function: the JSON of what it gives, or if that is a Buffer, that.
   */
  readonly body?: 'json' | 'frame' | ((value: T) => unknown)
  /**
   * The hub's message id: 1 to 128 characters that IoT Hub takes. `frame` is what the value was decoded from. Default: none, since two
   * equal readings are two readings. For `dedupe` make it of what the device numbers or dates and of the frame, as in
   * `${n}-${frameDigest(frame)}`: a number alone begins anew after a reboot, and would be taken for a repeat.
   */
  readonly messageId?: (value: T, frame: Buffer) => string | undefined
  /** When the device took the reading: a Date, or a text that is one in ISO 8601. */
  readonly time?: (value: T) => Date | string | undefined
  /**
   * The frame that tells the device of a receipt (a Buffer as it is, else encoded); undefined says nothing. Receipts of readings come
   * in their order, those of hellos at once. Default: nothing is said.
   */
  readonly acknowledge?: (receipt: Receipt<Hello | Telemetry | Report>) => T | Buffer | undefined
  /** The frame that gives a command to the device, as in `acknowledge`; undefined: it takes no such command. Default: the command's body. */
  readonly command?: (command: Command) => T | Buffer | undefined
  /** The frame that tells the device of an error which answers no reading, as in `acknowledge`. Default: nothing is said. */
  readonly refuse?: (error: GatewayError) => T | Buffer | undefined
}

const functions = [
  'heartbeat',
  'hello',
  'deviceId',
  'answer',
  'tag',
  'properties',
  'messageId',
  'time',
  'acknowledge',
  'command',
  'refuse',
] as const

/** Throws `CONFIGURATION` for options of stage `name` that cannot work. */
export function checkPayloadOptions<T>(name: string, options: PayloadOptions<T>): void {
  for (const option of functions) {
    if (options[option] !== undefined && typeof options[option] !== 'function') {
      throw new GatewayError('CONFIGURATION', `${name}: ${option} must be a function, not ${typeof options[option]}`)
    }
  }
  const { body = 'json', heartbeats = false } = options
  if (typeof heartbeats !== 'boolean') {
    throw new GatewayError('CONFIGURATION', `${name}: heartbeats must be true or false, not ${typeof heartbeats}`)
  }
  if (body !== 'json' && body !== 'frame' && typeof body !== 'function') {
    throw new GatewayError('CONFIGURATION', `${name}: body must be 'json', 'frame' or a function, not ${body}`)
  }
  if (options.hello !== undefined && options.deviceId !== undefined) {
    throw new GatewayError('CONFIGURATION', `${name}: hello and deviceId exclude one another`)
  }
}
