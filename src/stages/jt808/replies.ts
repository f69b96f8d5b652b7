import { decodeLocation } from './location.ts'
import { messageIds } from './message-ids.ts'
import { decodeParameters } from './parameters.ts'

/**
 * Messages that answer a command and get no answer themselves, by the standard. Those of `withSerial` begin with the serial of what they
 * answer.
 */
const withSerial: ReadonlySet<number> = new Set([
  messageIds.parametersReply,
  messageIds.locationReply,
  messageIds.questionReply,
  messageIds.vehicleControlReply,
  messageIds.recorderReply,
  messageIds.multimediaSearchReply,
  messageIds.cameraReply,
  messageIds.resourceListReply,
])

/** True for what answers a command: 0001 and the replies that carry data. */
export function isReply(id: number): boolean {
  return id === messageIds.generalAnswer || id === messageIds.attributesReply || withSerial.has(id)
}

/** The id of the command that a reply without a serial answers. */
export function queryOf(id: number): number | undefined {
  return id === messageIds.attributesReply ? messageIds.attributesQuery : undefined
}

/** What a reply says besides its bytes, where it is of the form that the standard gives: `reply_serial` and what follows. */
export function replyFields(id: number, body: Buffer): object {
  if (id === messageIds.multimedia && body.length >= 4) return { multimedia_id: body.readUInt32BE(0) }
  if (!withSerial.has(id) || body.length < 2) return {}
  const reply_serial = body.readUInt16BE(0)
  return { reply_serial, ...contentOf(id, body.subarray(2)) }
}

function contentOf(id: number, content: Buffer): object {
  try {
    if (id === messageIds.parametersReply) return { parameters: decodeParameters(content) }
    if (id === messageIds.locationReply || id === messageIds.vehicleControlReply)
      return { location: decodeLocation(content) }
    if (id === messageIds.questionReply && content.length === 1) return { answer_id: content[0] }
    if (id === messageIds.resourceListReply && content.length >= 4) return { resource_count: content.readUInt32BE(0) }
  } catch {
    // Makers have forms of their own; the bytes are in the body.
  }
  return {}
}
