import { type Hl7Text, textOf } from './charset.ts'
import { componentsOf, fieldOf, type Hl7Header, readHeader } from './header.ts'
import { type Segment, segmentsOf } from './segments.ts'

/** An OBX segment: one value that was measured or observed. All as sent. */
export interface Hl7Observation {
  /** OBX-2, such as `NM`. */
  readonly value_type: string
  /** OBX-3, such as `8867-4^HEART RATE^LN`. */
  readonly id: string
  /** OBX-5. */
  readonly value: string
  /** OBX-6. */
  readonly units: string
  /** OBX-11, such as `F` for final. */
  readonly status: string
}

/** A decoded message. Fields are as sent, escapes and all; one that is not there is an empty text, or null where it says so. */
export interface Hl7Message {
  /** `ack` for an acknowledgement (MSH-9 `ACK`). */
  readonly kind: 'message' | 'ack'
  readonly field_separator: string
  readonly encoding_characters: string
  readonly sending_application: string
  readonly sending_facility: string
  readonly receiving_application: string
  readonly receiving_facility: string
  /** MSH-7 as sent: where it has no zone it is the sender's local time. */
  readonly message_time: string
  readonly message_type: string
  readonly trigger: string | null
  readonly control_id: string
  readonly processing_id: string
  readonly version: string
  /** MSH-15: AL, NE, ER or SU. */
  readonly accept_ack_type: string | null
  /** MSH-16, as MSH-15. */
  readonly application_ack_type: string | null
  /** The names of the segments, in order. */
  readonly segments: readonly string[]
  /** Of all OBX segments, in order; absent where there is none. */
  readonly obx?: readonly Hl7Observation[]
  /** MSA-1 and MSA-2 of an `ack`. */
  readonly msa_code?: string
  readonly msa_control_id?: string
  /** The encoding that `text` was read in, such as `utf-8`; null where its bytes are not of it: then a character is a byte, as in ISO 8859-1. */
  readonly charset: string | null
  /** The whole message as it was sent, block characters aside. */
  readonly text: string
}

/** Decodes a message whose header was found; `otherwise` is the character set, in HL7's words, where MSH-18 names none. */
export function decodeMessage(block: Buffer, raw: Hl7Header, otherwise: string): Hl7Message {
  const { text, charset } = textOfMessage(block, raw, otherwise)
  // Some character sets have bytes of delimiters within characters.
  const header = readHeader(text) ?? raw
  const { fieldSeparator } = header
  const segments = segmentsOf(text, fieldSeparator)
  const field = (number: number) => fieldOf(header, number)
  const [type = '', trigger] = componentsOf(header, field(9))
  const kind = type === 'ACK' ? 'ack' : 'message'
  const obx = segments.filter(({ name }) => name === 'OBX').map(({ line }) => observationOf(line, fieldSeparator))
  return {
    kind,
    field_separator: fieldSeparator,
    encoding_characters: header.encodingCharacters,
    sending_application: field(3),
    sending_facility: field(4),
    receiving_application: field(5),
    receiving_facility: field(6),
    message_time: field(7),
    message_type: type,
    trigger: trigger || null,
    control_id: field(10),
    processing_id: field(11),
    version: field(12),
    accept_ack_type: field(15) || null,
    application_ack_type: field(16) || null,
    segments: segments.map(({ name }) => name),
    ...(obx.length > 0 && { obx }),
    ...(kind === 'ack' && msaOf(segments, fieldSeparator)),
    charset,
    text,
  }
}

function textOfMessage(block: Buffer, raw: Hl7Header, otherwise: string): Hl7Text {
  const [, repetition] = raw.encodingCharacters
  const named = fieldOf(raw, 18)
  return textOf(block, repetition === undefined ? [named] : named.split(repetition), otherwise)
}

function observationOf(line: string, fieldSeparator: string): Hl7Observation {
  const fields = line.split(fieldSeparator, 12)
  const field = (number: number) => fields[number] ?? ''
  return { value_type: field(2), id: field(3), value: field(5), units: field(6), status: field(11) }
}

function msaOf(segments: readonly Segment[], fieldSeparator: string) {
  const [, code = '', id = ''] = segments.find(({ name }) => name === 'MSA')?.line.split(fieldSeparator, 3) ?? []
  return { msa_code: code, msa_control_id: id }
}
