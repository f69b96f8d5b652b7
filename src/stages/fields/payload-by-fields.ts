import type { Connection } from '../../core/connection.ts'
import type { Command, Hello, HelloClaim, Receipt, Report, Telemetry } from '../../core/items.ts'
import { frameDigest } from '../frame-digest.ts'
import type { CommandAnswer } from '../given-commands.ts'
import type { PayloadOptions } from '../payload-options.ts'
import { checkFieldOptions, type FieldFault, isTypeName } from './check-options.ts'
import { timeAt } from './device-time.ts'
import { badField, type Field, isSame, markAt, textAt, valueAt } from './field.ts'
import type { FieldAnswer, FieldOptions } from './options.ts'
import { SpokenLine } from './spoken-line.ts'
import type { Filled, Templates } from './template.ts'

/** What {@link payloadByFields} needs of the language. */
export interface FieldLanguage<Said> {
  /** The ready pipeline, for errors. */
  readonly name: string
  /** Property `protocol` of messages. */
  readonly protocol: string
  /** Whether its frames are lines, of which some hold no fields: {@link SpokenLine}. */
  readonly lines: boolean
  readonly templates: Templates<Said>
  /** The frame of a command without a template: its body; throws `BAD_CONTENT` for one that this language cannot take. */
  readonly commandOf: (body: Buffer) => Buffer
  /** What `{body}` of a command's template stands for. */
  readonly bodyOf: (body: Buffer) => unknown
  readonly fieldFault?: FieldFault
}

/** The functions of `payload` that options by names stand for. Throws `CONFIGURATION` for options that cannot work. */
export function payloadByFields<T, Said>(
  language: FieldLanguage<Said>,
  options: FieldOptions<Said>,
): PayloadOptions<T> {
  const { name, templates, protocol, commandOf, bodyOf, fieldFault = () => undefined } = language
  checkFieldOptions(name, options, fieldFault, language.lines)
  const template = (option: string, said: Said | undefined, names: readonly string[]): Filled | undefined =>
    said === undefined ? undefined : templates(`${name}: ${option}`, said, names)

  const { hello, heartbeat, deviceId, answer, sequence, time, type = 'reading', idPrefix = '' } = options
  const sequenceNames = sequence === undefined ? [] : ['sequence']
  const accepted = template('hello.accepted', hello?.accepted, ['id'])
  const refused = template('hello.refused', hello?.refused, ['id'])
  const beat = template(
    'heartbeat.answer',
    heartbeat?.answer,
    lineOf(heartbeat) === undefined ? sequenceNames : ['sequence'],
  )
  const refuse = template('refuse', options.refuse, ['code'])
  const command = template('command', options.command, ['id', 'name', 'body'])
  const outcomes = {
    complete: template('acknowledge.complete', options.acknowledge?.complete, [...sequenceNames, 'outcome']),
    abandon: template('acknowledge.abandon', options.acknowledge?.abandon, [...sequenceNames, 'outcome']),
    reject: template('acknowledge.reject', options.acknowledge?.reject, [...sequenceNames, 'outcome']),
  }

  const isHeartbeat = (value: T): boolean => {
    if (heartbeat === undefined) return false
    if ('line' in heartbeat) return value instanceof SpokenLine && value.speech === 'heartbeat'
    const found = valueAt(value, heartbeat.field)
    return found !== undefined && (heartbeat.equals === undefined || isSame(found, heartbeat.equals))
  }
  const sequenceOf = (value: T) => {
    if (value instanceof SpokenLine) return value.groups.sequence
    return sequence === undefined ? undefined : markAt(value, sequence)
  }
  const timeOf = (value: T) =>
    time === undefined || value instanceof SpokenLine ? undefined : timeAt(value, time.field, time.as)

  return {
    ...(heartbeat !== undefined && {
      heartbeat: (value: T) => (isHeartbeat(value) ? (beat?.({ sequence: sequenceOf(value) }) ?? true) : undefined),
    }),
    ...(hello !== undefined && {
      hello: (value: T): HelloClaim | undefined => {
        if ('line' in hello) {
          if (!(value instanceof SpokenLine) || value.speech !== 'hello') return undefined
          const { id = '', key } = value.groups
          return claimOf(`${id && idPrefix}${id}`, key)
        }
        const id = value instanceof SpokenLine ? undefined : idAt(value, hello.field, idPrefix)
        return id === undefined ? undefined : claimOf(id, hello.key && textAt(value, hello.key))
      },
    }),
    ...(deviceId !== undefined && {
      deviceId: (value: T, { peer }: Connection) => {
        if (deviceId === 'peerAddress') return `${idPrefix}${peer.address.replace(/^::ffff:/, '')}`
        if ('fixed' in deviceId) return `${idPrefix}${deviceId.fixed}`
        return value instanceof SpokenLine ? undefined : idAt(value, deviceId.field, idPrefix)
      },
    }),
    ...(answer !== undefined && { answer: (value: T) => answerOf(value, answer) }),
    tag: sequenceOf,
    properties: (value) => ({ protocol, type: isHeartbeat(value) ? 'heartbeat' : typeOf(value, type) }),
    messageId: (value, frame) => messageIdOf(sequenceOf(value), timeOf(value), frame),
    time: timeOf,
    acknowledge: ({ of, outcome }: Receipt<Hello | Telemetry | Report>) => {
      if (of.kind === 'hello' && hello !== undefined) {
        return (outcome === 'complete' ? accepted : refused)?.({ id: of.deviceId })
      }
      return outcomes[outcome]?.({ sequence: of.tag, outcome })
    },
    ...(refuse !== undefined && { refuse: ({ code }: { code: string }) => refuse({ code }) }),
    command: ({ id, name, body }: Command) =>
      command === undefined ? commandOf(body) : command({ id, name, body: bodyOf(body) }),
  }
}

