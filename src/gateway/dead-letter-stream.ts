import type { Writable } from 'node:stream'
import { type DeadLetterSink, deadLetterSink, type LostLetters, type SinkOptions } from './dead-letter-sink.ts'
import {
  checkDescribeOptions,
  type DeadLetterLine,
  type DescribeOptions,
  describeDeadLetter,
} from './describe-dead-letter.ts'

/** Options of {@link deadLetterStream}. */
export interface DeadLetterStreamOptions extends SinkOptions, DescribeOptions {}

interface Waiting {
  readonly line: DeadLetterLine
  readonly text: string
}

/**
 * Writes dead letters into a stream of yours: in object mode a `DeadLetterLine` each, else lines of JSON. One write at a time, the next
 * when the stream has called back; what waits meanwhile is bounded. What the stream fails to take is dropped and counted, and its errors
 * are told by that alone. Closing waits for the last write and leaves the stream open. Throws `CONFIGURATION` for options out of range.
 */
export function deadLetterStream(writable: Writable, options: DeadLetterStreamOptions = {}): DeadLetterSink {
  const name = 'deadLetterStream'
  const describe = checkDescribeOptions(name, options)
  const sink = deadLetterSink<Waiting>(
    {
      name,
      make(letter, connection) {
        const line = describeDeadLetter(letter, connection, describe)
        return { line, text: `${JSON.stringify(line)}\n` }
      },
      bytesOf: ({ text }) => Buffer.byteLength(text),
      write: (letters) =>
        writable.writableObjectMode ? writeObjects(writable, letters) : writeText(writable, letters),
    },
    options,
  )
  // Without a listener an error of the stream would end the process; the callback of the write says the same.
  writable.on('error', () => undefined)
  return sink
}

async function writeObjects(writable: Writable, letters: readonly Waiting[]): Promise<LostLetters | undefined> {
  let lost: LostLetters | undefined
  for (const { line } of letters) {
    const error = await written(writable, line)
    if (error !== undefined) lost = { count: (lost?.count ?? 0) + 1, error }
  }
  return lost
}

async function writeText(writable: Writable, letters: readonly Waiting[]): Promise<LostLetters | undefined> {
  const error = await written(writable, letters.map(({ text }) => text).join(''))
  return error === undefined ? undefined : { count: letters.length, error }
}

function written(writable: Writable, chunk: string | DeadLetterLine): Promise<Error | undefined> {
  return new Promise((resolve) => {
    // A stream that is destroyed calls back what it holds, but for a write that its own code never finishes.
    const closed = () => resolve(new Error('the stream was closed'))
    writable.once('close', closed)
    writable.write(chunk, (error) => {
      writable.off('close', closed)
      resolve(error ?? undefined)
    })
  })
}
