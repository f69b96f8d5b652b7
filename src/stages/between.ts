import { GatewayError } from '../core/errors.ts'
import { type Framing, framing } from '../core/framing.ts'
import { Between, BetweenFinder } from './between-finder.ts'
import { type Enclosure, enclose } from './enclosed.ts'
import { type Escape, EscapeTable } from './escapes.ts'
import { flagged } from './flagged.ts'
import { ambiguousIn, type Mark, markOf } from './marks.ts'

/** Options of {@link between}. */
export interface BetweenOptions {
  /** Longest frame in bytes, with neither marks nor trailing bytes, and after its escapes were taken out; at least 1. */
  readonly maxLength: number
  /**
   * How the protocol writes bytes that would look like marks. All begin with the same byte; none may be mistaken for another, nor
   * for a mark. Default: none, then a frame cannot hold its end mark.
   */
  readonly escapes?: readonly Escape[]
  /** So many bytes behind the end mark belong to the frame, such as a check; default 0. */
  readonly trailing?: number
  /** True: frames have their marks around them, and bring them on the way down; default false. */
  readonly keep?: boolean
  /** True: a start mark inside of a frame begins a new one, and what was there of the old is refused; default false: it is content. */
  readonly restart?: boolean
}

/**
 * Frames between a start mark and an end mark, which are taken off on the way up and put back on the way down.
 *
 * ```
 *                                                          wire                        frame
 * between('*', '#', …)                                     2A A1 A2 23             ↔   A1 A2
 * … , keep: true                                           2A A1 A2 23             ↔   2A A1 A2 23
 *   STX … ETX and a check behind it:
 * between('\x02', '\x03', { trailing: 1, … })              02 A1 A2 03 C1          ↔   A1 A2 C1
 * … , keep: true                                           02 A1 A2 03 C1          ↔   02 A1 A2 03 C1
 *   MLLP, HL7 appendix C.4:
 * between('\x0b', '\x1c\r', { restart: true, … })          0B A1 0D 1C 0D          ↔   A1 0D
 *                                                          0B A1 0B B1 1C 0D       →   FRAME_DAMAGED | B1
 *   DLE STX … DLE ETX, escapes: [[10 10, 10]]              10 02 A1 10 10 10 03    ↔   A1 10
 *   JT/T 808, escapes: [[7D 01, 7D], [7D 02, 7E]]          7E A1 7D 02 02 7E       ↔   A1 7E 02
 *                                                          7E A1 7E B1 7E 7E C1 7E →   A1 | B1 | C1
 *                                                          7E A1 7D 03 7E          →   FRAME_DAMAGED
 *   Watch, escapes: [[7D 02, '['], [7D 04, ',', 'up'], …]  5B A1 7D 02 7D 04 5D    →   A1 5B 2C
 *                                                          5B A1 7D 02 2C 5D       ←   A1 5B 2C
 * ```
 * Where both marks are the same, one between two frames is enough, and nothing between two of them is no frame. A check that covers
 * the end mark needs `keep`, as without it the mark is cut out of the frame's middle.
 *
 * Bytes outside of frames are noise; those that are meant, such as CR LF, are told by `idleBytes`. Bytes are looked at a bounded
 * number of times however chunks are cut. A frame within one chunk is a view of it, but for one with escapes, or with trailing bytes
 * and without `keep`. A connection holds as many bytes as a frame of `maxLength` may have if all of it is escaped.
 *
 * Errors: `FRAME_TOO_LONG` for a frame over `maxLength` (it is skipped to its end mark if the policy goes on), `FRAME_DAMAGED` for
 * one with a bad escape or cut short by a restart, `FRAME_NOISE` for each run of bytes outside of frames, `FRAME_UNTERMINATED` for
 * what the device left unfinished, never passed on. Down, `BUG` for a frame that would not come up again as it is: with a mark
 * that no escape hides, without those that it is to bring, or empty between equal marks. `CONFIGURATION` for options that cannot
 * work.
 */
export function between(start: Mark, end: Mark, options: BetweenOptions): Framing {
  const { maxLength, restart = false } = options
  const enclosure = enclosureOf(start, end, options)
  if (!Number.isInteger(maxLength) || maxLength < 1) refuse(`maxLength must be a positive integer, not ${maxLength}`)
  if (enclosure.start.equals(enclosure.end)) {
    checkEqual(enclosure, restart)
    return flagged('between', { enclosure, maxLength, begun: false })
  }
  checkDifferent(enclosure, restart)
  const sought = new Between(enclosure, restart)
  return framing('between', {
    maxBytes: sought.mostBytes(maxLength),
    finder: () => new BetweenFinder(sought, maxLength),
    frame: (frame) => enclose(frame, enclosure, new BetweenFinder(sought, frame.length)),
  })
}

function enclosureOf(start: Mark, end: Mark, { trailing = 0, keep = false, escapes = [] }: BetweenOptions): Enclosure {
  if (!Number.isInteger(trailing) || trailing < 0) refuse(`trailing must be an integer of at least 0, not ${trailing}`)
  return {
    start: markOf(start, 'between', 'start'),
    end: markOf(end, 'between', 'end'),
    trailing,
    keep,
    escapes: escapes.length === 0 ? undefined : new EscapeTable(escapes, 'between'),
  }
}

/** Escapes are not looked at in the search for a mark that also begins frames: there, a lost byte must not hide it. */
function checkEqual({ start, trailing, escapes }: Enclosure, restart: boolean): void {
  if (trailing > 0) refuse(`trailing must be 0 where both marks are the same, not ${trailing}`)
  if (restart) refuse('restart cannot be where both marks are the same')
  const bad = escapes?.wires.find((wire) => start.some((byte) => wire.includes(byte)))
  if (bad !== undefined) refuse(`the escape ${bad.toString('hex')} has a byte of the mark ${start.toString('hex')}`)
}

function checkDifferent({ start, end, escapes }: Enclosure, restart: boolean): void {
  const marks = [end, ...(restart ? [start] : []), ...(escapes?.wires ?? [])]
  const confused = ambiguousIn(marks)
  if (confused !== undefined) refuse(`${confused.toString('hex')} also begins another of the marks and escapes`)
}

function refuse(message: string): never {
  throw new GatewayError('CONFIGURATION', `between: ${message}`)
}
