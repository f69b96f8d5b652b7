import { GatewayError } from '../core/errors.ts'
import { ambiguousIn, isAt, type Mark, markOf, matchedAt } from './marks.ts'

/**
 * One escape: what stands on the wire, and the bytes of the frame that it stands for. They are always written so on the way down,
 * unless it says `up`: then devices may write it, and the gateway does not.
 */
export type Escape = readonly [wire: Mark, content: Mark, direction?: 'up']

interface Entry {
  readonly wire: Buffer
  readonly content: Buffer
}

/**
 * Escapes that can be told apart, for the framings that have them. What all of them begin with, but for the last byte of the
 * shortest, is their lead: one byte or more. On the way up a lead that begins no escape is damage.
 *
 * ```
 * [7D 01 → 7D, 7D 02 → 7E]      11 7D 02 01 22  ↔  11 7E 01 22       11 7D 03  →  FRAME_DAMAGED       lead 7D
 * ```
 * Both ways in one pass, so that what comes out of an escape is never taken for one: 7D 01 02 is 7D 02.
 */
export class EscapeTable {
  readonly wires: readonly Buffer[]
  /** How many bytes a byte of a frame takes on the wire at most; at least 1. */
  readonly expansion: number
  readonly lead: Buffer
  /** By the byte that follows the lead. */
  readonly #byCode: Entry[][] = Array.from({ length: 256 }, () => [])
  /** What is escaped on the way down, by its first byte. */
  readonly #byContent: Entry[][] = Array.from({ length: 256 }, () => [])

  /** `CONFIGURATION`, naming stage `stage`, for escapes that could be mistaken for each other. */
  constructor(escapes: readonly Escape[], stage: string) {
    const entries = escapes.map(([wire, content, direction]) => {
      if (direction !== undefined && direction !== 'up')
        refuse(stage, `the direction of an escape must be 'up', not ${direction}`)
      return {
        wire: markOf(wire, stage, 'an escape'),
        content: markOf(content, stage, 'what an escape stands for'),
        up: direction === 'up',
      }
    })
    this.wires = entries.map((each) => each.wire)
    const written = entries.filter((each) => !each.up).map((each) => each.content)
    for (const { wire, content } of entries) {
      if (wire.length >= Math.max(2, content.length)) continue
      refuse(stage, `the escape ${hex(wire)} must have 2 bytes or more, and not fewer than it stands for`)
    }
    const confused = ambiguousIn(this.wires) ?? ambiguousIn(written)
    if (confused !== undefined)
      refuse(stage, `${hex(confused)} also begins another of the escapes, or what it stands for`)
    this.lead = leadOf(this.wires)
    if (this.lead.length === 0)
      refuse(stage, `escapes must begin with the same byte, not ${this.wires.map(hex).join(', ')}`)
    this.expansion = Math.max(...entries.map(({ wire, content }) => wire.length / content.length))
    for (const entry of entries) {
      this.#byCode[entry.wire[this.lead.length] as number]?.push(entry)
      if (!entry.up) this.#byContent[entry.content[0] as number]?.push(entry)
    }
  }

  /** How many bytes to pass over at index `at`: an escape, or 1 where there is none; 0 where more bytes must tell. */
  stepAt(bytes: Buffer, at: number): number {
    const matched = matchedAt(bytes, at, this.lead)
    if (at + matched === bytes.length) return 0
    if (matched < this.lead.length) return 1
    for (const { wire } of this.#byCode[bytes[at + matched] as number] as Entry[]) {
      const length = matchedAt(bytes, at, wire)
      if (length === wire.length) return length
      if (at + length === bytes.length) return 0
    }
    return 1
  }

  /**
   * Takes the escapes out of a whole body and puts `before` and `after` around what remains; the body itself, without them, where
   * it holds none. `FRAME_DAMAGED` for a lead that begins no escape.
   */
  unescape(body: Buffer, before: Buffer, after: Buffer): Buffer | GatewayError {
    const first = body.indexOf(this.lead)
    if (first < 0) return body
    const frame = Buffer.allocUnsafe(before.length + body.length + after.length)
    let end = before.copy(frame)
    end += body.copy(frame, end, 0, first)
    for (let at = first; at < body.length; ) {
      const entry = body[at] === this.lead[0] ? this.#entryAt(body, at) : undefined
      if (entry !== undefined) {
        for (let index = 0; index < entry.content.length; index++) frame[end++] = entry.content[index] as number
        at += entry.wire.length
      } else if (isAt(body, at, this.lead)) {
        const bad = body.toString('hex', at, at + this.lead.length + 1)
        return new GatewayError('FRAME_DAMAGED', `${bad} at byte ${at} of a body of ${body.length} is no escape`)
      } else {
        frame[end++] = body[at++] as number
      }
    }
    end += after.copy(frame, end)
    return frame.subarray(0, end)
  }

  /** Writes `content` into `target` from index `at` on, escaped; returns the index behind it. */
  escape(content: Buffer, target: Buffer, at: number): number {
    let end = at
    for (let index = 0; index < content.length; ) {
      const byte = content[index] as number
      const entry = (this.#byContent[byte] as Entry[]).find((each) => isAt(content, index, each.content))
      if (entry === undefined) {
        target[end++] = byte
        index++
      } else {
        end += entry.wire.copy(target, end)
        index += entry.content.length
      }
    }
    return end
  }

  #entryAt(bytes: Buffer, at: number): Entry | undefined {
    for (const entry of this.#byCode[bytes[at + this.lead.length] ?? 0] as Entry[]) {
      if (isAt(bytes, at, entry.wire)) return entry
    }
    return undefined
  }
}

/** What all of them begin with, but for at least one byte of each. */
function leadOf(wires: readonly Buffer[]): Buffer {
  const [first] = wires as [Buffer]
  return first.subarray(0, Math.min(...wires.map((each) => Math.min(matchedAt(each, 0, first), each.length - 1))))
}

function hex(bytes: Buffer): string {
  return bytes.toString('hex')
}

function refuse(stage: string, message: string): never {
  throw new GatewayError('CONFIGURATION', `${stage}: ${message}`)
}
