import { GatewayError } from '../../core/errors.ts'
import { modbusDtu } from '../../pipelines/modbus-dtu.ts'
import { ByteSearch, type SeenFrame, type SeenPacket } from '../../stages/modbus/byte-search.ts'
import { commonHeartbeats, commonRegistrations } from '../../stages/modbus/common-packets.ts'
import { Overheard } from '../../stages/modbus/overheard.ts'
import { exceptionBit } from '../../stages/modbus/rtu-response.ts'
import { modbusRequest, modbusResponse } from '../../stages/schemas/modbus-rtu.ts'
import { ModbusDtuDevice, simulatedPlan } from '../devices/modbus-dtu.ts'
import type { ReadyProtocol } from '../ready-protocol.ts'

/** Under which name a device goes that has not registered, in `headgate decode`. */
const nameless = 'modbus'

/**
 * `modbusDtu` for the program. `decode` polls nothing: it knows the packets of {@link commonRegistrations} and {@link commonHeartbeats},
 * takes frames of both directions as they come, and calls a device `modbus` that has not registered.
 */
export const modbusDtuReady: ReadyProtocol = {
  name: 'modbusDtu',
  decode: (to) =>
    modbusDtu(to, {
      unsolicited: 'telemetry',
      defaultId: nameless,
      envelope: true,
      heartbeats: true,
      exceptions: true,
      batch: { maxCount: 1, lingerMs: 0 },
    }),
  annotate,
  simulated: (to) => modbusDtu(to, { plan: simulatedPlan(1000) }),
  device: ({ index }) => new ModbusDtuDevice(index),
}

/** A table for each frame and packet, a line for what lies between them. Throws where there is neither. */
function annotate(bytes: Buffer): string {
  const search = new ByteSearch([...commonRegistrations.map(({ packet }) => packet), ...commonHeartbeats])
  search.anyFrame = true
  const overheard = new Overheard(false)
  const tables: string[] = []
  let noise: number[] = []
  let isKnown = false
  const endNoise = () => {
    if (noise.length > 0) tables.push(`noise: ${Buffer.from(noise).toString('hex')}\n`)
    noise = []
  }
  for (let at = 0; at < bytes.length; ) {
    const seen = search.at(bytes, at, false)
    if (seen.kind === 'packet' || seen.kind === 'frame') {
      isKnown = true
      endNoise()
      tables.push(tableOf(bytes.subarray(at, at + seen.bytes), seen, overheard))
      at += seen.bytes
    } else {
      noise.push(bytes[at] as number)
      at++
    }
  }
  endNoise()
  if (isKnown) return tables.join('\n')
  // What is wrong with it says the schema of what it may be.
  const { error, fields } = modbusResponse.annotate(bytes)
  if (fields.length > 2) return modbusResponse.describe(bytes)
  throw error ?? new GatewayError('BAD_CONTENT', `${bytes.length} bytes hold no frame and no packet`)
}

function tableOf(bytes: Buffer, seen: SeenPacket | SeenFrame, overheard: Overheard): string {
  if (seen.kind === 'packet') {
    const fields = Object.entries(seen.fields).map(([name, value]) => `  ${name}: ${value}\n`)
    return `packet: ${bytes.toString('hex')}\n${fields.join('')}`
  }
  const { kind, function: code } = overheard.decode(bytes, seen.isRequest, seen.isResponse)
  if (kind === 'request') return `request of function ${code}\n${modbusRequest.describe(bytes)}`
  const what = ((bytes[1] as number) & exceptionBit) === 0 ? 'response' : 'exception'
  return `${what} of function ${code}\n${modbusResponse.describe(bytes)}`
}
