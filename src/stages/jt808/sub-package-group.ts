import { frameDigest } from '../frame-digest.ts'
import type { Message, SubPackage } from './message.ts'

/** How much of messages in parts is kept for one connection. */
export interface SubPackageLimits {
  /** Messages at once. */
  readonly maxMessages: number
  /** Bytes of all of them, each sub-package with 100 for what is kept around it. */
  readonly maxBytes: number
  /** How long after its last sub-package a message is given up. */
  readonly deadlineMs: number
}

/** So many sub-packages are asked for at once: their count is a byte before 2019. */
const mostAskedFor = 255

/** Late ones are asked for so often within the deadline. */
const asksWithinDeadline = 3

/** The sub-packages of one message. */
export class SubPackageGroup {
  readonly id: number
  readonly total: number
  /** Of the first sub-package, from which the others count. */
  readonly firstSerial: number
  readonly parts = new Map<number, Message>()
  /** Of every part that came, also when the hub has the message: a number instead of its bytes. */
  readonly #digests = new Map<number, number>()
  state: 'open' | 'whole' | 'stored' = 'open'
  bytes = 0
  touchedAt: number
  askedAt: number
  /** Missing ones were asked for. */
  asked = false
  /** Which one made it whole. */
  completedBy: number | undefined

  constructor({ header }: Message, { total, index }: SubPackage, now: number) {
    this.id = header.id
    this.total = total
    this.firstSerial = (header.serial - index + 1) & 0xffff
    this.touchedAt = now
    this.askedAt = now
  }

  /** A part came. */
  keep(index: number, part: Message, bytes: number): void {
    this.parts.set(index, part)
    this.#digests.set(index, digestOf(part))
    this.bytes += bytes
  }

  /** Whether this is not the part that came in its place, but one with other bytes. */
  isOther(index: number, part: Message): boolean {
    const digest = this.#digests.get(index)
    return digest !== undefined && digest !== digestOf(part)
  }

  /** Indexes that have not come, as many as can be asked for at once. */
  get missing(): readonly number[] {
    const missing: number[] = []
    for (let index = 1; index <= this.total && missing.length < mostAskedFor; index++) {
      if (!this.parts.has(index)) missing.push(index)
    }
    return missing
  }

  /** The sub-packages that are there, by their place in the message. */
  get inOrder(): readonly Message[] {
    return [...this.parts].sort(([a], [b]) => a - b).map(([, message]) => message)
  }

  /** The whole message, with the header of its first sub-package. */
  joined(): Message {
    const parts = this.inOrder
    const { header } = parts[0] as Message
    const body = Buffer.concat(parts.map((part) => part.body))
    const serials = parts.map((part) => part.header.serial)
    return { header: { ...header, subpackage: undefined, bodyLength: body.length }, body, frame: body, serials }
  }

  isLate(now: number, { deadlineMs }: SubPackageLimits): boolean {
    return this.state === 'open' && now - Math.max(this.touchedAt, this.askedAt) >= deadlineMs / asksWithinDeadline
  }

  isOver(now: number, { deadlineMs }: SubPackageLimits): boolean {
    return now - this.touchedAt >= deadlineMs
  }
}

/** Of 28 bits. */
function digestOf({ body }: Message): number {
  return Number.parseInt(frameDigest(body).slice(0, 7), 16)
}
