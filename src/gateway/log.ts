import pino from 'pino'
import type { Log } from '../core/connection.ts'

/** Levels of {@link createLog}. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

// Fields that could carry a credential if a caller logged a whole item; what headgate itself logs never holds one.
const secretFields = [
  'key',
  'sas',
  'credentials',
  'authorization',
  'Authorization',
  'connectionString',
  'SharedAccessKey',
]

/** A structured log (pino): one JSON object a line on standard error, credentials redacted. */
export function createLog(level: LogLevel = 'info'): Log {
  const destination = pino.destination({ dest: 2, sync: true })
  // A full disk behind standard error must not end a gateway that works: its log goes silent, its metrics go on.
  destination.on('error', () => undefined)
  const paths = secretFields.flatMap((field) => [field, `*.${field}`])
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths, censor: '[secret]' },
    },
    destination,
  )
}

/** A log whose every line carries the given fields. */
export function bindLog(log: Log, fields: object): Log {
  return new BoundLog(log, fields)
}

/** A class, since every connection has one. */
class BoundLog implements Log {
  readonly #log: Log
  readonly #fields: object

  constructor(log: Log, fields: object) {
    this.#log = log
    this.#fields = fields
  }

  debug(more: object, message: string): void {
    this.#log.debug({ ...this.#fields, ...more }, message)
  }

  info(more: object, message: string): void {
    this.#log.info({ ...this.#fields, ...more }, message)
  }

  warn(more: object, message: string): void {
    this.#log.warn({ ...this.#fields, ...more }, message)
  }

  error(more: object, message: string): void {
    this.#log.error({ ...this.#fields, ...more }, message)
  }
}
