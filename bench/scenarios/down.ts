import { messageFigures } from '../parts/usage.ts'
import type { CommandDevices } from '../processes/command-devices.ts'
import type { CommandServer, CommandWay } from '../processes/command-server.ts'
import type { Processes } from '../processes.ts'
import { type Effort, type Measured, messagesFor, type Row, type Scenario, warmUpFor } from '../scenario.ts'

const devices = 1000
const usualCommands = 200_000

/** Commands to many devices at once: encoding, writing, the answers, settling. */
export const downScenario: Scenario = {
  name: 'down',
  about: `commands of some 170 bytes to ${devices} devices, eight at most unanswered on each, from a hub in the process that has the next at once; devices
answer complete; heard at the devices, settled at the hub. plain: sockets, a writer and a line parser by hand`,
  ratios: [{ name: `down/${devices}/headgate:plain`, of: 'headgate', to: 'plain', figure: 'cpuUsPerMessage' }],
  rows: (['plain', 'headgate'] as const).map(
    (way): Row => ({ name: way, measure: (processes, effort) => measure(processes, effort, way) }),
  ),
}

async function measure(processes: Processes, effort: Effort, way: CommandWay): Promise<Measured> {
  const server = processes.measured<CommandServer>('command-server')
  const fleet = processes.other<CommandDevices>('command-devices')
  const commands = messagesFor(effort, usualCommands, devices)
  const warmUp = warmUpFor(commands, devices)
  const port = await server.call('listen', way)
  await fleet.call('open', port, devices)
  const failed = fleet.call('failed')
  await Promise.race([server.call('give', warmUp / devices, warmUp), failed])
  const heardBefore = await fleet.call('heard')
  const usage = await Promise.race([server.call('give', commands / devices, warmUp + commands), failed])
  return {
    figures: messageFigures(usage, commands),
    sent: (await server.call('given')) - warmUp,
    received: (await fleet.call('heard')) - heardBefore,
    acknowledged: (await server.call('settled')) - warmUp,
  }
}
