import { messageFigures } from '../parts/usage.ts'
import type { FrameDevices } from '../processes/frame-devices.ts'
import type { FrameServer, FrameWay } from '../processes/frame-server.ts'
import type { Processes } from '../processes.ts'
import { type Effort, type Measured, messagesFor, type Row, type Scenario, warmUpFor } from '../scenario.ts'

/** Readings in a full batch: shares that fill it end without a linger. */
const batchCount = 100

/** What is sent, over how many connections. */
interface Load {
  readonly name: string
  readonly frameBytes: number
  readonly connections: number
  readonly frames: number
}

const ways: readonly FrameWay[] = ['limit', 'plain', 'headgate']

const loads: readonly Load[] = [
  { name: '64 B/1', frameBytes: 64, connections: 1, frames: 1_000_000 },
  { name: '64 B/100', frameBytes: 64, connections: 100, frames: 1_000_000 },
  { name: '64 B/1000', frameBytes: 64, connections: 1000, frames: 1_000_000 },
  { name: '1 KB/100', frameBytes: 1024, connections: 100, frames: 200_000 },
]

/** Binary frames, each acknowledged by a frame of its own: what framing, checking, decoding and answering cost. */
export const framesScenario: Scenario = {
  name: 'frames',
  about: `binary frames with a length and a CRC over loopback TCP through checked(lengthField), a codec of steps, authenticate, batch; no hub;
every frame acknowledged by one of its own. limit: frames are found by their length and counted, none is acknowledged; plain: a
hand-written loop that does the same work`,
  ratios: loads.map(({ name }) => ({
    name: `frames/${name}/headgate:plain`,
    of: nameOf(name, 'headgate'),
    to: nameOf(name, 'plain'),
    figure: 'cpuUsPerMessage',
  })),
  rows: loads.flatMap((load) =>
    ways.map(
      (way): Row => ({
        name: nameOf(load.name, way),
        reference: nameOf(load.name, 'plain'),
        measure: (processes, effort) => measure(processes, effort, way, load),
      }),
    ),
  ),
}

function nameOf(load: string, way: FrameWay): string {
  return `${load} ${way}`
}

async function measure(processes: Processes, effort: Effort, way: FrameWay, load: Load): Promise<Measured> {
  const { connections, frameBytes } = load
  const server = processes.measured<FrameServer>('frame-server')
  const devices = processes.other<FrameDevices>('frame-devices')
  const acknowledged = way !== 'limit'
  const parts = effort.messages === undefined ? connections * batchCount : connections
  const frames = messagesFor(effort, load.frames, parts)
  const warmUp = warmUpFor(frames, parts)
  const port = await server.call('listen', way)
  await devices.call('open', { port, seed: effort.seed, devices: connections, frameBytes, acknowledged })
  await devices.call('send', warmUp)
  await server.call('reached', warmUp)
  await server.call('start')
  const outcome = await devices.call('send', frames)
  await server.call('reached', warmUp + frames)
  const usage = await server.call('stop')
  await devices.call('close')
  // Counted once more after the end, so that what came twice is seen too.
  const received = (await server.call('count')) - warmUp
  return {
    figures: messageFigures(usage, frames),
    sent: outcome.sent,
    received,
    ...(acknowledged && { acknowledged: outcome.acknowledged }),
  }
}
