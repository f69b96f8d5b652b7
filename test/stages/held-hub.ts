import { setImmediate as turn } from 'node:timers/promises'
import { activeStream } from '../../src/core/active-stream.ts'
import { Connection } from '../../src/core/connection.ts'
import type { Batch, BatchReceipt, Command, Receipt, Report, Telemetry } from '../../src/core/items.ts'
import { telemetry } from '../../src/core/items.ts'
import type { Hub, HubSession } from '../../src/hub/port.ts'
import { type HubOptions, hub } from '../../src/stages/hub.ts'

interface Call {
  readonly operation: 'send' | 'report'
  readonly tags: unknown[]
  readonly messages: readonly (Telemetry | Report)[]
  answer(error?: Error): void
}

/** A hub whose every answer the test gives by hand. It has one session. */
export class HeldHub implements Hub, HubSession {
  readonly can = { batch: true, outcomes: ['complete', 'abandon', 'reject'], methods: true, twin: true } as const
  /** Sends and reports that wait for their answer. */
  readonly waiting: Call[] = []
  readonly calls: Call[] = []
  readonly settled: Receipt<Command>[] = []
  /** What happened to the session, in order. */
  readonly events: string[] = []
  /** Commands that were asked for, given or not. */
  asked = 0
  /** What settling a command leads to. */
  settling = (): Promise<void> => Promise.resolve()
  closeError: Error | undefined
  #commands: Command[] = []
  #wake = () => {}

  open(): Promise<HubSession> {
    this.events.push('open')
    return Promise.resolve(this)
  }

  send(messages: readonly Telemetry[]): Promise<void> {
    return this.#call('send', messages)
  }

  report(report: Report): Promise<void> {
    return this.#call('report', [report])
  }

  async *commands(): AsyncGenerator<Command> {
    for (;;) {
      this.asked++
      while (this.#commands.length === 0 && !this.closed) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
      if (this.closed) return
      yield this.#commands.shift() as Command
    }
  }

  settle(receipt: Receipt<Command>): Promise<void> {
    this.settled.push(receipt)
    this.events.push(`settle ${receipt.of.id}`)
    return this.settling()
  }

  close(): Promise<void> {
    this.events.push('close')
    this.#wake()
    return this.closeError === undefined ? Promise.resolve() : Promise.reject(this.closeError)
  }

  get closed(): boolean {
    return this.events.includes('close')
  }

  /** Queues commands for the device. */
  command(...commands: Command[]): void {
    this.#commands.push(...commands)
    this.#wake()
  }

  /** Answers the call that waits longest, and lets what follows from it happen. */
  async answer(error?: Error): Promise<void> {
    const call = this.waiting.shift()
    if (call === undefined) throw new Error('no call waits for an answer')
    call.answer(error)
    await turn()
  }

  #call(operation: Call['operation'], messages: readonly (Telemetry | Report)[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const tags = messages.map(({ tag }) => tag)
      const call: Call = {
        operation,
        tags,
        messages,
        answer: (error) => (error === undefined ? resolve() : reject(error)),
      }
      this.calls.push(call)
      this.waiting.push(call)
    })
  }
}

/** A batch of messages with these tags, or of these messages. */
export function batchOf(...messages: (number | Telemetry | Report)[]): Batch {
  return {
    kind: 'batch',
    messages: messages.map((each) => (typeof each === 'number' ? telemetry(Buffer.of(), { tag: each }) : each)),
    bytes: 0,
  }
}

/** What a batch's receipt says about each of its messages: its tag and outcome, or the code of its error. */
export function outcomes({ of, outcome, exceptions }: BatchReceipt): unknown[] {
  return of.messages.map((message) => [message.tag, exceptions.get(message)?.code ?? outcome])
}

/** The endpoint alone, for a device that is already known. */
export async function endpoint(options: HubOptions = {}, to: HeldHub = new HeldHub()) {
  const connection = new Connection({ id: 'c', pipeline: 'p' })
  const refused: [code: string, stage: string | undefined, items: readonly unknown[]][] = []
  connection.onRefused((error, items) => refused.push([error.code, error.stage, items]))
  const stream = activeStream(hub(to, options).open(connection) as never)
  await connection.identify({ deviceId: 'd1', credentials: { type: 'policy' } })
  await turn()
  const taken: unknown[] = []
  return {
    to,
    connection,
    refused,
    stream,
    /** Tags of the first message of each batch that was taken, that is, whose write was called back. */
    taken,
    write: async (...items: (Batch | Receipt<Command>)[]) => {
      for (const item of items) {
        stream.write(item, () => {
          if (item.kind === 'batch') taken.push(item.messages[0]?.tag)
        })
      }
      await turn()
    },
    read: async () => {
      const item: unknown = stream.read()
      await turn()
      return item as BatchReceipt | Command | null
    },
    end: async () => {
      stream.end()
      await turn()
    },
  }
}
