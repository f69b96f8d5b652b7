import type { Readable, Writable } from 'node:stream'
import split2 from 'split2'
import { GatewayError } from '../core/errors.ts'
import { errorLine } from './decode-lines.ts'
import { DecodeSession, type HubAnswer } from './decode-session.ts'
import type { ReadyProtocol } from './ready-protocol.ts'

/** What `headgate decode` is told. */
export interface DecodeFlags {
  readonly chunks: boolean
  readonly hub: HubAnswer
  readonly hello?: string
  readonly annotate: boolean
}

/**
 * `headgate decode`: reads hexadecimal, a frame or a chunk a line, and writes what a gateway would make of it, one JSON object a
 * line. Blanks, colons and `0x` between the digits, empty lines, and lines that begin with `#` are ignored.
 */
export async function decode(
  protocol: ReadyProtocol,
  flags: DecodeFlags,
  input: Readable,
  output: Writable,
): Promise<void> {
  const { chunks, hub, hello, annotate } = flags
  const session = new DecodeSession((to) => protocol.decode(to), { hub, hello, framed: !chunks })
  const tell = (lines: readonly string[]) => {
    for (const line of lines) output.write(`${line}\n`)
  }
  let number = 0
  for await (const line of input.pipe(split2())) {
    number++
    const bytes = bytesOf(line as string)
    if (bytes === undefined) tell([errorLine(notHex(number))])
    else if (bytes.length === 0) continue
    else if (annotate) tell([annotated(protocol, bytes)])
    else tell(await session.push(bytes))
  }
  tell(await session.end())
}

function annotated(protocol: ReadyProtocol, bytes: Buffer): string {
  try {
    return protocol.annotate(bytes)
  } catch (thrown) {
    return errorLine(GatewayError.from(thrown, 'annotate'))
  }
}

function bytesOf(line: string): Buffer | undefined {
  if (line.trimStart().startsWith('#')) return Buffer.alloc(0)
  const digits = line.replace(/0x|[\s:,-]/gi, '')
  if (digits.length % 2 !== 0 || !/^[\da-f]*$/i.test(digits)) return undefined
  return Buffer.from(digits, 'hex')
}

function notHex(line: number): GatewayError {
  return new GatewayError('BAD_CONTENT', `line ${line} is not an even number of hexadecimal digits`, {
    stage: 'decode',
  })
}
