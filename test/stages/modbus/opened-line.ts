import type { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { Connection } from '../../../src/core/connection.ts'
import type { GatewayError } from '../../../src/core/errors.ts'
import { type CommandOptions, command, receipt } from '../../../src/core/items.ts'
import type { Messages } from '../../../src/core/levels.ts'
import { modbus } from '../../../src/stages/modbus/modbus.ts'
import type { ModbusOptions } from '../../../src/stages/modbus/modbus-options.ts'
import { encodeRequest, type RtuRequest } from '../../../src/stages/modbus/rtu-request.ts'

/** The stage alone, between a device and a hub that are both the test. Timers may be mocked; what comes is there after a few turns. */
export class OpenedLine {
  readonly connection: Connection
  readonly up: Duplex
  readonly down: Duplex
  readonly items: Messages['up'][] = []
  /** Requests to the device, in hexadecimal. */
  readonly requests: string[] = []
  readonly refused: { readonly error: GatewayError; readonly items: readonly unknown[] }[] = []
  readonly #commands = { count: 0 }

  constructor(options: ModbusOptions, peer = { address: '192.0.2.1', port: 502 }) {
    this.connection = new Connection({ id: 'line', pipeline: 'line', peer })
    this.connection.onRefused((error, items) => this.refused.push({ error, items }))
    const { up, down } = modbus(options).open(this.connection)
    this.up = up as Duplex
    this.down = down as Duplex
    this.up.on('data', (item) => this.items.push(item))
    this.down.on('data', (request: Buffer) => this.requests.push(request.toString('hex')))
  }

  /** The device says something; resolves when that has been looked at. */
  async device(...chunks: readonly (Buffer | string)[]): Promise<void> {
    for (const chunk of chunks) this.up.write(Buffer.from(chunk as Buffer))
    await this.settled()
  }

  /** Its hello is believed. */
  async welcome(): Promise<void> {
    const hello = this.items.findLast(({ kind }) => kind === 'hello')
    if (hello?.kind !== 'hello') throw new Error('no hello has come')
    await this.connection.identify({ deviceId: hello.deviceId, credentials: { type: 'policy' } })
    this.down.write(receipt(hello, 'complete'))
    await this.settled()
  }

  /** A command from the hub; its id. */
  async command(body: unknown, options: CommandOptions & { readonly id?: string } = {}): Promise<string> {
    const id = options.id ?? `c${++this.#commands.count}`
    this.down.write(command(id, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), options))
    await this.settled()
    return id
  }

  /** Everything that follows from what was written has happened. */
  async settled(): Promise<void> {
    for (let turns = 0; turns < 6; turns++) await turn()
  }

  /** Bodies of the messages that went up. */
  get bodies(): Record<string, unknown>[] {
    return this.items.flatMap((item) => (item.kind === 'telemetry' ? [JSON.parse(item.body.toString())] : []))
  }

  /** How commands were settled. */
  get settlements(): unknown[] {
    return this.items.flatMap((item) =>
      item.kind === 'receipt' ? [[item.of.id, item.outcome, item.error?.code, item.response]] : [],
    )
  }

  get codes(): string[] {
    return this.refused.map(({ error }) => error.code)
  }
}

/** A request in hexadecimal. */
export function asked(request: RtuRequest): string {
  return encodeRequest(request).toString('hex')
}
