import { GatewayError } from '../../src/core/errors.ts'
import { hello, telemetry } from '../../src/core/items.ts'
import type { Frames, Messages } from '../../src/core/levels.ts'
import { type Stage, stage } from '../../src/core/stage.ts'
import { frameType } from './wire-frame.ts'

const headerBytes = 3

/**
 * The codec of the frames of `wireFrame`, without their length and check. Every hello and reading is acknowledged by a frame of its own, when its
 * receipt comes. Errors: `BAD_CONTENT` for a frame that is neither, `NOT_SUPPORTED` for commands.
 */
export function frameCodec(): Stage<Frames, Messages> {
  return stage<Frames, Messages>('frames', () => ({
    up(frame, out) {
      if (frame.length < headerBytes) throw new GatewayError('BAD_CONTENT', `a frame of ${frame.length} bytes`)
      const sequence = frame.readUInt16BE(1)
      if (frame[0] === frameType.reading) {
        out.emit(telemetry(frame.subarray(headerBytes), { tag: sequence, contentType: 'application/octet-stream' }))
      } else if (frame[0] === frameType.hello) {
        out.emit(hello({ deviceId: frame.toString('latin1', headerBytes) }, sequence))
      } else {
        throw new GatewayError('BAD_CONTENT', `a frame of type ${frame[0]}`)
      }
    },
    down(item, out) {
      if (item.kind === 'command') throw new GatewayError('NOT_SUPPORTED', 'there are no commands')
      if (item.outcome !== 'complete') return
      const ack = Buffer.allocUnsafe(headerBytes)
      ack[0] = frameType.ack
      ack.writeUInt16BE(item.of.tag as number, 1)
      out.emit(ack)
    },
  }))
}
