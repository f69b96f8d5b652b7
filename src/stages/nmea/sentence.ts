import { GatewayError } from '../../core/errors.ts'

/** The keys of a tag block: `s` source, `c` Unix time, `g` part, total and group, `n` line, and whatever else stands there. */
export type TagBlock = Readonly<Record<string, string>>

/** A line taken apart. */
export interface Sentence {
  /** What stands in front of it; several blocks are one. */
  readonly tags: TagBlock | undefined
  /** `!` for sentences that carry a payload in armour, `$` for all others. */
  readonly start: '$' | '!'
  /** Two letters that name the sender's kind; `P` for a maker's own sentence. */
  readonly talker: string
  /** Three letters, such as RMC; of a maker's own sentence all that follows the P. */
  readonly type: string
  readonly fields: readonly string[]
  /** The two hexadecimal digits as they were sent; undefined where there were none. */
  readonly checksum: string | undefined
}

/** Options of {@link readSentence}. */
export interface SentenceOptions {
  /** False also takes what has no checksum; one that is there must be right all the same. Default true. */
  readonly requireChecksum?: boolean
}

const line = /^((?:\\[^\\]*\\)*)([$!])([^*$]*)(?:\*([\dA-Fa-f]{2}))?$/

const address = /^(?:(P)([A-Z\d]{2,})|([A-Z\d]{2})([A-Z\d]{3}))$/

/**
 * Takes a line of NMEA 0183 apart, without its line end.
 *
 * ```
 * \s:rx7,c:1418171722*1A\ $ GP RMC , 213950.00 , A , … * 7D
 * └ tag blocks            │ │  │     └ fields            └ XOR of what is between $ and *
 *                         │ │  └ type
 *                         │ └ talker
 *                         └ start
 * ```
 * Source: NMEA 0183 as gpsd describes it ("NMEA Revealed"); NMEA 0183 4.10 for tag blocks.
 *
 * `BAD_CONTENT` for what is no sentence, or lacks its checksum; `CHECKSUM_MISMATCH` where one of its checksums is another.
 */
export function readSentence(text: string, { requireChecksum = true }: SentenceOptions = {}): Sentence {
  const [, blocks, start, content, checksum] = line.exec(text) ?? []
  if (start === undefined || content === undefined) {
    throw bad(`a line of ${text.length} characters is no sentence`)
  }
  check('the sentence', content, checksum, requireChecksum)
  const [name = '', ...fields] = content.split(',')
  const [, proprietary, own, talker, type] = address.exec(name) ?? []
  if (proprietary === undefined && talker === undefined) throw bad('the address of the sentence is no talker and type')
  return {
    tags: blocks === '' ? undefined : readTags(blocks as string, requireChecksum),
    start: start as '$' | '!',
    talker: talker ?? 'P',
    type: (type ?? own) as string,
    fields,
    checksum,
  }
}

function readTags(blocks: string, requireChecksum: boolean): TagBlock {
  const tags: [string, string][] = []
  for (const block of blocks.slice(1, -1).split('\\\\')) {
    const [, content, checksum] = /^([^*]*)(?:\*([\dA-Fa-f]{2}))?$/.exec(block) ?? []
    if (content === undefined) throw bad('a tag block is none')
    check('a tag block', content, checksum, requireChecksum)
    for (const each of content.split(',')) {
      const colon = each.indexOf(':')
      if (colon < 1) throw bad('a tag block has something other than key:value')
      tags.push([each.slice(0, colon), each.slice(colon + 1)])
    }
  }
  // Not as members of a plain literal: `__proto__` is a name like any other.
  return Object.fromEntries(tags)
}

/** Whether it carries a message of AIS, or a part of one. */
export function isAis({ start, talker, type }: Sentence): boolean {
  return start === '!' && talker !== 'P' && (type === 'VDM' || type === 'VDO')
}

/** XOR of the characters, as two hexadecimal digits. */
export function sentenceChecksum(content: string): string {
  let sum = 0
  for (let at = 0; at < content.length; at++) sum ^= content.charCodeAt(at)
  return (sum & 0xff).toString(16).toUpperCase().padStart(2, '0')
}

function check(what: string, content: string, checksum: string | undefined, isRequired: boolean): void {
  if (checksum === undefined) {
    if (isRequired) throw bad(`${what} has no checksum`)
    return
  }
  const computed = sentenceChecksum(content)
  if (checksum.toUpperCase() !== computed) {
    throw new GatewayError('CHECKSUM_MISMATCH', `${what} says that its checksum is ${checksum}, it is ${computed}`)
  }
}

/** A sentence as a line without its line end; the reverse of {@link readSentence} where it has its checksums. */
export function writeSentence(sentence: Omit<Sentence, 'checksum'>): string {
  const { tags, start, talker, type, fields } = sentence
  const content = [`${talker}${type}`, ...fields].join(',')
  const block =
    tags === undefined
      ? ''
      : Object.entries(tags)
          .map(([key, value]) => `${key}:${value}`)
          .join(',')
  const front = tags === undefined ? '' : `\\${block}*${sentenceChecksum(block)}\\`
  return `${front}${start}${content}*${sentenceChecksum(content)}`
}

function bad(message: string): GatewayError {
  return new GatewayError('BAD_CONTENT', message)
}
