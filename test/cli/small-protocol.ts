import type { DeviceSpeech, SimulatedIdentity } from '../../src/cli/device-speech.ts'
import type { ReadyProtocol } from '../../src/cli/ready-protocol.ts'
import { type Codec, codec } from '../../src/core/codec.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { type Command, hello, receipt } from '../../src/core/items.ts'
import type { Frames } from '../../src/core/levels.ts'
import { type Pipeline, pipeline } from '../../src/core/pipeline.ts'
import type { Hub } from '../../src/hub/port.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { decodedTelemetry } from '../../src/stages/decoded-telemetry.ts'
import { hub } from '../../src/stages/hub.ts'
import { lengthField } from '../../src/stages/length-field.ts'

const framing = lengthField({ lengthFieldLength: 1, maxFrameLength: 64 })

/**
 * A protocol small enough to be read here, of frames with a length byte:
 *
 * ```
 * up    H id   R serial …   P   A       hello, reading, ping, answer to the command
 * down  W   K serial   N serial   Q   X        welcome, receipt, refusal, pong, no
 *       C text                                  a command
 * ```
 */
function smallCodec(): Codec<Frames> {
  let waiting: Command | undefined
  return {
    decode(frame, out) {
      const [letter, ...rest] = [...frame.toString('latin1')]
      const text = rest.join('')
      if (letter === 'H') return hello({ deviceId: text }, undefined, { kind: 'login', id: text })
      if (letter === 'R') {
        const options = { protocol: 'small', type: 'reading', tag: text[0], messageId: `small-${text[0]}` }
        return decodedTelemetry({ kind: 'reading', text }, options)
      }
      if (letter === 'P') out.reply(Buffer.from('Q'))
      else if (letter === 'A' && waiting !== undefined)
        return receipt(waiting, 'complete', undefined, { status: 200, body: { text } })
      else
        throw new GatewayError('BAD_CONTENT', `a frame of ${frame.length} bytes begins with no letter of the protocol`)
      return undefined
    },
    encode(item) {
      if (item.kind === 'command') {
        waiting = item
        return Buffer.from(`C${item.body}`)
      }
      if (item.of.kind === 'hello') return Buffer.from(item.outcome === 'complete' ? 'W' : 'X')
      return Buffer.from(`${item.outcome === 'complete' ? 'K' : 'N'}${(item.of as { tag: string }).tag}`)
    },
  }
}

function small(to: Hub): Pipeline {
  return pipeline(
    'small',
    framing,
    codec<Frames>('small', smallCodec),
    authenticate(byPolicy()),
    batch({ maxCount: 1, lingerMs: 0 }),
    hub(to),
  )
}

/** A frame of it on the wire. */
export function smallFrame(text: string): Buffer {
  return framing.frame(Buffer.from(text, 'latin1'))
}

class SmallDevice implements DeviceSpeech {
  readonly deviceId: string
  readonly framing = framing
  readonly window: number
  readonly answersReports = true
  welcomed = false

  constructor(deviceId: string, window: number) {
    this.deviceId = deviceId
    this.window = window
  }

  hello() {
    return [smallFrame(`H${this.deviceId}`)]
  }

  report({ sequence }: { readonly sequence: number }) {
    const key = String.fromCharCode(0x30 + sequence)
    return { bytes: smallFrame(`R${key}`), key }
  }

  hear(frame: Buffer) {
    const [letter, key = ''] = [...frame.toString('latin1')]
    if (letter === 'W') {
      this.welcomed = true
      return [{ kind: 'welcome' } as const]
    }
    if (letter === 'X') return [{ kind: 'refused', reason: 'X' } as const]
    if (letter === 'K') return [{ kind: 'acked', key } as const]
    if (letter === 'N') return [{ kind: key === '9' ? 'rejected' : 'again', key } as const]
    if (letter === 'C')
      return [{ kind: 'say', bytes: smallFrame('Adone') } as const, { kind: 'command', id: 'c' } as const]
    return [{ kind: 'unexpected', reason: 'no letter of the protocol' } as const]
  }
}

export const smallProtocol: ReadyProtocol = {
  name: 'small',
  decode: small,
  simulated: small,
  annotate(bytes) {
    if (bytes.length === 0 || bytes[0] !== bytes.length - 1)
      throw new GatewayError('BAD_CONTENT', 'the length is another')
    return `length ${bytes[0]}`
  },
  device: ({ deviceId }: SimulatedIdentity) => new SmallDevice(deviceId, 1),
}

/** A device of it that lets so many reports wait. */
export function smallDevice(deviceId: string, window: number): DeviceSpeech {
  return new SmallDevice(deviceId, window)
}
