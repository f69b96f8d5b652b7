import type { Framer, FramerWork } from '../processes/framer.ts'
import type { Row, Scenario } from '../scenario.ts'

/** Bytes that a row cuts in a usual run; a quick one does a tenth. */
const usualBytes = 1_000_000_000

const mostFrames = 6_000_000

/** Deframing alone: a stage in one process, without sockets or streams, against a loop written for the one purpose. */
export const framingScenario: Scenario = {
  name: 'framing',
  about:
    'deframing in process, without sockets: lengthField (two bytes) and delimited (one byte), frames of 64 B and 1 KB',
  chart: 'cpuNsPerFrame',
  rows: (['lengthField', 'delimited'] as const).flatMap((kind) =>
    [64, 1024].flatMap((frameBytes) =>
      (['bulk', 'one frame a read'] as const).flatMap((chunks) => rowsFor(kind, frameBytes, chunks)),
    ),
  ),
}

function rowsFor(kind: FramerWork['kind'], frameBytes: number, chunks: FramerWork['chunks']): Row[] {
  const nameOf = (by: FramerWork['by']) => `${kind} ${by}, ${frameBytes} B, ${chunks}`
  return (['hand-written', 'headgate'] as const).map((by) => ({
    name: nameOf(by),
    reference: nameOf('hand-written'),
    async measure(processes, effort) {
      const framer = processes.measured<Framer>('framer')
      const usual = Math.min(mostFrames, usualBytes / frameBytes)
      // Whole rounds of the frames that are made.
      const frames = 4096 * Math.ceil((effort.messages ?? (effort.quick ? usual / 10 : usual)) / 4096)
      const framed = await framer.call('frame', { kind, by, frameBytes, chunks, frames })
      const { cpuUs, wallMs } = framed.usage
      return {
        figures: { cpuNsPerFrame: (cpuUs * 1000) / frames, megabytesPerSecond: framed.bytes / wallMs / 1000 },
        sent: frames,
        received: framed.bytes === frames * frameBytes ? framed.frames : 0,
      }
    },
  }))
}
