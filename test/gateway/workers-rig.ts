import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { helloLine, RawDevice } from './raw-device.ts'

export interface Question {
  readonly ask: 'pids' | 'metrics' | 'reload' | 'drain' | 'close'
}

/** What the primary says. */
export type Said =
  | { readonly port: number; readonly adminPort: number; readonly pids: readonly number[] }
  | { readonly failed: string; readonly code: string | undefined }
  | { readonly pids: readonly number[] }
  | { readonly metrics: string }
  | { readonly done: string }

const program = fileURLToPath(new URL('./workers-program.js', import.meta.url))

/** A program whose gateway has workers. */
export class WorkersProgram {
  readonly child: ChildProcess
  #said: Said[] = []
  #heard: (() => void) | undefined

  constructor(t: TestContext, environment: Readonly<Record<string, string>> = {}) {
    this.child = fork(program, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    this.child.on('message', (said) => {
      this.#said.push(said as Said)
      this.#heard?.()
    })
    t.after(async () => {
      if (this.child.exitCode !== null || this.child.signalCode !== null) return
      const ended = once(this.child, 'exit')
      this.child.kill('SIGKILL')
      await ended
    })
  }

  /** The first thing said that has this member. */
  async said<K extends string>(member: K): Promise<Extract<Said, Record<K, unknown>>> {
    for (;;) {
      const index = this.#said.findIndex((each) => member in each)
      if (index >= 0) return this.#said.splice(index, 1)[0] as Extract<Said, Record<K, unknown>>
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
  }

  ask(ask: Question['ask']): void {
    this.child.send({ ask } satisfies Question)
  }

  async pids(): Promise<readonly number[]> {
    this.ask('pids')
    return (await this.said('pids')).pids
  }

  /** The value of a metric over all workers; undefined where it is not exposed. */
  async metric(name: string): Promise<number | undefined> {
    this.ask('metrics')
    const { metrics } = await this.said('metrics')
    const values = metrics
      .split('\n')
      .flatMap((line) =>
        line.startsWith(`${name}{`) || line.startsWith(`${name} `)
          ? [Number(line.slice(line.lastIndexOf(' ') + 1))]
          : [],
      )
    return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0)
  }

  /** Connects devices, welcome. */
  async devices(t: TestContext, port: number, ...ids: readonly string[]): Promise<RawDevice[]> {
    const devices: RawDevice[] = []
    for (const id of ids) {
      const device = await RawDevice.connect(port, helloLine(id))
      t.after(() => device.socket.destroy())
      await device.line()
      devices.push(device)
    }
    return devices
  }
}

/** Resolves when a process is gone. */
export async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}
