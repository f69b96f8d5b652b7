import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { GatewayError } from '../core/errors.ts'
import { wholeInRange } from './option-range.ts'

/** Options of {@link gatewayProcess}. */
export interface GatewayProcessOptions {
  /** True where the file is a script of its own, rather than a module for `headgate serve`. It says its first line as `serve --json` does. */
  readonly isScript?: boolean
  /** The program that serves a module; default: the one of this package. */
  readonly programFile?: string
  /** More arguments. */
  readonly args?: readonly string[]
  /** Beside this process's own. */
  readonly environment?: Readonly<Record<string, string>>
  /** How soon it must have said its first line, 1 to 600000; default 60000. */
  readonly readyTimeoutMs?: number
}

interface Announcement {
  readonly gateway?: readonly { readonly port: number }[]
}

/** How much of what it says on standard error is kept. */
const keptErrorCharacters = 16_384

/** A gateway in a process of its own, to be killed. Its ports are chosen by the system, and kept when it is started again. */
export class GatewayProcess {
  readonly #file: string
  readonly #options: GatewayProcessOptions
  #child: ChildProcess | undefined
  #exited: Promise<number | null> = Promise.resolve(null)
  #announcement: Announcement = {}
  #errors = ''

  /** Called by {@link gatewayProcess}. */
  constructor(file: string, options: GatewayProcessOptions) {
    wholeInRange('gatewayProcess', 'readyTimeoutMs', options.readyTimeoutMs ?? 60_000, 1, 600_000)
    this.#file = file
    this.#options = options
  }

  /** The first line that it said, parsed. */
  get announcement(): unknown {
    return this.#announcement
  }

  /** Where its first pipeline listens. */
  get port(): number {
    const port = this.#announcement.gateway?.[0]?.port
    if (port === undefined) throw new Error(`${this.#file} announced no port`)
    return port
  }

  /** The last that it said on standard error. */
  get errors(): string {
    return this.#errors
  }

  /** The process id; undefined when it does not run. */
  get pid(): number | undefined {
    return this.#isRunning ? this.#child?.pid : undefined
  }

  /**
   * Starts it, unless it runs; resolves when it has said its first line. `port` is where it shall listen: by default where it listened before.
   * Rejects where it ends or takes too long.
   */
  async start(port?: number): Promise<void> {
    if (this.#isRunning) return
    const {
      isScript = false,
      programFile = program,
      args = [],
      environment = {},
      readyTimeoutMs = 60_000,
    } = this.#options
    const before = this.#announcement.gateway?.[0]?.port ?? 0
    const ports = { HEADGATE_PORT: String(port ?? before), HEADGATE_ADMIN_PORT: '0' }
    const command = isScript ? [this.#file] : [programFile, 'serve', this.#file, '--json']
    const child = spawn(process.execPath, [...command, ...args], {
      env: { ...process.env, ...ports, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    this.#exited = once(child, 'close').then(([code]) => code as number | null)
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-keptErrorCharacters)
    })
    this.#announcement = JSON.parse(await this.#firstLine(child, readyTimeoutMs)) as Announcement
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL')
    await this.#exited
  }

  /** SIGTERM; resolves with the exit code when it has drained and ended. */
  async term(): Promise<number | null> {
    this.#signal('SIGTERM')
    return this.#exited
  }

  /** SIGSTOP: it stands still, its sockets stay. */
  freeze(): void {
    this.#signal('SIGSTOP')
  }

  /** SIGCONT. */
  thaw(): void {
    this.#signal('SIGCONT')
  }

  get #isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  #signal(name: NodeJS.Signals): void {
    if (this.#isRunning) this.#child?.kill(name)
  }

  async #firstLine(child: ChildProcess, readyTimeoutMs: number): Promise<string> {
    let said = ''
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
        reject(new GatewayError('CONFIGURATION', `${this.#file} said nothing within ${readyTimeoutMs} ms`))
      }, readyTimeoutMs)
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        if (said.includes('\n')) return
        said += text
        if (!said.includes('\n')) return
        clearTimeout(timer)
        resolve(said.slice(0, said.indexOf('\n')))
      })
      void this.#exited.then((code) => {
        clearTimeout(timer)
        const message = `${this.#file} ended with ${code} before it was ready: ${this.#errors}`
        reject(new GatewayError('CONFIGURATION', message))
      })
    })
  }
}

const program = fileURLToPath(new URL('../cli/main.js', import.meta.url))

/**
 * Starts `headgate serve FILE` in a process of its own, or a script; resolves when it listens. Rejects with `CONFIGURATION` and what it said
 * where it does not.
 */
export async function gatewayProcess(file: string, options: GatewayProcessOptions = {}): Promise<GatewayProcess> {
  const gateway = new GatewayProcess(file, options)
  await gateway.start()
  return gateway
}
