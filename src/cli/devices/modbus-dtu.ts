import { checked } from '../../stages/checked.ts'
import { measuredBy } from '../../stages/measured-by.ts'
import type { Bit } from '../../stages/modbus/packed-bits.ts'
import type { PollPlan } from '../../stages/modbus/poll-plan.ts'
import { registersFor } from '../../stages/modbus/register-values.ts'
import { rtuCheck } from '../../stages/modbus/rtu-crc.ts'
import { coilOn, type DecodedRequest, decodeRequest } from '../../stages/modbus/rtu-request.ts'
import { encodeException, encodeResponse } from '../../stages/modbus/rtu-response.ts'
import type { DeviceSpeech, Heard, SpokenReport } from '../device-speech.ts'

/** What stands behind the IMEI in the registration of simulated devices, one of the common ones: as in the manual of the HF2411. */
const registrationTail = Buffer.of(0, 1, 2, 3)

/** A plan for simulated devices: a meter as unit 1. Each table of unit 1 has 100 places; there is no other unit. */
export function simulatedPlan(intervalMs: number): PollPlan {
  return [
    {
      name: 'climate',
      unit: 1,
      function: 4,
      address: 0,
      points: [
        { name: 'temperature_c', type: 'i16', scale: 0.01 },
        { name: 'supply_voltage_v', type: 'u16', scale: 0.01 },
        { name: 'energy_kwh', type: 'f32' },
      ],
      intervalMs,
    },
    { name: 'setpoint_c', unit: 1, function: 3, address: 0, type: 'i16', scale: 0.1, intervalMs },
    { name: 'pump', unit: 1, function: 1, address: 0, count: 4, intervalMs },
    { name: 'door', unit: 1, function: 2, address: 0, count: 2, intervalMs },
  ]
}

/** Its table of each kind has so many coils, inputs or registers. */
const tableSize = 100

/** After so many replies a heartbeat goes before the next one. */
const repliesToHeartbeat = 10

const heartbeat = Buffer.from('ping')

/** What cuts the requests of a gateway. */
const framing = checked(
  measuredBy({
    maxLength: 256,
    headerLength: 2,
    measure: (header) => {
      const code = header[1] as number
      if (code >= 1 && code <= 6) return 8
      if (code !== 15 && code !== 16) return 'corrupt'
      return header.length < 7 ? { need: 7 } : 9 + (header[6] as number)
    },
  }),
  rtuCheck,
)

/**
 * A DTU with one meter behind it: registers by an IMEI with a tail, answers functions 1 to 6, 15 and 16 as unit 1, with exceptions where
 * it must, and sends a heartbeat between replies now and then. Its temperature moves from poll to poll.
 */
export class ModbusDtuDevice implements DeviceSpeech {
  readonly deviceId: string
  readonly framing = framing
  readonly window = 1
  readonly answersReports = false
  readonly isPolled = true
  readonly welcomed = true
  readonly #coils: Bit[] = new Array(tableSize).fill(0)
  readonly #inputs: Bit[] = new Array(tableSize).fill(0)
  readonly #holding: number[] = new Array(tableSize).fill(0)
  readonly #input: number[] = new Array(tableSize).fill(0)
  #replies = 0

  /** `index` from 1; it makes the IMEI. */
  constructor(index: number) {
    this.deviceId = `35${String(index).padStart(13, '0')}`
    this.#holding[0] = 215
    this.#inputs[1] = 1
  }

  hello(): readonly Buffer[] {
    return [Buffer.concat([Buffer.from(this.deviceId), registrationTail])]
  }

  /** Never asked for: it is polled. */
  report(): SpokenReport {
    return { bytes: Buffer.alloc(0), key: undefined }
  }

  hear(frame: Buffer): readonly Heard[] {
    const asked = decodeRequest(rtuCheck.write(frame))
    if (asked.unit > 1) return [{ kind: 'unexpected', reason: `there is no unit ${asked.unit}` }]
    const isRead = asked.function <= 4
    const reply = this.#reply(asked)
    if (asked.unit === 0) return isRead ? [] : [{ kind: 'command', id: String(asked.function) }]
    const bytes = ++this.#replies % repliesToHeartbeat === 0 ? Buffer.concat([heartbeat, reply]) : reply
    const done: Heard = isRead ? { kind: 'polled' } : { kind: 'command', id: String(asked.function) }
    return [done, { kind: 'say', bytes }]
  }

  #reply(asked: DecodedRequest): Buffer {
    const { unit, function: code, address, quantity = 1 } = asked
    if (address + quantity > tableSize) return encodeException(unit, code, 2)
    this.#move()
    switch (code) {
      case 1:
      case 2: {
        const table = code === 1 ? this.#coils : this.#inputs
        return encodeResponse({ unit, function: code, bits: table.slice(address, address + quantity) })
      }
      case 3:
      case 4: {
        const table = code === 3 ? this.#holding : this.#input
        return encodeResponse({ unit, function: code, registers: table.slice(address, address + quantity) })
      }
      default:
        return this.#write(asked)
    }
  }

  #write(asked: DecodedRequest): Buffer {
    const { unit, function: code, address, value = 0, quantity = 0, bits = [], registers = [] } = asked
    if (code === 5 || code === 6) {
      if (code === 5) this.#coils[address] = value === coilOn ? 1 : 0
      else this.#holding[address] = value
      return encodeResponse({ unit, function: code, address, value })
    }
    this.#coils.splice(address, bits.length, ...bits)
    this.#holding.splice(address, registers.length, ...registers)
    return encodeResponse({ unit, function: code === 15 ? 15 : 16, address, quantity })
  }

  /** The meter's values as the next poll finds them. */
  #move(): void {
    const temperature = 21 + 3 * Math.sin(this.#replies / 20)
    const registers = [
      ...registersFor(temperature, { type: 'i16', scale: 0.01 }),
      ...registersFor(12 + Math.cos(this.#replies / 7) / 10, { type: 'u16', scale: 0.01 }),
      ...registersFor(1000 + this.#replies / 100, { type: 'f32' }),
    ]
    this.#input.splice(0, registers.length, ...registers)
  }
}
