import { GatewayError } from '../../core/errors.ts'
import { idText, type Message, type SubPackage } from './message.ts'
import { SubPackageGroup, type SubPackageLimits } from './sub-package-group.ts'

/** What a sub-package did. */
export type Taken =
  /** It is kept; the others are still to come. `missing` are to be asked for now: the last has come, or they are late. */
  | { readonly kind: 'kept'; readonly group: SubPackageGroup; readonly missing: readonly number[] }
  /** It made its message whole. */
  | { readonly kind: 'whole'; readonly group: SubPackageGroup }
  /** It was there before. */
  | { readonly kind: 'repeated' }
  /** It has made its message whole before, and the hub has not answered yet: one answer is on its way. */
  | { readonly kind: 'waiting' }

/** What is kept around the bytes of a sub-package. */
const overheadBytes = 100

/**
 * Joins sub-packages to messages. They belong together by id, total and a run of serials; one that was asked for is also taken under a
 * serial of its own. A message that is whole is remembered until the deadline, so that a sub-package of it that is sent again is told
 * from a new one: a part with other bytes in the place of one that came is of another message, whose terminal has begun its serials anew.
 * Knows no clock: each call says what time it is.
 */
export class SubPackages {
  readonly #limits: SubPackageLimits
  /** Oldest first. */
  readonly #groups = new Map<string, SubPackageGroup>()
  #bytes = 0

  constructor(limits: SubPackageLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#groups.size
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Takes a sub-package. `given`: messages that had to go unfinished to make room for it. Throws `BAD_CONTENT` for a place that cannot
   * be, `MESSAGE_TOO_LARGE` where the message exceeds the limit by itself.
   */
  take(message: Message, place: SubPackage, now: number): Taken & { readonly given: readonly SubPackageGroup[] } {
    const { total, index } = place
    if (index < 1 || index > total) {
      throw new GatewayError('BAD_CONTENT', `sub-package ${index} of ${total} cannot be`)
    }
    const before = this.#groupOf(message, place)
    const isAnother = before?.isOther(index, message) === true
    const known = isAnother ? undefined : before
    if (known?.state === 'stored') return { kind: 'repeated', given: [] }
    if (known?.parts.has(index)) {
      const waits = known.state === 'whole' && known.completedBy === index
      return { kind: waits ? 'waiting' : 'repeated', given: [] }
    }
    const bytes = message.frame.length + overheadBytes
    const { maxBytes, maxMessages } = this.#limits
    if ((known?.bytes ?? 0) + bytes > maxBytes) {
      const text = `the sub-packages of a ${idText(message.header.id)} exceed the limit of ${maxBytes} bytes`
      throw new GatewayError('MESSAGE_TOO_LARGE', text)
    }
    const given: SubPackageGroup[] = []
    if (isAnother) this.#giveUp(before, given)
    const group = known ?? new SubPackageGroup(message, place, now)
    while ((known === undefined && this.size >= maxMessages) || this.#bytes + bytes > maxBytes) {
      const others = [...this.#groups.values()].filter((each) => each !== group)
      const least = others.find(({ state }) => state === 'stored') ?? (others[0] as SubPackageGroup)
      this.#giveUp(least, given)
    }
    if (known === undefined) this.#groups.set(keyOf(group.id, total, group.firstSerial), group)
    this.#keep(group, index, message, bytes)
    group.touchedAt = now
    if (group.parts.size === total) {
      group.state = 'whole'
      group.completedBy = index
      return { kind: 'whole', group, given }
    }
    const missing = index === total ? this.#ask(group, now) : []
    return { kind: 'kept', group, missing, given }
  }

  /** Messages that are given up now, and those of which something is late and to be asked for. */
  look(now: number): { readonly over: readonly SubPackageGroup[]; readonly late: readonly SubPackageGroup[] } {
    const over: SubPackageGroup[] = []
    const late: SubPackageGroup[] = []
    for (const group of [...this.#groups.values()]) {
      if (group.isOver(now, this.#limits)) {
        this.#forget(group)
        if (group.state === 'open') over.push(group)
      } else if (group.isLate(now, this.#limits)) {
        this.#ask(group, now)
        late.push(group)
      }
    }
    return { over, late }
  }

  /** The hub has the message: its bytes are no longer needed. */
  stored(group: SubPackageGroup): void {
    group.state = 'stored'
    this.#drop(group)
  }

  /** The hub may take it later: the sub-package that made it whole is expected once more. */
  failed(group: SubPackageGroup): void {
    const last = group.parts.get(group.completedBy as number)
    group.state = 'open'
    if (last === undefined) return
    group.parts.delete(group.completedBy as number)
    this.#release(group, last.frame.length + overheadBytes)
  }

  /** It means nothing, and would not when it came again. */
  refused(group: SubPackageGroup): void {
    this.#forget(group)
  }

  /** Gives out everything that is not whole. */
  clear(): readonly SubPackageGroup[] {
    const open = [...this.#groups.values()].filter(({ state }) => state === 'open')
    this.#groups.clear()
    this.#bytes = 0
    return open
  }

  #groupOf({ header }: Message, { total, index }: SubPackage): SubPackageGroup | undefined {
    const found = this.#groups.get(keyOf(header.id, total, (header.serial - index + 1) & 0xffff))
    if (found !== undefined) return found
    for (const group of this.#groups.values()) {
      const alike = group.id === header.id && group.total === total && group.state === 'open'
      if (alike && group.asked && !group.parts.has(index)) return group
    }
    return undefined
  }

  #ask(group: SubPackageGroup, now: number): readonly number[] {
    group.askedAt = now
    group.asked = true
    return group.missing
  }

  /** The frame may be a view of a large read. */
  #keep(group: SubPackageGroup, index: number, { header, body, frame }: Message, bytes: number): void {
    const own = Buffer.from(frame)
    group.keep(index, { header, frame: own, body: own.subarray(frame.length - body.length) }, bytes)
    this.#bytes += bytes
  }

  #drop(group: SubPackageGroup): void {
    group.parts.clear()
    this.#release(group, group.bytes)
  }

  #release(group: SubPackageGroup, bytes: number): void {
    group.bytes -= bytes
    if (this.#groups.get(keyOf(group.id, group.total, group.firstSerial)) === group) this.#bytes -= bytes
  }

  #giveUp(group: SubPackageGroup, given: SubPackageGroup[]): void {
    this.#forget(group)
    if (group.state === 'open') given.push(group)
  }

  #forget(group: SubPackageGroup): void {
    const key = keyOf(group.id, group.total, group.firstSerial)
    if (this.#groups.get(key) !== group) return
    this.#groups.delete(key)
    this.#bytes -= group.bytes
  }
}

function keyOf(id: number, total: number, firstSerial: number): string {
  return `${id} ${total} ${firstSerial}`
}
