import { GatewayError } from '../../core/errors.ts'
import type { Command } from '../../core/items.ts'
import type { Secret } from '../../core/secret.ts'
import { decodeServerMessage } from './server-message.ts'
import { commandBytes } from './wire.ts'

/** A command as a device gets it, and how its answer will name it. */
export interface WrittenCommand {
  readonly bytes: Buffer
  readonly report: string
  readonly serial: string
}

/** What {@link writeCommand} is given besides the command. */
export interface CommandWriting {
  /** The password of the device; undefined where none is known. */
  readonly password: Secret | undefined
  /** Gives a serial that no waiting command has. */
  serial(): string
}

/**
 * The command that a cloud-to-device message or a direct method means:
 *
 * ```
 * body AT+GTRTO=gmt100,0,,,,,,0014$                              as it stands
 * body {"command":"GTRTO","parameters":["0","","","","",""]}     AT+GTRTO=<password>,0,,,,,,<serial>$
 * name GTRTO, body {"parameters":[0,"","","","",""]}, or [0,…],  the same
 *   or none
 * ```
 * Parameters are texts, numbers, or null for an empty one.
 *
 * Errors: `NOT_SUPPORTED` for desired properties, `BAD_CONTENT` for a body that is neither, for parameters that hold `,`, `$` or control
 * characters, and where a password is needed and there is none. They quote nothing: a command holds a password.
 */
export function writeCommand(command: Command, writing: CommandWriting): WrittenCommand {
  if (command.via === 'desired') throw new GatewayError('NOT_SUPPORTED', 'a tracker has no desired properties')
  const text = command.body.toString().trim()
  if (text.startsWith('AT+')) return asGiven(text)
  const { report, parameters } = requestOf(command.name, text)
  const { password } = writing
  if (password === undefined) throw bad('a command without its password needs the option password')
  const serial = writing.serial()
  return { bytes: commandBytes(report, password.reveal(), parameters, serial), report, serial }
}

function asGiven(text: string): WrittenCommand {
  const message = isPlain(text.slice(0, -1)) && text.endsWith('$') ? decodeServerMessage(text.slice(0, -1)) : undefined
  if (message?.kind !== 'command') {
    throw bad(`a command of ${text.length} characters is not AT+GTxxx=password,…,serial$ with a serial of 4 digits`)
  }
  return { bytes: Buffer.from(text), report: message.report, serial: message.command_serial }
}

interface CommandRequest {
  readonly report: string
  readonly parameters: readonly string[]
}

function requestOf(name: string | undefined, text: string): CommandRequest {
  const { command = name, parameters = [], ...others } = membersOf(text === '' ? null : parsed(text))
  if (Object.keys(others).length > 0) {
    // Sent without them, it would be another command than the one that was meant.
    throw bad('the body of a command has other members than command and parameters')
  }
  if (typeof command !== 'string' || !/^GT[A-Z\d]{2,6}$/.test(command)) {
    throw bad('a command names no message such as GTRTO, in its name or in the member command of its body')
  }
  if (!Array.isArray(parameters)) throw bad('the parameters of a command are no list')
  return { report: command, parameters: parameters.map(parameterText) }
}

function membersOf(body: unknown): Readonly<Record<string, unknown>> {
  if (body === null) return {}
  if (Array.isArray(body)) return { parameters: body }
  if (typeof body === 'object') return body as Readonly<Record<string, unknown>>
  throw bad('the body of a command is neither an object with its parameters nor a list of them')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw bad(`a command of ${text.length} characters is neither AT+GTxxx=…$ nor JSON`)
  }
}

function parameterText(value: unknown, index: number): string {
  const text = value === null ? '' : typeof value === 'number' ? String(value) : value
  if (typeof text === 'string' && isPlain(text) && !text.includes(',')) return text
  throw bad(
    `parameter ${index + 1} of a command is neither a number nor a text without comma, $ and control characters`,
  )
}

/** True for a text that a device takes for one. */
export function isPlain(text: string): boolean {
  return !/[\p{Cc}$]/u.test(text)
}

function bad(message: string): GatewayError {
  return new GatewayError('BAD_CONTENT', message)
}
