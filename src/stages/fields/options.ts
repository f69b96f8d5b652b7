import type { TimeNotation } from './device-time.ts'
import type { Field, Scalar } from './field.ts'
import type { LinePattern } from './spoken-line.ts'

/** How a device is known: by a field of its readings, as one that is always the same, or by the address that it connects from. */
export type DeviceIdOption = { readonly field: Field } | { readonly fixed: string } | 'peerAddress'

/** A frame that has a field, of one value if that is given. */
export interface FieldMark {
  readonly field: Field
  readonly equals?: Scalar
}

/** A line that holds no fields: its text, or a RegExp that must match all of it. */
export interface LineMark {
  readonly line: LinePattern
}

/** What a hello is answered. `Said` is a template, in which `{id}` is the device id. */
export interface HelloAnswers<Said> {
  /** When the hub has accepted the device; default nothing. */
  readonly accepted?: Said
  /** When it has not; default nothing. The connection ends. */
  readonly refused?: Said
}

/** A frame whose field `field` is there is a hello: that is the device id. `key`: the field that brings the device's key. */
export interface FieldHello<Said> extends HelloAnswers<Said> {
  readonly field: Field
  readonly key?: Field
}

/** A line that is a hello, by a RegExp with the group `id`, and with the group `key` if it brings the device's key. */
export interface LineHello<Said> extends HelloAnswers<Said> {
  readonly line: RegExp
}

/** Fields of a frame that answers a command. */
export interface FieldAnswer {
  /** The command's id, a text, as `{id}` of `command` or the body told it; a frame with this field is an answer. */
  readonly field: Field
  /** The field that says how it went, and its values for `reject` and `abandon`; all others, and none, are `complete`. */
  readonly outcome?: {
    readonly field: Field
    readonly reject?: readonly Scalar[]
    readonly abandon?: readonly Scalar[]
  }
}

/** Lines that answer a command: the group `id` is the command's id; without one the command that has waited longest is meant. */
export interface LineAnswer {
  readonly line: LinePattern
  /** The line of a device that will not do it. */
  readonly reject?: LinePattern
}

/** A heartbeat with its answer, in which `{sequence}` is the frame's. */
export type HeartbeatOption<Said, Mark> = Mark & { readonly answer?: Said }

/** The kinds of frames that a language can tell apart. */
export interface FrameKinds<Said> {
  readonly hello: FieldHello<Said> | LineHello<Said>
  readonly heartbeat: FieldMark | LineMark
  readonly answer: FieldAnswer | LineAnswer
}

/**
 * What a frame means, told by the names of its fields: no functions. `Said` is a template of what is sent to the device: for lines a text,
 * for other languages a value, see {@link lineTemplates} and {@link valueTemplates}. Exactly one of `deviceId` and `hello` is needed.
 */
export interface FieldOptions<Said, Kinds extends FrameKinds<Said> = FrameKinds<Said>> {
  /** How the device is known where it says no hello: by its first reading. */
  readonly deviceId?: DeviceIdOption
  /** Stands in front of every device id; default nothing. */
  readonly idPrefix?: string
  /** The frame by which the device says who it is, and nothing else. */
  readonly hello?: Kinds['hello']
  /**
   * The field with the reading's number: a text or a number. It is `{sequence}` of answers, and begins the message id, which goes on with
   * a digest of the frame. Without it the id begins with `time`; a reading with neither has none: two equal readings are two readings.
   */
  readonly sequence?: Field
  /** The field with the time of the reading, which becomes the message's creation time. */
  readonly time?: { readonly field: Field; readonly as: TimeNotation }
  /** The message's property `type`: fixed, or a field, where that is missing `reading`; default `reading`. */
  readonly type?: string | { readonly field: Field }
  /** The frame by which the device only says that it is there; it is answered at once. */
  readonly heartbeat?: HeartbeatOption<Said, Kinds['heartbeat']>
  /** What a reading is answered by its outcome, with `{sequence}` and `{outcome}`; a reading without the sequence that this needs is not answered. Default nothing. */
  readonly acknowledge?: { readonly complete?: Said; readonly abandon?: Said; readonly reject?: Said }
  /** What a frame is answered that means nothing, with `{code}`; default nothing. */
  readonly refuse?: Said
  /** The frame of a command, with `{id}`, `{name}` and `{body}`; default: its body as it is. */
  readonly command?: Said
  /** The frame that answers a command; without it a command is complete when it is on its way down. */
  readonly answer?: Kinds['answer']
}

/** What lines can tell: fields, and lines that are none. */
export interface LineKinds extends FrameKinds<string> {}

/** What frames of one value can tell: fields. */
export interface ValueKinds extends FrameKinds<unknown> {
  readonly hello: FieldHello<unknown>
  readonly heartbeat: FieldMark
  readonly answer: FieldAnswer
}
