import { serve } from '../../src/gateway/serve.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { CommandSupply } from '../parts/command-supply.ts'
import { commandingHub } from '../parts/commanding-hub.ts'
import { listenWithCommands } from '../parts/plain-commands.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'

/** Who brings the commands to the devices: a loop without stages, or a pipeline. */
export type CommandWay = 'plain' | 'headgate'

const supply = new CommandSupply()
const clock = new UsageClock()

const commandServer = {
  /** Resolves with the port. */
  async listen(way: CommandWay): Promise<number> {
    if (way === 'plain') return listenWithCommands(supply)
    const stages = jsonLines(commandingHub(supply), { authenticator: byPolicy() })
    const gateway = await serve(stages, { port: 0, host: '127.0.0.1' })
    return gateway.address.port
  },

  /** So many commands for every device; resolves with what it took until `total` were completed since the beginning. */
  async give(each: number, total: number): Promise<Usage> {
    clock.start()
    supply.add(each)
    await supply.reached(total)
    return clock.stop()
  },

  given: (): number => supply.given,

  settled: (): number => supply.settled,
}

/** What the command server process answers. */
export type CommandServer = typeof commandServer

answer(commandServer)
