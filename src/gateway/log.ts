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
  return {
    debug: (more, message) => log.debug({ ...fields, ...more }, message),
    info: (more, message) => log.info({ ...fields, ...more }, message),
    warn: (more, message) => log.warn({ ...fields, ...more }, message),
    error: (more, message) => log.error({ ...fields, ...more }, message),
  }
}
