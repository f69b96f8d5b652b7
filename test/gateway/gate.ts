import { EventEmitter, once } from 'node:events'
import type { TestContext } from 'node:test'
import type { Log } from '../../src/core/connection.ts'
import type { Pipeline } from '../../src/core/pipeline.ts'
import { type Gateway, type ServeOptions, serve } from '../../src/gateway/serve.ts'
import { type MemoryHub, memoryHub } from '../../src/hub/memory.ts'
import { type JsonLinesOptions, jsonLines } from '../../src/pipelines/json-lines.ts'
import { RawDevice } from './raw-device.ts'

/** A log that remembers, and on which lines can be awaited. */
export class Logbook implements Log {
  readonly entries: { readonly level: string; readonly fields: object; readonly message: string }[] = []
  readonly #changes = new EventEmitter().setMaxListeners(0)
  readonly debug = this.#keeper('debug')
  readonly info = this.#keeper('info')
  readonly warn = this.#keeper('warn')
  readonly error = this.#keeper('error')

  /** Outcomes of the connections that ended, in order. */
  get outcomes(): string[] {
    return this.entries
      .filter(({ message }) => message === 'connection ended')
      .map(({ fields }) => (fields as { outcome: string }).outcome)
  }

  /** Resolves with the outcomes when that many connections have ended. */
  async ended(count: number): Promise<string[]> {
    while (this.outcomes.length < count) await once(this.#changes, 'change')
    return this.outcomes
  }

  #keeper(level: string): (fields: object, message: string) => void {
    return (fields, message) => {
      this.entries.push({ level, fields, message })
      this.#changes.emit('change')
    }
  }
}

/** A gateway on free ports that serves jsonLines to a hub in process, closed when the test ends. */
export interface Gate {
  readonly gateway: Gateway
  readonly hub: MemoryHub
  readonly log: Logbook
  readonly port: number
  device(firstWords?: string): Promise<RawDevice>
}

export interface GateOptions extends ServeOptions {
  readonly hub?: MemoryHub
  readonly lines?: JsonLinesOptions
  /** Instead of jsonLines. */
  readonly pipeline?: Pipeline
}

/** Sends every reading at once: tests do not wait for a batch to fill. */
export const atOnce: JsonLinesOptions = { batch: { maxCount: 1 } }

export async function openGate(t: TestContext, options: GateOptions = {}): Promise<Gate> {
  const { hub = memoryHub(), lines = atOnce, pipeline = jsonLines(hub, lines), ...serving } = options
  const log = new Logbook()
  const gateway = await serve(pipeline, { port: 0, host: '127.0.0.1', log, ...serving })
  const devices: RawDevice[] = []
  t.after(async () => {
    for (const { socket } of devices) socket.destroy()
    await gateway.close()
  })
  const { port } = gateway.address
  return {
    gateway,
    hub,
    log,
    port,
    async device(firstWords) {
      const device = await RawDevice.connect(port, firstWords)
      devices.push(device)
      return device
    },
  }
}

/** Resolves after so many turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Servers, sockets and timers that keep this process alive, once what was closed is gone. */
export async function liveResources(): Promise<string[]> {
  await turns(20)
  const lasting = /^(TCP|TLS|Timeout|FSEvent|ChildProcess)/
  return process
    .getActiveResourcesInfo()
    .filter((each) => lasting.test(each))
    .sort()
}

/** The value of one metric, undefined where it is not exposed. */
export async function metric(
  gateway: Gateway,
  name: string,
  labels: Record<string, string>,
): Promise<number | undefined> {
  const { text } = await gateway.metrics.expose()
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  for (const line of text.split('\n')) {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line)
    const given = match?.[2]?.split(',') ?? []
    if (match?.[1] === name && wanted.every((each) => given.includes(each))) return Number(match[3])
  }
  return undefined
}
