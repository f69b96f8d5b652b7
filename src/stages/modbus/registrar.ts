import type { Connection } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import { type Hello, hello } from '../../core/items.ts'
import { isDeviceId } from '../hub-names.ts'
import type { SeenPacket } from './byte-search.ts'
import { packetBody } from './dtu-readings.ts'
import type { ModbusSettings } from './modbus-options.ts'

/** Who a DTU is, as far as it or its connection has said. */
export class Registrar {
  readonly #settings: ModbusSettings
  readonly #connection: Connection
  /** The id that a hello went up with. */
  #greetedAs: string | undefined
  /** The id that registration packets had so far. */
  #registeredAs: string | undefined

  constructor(settings: ModbusSettings, connection: Connection) {
    this.#settings = settings
    this.#connection = connection
  }

  /** True once something else than a hello may go up. */
  get isKnown(): boolean {
    return this.#greetedAs !== undefined || this.#connection.identity !== undefined
  }

  /** The hello of a device that the connection itself tells. */
  byConnection(): Hello | undefined {
    const deviceId = this.#settings.identity?.(this.#connection)
    if (deviceId === undefined) return undefined
    if (!isDeviceId(deviceId)) throw new GatewayError('CONFIGURATION', 'modbus: identity gave what is no device id')
    this.#greetedAs = deviceId
    this.#registeredAs = deviceId
    return hello({ deviceId })
  }

  /** The hello of a device that says something without having said who it is, where that has a name. */
  byDefault(): Hello | undefined {
    const { defaultId } = this.#settings
    if (this.isKnown || defaultId === undefined) return undefined
    this.#greetedAs = defaultId
    return hello({ deviceId: defaultId })
  }

  /**
   * The hello that a packet makes; undefined where it is no registration, says the same once more, or the connection has told already.
   * Throws `BAD_HELLO` for what is no device id.
   */
  byPacket(seen: SeenPacket, bytes: Buffer): Hello | undefined {
    const rule = this.#settings.registration.find(({ packet }) => packet === seen.pattern)
    if (rule === undefined) return undefined
    const { fields } = seen
    const said = rule.deviceId?.(fields) ?? fields[rule.packet.firstField ?? '']
    if (!isDeviceId(said)) throw new GatewayError('BAD_HELLO', 'a registration packet makes no device id of IoT Hub')
    if (this.#registeredAs === said) return undefined
    if (this.#registeredAs !== undefined && this.#settings.identity !== undefined) return undefined
    // Who has gone by another name before its first packet (the default, or one that was given to a log that is pasted) keeps that.
    const before =
      this.#registeredAs === undefined ? (this.#greetedAs ?? this.#connection.identity?.deviceId) : undefined
    const deviceId = before ?? said
    this.#registeredAs = said
    this.#greetedAs = deviceId
    return hello({ deviceId }, undefined, packetBody(seen, bytes, this.#settings))
  }
}
