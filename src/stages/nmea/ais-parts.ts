import { GatewayError } from '../../core/errors.ts'
import type { TagBlock } from './sentence.ts'

/** A part of a message that was sent in several sentences. */
export interface AisPart {
  /** Which message of a source: talker, type, sequence id, channel and number of parts. */
  readonly key: string
  /** Of the tag block; undefined where that names none. */
  readonly source: string | undefined
  /** Number of lines and id of the tag block's group, as `2-1604`; undefined where there is none. */
  readonly group: string | undefined
  /** From 1. */
  readonly number: number
  readonly total: number
  readonly payload: string
  readonly fillBits: number
  readonly tags: TagBlock | undefined
  /** The line, for the dead letters. */
  readonly line: Buffer
}

/** A message of several parts, joined. */
export interface JoinedAis {
  /** Of whichever part names it. */
  readonly source: string | undefined
  readonly payload: string
  readonly fillBits: number
  /** Of each part that has one. */
  readonly tagBlocks: readonly TagBlock[]
}

/** A message that waits for parts, and since when. */
interface Waiting {
  readonly key: string
  readonly group: string | undefined
  source: string | undefined
  readonly parts: (AisPart | undefined)[]
  readonly since: number
}

/** What tells of parts whose others never came. */
export type Abandon = (error: GatewayError, lines: Buffer) => void

/** Messages that wait at a time; of more, the one that has waited longest is given up. */
const mostWaiting = 64

/**
 * Joins the parts of AIS messages, in whatever order they come and whatever comes between them. A part that comes a second time
 * begins its message anew: sequence ids run from 0 to 9 only.
 *
 * Parts are of one message if their source and their key are the same. The lines of a group of tag blocks have one source, which
 * receivers name in the first of them only; parts of different groups are of different messages.
 */
export class AisParts {
  readonly #timeoutMs: number
  readonly #clock: () => number
  readonly #abandon: Abandon
  /** The one that has waited longest first. */
  readonly #waiting = new Set<Waiting>()

  /** `clock` in milliseconds, only ever forward. */
  constructor(timeoutMs: number, clock: () => number, abandon: Abandon) {
    this.#timeoutMs = timeoutMs
    this.#clock = clock
    this.#abandon = abandon
  }

  /** How many messages wait for parts. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** The message that this part makes whole. */
  add(part: AisPart): JoinedAis | undefined {
    const message = this.#messageOf(part)
    message.parts[part.number - 1] = part
    message.source ??= part.source
    const parts = message.parts.filter((each) => each !== undefined)
    if (parts.length < part.total) {
      const [oldest] = this.#waiting
      if (oldest !== undefined && this.#waiting.size > mostWaiting) this.#giveUp(oldest)
      return undefined
    }
    this.#waiting.delete(message)
    return {
      source: message.source,
      payload: parts.map(({ payload }) => payload).join(''),
      fillBits: (parts.at(-1) as AisPart).fillBits,
      tagBlocks: parts.map(({ tags }) => tags).filter((tags) => tags !== undefined),
    }
  }

  /** The message that waits for this part, else a new one. */
  #messageOf(part: AisPart): Waiting {
    // Of those of several sources, where this part names none, the one that began last.
    const fitting = [...this.#waiting].filter((message) => isOf(part, message))
    const lacking = fitting.findLast(({ parts }) => parts[part.number - 1] === undefined)
    if (lacking !== undefined) return lacking
    const superseded = fitting.at(-1)
    if (superseded !== undefined) this.#giveUp(superseded)
    const { key, group, source, total } = part
    const message = { key, group, source, parts: new Array<undefined>(total).fill(undefined), since: this.#clock() }
    this.#waiting.add(message)
    return message
  }

  /** Gives up what has waited too long; to be called with every sentence. */
  expire(): void {
    const now = this.#clock()
    for (const message of this.#waiting) {
      if (now - message.since < this.#timeoutMs) return
      this.#giveUp(message)
    }
  }

  /** Gives up all that waits. */
  end(): void {
    for (const message of this.#waiting) this.#giveUp(message)
  }

  #giveUp(message: Waiting): void {
    const { parts } = message
    this.#waiting.delete(message)
    const came = parts.filter((each) => each !== undefined)
    const text = `${came.length} of the ${parts.length} parts of an AIS message came`
    const lines = Buffer.concat(came.flatMap(({ line }) => [line, Buffer.from('\r\n')]))
    this.#abandon(new GatewayError('BAD_CONTENT', text), lines)
  }
}

function isOf(part: AisPart, message: Waiting): boolean {
  if (part.key !== message.key) return false
  if (part.group === undefined || message.group === undefined) return part.source === message.source
  if (part.group !== message.group) return false
  return part.source === undefined || message.source === undefined || part.source === message.source
}
