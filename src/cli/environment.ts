import { readFileSync } from 'node:fs'
import { GatewayError } from '../core/errors.ts'
import type { LogLevel } from '../gateway/log.ts'
import { parseConnectionString } from '../hub/connection-string.ts'

/** What the program is told by variables and flags; a flag wins. Ports are 0 to 65535. */
export interface Settings {
  /** Connection string of the hub; undefined is the embedded emulator. Holds a secret. */
  readonly hub: string | undefined
  /** PEM of the authorities to trust for the hub. */
  readonly hubCa: string | undefined
  readonly port: number
  readonly adminPort: number
  readonly adminHost: string
  readonly emulatorPort: number
  readonly logLevel: LogLevel
  /** How long draining may take at SIGTERM. */
  readonly drainMs: number
  /** Worker processes that serve, 1 to 256; undefined is this process. */
  readonly workers: number | undefined
}

/** The flags that say the same as a variable. */
export interface SettingFlags {
  readonly port?: string
  readonly adminPort?: string
  readonly adminHost?: string
  readonly emulatorPort?: string
  readonly logLevel?: string
  readonly drainMs?: number
  readonly workers?: string
}

const logLevels = ['debug', 'info', 'warn', 'error', 'silent']

/** Reads the settings. Throws one `CONFIGURATION` that names every fault, and no secret. */
export function readSettings(flags: SettingFlags, environment: NodeJS.ProcessEnv): Settings {
  const faults: string[] = []
  const port = (name: string, flag: string | undefined, variable: string, fallback: number): number => {
    const text = flag ?? environment[variable] ?? String(fallback)
    if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
    faults.push(`${flag === undefined ? variable : `--${name}`} is not a port from 0 to 65535${quoted(text)}`)
    return fallback
  }
  const hub = environment.HEADGATE_HUB
  if (hub !== undefined) checkHub(hub, faults)
  const logLevel = flags.logLevel ?? environment.HEADGATE_LOG_LEVEL ?? 'info'
  if (!logLevels.includes(logLevel)) faults.push(`the log level is none of ${logLevels.join(', ')}${quoted(logLevel)}`)
  const settings: Settings = {
    hub,
    hubCa: readCa(environment.HEADGATE_HUB_CA, faults),
    port: port('port', flags.port, 'HEADGATE_PORT', 9000),
    adminPort: port('admin-port', flags.adminPort, 'HEADGATE_ADMIN_PORT', 9100),
    adminHost: flags.adminHost ?? '127.0.0.1',
    emulatorPort: port('emulator-port', flags.emulatorPort, 'HEADGATE_EMULATOR_PORT', 8443),
    logLevel: logLevel as LogLevel,
    drainMs: flags.drainMs ?? 10_000,
    workers: readWorkers(flags.workers, environment.HEADGATE_WORKERS, faults),
  }
  if (faults.length > 0) throw new GatewayError('CONFIGURATION', faults.join('\n'))
  return settings
}

function readWorkers(flag: string | undefined, variable: string | undefined, faults: string[]): number | undefined {
  const text = flag ?? variable
  if (text === undefined) return undefined
  const workers = Number(text)
  if (/^\d{1,3}$/.test(text) && workers >= 1 && workers <= 256) return workers
  faults.push(`${flag === undefined ? 'HEADGATE_WORKERS' : '--workers'} is not a number from 1 to 256${quoted(text)}`)
  return undefined
}

/** A value that is short and plain; anything else may be a secret that was put into the wrong variable. */
function quoted(text: string): string {
  return /^[\w.+-]{1,8}$/.test(text) ? `: ${text}` : ''
}

/** A path, unless it looks like a connection string. */
function pathOf(text: string): string {
  return /[=;]/.test(text) ? '' : `: ${text}`
}

function checkHub(connectionString: string, faults: string[]): void {
  try {
    parseConnectionString(connectionString)
  } catch (error) {
    faults.push(`HEADGATE_HUB: ${(error as GatewayError).message}`)
  }
}

function readCa(path: string | undefined, faults: string[]): string | undefined {
  if (path === undefined) return undefined
  try {
    const pem = readFileSync(path, 'utf8')
    if (!pem.includes('-----BEGIN CERTIFICATE-----'))
      faults.push(`HEADGATE_HUB_CA: the file holds no PEM certificate${pathOf(path)}`)
    return pem
  } catch (error) {
    faults.push(`HEADGATE_HUB_CA: cannot read the file: ${(error as NodeJS.ErrnoException).code}${pathOf(path)}`)
    return undefined
  }
}
