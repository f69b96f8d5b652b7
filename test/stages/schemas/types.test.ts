import { test } from 'node:test'
import type { gt06Location } from '../../../src/stages/schemas/gt06-location.ts'
import type { jt808Message } from '../../../src/stages/schemas/jt808-message.ts'
import type { modbusRequest } from '../../../src/stages/schemas/modbus-rtu.ts'
import type { teltonikaAvl } from '../../../src/stages/schemas/teltonika-avl.ts'
import type { ValueOf } from '../../../src/struct.ts'

/** Compiles only where both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

function holds<_ extends true>(): void {}

interface Jt808 {
  id: number
  attributes: {
    reserved: boolean
    version2019: boolean
    subpackage: boolean
    encryption: number
    body_length: number
  }
  terminal_id: string
  serial: number
  body: Buffer
  protocol_version?: number
  subpackage?: { total: number; index: number }
}

type Plain<T> = { [K in keyof T]: T[K] }

type Requested<K> = Extract<ValueOf<typeof modbusRequest>['request'], { kind: K }>['value']
type Located<K> = Extract<ValueOf<typeof gt06Location>['location'], { kind: K }>['value']
type Packet<K> = Extract<ValueOf<typeof teltonikaAvl>['data'], { kind: K }>['value']

test('the types that schemas decode to are inferred: this file compiles', () => {
  holds<Same<ValueOf<typeof jt808Message>, Plain<Jt808>>>()
  holds<Same<Requested<'readInputRegisters'>, { address: number; quantity: number }>>()
  holds<Same<Requested<'writeMultipleRegisters'>, { address: number; quantity: number; registers: number[] }>>()
  holds<Same<Requested<'writeMultipleCoils'>['bits'], Buffer>>()
  holds<Same<Located<'gpsAndCell'>['cell'], { mcc: number; mnc: number; lac: number; cell_id: number }>>()
  holds<Same<Located<'gps'>['device_time'], string>>()
  holds<Same<Located<'gps'>['course']['north'], boolean>>()
  holds<Same<Packet<'codec8'>['records'][number]['timestamp_ms'], number>>()
  holds<Same<Packet<'codec8Extended'>['records'][number]['io_x'], { id: number; value: Buffer }[]>>()
  holds<Same<Packet<'codec16'>['records'][number]['io8'], { id: number; value: string }[]>>()
  // @ts-expect-error: records of codec 8 have no values of variable length
  holds<Same<Packet<'codec8'>['records'][number]['io_x'], never>>()
})
