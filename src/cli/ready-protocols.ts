import { GatewayError } from '../core/errors.ts'
import { gt06Ready } from './ready/gt06.ts'
import { jt808Ready } from './ready/jt808.ts'
import { mllpReady } from './ready/mllp.ts'
import { modbusDtuReady } from './ready/modbus-dtu.ts'
import { nmeaReady } from './ready/nmea.ts'
import { queclinkReady } from './ready/queclink.ts'
import { teltonikaReady } from './ready/teltonika.ts'
import type { ReadyProtocol } from './ready-protocol.ts'

/** The ready pipelines that `headgate decode` and `headgate simulate` know by name. */
export const readyProtocols: readonly ReadyProtocol[] = [
  teltonikaReady,
  gt06Ready,
  jt808Ready,
  mllpReady,
  modbusDtuReady,
  nmeaReady,
  queclinkReady,
]

/** Their names, as the program's help lists them. */
export function protocolNames(): string {
  return readyProtocols.map(({ name }) => name).join(', ')
}

/** The ready pipeline of a name. Throws `CONFIGURATION`. */
export function readyProtocol(name: string): ReadyProtocol {
  const found = readyProtocols.find((protocol) => protocol.name === name)
  if (found !== undefined) return found
  throw new GatewayError('CONFIGURATION', `there is no pipeline '${name}'; there are ${protocolNames()}`)
}
