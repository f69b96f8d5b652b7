import { pipeline } from '../../src/core/pipeline.ts'
import { serve } from '../../src/gateway/serve.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { checked } from '../../src/stages/checked.ts'
import { checksum } from '../../src/stages/checksum.ts'
import { lengthField } from '../../src/stages/length-field.ts'
import { Arrivals } from '../parts/arrivals.ts'
import { frameCodec } from '../parts/frame-codec.ts'
import { nullEndpoint } from '../parts/null-endpoint.ts'
import { listenAndCountFrames, listenForFrames } from '../parts/plain-frames.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { longestFrame } from '../parts/wire-frame.ts'
import { answer } from './answer.ts'

/** How frames are worked off: counted; by a loop without stages; by a pipeline. */
export type FrameWay = 'limit' | 'plain' | 'headgate'

const arrivals = new Arrivals()
const clock = new UsageClock()
const arrived = (readings: number) => arrivals.add(readings)

const frameServer = {
  /** Resolves with the port. */
  async listen(way: FrameWay): Promise<number> {
    if (way === 'limit') return listenAndCountFrames(arrived)
    if (way === 'plain') return listenForFrames(arrived)
    const framing = lengthField({ lengthFieldLength: 2, maxFrameLength: longestFrame })
    const stages = pipeline(
      'frames',
      checked(framing, checksum('CRC-16/MODBUS', { byteOrder: 'little-endian' })),
      frameCodec(),
      authenticate(byPolicy()),
      batch(),
      nullEndpoint(arrived),
    )
    const gateway = await serve(stages, { port: 0, host: '127.0.0.1' })
    return gateway.address.port
  },

  /** Resolves when so many readings have reached the end since the process began. */
  reached: (total: number): Promise<void> => arrivals.reached(total),

  start: (): void => clock.start(),

  stop: (): Usage => clock.stop(),

  count: (): number => arrivals.count,
}

/** What the frame server process answers. */
export type FrameServer = typeof frameServer

answer(frameServer)
