import type { Connection } from '../../core/connection.ts'
import type { GatewayError } from '../../core/errors.ts'
import type { Frames, Messages } from '../../core/levels.ts'
import type { Outlet } from '../../core/stage.ts'
import { ReceiptGroup } from '../receipt-group.ts'
import { results } from './answers.ts'
import { decodeBatch } from './batch-body.ts'
import { isOfPlatform } from './bodies.ts'
import type { CommandSide } from './command-side.ts'
import { batchFields, fieldsOf, type MessageFields, opaqueFields } from './fields.ts'
import { decodeLocation } from './location.ts'
import type { Header, Message } from './message.ts'
import { messageIds } from './message-ids.ts'
import type { Jt808CodecOptions } from './options.ts'
import { isSignOfLife, type Owed, takesAnswer } from './owed.ts'
import type { Platform } from './platform.ts'
import { readingOf } from './readings.ts'
import { isReply } from './replies.ts'
import type { TerminalSession } from './session.ts'

/** Where a codec of JT/T 808 puts what it makes of a frame. */
export type Out = Outlet<Messages['up'], Frames['down']>

/** What the messages of an authenticated terminal become. */
export class Content {
  readonly #connection: Connection
  readonly #options: Jt808CodecOptions
  readonly #envelope: boolean
  readonly #platform: Platform
  readonly #session: TerminalSession
  readonly #commands: CommandSide

  constructor(
    connection: Connection,
    options: Jt808CodecOptions,
    platform: Platform,
    session: TerminalSession,
    commands: CommandSide,
  ) {
    this.#connection = connection
    this.#options = options
    this.#envelope = options.envelope ?? false
    this.#platform = platform
    this.#session = session
    this.#commands = commands
  }

  /** A message that is whole and in the clear. Refuses, as {@link Content.refuse}, a body that is none of its kind. */
  deliver(message: Message, owed: Owed, out: Out): void {
    const { id } = message.header
    if (id === messageIds.locationBatch && this.#options.batches !== 'pack') {
      this.#splitBatch(message, owed, out)
      return
    }
    const fields = this.fieldsOf(message, owed.to, out)
    if (isSignOfLife(id)) this.#signOfLife(message, fields, owed.to, out)
    else if (isReply(id)) this.#reply(message, fields, out)
    else if (isOfPlatform(id)) out.emit(readingOf(message, fields))
    else {
      const multimediaId = id === messageIds.multimedia ? (fields.multimedia_id as number | undefined) : undefined
      out.emit(readingOf(message, fields, { tag: { ...owed, multimediaId } satisfies Owed }))
    }
  }

  /** A message that is not looked into. */
  deliverOpaque(message: Message, kind: 'encrypted' | 'subpackage', owed: Owed | undefined, out: Out): void {
    out.emit(readingOf(message, opaqueFields(message, kind, this.#envelope), { tag: owed }))
  }

  /** The fields of a message. Refuses one that means nothing. */
  fieldsOf(message: Message, to: Header, out: Out): MessageFields {
    try {
      return fieldsOf(message, this.#envelope)
    } catch (thrown) {
      return this.refuse(to, results.badMessage, thrown as GatewayError, out)
    }
  }

  /** Tells a terminal that is believed of a message that is not taken, at once, and throws the reason. */
  refuse(to: Header, result: number, error: GatewayError, out: Out): never {
    if (this.#session.isBelieved && takesAnswer(to.id)) out.reply(this.#platform.answer(to, result))
    throw error
  }

  /** Answers what the hub need not have. One whose header is the hello is answered with that. */
  answerAtOnce(to: Header, out: Out): void {
    if (this.#connection.identity !== undefined) out.reply(this.#platform.answer(to, results.ok))
  }

  #reply(message: Message, fields: MessageFields, out: Out): void {
    const reply = this.#commands.answered(message.header.id, fields)
    if (reply?.isAwaited !== true) out.emit(readingOf(message, fields))
    if (reply !== undefined) out.emit(reply.receipt)
  }

  #signOfLife(message: Message, fields: MessageFields, to: Header, out: Out): void {
    this.answerAtOnce(to, out)
    const isLogout = message.header.id === messageIds.logout
    if (isLogout) this.#session.logout()
    if (isLogout || this.#options.heartbeats) out.emit(readingOf(message, fields))
  }

  #splitBatch(message: Message, owed: Owed, out: Out): void {
    const { batch_type, items } = this.#batchOf(message, owed.to, out)
    const count = items.length
    if (count === 0) {
      this.answerAtOnce(owed.to, out)
      return
    }
    const fields = batchFields(message, { batch_type, count }, this.#envelope)
    const tag = new ReceiptGroup(owed, count)
    for (const [place, bytes] of items.entries()) {
      const part = { index: place + 1, bytes }
      try {
        const location = decodeLocation(bytes)
        out.emit(readingOf(message, { ...fields, index: part.index, location }, { tag, part }))
      } catch (thrown) {
        out.fail(thrown as GatewayError, readingOf(message, fields, { tag, part }))
      }
    }
  }

  #batchOf(message: Message, to: Header, out: Out) {
    try {
      return decodeBatch(message.body)
    } catch (thrown) {
      return this.refuse(to, results.badMessage, thrown as GatewayError, out)
    }
  }
}
