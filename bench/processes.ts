import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Remote } from './remote.ts'

/** How long a process may take to end by itself before it is killed. */
const endMs = 5000

/** Where a CPU profile goes. */
export interface Profile {
  readonly dir: string
  readonly name: string
}

/** The processes of one row. All of them have ended when {@link Processes.end} resolves. */
export class Processes {
  readonly #profile: Profile | undefined
  readonly #children: ChildProcess[] = []

  /** What {@link Processes.measured} starts writes a CPU profile if it is told where. */
  constructor(profile?: Profile) {
    this.#profile = profile
  }

  /** Starts the process that the row measures. */
  measured<Methods>(name: string, flags: readonly string[] = []): Remote<Methods> {
    return this.#fork(name, [...flags, ...(this.#profile === undefined ? [] : profileFlags(this.#profile))])
  }

  /** Starts a generator or a far end, whose costs are not the row's. */
  other<Methods>(name: string): Remote<Methods> {
    return this.#fork(name, [])
  }

  /** Ends every process: each ends itself when its channel is cut, and is killed if it does not. */
  async end(): Promise<void> {
    await Promise.all(this.#children.map(endChild))
  }

  #fork<Methods>(name: string, execArgv: string[]): Remote<Methods> {
    const path = fileURLToPath(new URL(`./processes/${name}.js`, import.meta.url))
    // Standard output is for results: what a process prints goes to standard error.
    const child = fork(path, { execArgv, stdio: ['ignore', 2, 2, 'ipc'] })
    this.#children.push(child)
    return new Remote<Methods>(name, child)
  }
}

function profileFlags({ dir, name }: Profile): string[] {
  return ['--cpu-prof', `--cpu-prof-dir=${dir}`, `--cpu-prof-name=${name.replace(/[^\w.]+/g, '-')}.cpuprofile`]
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  if (child.connected) child.disconnect()
  const kill = setTimeout(() => child.kill('SIGKILL'), endMs)
  await ended
  clearTimeout(kill)
}
