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
  /** Messages of its source without a group that came after it began. */
  later: number
}

/** What tells of parts whose others never came. */
export type Abandon = (error: GatewayError, lines: Buffer) => void

/** Messages that wait at a time; of more, the one that has waited longest is given up. */
const mostWaiting = 64

/** Half of the sequence ids, 0 to 9: long before an id is another message's, and more than a receiver sends between two parts. */
const mostLater = 5

/**
 * Joins the parts of AIS messages, whatever comes between them. No part is joined with one of another message because those that belong
 * to it were lost, so what may be of two messages is given up.
 *
 * Parts without a group of tag blocks come in order: part 1 begins a message anew, and any other is taken behind the one before it only, of
 * the same source and key. Ten messages later a sequence id is another's; a message is given up after five.
 *
 * Parts of one group of tag blocks may come in any order. Its lines have one source, which receivers name in the first of them only. A
 * part that comes a second time begins its message anew; one that names no source, while messages of two sources wait for it, is of neither.
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
    const message = part.group === undefined ? this.#messageInOrder(part) : this.#messageOfGroup(part)
    if (message === undefined) return undefined
    message.parts[part.number - 1] = part
    message.source ??= part.source
    const parts = cameOf(message)
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

  /** The message whose next part this is; a new one for a first part; undefined for a part that follows none, which is refused. */
  #messageInOrder(part: AisPart): Waiting | undefined {
    const alike = [...this.#waiting].filter(({ group, source }) => group === undefined && source === part.source)
    const begun = alike.find(({ key }) => key === part.key)
    if (begun !== undefined) {
      if (cameOf(begun).length === part.number - 1) return begun
      this.#giveUp(begun)
    }
    for (const message of alike) {
      if (message !== begun && ++message.later >= mostLater) this.#giveUp(message)
    }
    if (part.number === 1) return this.#begin(part)
    this.#refuse(part, 'does not follow the one before it')
    return undefined
  }

  /** The message of the group that lacks this part, else a new one; undefined where it may be of two, which are given up with it. */
  #messageOfGroup(part: AisPart): Waiting | undefined {
    const fitting = [...this.#waiting].filter((message) => isOfGroup(part, message))
    const lacking = fitting.filter(({ parts }) => parts[part.number - 1] === undefined)
    if (lacking.length === 1) return lacking[0]
    for (const message of fitting) this.#giveUp(message)
    if (lacking.length === 0) return this.#begin(part)
    this.#refuse(part, `names no source, and its group is of ${lacking.length}`)
    return undefined
  }

  #begin({ key, group, source, total }: AisPart): Waiting {
    const parts = new Array<undefined>(total).fill(undefined)
    const message = { key, group, source, parts, since: this.#clock(), later: 0 }
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
    this.#waiting.delete(message)
    const came = cameOf(message)
    this.#tell(`${came.length} of the ${message.parts.length} parts of an AIS message came`, came)
  }

  #refuse(part: AisPart, why: string): void {
    this.#tell(`part ${part.number} of the ${part.total} of an AIS message ${why}`, [part])
  }

  #tell(text: string, parts: readonly AisPart[]): void {
    const lines = Buffer.concat(parts.flatMap(({ line }) => [line, Buffer.from('\r\n')]))
    this.#abandon(new GatewayError('BAD_CONTENT', text), lines)
  }
}

function cameOf({ parts }: Waiting): AisPart[] {
  return parts.filter((each) => each !== undefined)
}

function isOfGroup(part: AisPart, message: Waiting): boolean {
  if (part.group !== message.group || part.key !== message.key) return false
  return part.source === undefined || message.source === undefined || part.source === message.source
}
