import { accessSync, constants, createReadStream } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import split2 from 'split2'
import { GatewayError } from '../core/errors.ts'
import { createLog } from '../gateway/log.ts'
import type { ReadFrame } from '../gateway/read-dead-letter.ts'
import { type LetterPlace, type LetterSource, type ReplayReport, replayDeadLetters } from '../gateway/replay.ts'
import { parseConnectionString } from '../hub/connection-string.ts'
import type { Hub } from '../hub/port.ts'
import { connectHub } from './connect-hub.ts'
import type { Settings } from './environment.ts'
import { wireFrame } from './wire-frame.ts'

/** What `headgate replay` is told. */
export interface ReplayFlags {
  readonly code?: string
  readonly dryRun: boolean
  readonly frames: boolean
  readonly from?: number
  readonly json: boolean
}

/** Where it reads `-` from and writes to. */
export interface ReplayStreams {
  readonly input: Readable
  readonly output: Writable
  readonly errors: Writable
}

/**
 * `headgate replay`: sends the readings among dead letters again, to the hub of HEADGATE_HUB. What is damaged or refused is told on
 * `errors`; so is the report where frames are printed, since those are for `headgate decode`. Rejects when anything was damaged, refused
 * or not tried.
 */
export async function replay(
  files: readonly string[],
  flags: ReplayFlags,
  settings: Settings,
  streams: ReplayStreams,
  signal?: AbortSignal,
): Promise<void> {
  assertReadable(files)
  const hub = flags.dryRun ? undefined : connect(settings)
  const { output, errors } = streams
  let report: ReplayReport
  try {
    await hub?.prepare?.()
    report = await replayDeadLetters(
      files.map((file) => sourceOf(file, streams.input)),
      hub,
      {
        ...flags,
        ...(signal !== undefined && { signal }),
        log: createLog(settings.logLevel),
        onProblem: ({ code, message, stage }, { source, line }) => {
          errors.write(
            `${source}:${line}: ${stage === 'replay' && code === 'BAD_CONTENT' ? message : `${code}: ${message}`}\n`,
          )
        },
        ...(flags.frames && { onFrame: (frame, place) => output.write(frameLines(frame, place)) }),
      },
    )
  } finally {
    await hub?.close?.()
  }
  const text = flags.json ? JSON.stringify(report) : words(report, flags.dryRun)
  ;(flags.frames ? errors : output).write(`${text}\n`)
  assertDone(report)
}

/** A name that is wrong is told before anything is sent. */
function assertReadable(files: readonly string[]): void {
  for (const file of files) {
    if (file === '-') continue
    try {
      accessSync(file, constants.R_OK)
    } catch (cause) {
      throw new GatewayError('CONFIGURATION', `cannot read ${file}: ${(cause as NodeJS.ErrnoException).code}`, {
        cause,
      })
    }
  }
}

function connect(settings: Settings): Hub {
  const { hub } = settings
  if (hub === undefined || parseConnectionString(hub).policy === undefined) {
    throw new GatewayError(
      'CONFIGURATION',
      'replay takes a connection string with a policy in HEADGATE_HUB, or --dry-run',
    )
  }
  return connectHub(settings, undefined)
}

function sourceOf(file: string, input: Readable): LetterSource {
  return { name: file, lines: linesOf(() => (file === '-' ? input : createReadStream(file))) }
}

/** Opened when it is its turn. */
async function* linesOf(open: () => Readable): AsyncGenerator<string> {
  const stream = open()
  const lines = split2()
  // An error of the file, such as that there is none, is that of who reads its lines.
  stream.on('error', (error) => lines.destroy(error))
  try {
    for await (const line of stream.pipe(lines)) yield line as string
  } finally {
    stream.destroy()
  }
}

/** For `headgate decode`, which takes what stands behind `#` for a remark. */
function frameLines(frame: ReadFrame, place: LetterPlace): string {
  const { code, pipeline, deviceId, frameHex, isCut, isRedacted } = frame
  const wire = wireFrame(frame)
  const remarks = [
    `${place.source}:${place.line}`,
    pipeline,
    code,
    deviceId,
    isCut ? 'cut' : undefined,
    isRedacted ? 'redacted' : undefined,
    wire === undefined ? 'as its stage was given it' : undefined,
  ]
  return `# ${remarks.filter((each) => each !== undefined).join(' ')}\n${wire ?? frameHex}\n`
}

function words(report: ReplayReport, dryRun: boolean): string {
  const { accepted, refused, altered, frames, others, otherCodes, damaged, stoppedAt } = report
  const counts = [
    `${accepted} readings ${dryRun ? 'to send' : 'accepted'}`,
    `${refused} refused`,
    `${altered} not sent because they are cut or redacted`,
    `${frames} frames`,
    `${others} other letters`,
    `${otherCodes} of other codes`,
    `${damaged} damaged lines`,
  ]
  // The first two are always told.
  const told = counts.filter((count, index) => index < (dryRun ? 1 : 2) || !count.startsWith('0 ')).join(', ')
  if (stoppedAt === undefined) return told
  const { source, line, reason } = stoppedAt
  return `${told}; stopped at ${source}:${line}: ${reason}`
}

function assertDone({ refused, damaged, stoppedAt }: ReplayReport): void {
  const faults: string[] = []
  if (refused > 0) faults.push(`${refused} readings were refused`)
  if (damaged > 0) faults.push(`${damaged} lines are damaged`)
  if (stoppedAt !== undefined) {
    const { source, line } = stoppedAt
    faults.push(`stopped before the end; go on with ${source} --from ${line}`)
  }
  if (faults.length > 0) throw new GatewayError('HUB_REJECTED', faults.join(', '))
}
