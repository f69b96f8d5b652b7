import { GatewayError } from '../../core/errors.ts'
import type { TagBlock } from './sentence.ts'

/** A part of a message that was sent in several sentences. */
export interface AisPart {
  /** Which message: source, type, channel, sequence id and number of parts. */
  readonly key: string
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
  readonly payload: string
  readonly fillBits: number
  /** Of each part that has one. */
  readonly tagBlocks: readonly TagBlock[]
}

/** Parts that wait for others, and since when. */
interface Group {
  readonly parts: (AisPart | undefined)[]
  readonly since: number
}

/** What tells of parts whose others never came. */
export type Abandon = (error: GatewayError, lines: Buffer) => void

/** Groups that wait at a time; of more, the one that has waited longest is given up. */
const mostGroups = 64

/**
 * Joins the parts of AIS messages, in whatever order they come and whatever comes between them. A part that comes a second time
 * begins its message anew: sequence ids run from 0 to 9 only.
 */
export class AisParts {
  readonly #timeoutMs: number
  readonly #clock: () => number
  readonly #abandon: Abandon
  readonly #groups = new Map<string, Group>()

  /** `clock` in milliseconds, only ever forward. */
  constructor(timeoutMs: number, clock: () => number, abandon: Abandon) {
    this.#timeoutMs = timeoutMs
    this.#clock = clock
    this.#abandon = abandon
  }

  /** How many messages wait for parts. */
  get waiting(): number {
    return this.#groups.size
  }

  /** The message that this part makes whole. */
  add(part: AisPart): JoinedAis | undefined {
    const { key, number, total } = part
    if (this.#groups.get(key)?.parts[number - 1] !== undefined) this.#giveUp(key)
    const group = this.#groups.get(key) ?? { parts: new Array<undefined>(total).fill(undefined), since: this.#clock() }
    group.parts[number - 1] = part
    this.#groups.set(key, group)
    const parts = group.parts.filter((each) => each !== undefined)
    if (parts.length < total) {
      const [oldest] = this.#groups.keys()
      if (this.#groups.size > mostGroups) this.#giveUp(oldest as string)
      return undefined
    }
    this.#groups.delete(key)
    return {
      payload: parts.map(({ payload }) => payload).join(''),
      fillBits: (parts.at(-1) as AisPart).fillBits,
      tagBlocks: parts.map(({ tags }) => tags).filter((tags) => tags !== undefined),
    }
  }

  /** Gives up what has waited too long; to be called with every sentence. */
  expire(): void {
    const now = this.#clock()
    for (const [key, { since }] of this.#groups) {
      if (now - since < this.#timeoutMs) return
      this.#giveUp(key)
    }
  }

  /** Gives up all that waits. */
  end(): void {
    for (const key of [...this.#groups.keys()]) this.#giveUp(key)
  }

  #giveUp(key: string): void {
    const { parts } = this.#groups.get(key) as Group
    this.#groups.delete(key)
    const came = parts.filter((each) => each !== undefined)
    const message = `${came.length} of the ${parts.length} parts of an AIS message came`
    const lines = Buffer.concat(came.flatMap(({ line }) => [line, Buffer.from('\r\n')]))
    this.#abandon(new GatewayError('BAD_CONTENT', message), lines)
  }
}
