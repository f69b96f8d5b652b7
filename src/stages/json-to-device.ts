import { GatewayError } from '../core/errors.ts'
import type { Command, Outcome } from '../core/items.ts'
import type { Messages } from '../core/levels.ts'
import type { Outlet, StepObject } from '../core/stage.ts'
import type { GivenCommands } from './given-commands.ts'
import { jsonBody } from './json-body.ts'

/**
 * What the `jsonLines` protocol says to the device, a line each: `$welcome`, `$ack`, `$nack`, `$command`, as `json` draws them; nothing for the
 * receipt of a reading without `$seq`. The down half of `json`, which gives it the ledger of the commands that its up half finds answers in.
 */
export class JsonEncoder implements StepObject<Messages['down'], string, Messages['up']> {
  readonly #commands: GivenCommands

  constructor(commands: GivenCommands) {
    this.#commands = commands
  }

  push(item: Messages['down'], out: Outlet<string, Messages['up']>): void {
    if (item.kind === 'command') {
      this.#commands.add(item)
      out.emit(encodeCommand(item))
    } else {
      const line = encodeReceipt(item)
      if (line !== undefined) out.emit(line)
    }
  }
}

function encodeReceipt(item: Exclude<Messages['down'], Command>): string | undefined {
  const { of, outcome, error } = item
  if (of.kind === 'hello') {
    return outcome === 'complete'
      ? JSON.stringify({ $welcome: of.deviceId })
      : encodeRefusal(error ?? unexplained(outcome))
  }
  if (of.tag === undefined) return undefined
  if (outcome === 'complete') return `{"$ack":${typeof of.tag === 'number' ? of.tag : JSON.stringify(of.tag)}}`
  return JSON.stringify({ $nack: of.tag, code: (error ?? unexplained(outcome)).code, retry: outcome === 'abandon' })
}

/** The line that tells a device of an error: `{"$error":{"code":"…","message":"…"}}`. */
export function encodeRefusal(error: GatewayError): string {
  // A defect's message, and the hub's, may quote anything; devices get the code only.
  const foreign = error.code === 'BUG' || error.stage?.startsWith('hub.')
  const message = foreign ? 'see the log of the gateway' : error.message
  return JSON.stringify({ $error: { code: error.code, message } })
}

function encodeCommand({ id, via, name, body, properties }: Command): string {
  const head = JSON.stringify({ id, via, name }).slice(0, -1)
  return `{"$command":${head},"body":${jsonBody(body)},"properties":${JSON.stringify(properties)}}}`
}

function unexplained(outcome: Outcome): GatewayError {
  return new GatewayError(outcome === 'abandon' ? 'HUB_UNAVAILABLE' : 'HUB_REJECTED', 'no reason was given')
}
