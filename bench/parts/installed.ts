import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Skipped } from '../scenario.ts'

/** Where `npm ci --prefix bench/comparators` puts what the project itself does not need; this file runs in build/bench/parts. */
const comparators = fileURLToPath(new URL('../../../bench/comparators', import.meta.url))

/** The last one is not on everyone's path. */
const programDirectories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']

/**
 * The start file of the Node-RED in a directory's `node_modules`; default: `HEADGATE_BENCH_NODE_RED`, else bench/comparators.
 *
 * @throws {Skipped} where it is not installed, or what it uses cannot be measured.
 */
export function nodeRed(directory = process.env.HEADGATE_BENCH_NODE_RED ?? comparators): string {
  requireProc()
  try {
    return createRequire(join(directory, 'package.json')).resolve('node-red/red.js')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw thrown
    throw new Skipped(`node-red is not in ${relative('.', directory)}: npm ci --prefix bench/comparators installs it`)
  }
}

/**
 * The path of syslog-ng, in one of these directories; default: those of the path.
 *
 * @throws {Skipped} where it, or its HTTP destination, is not installed, or what it uses cannot be measured.
 */
export function syslogNg(directories: readonly string[] = programDirectories): string {
  requireProc()
  const program = directories.map((directory) => join(directory, 'syslog-ng')).find(isProgram)
  const wanted = 'Debian: apt-get install syslog-ng-core syslog-ng-mod-http'
  if (program === undefined) throw new Skipped(`syslog-ng is not installed (${wanted})`)
  const version = execFileSync(program, ['--version'], { encoding: 'utf8' })
  if (!/^Available-Modules:.*(?<![-\w])http(?![-\w])/m.test(version))
    throw new Skipped(`syslog-ng has no HTTP module (${wanted})`)
  return program
}

function requireProc(): void {
  if (process.platform !== 'linux') throw new Skipped('other programs are measured through /proc, which only Linux has')
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // Not in this directory.
    return false
  }
}
