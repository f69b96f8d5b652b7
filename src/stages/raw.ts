import type { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Hello, Receipt, Report, Telemetry } from '../core/items.ts'
import type { Frames, Messages } from '../core/levels.ts'
import { type Stage, stage } from '../core/stage.ts'
import { payload } from './payload.ts'
import type { PayloadFormat } from './payload-format.ts'
import type { PayloadOptions } from './payload-options.ts'

/** Options of {@link raw}: one of `firstFrame` and `deviceId`. */
export interface RawOptions {
  /**
   * The first frame of a connection says who the device is, and is no reading. The whole of it, a byte a character (latin1), must
   * match; the id is the group `deviceId`, else the first group, else all of it. Flags `g`, `m` and `y` mean nothing. Later frames are
   * readings, also those that match.
   */
  readonly firstFrame?: RegExp
  /** The device is known by where it connects from; asked once, when its first frame comes. */
  readonly deviceId?: (connection: Connection) => string
  /** Content type of the messages; default `application/octet-stream`. */
  readonly contentType?: string
  /** The frame that tells the device of a receipt, in their order; undefined says nothing. Default: nothing is said. */
  readonly acknowledge?: (receipt: Receipt<Hello | Telemetry | Report>) => Buffer | undefined
}

/**
 * A codec that parses nothing: frames are readings, byte for byte, and the bodies of commands are frames.
 *
 * ```
 * raw({ firstFrame: /LOGIN:(\w+)/ })                             up:    4C 4F 47 49 4E 3A 64 31   →  hello d1
 *                                                                       01 03 02 00 17 F8 4A      →  telemetry 01 03 02 00 17 F8 4A
 * raw({ deviceId: ({ peer }) => `press-${peer.address}` })       down:  command 01 03 …           →  01 03 …
 * ```
 * A command is complete as soon as it is on its way down, as `payload` says: nothing tells an answer from a reading.
 *
 * Errors: `BAD_HELLO` for a first frame that does not match, or an id that IoT Hub does not take. `CONFIGURATION` for neither or both of
 * `firstFrame` and `deviceId`.
 */
export function raw(options: RawOptions): Stage<Frames, Messages> {
  const { firstFrame, deviceId, acknowledge, contentType = 'application/octet-stream' } = options
  if ((firstFrame === undefined) === (deviceId === undefined)) {
    throw new GatewayError('CONFIGURATION', 'raw: give one of firstFrame and deviceId')
  }
  if (deviceId !== undefined && typeof deviceId !== 'function') {
    throw new GatewayError('CONFIGURATION', `raw: deviceId must be a function, not ${typeof deviceId}`)
  }
  const format: PayloadFormat<Buffer> = {
    name: 'raw',
    contentType,
    decode: (frame) => frame,
    encode: (frame) => frame,
  }
  const common: PayloadOptions<Buffer> = { body: 'frame', ...(acknowledge !== undefined && { acknowledge }) }
  if (deviceId !== undefined) {
    return stage<Frames, Messages>('raw', (connection) => {
      let id: string | undefined
      const once = () => {
        id ??= deviceId(connection)
        return id
      }
      return payload(format, { ...common, deviceId: once }).open(connection)
    })
  }
  const pattern = wholeOf(firstFrame as RegExp)
  return stage<Frames, Messages>('raw', (connection) => {
    let first = true
    const hello = (frame: Buffer) => {
      if (!first) return undefined
      first = false
      return { deviceId: idIn(frame, pattern) }
    }
    return payload(format, { ...common, hello }).open(connection)
  })
}

function wholeOf(pattern: RegExp): RegExp {
  if (!(pattern instanceof RegExp)) {
    throw new GatewayError('CONFIGURATION', `raw: firstFrame must be a regular expression, not ${typeof pattern}`)
  }
  return new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gmy]/g, ''))
}

function idIn(frame: Buffer, pattern: RegExp): string {
  const match = pattern.exec(frame.toString('latin1'))
  if (match === null) throw new GatewayError('BAD_HELLO', `a first frame of ${frame.length} bytes does not match`)
  return match.groups?.deviceId ?? match[1] ?? match[0]
}
