import { type Pipeline, pipeline } from '../core/pipeline.ts'
import type { Hub } from '../hub/port.ts'
import { authenticate } from '../stages/authenticate.ts'
import { byPolicy } from '../stages/authenticators.ts'
import { batch } from '../stages/batch.ts'
import { enrich } from '../stages/enrich.ts'
import { hub } from '../stages/hub.ts'
import { commonHeartbeats, commonRegistrations } from '../stages/modbus/common-packets.ts'
import { modbus } from '../stages/modbus/modbus.ts'
import type { ModbusOptions } from '../stages/modbus/modbus-options.ts'
import type { DeviceOptions } from './device-options.ts'

/**
 * Options of {@link modbusDtu}. Without `registration` and `identity`, {@link commonRegistrations} are known; without `heartbeat`,
 * {@link commonHeartbeats}.
 */
export interface ModbusDtuOptions extends DeviceOptions, ModbusOptions {}

/**
 * Modbus RTU over TCP from DTUs that dial in: the gateway polls by a plan, named values go up, commands write. {@link modbus} has its
 * wire, docs/protocols/modbus-dtu.md the whole.
 */
export function modbusDtu(to: Hub, options: ModbusDtuOptions = {}): Pipeline {
  const registration = options.registration ?? (options.identity === undefined ? commonRegistrations : [])
  return pipeline(
    'modbusDtu',
    modbus({ ...options, registration, heartbeat: options.heartbeat ?? commonHeartbeats }),
    authenticate(options.authenticator ?? byPolicy()),
    enrich(options.enrichments ?? {}),
    batch(options.batch),
    hub(to, options.hub),
  )
}
