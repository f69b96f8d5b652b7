import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** What to run as a gateway. */
export interface GatewayCommand {
  /** Default: this Node. */
  readonly program?: string
  readonly args: readonly string[]
  /** Beside those of this process. */
  readonly env?: Readonly<Record<string, string>>
}

/** How a process ended. */
export interface GatewayExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** How many of the last lines of standard error are kept. */
const keptLines = 50

/**
 * A gateway in a process of its own, to be stopped, continued, ended and killed. It prints a JSON object as its first line once it listens,
 * as `headgate serve --json` does.
 */
export class GatewayProcess {
  /** What it announced. */
  readonly announcement: Readonly<Record<string, unknown>>
  readonly #child: ChildProcess
  readonly #errors: string[]
  readonly #exited: Promise<GatewayExit>

  private constructor(
    child: ChildProcess,
    announcement: Record<string, unknown>,
    exited: Promise<GatewayExit>,
    errors: string[],
  ) {
    this.#child = child
    this.announcement = announcement
    this.#exited = exited
    this.#errors = errors
  }

  /** Resolves when it listens. Rejects with what it wrote to standard error where it ends before. */
  static async start({ program = process.execPath, args, env = {} }: GatewayCommand): Promise<GatewayProcess> {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const errors: string[] = []
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      errors.push(line)
      if (errors.length > keptLines) errors.shift()
    })
    const exited = once(child, 'exit').then(([code, signal]): GatewayExit => ({ code, signal }))
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    const first = once(lines, 'line').then(([line]) => line as string)
    const announced = await Promise.race([first, exited])
    if (typeof announced !== 'string') {
      throw new Error(
        `the gateway ended (${announced.signal ?? announced.code}) before it listened:\n${errors.join('\n')}`,
      )
    }
    return new GatewayProcess(child, JSON.parse(announced) as Record<string, unknown>, exited, errors)
  }

  get pid(): number {
    return this.#child.pid as number
  }

  /** The last lines of its standard error. */
  get errors(): readonly string[] {
    return this.#errors
  }

  /** SIGKILL: nothing of it is finished. Resolves when it is gone. */
  kill(): Promise<GatewayExit> {
    return this.#end('SIGKILL')
  }

  /** SIGTERM: it drains. Resolves when it has ended. */
  terminate(): Promise<GatewayExit> {
    return this.#end('SIGTERM')
  }

  /** SIGSTOP: it stands still, and its sockets stay open. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  /** SIGCONT. */
  resume(): void {
    this.#child.kill('SIGCONT')
  }

  async #end(signal: NodeJS.Signals): Promise<GatewayExit> {
    this.#child.kill(signal)
    // One that stands still would not hear it.
    this.#child.kill('SIGCONT')
    return this.#exited
  }
}
