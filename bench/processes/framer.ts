import { Connection } from '../../src/core/connection.ts'
import type { Framing } from '../../src/core/framing.ts'
import { delimited } from '../../src/stages/delimited.ts'
import { lengthField } from '../../src/stages/length-field.ts'
import { delimiterLoop, type FrameLoop, lengthLoop } from '../parts/frame-loops.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'

/** What is cut out of what, and by whom. */
export interface FramerWork {
  readonly kind: 'lengthField' | 'delimited'
  readonly by: 'hand-written' | 'headgate'
  /** Bytes of a frame, its mark not counted. */
  readonly frameBytes: number
  /** Chunks of 64 KiB, or each frame a chunk of its own. */
  readonly chunks: 'bulk' | 'one frame a read'
  readonly frames: number
}

/** What came of it. */
export interface Framed {
  readonly usage: Usage
  readonly frames: number
  readonly bytes: number
}

const delimiter = 0x0a
const bulkBytes = 65_536

/** Frames that are made before the clock starts, and given again and again. */
const madeFrames = 4096

function made(kind: FramerWork['kind'], frameBytes: number): Buffer[] {
  return Array.from({ length: madeFrames }, (_, index) => {
    const content = Buffer.alloc(frameBytes, 0x20 + (index % 64))
    const length = Buffer.of(frameBytes >> 8, frameBytes & 255)
    return kind === 'lengthField' ? Buffer.concat([length, content]) : Buffer.concat([content, Buffer.of(delimiter)])
  })
}

function chunked(frames: readonly Buffer[], chunks: FramerWork['chunks']): readonly Buffer[] {
  if (chunks === 'one frame a read') return frames
  const wire = Buffer.concat(frames)
  const count = Math.ceil(wire.length / bulkBytes)
  return Array.from({ length: count }, (_, index) => wire.subarray(index * bulkBytes, (index + 1) * bulkBytes))
}

function loopOf({ kind, by }: FramerWork, take: (frame: Buffer) => void): FrameLoop {
  if (by === 'hand-written') return kind === 'lengthField' ? lengthLoop(take) : delimiterLoop(delimiter, take)
  const framing: Framing =
    kind === 'lengthField'
      ? lengthField({ lengthFieldLength: 2, maxFrameLength: 65_536 })
      : delimited({ delimiter: Buffer.of(delimiter), maxLength: 65_536 })
  const { up } = framing.open(new Connection({ id: 'bench', pipeline: 'bench' }))
  if (up === undefined || !('end' in up) || 'pipe' in up) throw new Error('the framing is no step')
  const out = {
    emit: take,
    reply: () => {},
    fail: (error: Error) => {
      throw error
    },
  }
  return (chunk) => void up.push(chunk, out)
}

const framer = {
  /** Works off a third as much before the clock starts, so that the code is compiled. */
  frame(work: FramerWork): Framed {
    const chunks = chunked(made(work.kind, work.frameBytes), work.chunks)
    let frames = 0
    let bytes = 0
    const give = loopOf(work, (frame) => {
      frames++
      bytes += frame.length
    })
    const rounds = Math.ceil(work.frames / madeFrames)
    const run = (count: number) => {
      for (let round = 0; round < count; round++) for (const chunk of chunks) give(chunk)
    }
    run(Math.ceil(rounds / 3))
    frames = 0
    bytes = 0
    const clock = new UsageClock()
    clock.start()
    run(rounds)
    return { usage: clock.stop(), frames, bytes }
  },
}

/** What the framer process answers. */
export type Framer = typeof framer

answer(framer)
