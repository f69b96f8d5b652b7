import { GatewayError } from '../../core/errors.ts'
import { teltonikaAvl, teltonikaAvlWide } from '../schemas/teltonika-avl.ts'
import { teltonikaMessages } from '../schemas/teltonika-messages.ts'
import { type Annotation, annotationText } from '../struct/annotation.ts'
import { keepalive } from './framing.ts'
import { isMessageCodec } from './messages.ts'
import { headerBytes, openPacket } from './packet.ts'

/** The byte table of a frame that `teltonikaFraming` found; what is wrong with it stands below. */
export function annotateTeltonika(frame: Buffer): string {
  if (frame[0] === keepalive) return annotationText(frame, [row(frame, 0, 1, 'keepalive')], undefined)
  if (frame[1] !== 0) {
    const imei = row(frame, 2, frame.length, 'imei', frame.toString('latin1', 2))
    return annotationText(frame, [row(frame, 0, 2, 'length', frame.readUInt16BE(0)), imei], undefined)
  }
  return annotatePacket(frame)
}

function annotatePacket(frame: Buffer): string {
  const end = frame.length - 4
  const { fields, error } = annotateData(frame.subarray(headerBytes, end))
  const rows = [
    row(frame, 0, 4, 'preamble', 0),
    row(frame, 4, headerBytes, 'length', frame.readUInt32BE(4)),
    ...fields.map((each) => ({ ...each, offset: each.offset + headerBytes })),
  ]
  // Where the data could not be read to their end, what is left of them comes first.
  const whole = error === undefined ? [...rows, row(frame, end, frame.length, 'crc16', frame.readUInt32BE(end))] : rows
  return annotationText(frame, whole, checkError(frame) ?? error)
}

function annotateData(data: Buffer): ReturnType<typeof teltonikaAvl.annotate> {
  if (isMessageCodec(data[0])) return teltonikaMessages.annotate(data)
  const plain = teltonikaAvl.annotate(data)
  if (plain.error === undefined || data[0] !== 8) return plain
  const wide = teltonikaAvlWide.annotate(data)
  return wide.error === undefined ? wide : plain
}

function checkError(frame: Buffer): GatewayError | undefined {
  try {
    openPacket(frame)
    return undefined
  } catch (thrown) {
    return GatewayError.from(thrown)
  }
}

function row(frame: Buffer, from: number, to: number, path: string, value?: unknown): Annotation {
  return { offset: from, bytes: frame.subarray(from, to), path, value, unit: undefined }
}
