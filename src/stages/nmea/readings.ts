import { GatewayError } from '../../core/errors.ts'
import type { Telemetry } from '../../core/items.ts'
import { momentShown } from '../calendar.ts'
import { decodedTelemetry } from '../decoded-telemetry.ts'
import { frameDigest } from '../frame-digest.ts'
import { decodeAis } from './ais-messages.ts'
import type { AisPart, JoinedAis } from './ais-parts.ts'
import type { Sentence, TagBlock } from './sentence.ts'
import { type Said, said } from './sentence-types.ts'

/** The message that an ordinary sentence becomes: its fields by name. Property `type` is its type in small letters. */
export function sentenceReading(sentence: Sentence, line: Buffer, envelope: boolean): Telemetry {
  const { type, tags } = sentence
  const fieldsByName = said(sentence)
  const body = { kind: 'sentence', ...headOf(sentence, envelope), ...fieldsByName }
  return reading(body, type.toLowerCase(), timeOf(tags) ?? timeSaid(type, fieldsByName), line)
}

/** The message that an AIS message becomes. Property `type` is `ais-` and its number. */
export function aisReading(sentence: Sentence, part: AisPart, line: Buffer, envelope: boolean): Telemetry {
  const { total, number, payload, fillBits } = part
  const counted = { fragments: total, fragment: number, ...transmission(sentence) }
  const message = decodeAis(payload, fillBits)
  const body = { kind: 'ais', ...headOf(sentence, envelope), ...counted, ...message }
  return reading(body, `ais-${message.ais_type}`, timeOf(sentence.tags), line)
}

/** The message that one of several parts becomes, told with the sentence that completed it. */
export function joinedReading(
  sentence: Sentence,
  part: AisPart,
  { source, payload, fillBits, tagBlocks }: JoinedAis,
): Telemetry {
  const { talker, type } = sentence
  const message = decodeAis(payload, fillBits)
  const blocks = tagBlocks.length === 0 ? {} : { tag_blocks: tagBlocks }
  const body = { kind: 'ais', talker, type, ...blocks, fragments: part.total, ...transmission(sentence), ...message }
  return reading(
    body,
    `ais-${message.ais_type}`,
    timeOf(tagsOf(tagBlocks)),
    Buffer.from(`${source ?? ''},${part.key},${payload}`),
  )
}

/** The part of a message that a VDM or VDO sentence carries. `BAD_CONTENT` for numbers that cannot be. */
export function partOf(sentence: Sentence, line: Buffer): AisPart {
  const { talker, type, tags, fields } = sentence
  const [total = '', number = '', sequence = '', channel = '', payload = '', fill = ''] = fields
  if (!/^[1-9]$/.test(total) || !/^[1-9]$/.test(number) || number > total) {
    throw new GatewayError('BAD_CONTENT', 'an AIS sentence does not say which of 1 to 9 parts it is')
  }
  if (!/^[0-5]$/.test(fill)) throw new GatewayError('BAD_CONTENT', 'an AIS sentence does not have 0 to 5 fill bits')
  if (number !== total && fill !== '0') {
    throw new GatewayError(
      'BAD_CONTENT',
      `part ${number} of ${total} of an AIS message has ${fill} fill bits, and is not the last`,
    )
  }
  const key = [talker, type, sequence, channel, total].join(',')
  const [, group] = /^\d+-(\d+-\d+)$/.exec(tags?.g ?? '') ?? []
  const numbers = { number: Number(number), total: Number(total), fillBits: Number(fill) }
  return { key, source: tags?.s, group, ...numbers, payload, tags, line }
}

/** What the tag blocks of a message's parts say together; of what several say, the first. */
export function tagsOf(tagBlocks: readonly TagBlock[]): TagBlock | undefined {
  return tagBlocks.length === 0 ? undefined : Object.fromEntries(tagBlocks.toReversed().flatMap(Object.entries<string>))
}

function headOf({ talker, type, checksum, tags }: Sentence, envelope: boolean): Said {
  return {
    talker,
    type,
    ...(envelope && checksum !== undefined && { checksum }),
    ...(tags !== undefined && { tag_block: tags }),
  }
}

function transmission({ fields }: Sentence): Said {
  return { sequence_id: fields[2] || null, channel: fields[3] || null }
}

function reading(body: Said, type: string, time: Date | undefined, line: Buffer): Telemetry {
  const messageId = time === undefined ? undefined : `${time.getTime()}-${frameDigest(line)}`
  return decodedTelemetry(body, { protocol: 'nmea', type, messageId, time })
}

/** When a receiver of several sources got it: seconds, or milliseconds where they are that many. */
function timeOf(tags: TagBlock | undefined): Date | undefined {
  const [, seconds, milliseconds] = /^(?:(\d{1,10})|(\d{12,14}))$/.exec(tags?.c ?? '') ?? []
  if (seconds !== undefined) return new Date(Number(seconds) * 1000)
  return milliseconds === undefined ? undefined : new Date(Number(milliseconds))
}

/** Of the types that say a date as well as a time, where both exist. */
function timeSaid(type: string, fields: Said): Date | undefined {
  const { time_utc: time, date, day, month, year } = fields as Record<string, string | number | null | undefined>
  if (typeof time !== 'string') return undefined
  if (type === 'RMC' && typeof date === 'string') return momentOf(date.split('-'), time)
  if (type !== 'ZDA' || day == null || month == null || year == null) return undefined
  return momentOf([year, month, day], time)
}

function momentOf(date: readonly (string | number)[], time: string): Date | undefined {
  const [year = 0, month = 0, day = 0] = date.map(Number)
  const [clock = '', fraction = ''] = time.split('.')
  const [hour = 0, minute = 0, second = 0] = clock.split(':').map(Number)
  const millisecond = Number(fraction.slice(0, 3).padEnd(3, '0'))
  return momentShown({ year, month, day, hour, minute, second, millisecond })
}
