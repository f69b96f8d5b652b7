import { isSerial } from './message.ts'

/** An acknowledgement of a server, as a log may hold it. */
export interface ServerSack {
  readonly kind: 'sack'
  /** `GTHBD` where it answers a heartbeat. */
  readonly report?: string
  readonly protocol_version?: string
  readonly count: string
}

/** A command of a server. Its password is left out. */
export interface ServerCommand {
  readonly kind: 'command'
  /** Such as `GTRTO`. */
  readonly report: string
  readonly parameters: readonly string[]
  readonly command_serial: string
}

/** Reads what only servers say, a text up to before `$`; undefined for anything else. */
export function decodeServerMessage(text: string): ServerSack | ServerCommand | undefined {
  const [, ofReport, report = '', protocol_version = '', count = ''] =
    /^\+SACK:((GT[A-Z\d]{2,6}),([\dA-Za-z]{0,16}),)?([\dA-Fa-f]{4})$/.exec(text) ?? []
  if (count !== '') return { kind: 'sack', ...(ofReport !== undefined && { report, protocol_version }), count }
  const [, command, fields = ''] = /^AT\+(GT[A-Z\d]{2,6})=([^,]*,.*)$/s.exec(text) ?? []
  if (command === undefined) return undefined
  const [, ...parameters] = fields.split(',')
  const command_serial = parameters.pop() as string
  return isSerial(command_serial) ? { kind: 'command', report: command, parameters, command_serial } : undefined
}
