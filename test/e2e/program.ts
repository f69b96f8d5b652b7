import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import split2 from 'split2'

// The program as users get it; `npm test` builds it first. This file runs from build/test/e2e.
export const programFile = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))

/** What `--json` announces. */
export interface Announcement {
  readonly gateway: readonly { readonly pipeline: string; readonly port: number }[]
  readonly admin: { readonly port: number }
  readonly emulator: { readonly port: number; readonly ca: string; readonly connectionString: string }
  readonly devices: readonly { readonly deviceId: string; readonly key: string }[]
}

/** A headgate process, its ports chosen by the system. */
export class Program {
  readonly #child: ChildProcess
  readonly #exited: Promise<number | null>
  stdout = ''
  stderr = ''

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const ports = { HEADGATE_PORT: '0', HEADGATE_ADMIN_PORT: '0', HEADGATE_EMULATOR_PORT: '0' }
    this.#child = spawn(process.execPath, [programFile, ...args], {
      env: { ...process.env, ...ports, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.#exited = once(this.#child, 'close').then(([code]) => code as number | null)
  }

  /** The first line on standard output, parsed. Rejects if the program ends before. */
  async announcement(): Promise<Announcement> {
    return JSON.parse(await this.output(/^(.*)\n/)) as Announcement
  }

  /** Resolves with what `pattern` matched in standard output (its first group if it has one), once it does. */
  async output(pattern: RegExp): Promise<string> {
    for (;;) {
      const match = pattern.exec(this.stdout)
      if (match !== null) return match[1] ?? match[0]
      if (this.#child.exitCode !== null) throw new Error(`the program ended: ${this.stderr}`)
      await Promise.race([once(this.#child.stdout as NodeJS.ReadableStream, 'data'), this.#exited])
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Resolves with the exit code. */
  exited(): Promise<number | null> {
    return this.#exited
  }

  /** For `after` hooks: ends the process if a test left it. */
  async end(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL')
    await this.#exited
  }
}

/** A device with a socket of its own: write lines, await lines. */
export class LineDevice {
  readonly socket: Socket
  readonly #lines: AsyncIterator<string>

  constructor(port: number) {
    this.socket = connect({ port, host: 'localhost', noDelay: true, allowHalfOpen: true })
    this.#lines = this.socket.pipe(split2())[Symbol.asyncIterator]() as AsyncIterator<string>
  }

  write(...messages: (object | string)[]): void {
    for (const message of messages) {
      this.socket.write(typeof message === 'string' ? message : `${JSON.stringify(message)}\n`)
    }
  }

  /** The next line as JSON; undefined after the gateway's FIN. */
  async next(): Promise<Record<string, unknown> | undefined> {
    const { done, value } = await this.#lines.next()
    return done ? undefined : (JSON.parse(value) as Record<string, unknown>)
  }
}