function lineOf(mark: object | undefined): unknown {
  return mark !== undefined && 'line' in mark ? mark.line : undefined
}

function claimOf(deviceId: string, key: string | undefined): HelloClaim {
  return key === undefined ? { deviceId } : { deviceId, key }
}

/** A device id, of which integers give their digits; what is neither text nor integer is one that no hub takes. */
function idAt(value: unknown, field: Field, prefix: string): string | undefined {
  const id = valueAt(value, field)
  if (id === undefined) return undefined
  const isId = typeof id === 'string' || typeof id === 'bigint' || Number.isSafeInteger(id)
  return isId ? `${prefix}${id}` : ''
}

function typeOf(value: unknown, type: string | { readonly field: Field }): string {
  if (typeof type === 'string') return type
  const named = markAt(value, type.field) ?? 'reading'
  const text = String(named)
  if (isTypeName(text)) return text
  throw badField(type.field, 'is not 1 to 128 printable characters of ASCII')
}

function messageIdOf(
  sequence: string | number | bigint | undefined,
  time: Date | undefined,
  frame: Buffer,
): string | undefined {
  if (sequence === undefined && time === undefined) return undefined
  const mark = String(sequence ?? time?.getTime())
  const digest = frameDigest(frame)
  // The digest is of all of the frame, so a mark that no message id may hold can be left out.
  return /^[A-Za-z0-9:._-]{1,64}$/.test(mark) ? `${mark}-${digest}` : digest
}

function answerOf(value: unknown, answer: FieldAnswer | object): CommandAnswer | undefined {
  if (value instanceof SpokenLine) {
    if (value.speech !== 'answer' && value.speech !== 'rejection') return undefined
    const outcome = value.speech === 'answer' ? 'complete' : 'reject'
    return { id: value.groups.id, outcome, status: statuses[outcome], body: { line: value.line } }
  }
  if (!('field' in answer)) return undefined
  const id = textAt(value, answer.field)
  if (id === undefined) return undefined
  const outcome = outcomeOf(value, answer)
  return { id, outcome, status: statuses[outcome], body: value }
}

/** Of a direct method whose result says none of its own. */
const statuses = { complete: 200, abandon: 503, reject: 400 } as const

function outcomeOf(value: unknown, { outcome }: FieldAnswer): 'complete' | 'abandon' | 'reject' {
  if (outcome === undefined) return 'complete'
  const said = valueAt(value, outcome.field)
  if (outcome.reject?.some((each) => isSame(said, each))) return 'reject'
  return outcome.abandon?.some((each) => isSame(said, each)) ? 'abandon' : 'complete'
}
