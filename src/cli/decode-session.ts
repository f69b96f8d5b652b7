import { finished } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Messages } from '../core/levels.ts'
import { type AnyStage, Pipeline } from '../core/pipeline.ts'
import type { Ring } from '../core/ring.ts'
import type { Half } from '../core/stage.ts'
import { stage } from '../core/stage.ts'
import type { Hub, HubSession } from '../hub/port.ts'
import { decodedLine, downLine, errorLine } from './decode-lines.ts'

/** What the hub of a {@link DecodeSession} does with every message. */
export type HubAnswer = 'accept' | 'reject' | 'hold'

/** Options of {@link DecodeSession}. */
export interface DecodeSessionOptions {
  readonly hub: HubAnswer
  /** Identified as this device from the start. */
  readonly hello: string | undefined
  /** Every piece of bytes is a frame of its own: what is left of one is refused, and the next begins anew. */
  readonly framed: boolean
}

/** A turn of the event loop without anything new, so often, means that all has come. */
const quietTurns = 8

/** A stage that never answers must not hold the program. */
const longestWaitMs = 2000

/** One device's connection as `headgate decode` shows it: bytes in, lines out that say what went up, what was answered and what was refused. */
export class DecodeSession {
  readonly #blueprint: Pipeline
  readonly #options: DecodeSessionOptions
  #ring: Ring | undefined
  /** The outermost up half, which knows whether it waits for more bytes. */
  #deframer: unknown
  #deviceId: string | undefined
  #lines: string[] = []
  #activity = 0
  /** Hellos and readings that went up, less the receipts that came down. */
  #owed = 0
  #ended = false
  #identityChanged = false

  /** `make` gives the pipeline for a hub, as `ReadyProtocol.decode`. */
  constructor(make: (to: Hub) => Pipeline, options: DecodeSessionOptions) {
    this.#options = options
    this.#deviceId = options.hello
    this.#blueprint = this.#watched(make(answering(options.hub)))
  }

  /** Gives chunks to the pipeline, one after the other; resolves with what came of them. */
  async push(...chunks: readonly Buffer[]): Promise<string[]> {
    const told = await this.#told(chunks)
    if (!this.#identityChanged || !this.#options.framed) return told
    // A log that was pasted may hold several devices: the next one has its own connection.
    await this.#close()
    this.#deviceId = undefined
    // What the one before left unfinished is still its own.
    const left = this.#taken()
    return [...left, ...(await this.#told(chunks))]
  }

  /** The device's FIN; resolves with what came of it. */
  async end(): Promise<string[]> {
    await this.#close()
    return this.#taken()
  }

  async #told(chunks: readonly Buffer[]): Promise<string[]> {
    this.#identityChanged = false
    const ring = this.#ring ?? (await this.#open())
    for (const chunk of chunks) ring.stream.write(chunk)
    await this.#settled()
    const waits = this.#options.framed && ((this.#deframer as { heldBytes?: number } | undefined)?.heldBytes ?? 0) > 0
    if (waits || ring.halted || ring.stream.destroyed) await this.#close()
    return this.#taken()
  }

  async #open(): Promise<Ring> {
    const { name } = this.#blueprint
    const connection = new Connection({ id: 'decode', pipeline: name, peer: { address: '127.0.0.1', port: 0 } })
    this.#owed = 0
    this.#ended = false
    const ring = this.#blueprint.open(connection)
    this.#ring = ring
    ring.stream.on('data', (bytes: Buffer) => this.#tell(downLine(bytes)))
    finished(ring.stream, () => {
      this.#ended = true
    })
    if (this.#deviceId !== undefined) {
      connection.greeted = true
      await connection.identify({ deviceId: this.#deviceId, credentials: { type: 'policy' } })
    }
    return ring
  }

  async #close(): Promise<void> {
    const ring = this.#ring
    if (ring === undefined) return
    if (!ring.stream.writableEnded) ring.stream.end()
    await this.#settled()
    ring.destroy()
    this.#ring = undefined
  }

  /** Resolves when everything that will come of what was written has come. */
  async #settled(): Promise<void> {
    const startedAt = performance.now()
    for (let quiet = 0; quiet < quietTurns; quiet++) {
      const before = this.#activity
      await turn()
      const waits = this.#owed > 0 && !this.#ended && this.#options.hub !== 'hold'
      if ((waits || before !== this.#activity) && performance.now() - startedAt < longestWaitMs) quiet = -1
    }
  }

  #taken(): string[] {
    const lines = this.#lines
    this.#lines = []
    return lines
  }

  #tell(line: string): void {
    this.#activity++
    this.#lines.push(line)
  }

  /** The pipeline with a stage that sees what passes between codec and hub, and a policy that hears of every error. */
  #watched(pipeline: Pipeline): Pipeline {
    const [outermost, ...others] = pipeline.stages as [AnyStage, ...AnyStage[]]
    const seen: AnyStage = {
      ...outermost,
      open: (connection) => {
        const halves = outermost.open(connection)
        this.#deframer = halves.up as Half<unknown, unknown, unknown>
        return halves
      },
    }
    const stages = [seen, ...others]
    stages.splice(
      stages.findIndex(({ name }) => name === 'authenticate'),
      0,
      this.#watch() as AnyStage,
    )
    return new Pipeline(pipeline.name, stages, pipeline.endpoint, {
      fuse: pipeline.fuse,
      policy: (error, connection) => {
        this.#identityChanged ||= error.code === 'IDENTITY_CHANGED'
        // What came before a hello has no receipt.
        if (error.code === 'NOT_IDENTIFIED' && error.stage === 'authenticate.up') this.#owed--
        this.#tell(errorLine(error))
        return pipeline.policy(error, connection)
      },
    })
  }

  #watch() {
    return stage<Messages, Messages>('decode', () => ({
      up: (item, out) => {
        if (item.kind === 'hello') this.#deviceId = item.deviceId
        if (item.kind !== 'receipt') this.#owed++
        this.#tell(decodedLine(item, this.#deviceId))
        out.emit(item)
      },
      down: (item, out) => {
        this.#activity++
        if (item.kind === 'receipt') this.#owed--
        out.emit(item)
      },
    }))
  }
}

/** A hub that answers every message in one way and has no commands. */
function answering(answer: HubAnswer): Hub {
  return {
    can: { batch: true, outcomes: ['complete', 'abandon', 'reject'], methods: false, twin: true },
    async open(): Promise<HubSession> {
      const send = async () => {
        if (answer === 'reject')
          throw new GatewayError('HUB_REJECTED', 'the hub was told to reject', { stage: 'hub.up' })
        if (answer === 'hold') await new Promise(() => {})
      }
      return { send, report: send, async *commands() {}, async settle() {}, async close() {} }
    },
  }
}
