import { type ChildProcess, fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { GatewayOptions } from '../../src/gateway/serve.ts'
import { RawDevice } from './raw-device.ts'

/** What the program of a {@link WatchedGateway} is to do. */
export interface Plan {
  readonly options: GatewayOptions & {
    readonly port: number
    readonly host?: string
    readonly tls?: { readonly key: string; readonly cert: string }
  }
  /** Default: a memory hub in each worker. */
  readonly hub?: { readonly connectionString: string; readonly ca: string }
  readonly spoolDir?: string
  /** While this file is there, workers cannot start. */
  readonly brokenIfThere?: string
}

/** What the program says. */
export type Said =
  | { readonly said: 'listening'; readonly port: number; readonly adminPort: number | undefined }
  | { readonly said: 'log'; readonly level: string; readonly fields: object; readonly message: string }
  | { readonly said: 'done'; readonly call: string; readonly result: unknown }
  | {
      readonly said: 'failed'
      readonly call: string
      readonly code: string | undefined
      readonly message: string
      readonly port?: number | undefined
    }

interface LogLine {
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

const program = fileURLToPath(new URL('./watched-program.js', import.meta.url))

/** A gateway with workers: a process of its own that watches over others. */
export class WatchedGateway {
  readonly log: LogLine[] = []
  readonly #child: ChildProcess
  readonly #exited: Promise<number | null>
  readonly #allEnded: Promise<unknown>
  readonly #changes = new EventEmitter().setMaxListeners(0)
  readonly #said: Said[] = []
  readonly #devices: RawDevice[] = []
  stderr = ''
  port = 0
  adminPort: number | undefined

  constructor(plan: Plan) {
    const env = { ...process.env, WATCHED_PLAN: JSON.stringify(plan) }
    this.#child = fork(program, { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.#child.on('message', (said: Said) => {
      if (said.said === 'log') this.log.push({ message: said.message, fields: { ...said.fields } })
      else this.#said.push(said)
      this.#changes.emit('change')
    })
    // Workers have its standard error too.
    this.#allEnded = once(this.#child, 'close')
    this.#exited = once(this.#child, 'exit').then(([code]) => {
      this.#changes.emit('change')
      return code as number | null
    })
  }

  /** Starts one that listens; everything is gone when the test has ended. */
  static async start(
    t: TestContext,
    plan: Omit<Plan, 'options'> & { readonly options?: Partial<Plan['options']> },
  ): Promise<WatchedGateway> {
    const options = { port: 0, host: '127.0.0.1', workers: 2, ...plan.options }
    const gateway = new WatchedGateway({ ...plan, options })
    t.after(() => gateway.end())
    await gateway.listening()
    return gateway
  }

  /** Rejects with what `serve` rejects with. */
  async listening(): Promise<void> {
    const said = await this.#next(
      (each) => each.said === 'listening' || (each.said === 'failed' && each.call === 'serve'),
    )
    if (said.said !== 'listening') throw Object.assign(new Error('serve'), said)
    this.port = said.port
    this.adminPort = said.adminPort
  }

  /** Calls a method of the gateway where it is; rejects with what that rejects with. */
  async call(call: string, argument?: number): Promise<unknown> {
    this.#child.send({ call, argument })
    const said = await this.#next((each) => (each.said === 'done' || each.said === 'failed') && each.call === call)
    if (said.said === 'failed') throw Object.assign(new Error('call'), said)
    return said.said === 'done' ? said.result : undefined
  }

  /** The sum of a metric over its samples with these labels; undefined where there are none. */
  async metric(name: string, ...labels: readonly string[]): Promise<number | undefined> {
    const lines = String(await this.call('scrape')).split('\n')
    const found = lines.filter((line) => {
      return (
        (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && labels.every((label) => line.includes(label))
      )
    })
    if (found.length === 0) return undefined
    return found.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  }

  /** Scrapes until the metric has the value. */
  async until(value: number, name: string, ...labels: readonly string[]): Promise<void> {
    while ((await this.metric(name, ...labels)) !== value) {
      // What is waited for is in other processes.
    }
  }

  /** The process ids of workers that have listened, the latest last, of a number. */
  pids(number: number): number[] {
    const listened = this.log.filter(
      ({ message, fields }) => message === 'a worker listens' && fields.worker === number,
    )
    return listened.map(({ fields }) => fields.pid as number)
  }

  /** Resolves when so many lines of the log say so. */
  async logged(message: string, count = 1): Promise<LogLine[]> {
    const found = () => this.log.filter((line) => line.message === message)
    while (found().length < count) await once(this.#changes, 'change')
    return found()
  }

  async device(firstWords?: string): Promise<RawDevice> {
    const device = await RawDevice.connect(this.port, firstWords)
    this.#devices.push(device)
    return device
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Resolves with the exit code of the process that watches. */
  exited(): Promise<number | null> {
    return this.#exited
  }

  /** Resolves when the workers have ended too. */
  async allEnded(): Promise<void> {
    await this.#allEnded
  }

  /** Ends what a test has left. */
  async end(): Promise<void> {
    for (const { socket } of this.#devices) socket.destroy()
    this.#child.kill('SIGKILL')
    await this.#exited
    await this.#allEnded
  }

  async #next(isWanted: (said: Said) => boolean): Promise<Said> {
    for (;;) {
      const at = this.#said.findIndex(isWanted)
      if (at >= 0) return this.#said.splice(at, 1)[0] as Said
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw new Error(`it ended: ${this.stderr}`)
      await once(this.#changes, 'change')
    }
  }
}

/** True while there is such a process, or nobody has taken note of its end. */
export function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
