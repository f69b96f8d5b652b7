import type { GatewayError } from '../../core/errors.ts'
import { jt808Frame } from '../schemas/jt808-message.ts'
import { type Annotation, annotationText } from '../struct/annotation.ts'
import { array } from '../struct/array.ts'
import { countOf } from '../struct/derived.ts'
import { u8, u16 } from '../struct/integers.ts'
import { field } from '../struct/size.ts'
import { sized } from '../struct/sized.ts'
import { struct } from '../struct/struct.ts'
import { generalFields, registerFields } from './answers.ts'
import { locationFields } from './location.ts'
import { type Header, idText, type Message, readMessage } from './message.ts'
import { messageIds } from './message-ids.ts'
import { parameterList } from './parameters.ts'
import { controlFields, textFields, textFields2019, transparentFields } from './platform-bodies.ts'
import { code2019, formOf, registrations } from './registration.ts'

/** The part of a struct that is needed here. */
interface Annotating {
  readonly name: string
  annotate(frame: Buffer): { readonly fields: readonly Annotation[]; readonly error: GatewayError | undefined }
}

const batchFields = struct('batch', {
  count: countOf('locations', u16),
  batch_type: u8,
  locations: array(sized(u16, locationFields), field('count')),
})

const parametersReply = struct('parameters', { reply_serial: u16, list: parameterList })
const locationReply = struct('locationReply', { reply_serial: u16, location: locationFields })

const bodies: ReadonlyMap<number, Annotating> = new Map<number, Annotating>([
  [messageIds.generalAnswer, generalFields],
  [messageIds.parametersReply, parametersReply],
  [messageIds.location, locationFields],
  [messageIds.locationReply, locationReply],
  [messageIds.locationBatch, batchFields],
  [messageIds.transparent, transparentFields],
  [messageIds.platformAnswer, generalFields],
  [messageIds.registerAnswer, registerFields],
  [messageIds.setParameters, parameterList],
  [messageIds.terminalControl, controlFields],
  [messageIds.transparentDown, transparentFields],
])

/**
 * What each byte of a message means, for people: its header, then its body where that has a form of its own. Offsets count from the first
 * byte behind the flag, escapes taken out. `frame` is without its check. Never throws: what is wrong stands below the table.
 */
export function annotatedMessage(frame: Buffer): string {
  const head = jt808Frame.annotate(frame)
  const message = head.error === undefined ? readMessage(frame) : undefined
  const schema = message === undefined ? undefined : schemaOf(message)
  if (message === undefined || schema === undefined) return annotationText(frame, head.fields, head.error)
  const body = schema.annotate(message.body)
  const bodyAt = frame.length - message.body.length
  const fields = [
    ...head.fields.filter(({ path }) => path !== 'body'),
    ...body.fields.map((each) => ({ ...each, offset: bodyAt + each.offset })),
  ]
  return `${idText(message.header.id)} ${schema.name}\n${annotationText(frame, fields, body.error)}`
}

function schemaOf({ header, body }: Message): Annotating | undefined {
  if (header.encryption !== 0 || header.subpackage !== undefined) return undefined
  return bodies.get(header.id) ?? schemaByVersion(header, body)
}

function schemaByVersion({ id, version2019 }: Header, body: Buffer): Annotating | undefined {
  if (id === messageIds.register) return registrations[formOf(body, version2019)]
  if (id === messageIds.authenticate && version2019) return code2019
  if (id === messageIds.text) return version2019 ? textFields2019 : textFields
  return undefined
}
