import { closeSync, fstatSync, openSync } from 'node:fs'
import { GatewayError } from '../core/errors.ts'
import { workerPlace } from '../core/worker-place.ts'
import { type DeadLetterSink, deadLetterSink, inRange, type SinkOptions } from './dead-letter-sink.ts'
import { checkDescribeOptions, type DescribeOptions, describeDeadLetter } from './describe-dead-letter.ts'
import { RotatedFile } from './rotated-file.ts'

/** Options of {@link deadLetterFile}. */
export interface DeadLetterFileOptions extends SinkOptions, DescribeOptions {
  /** The file; its folder must exist. It is made with mode 0600, since devices' data is in it. A worker adds `.worker-N` to its name. */
  readonly path: string
  /** Size at which it becomes `path.1`, 4096 to 1099511627776; default 67108864 (64 MiB). A single longer line has a file of its own. */
  readonly maxBytes?: number
  /** Rotated files that are kept, `path.1` the newest, 1 to 1000; default 5. */
  readonly keep?: number
}

/**
 * Appends dead letters to a file, one JSON object a line: see `DeadLetterLine`; `headgate replay` reads it. For one process a file. A line
 * that a crash cut short is ended before the next. What the disk does not take is dropped and counted. Throws `CONFIGURATION` for options
 * out of range and a file that cannot be written.
 */
export function deadLetterFile(options: DeadLetterFileOptions): DeadLetterSink {
  const name = 'deadLetterFile'
  const { maxBytes = 67_108_864, keep = 5 } = options
  const place = workerPlace()
  const path = place === undefined ? options.path : `${options.path}.worker-${place.number}`
  const describe = checkDescribeOptions(name, options)
  const file = new RotatedFile(path, {
    maxBytes: inRange(name, 'maxBytes', maxBytes, 4096, 1_099_511_627_776),
    keep: inRange(name, 'keep', keep, 1, 1000),
  })
  const sink = deadLetterSink<Buffer>(
    {
      name,
      make: (letter, connection) =>
        Buffer.from(`${JSON.stringify(describeDeadLetter(letter, connection, describe))}\n`),
      bytesOf: ({ length }) => length,
      write: (lines) => file.append(lines),
    },
    options,
  )
  assertWritable(path)
  return sink
}

/** A wrong path is told when the gateway starts, not with the first letter. */
function assertWritable(path: string): void {
  let isFile: boolean
  try {
    const descriptor = openSync(path, 'a+', 0o600)
    isFile = fstatSync(descriptor).isFile()
    closeSync(descriptor)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new GatewayError('CONFIGURATION', `deadLetterFile: cannot write ${path}: ${code}`, { cause })
  }
  if (!isFile) throw new GatewayError('CONFIGURATION', `deadLetterFile: ${path} is not a regular file`)
}
