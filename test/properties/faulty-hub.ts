import { type ErrorCode, GatewayError } from '../../src/core/errors.ts'
import type { Identity, Report, Telemetry } from '../../src/core/items.ts'
import { type Hub, type HubSession, type HubSessionContext, PartialSendError } from '../../src/hub/port.ts'
import { type MemoryHub, memoryHub } from '../../src/testing.ts'

/** What the hub does with a message: takes it, refuses it alone, or fails the whole send that carries it. */
export type Fate = 'accept' | { readonly refuse: ErrorCode } | { readonly fail: ErrorCode }

/**
 * A memory hub whose answers depend on the message alone, not on how messages were batched: with one fate list the same
 * messages fare the same in every run. Fates are picked by the number in the message body.
 */
export class FaultyHub implements Hub {
  readonly memory: MemoryHub
  readonly #fates: readonly Fate[]

  constructor(fates: readonly Fate[], memory: MemoryHub = memoryHub()) {
    this.memory = memory
    this.#fates = fates
  }

  get can(): Hub['can'] {
    return this.memory.can
  }

  async open(device: Identity, context: HubSessionContext): Promise<HubSession> {
    const session = await this.memory.open(device, context)
    return {
      send: (messages) => this.#send(session, messages),
      report: (report) => this.#report(session, report),
      commands: (stopped) => session.commands(stopped),
      settle: (receipt) => session.settle(receipt),
      close: () => session.close(),
    }
  }

  async #send(session: HubSession, messages: readonly Telemetry[]): Promise<void> {
    const failures = new Map<Telemetry, GatewayError>()
    for (const message of messages) {
      const fate = this.#fateOf(message.body.toString())
      if (fate === 'accept') continue
      if ('fail' in fate) throw new GatewayError(fate.fail, 'all of this send')
      failures.set(message, new GatewayError(fate.refuse, 'this message'))
    }
    const accepted = messages.filter((message) => !failures.has(message))
    if (accepted.length > 0) await session.send(accepted)
    if (failures.size > 0) throw new PartialSendError(failures)
  }

  async #report(session: HubSession, report: Report): Promise<void> {
    const fate = this.#fateOf(JSON.stringify(report.patch))
    if (fate === 'accept') return session.report(report)
    throw new GatewayError('fail' in fate ? fate.fail : fate.refuse, 'this report')
  }

  #fateOf(text: string): Fate {
    const number = Number(/\d+/.exec(text)?.[0] ?? 0)
    return this.#fates[number % Math.max(1, this.#fates.length)] ?? 'accept'
  }
}
