import type { Connection } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import type { Frames, Messages } from '../../core/levels.ts'
import { type Stage, stage } from '../../core/stage.ts'
import { results } from './answers.ts'
import { CommandSide, type RefuseCommand } from './command-side.ts'
import { Content, type Out } from './content.ts'
import { faultOfLength, type Header, idText, type Message, readMessage, type SubPackage } from './message.ts'
import { messageIds } from './message-ids.ts'
import type { Jt808CodecOptions } from './options.ts'
import { OwedAnswers, takesAnswer } from './owed.ts'
import { Platform } from './platform.ts'
import { TerminalSession } from './session.ts'
import { checkSubPackageOptions, SubPackageDesk } from './sub-package-desk.ts'
import type { SubPackageGroup } from './sub-package-group.ts'

/**
 * The codec of JT/T 808 terminals, 2011, 2013 and 2019: messages without flags, escapes and check on the one side, readings on the other.
 * docs/protocols/jt808.md has the wire.
 *
 * At once it answers what the hub need not have: heartbeats, logouts, sub-packages but for the one that makes their message whole, codes
 * that are not right (1), messages that mean nothing (2) or cannot be read (3). All else is answered when the hub has answered.
 *
 * Errors: `BAD_CONTENT` for a header, a length or a body that is none; `NOT_IDENTIFIED` before authentication; `UNAUTHORIZED` for a code
 * that was not issued; `IDENTITY_CHANGED` for the id of another terminal; `NOT_SUPPORTED` for what is encrypted; `MESSAGE_TOO_LARGE` for
 * sub-packages over their limit. Down: `BAD_CONTENT` and `MESSAGE_TOO_LARGE` for commands that no message carries. `CONFIGURATION` for
 * options that cannot work.
 */
export function jt808Codec(options: Jt808CodecOptions = {}): Stage<Frames, Messages> {
  checkSubPackageOptions(options.subPackages ?? {})
  return stage<Frames, Messages>('jt808', (connection) => {
    const codec = new Jt808Codec(connection, options)
    return {
      up: { push: (frame: Buffer, out: Out) => codec.take(frame, out), end: (out: Out) => codec.end(out) },
      down(item, out) {
        for (const frame of codec.encode(item, (error, command) => out.fail(error, command))) out.emit(frame)
      },
    }
  })
}

class Jt808Codec {
  readonly #options: Jt808CodecOptions
  readonly #platform = new Platform()
  readonly #session: TerminalSession
  readonly #commands: CommandSide
  readonly #content: Content
  readonly #desk: SubPackageDesk
  readonly #owed: OwedAnswers

  constructor(connection: Connection, options: Jt808CodecOptions) {
    this.#options = options
    this.#session = new TerminalSession(connection, options, this.#platform)
    this.#commands = new CommandSide(this.#platform)
    this.#content = new Content(connection, options, this.#platform, this.#session, this.#commands)
    this.#desk = new SubPackageDesk(connection, options.subPackages ?? {})
    this.#owed = new OwedAnswers(this.#platform, this.#desk)
  }

  take(frame: Buffer, out: Out): void {
    const message = readMessage(frame)
    const { header } = message
    this.#lookAtParts(header, out)
    const isForeign = this.#isForeign(header, frame, out)
    const fault = faultOfLength(message)
    if (fault !== undefined) this.#content.refuse(header, results.badMessage, fault, out)
    const isPlain = header.encryption === 0 && header.subpackage === undefined
    if (isPlain && isForeign && isGreeting(header) && this.#options.authentication !== 'none') {
      // Codes are asked for, and shown, in one's own name only, whatever else is let pass.
      out.reply(this.#platform.answer(header, results.failed))
      throw new GatewayError('UNAUTHORIZED', 'a terminal registers or authenticates on the connection of another')
    }
    if (isPlain && header.id === messageIds.register) {
      out.emit(this.#session.register(header, this.#content.fieldsOf(message, header, out)))
    } else if (isPlain && header.id === messageIds.authenticate) {
      this.#authenticate(message, out)
    } else {
      this.#takeReport(message, isForeign, out)
    }
  }

  /** What was acknowledged as received is not lost: what is not whole goes up in its parts. */
  end(out: Out): void {
    this.#giveParts(this.#desk.clear(), out)
  }

  encode(item: Messages['down'], refuse: RefuseCommand): readonly Buffer[] {
    if (item.kind === 'command') return this.#commands.encode(item, this.#session.terminal)
    const { of } = item
    if (of.kind !== 'hello') return this.#owed.settle({ ...item, of })
    return [...this.#session.welcome({ ...item, of }), ...this.#commands.release(this.#session.terminal, refuse)]
  }

  /** Whether a message is another terminal's than the connection. Counts one that is let pass, throws for others. */
  #isForeign(header: Header, frame: Buffer, out: Out): boolean {
    const fault = this.#session.faultOf(header)
    if (fault === undefined) return false
    if (this.#options.otherTerminals !== 'pass') throw fault
    out.fail(fault, frame)
    return true
  }

  #authenticate(message: Message, out: Out): void {
    const { header } = message
    const greeting = this.#session.authenticate(header, this.#content.fieldsOf(message, header, out))
    if (greeting === undefined) {
      out.reply(this.#platform.answer(header, results.failed))
      throw new GatewayError('UNAUTHORIZED', 'a terminal brought a code that was not issued to it')
    }
    out.emit(greeting)
  }

  #takeReport(message: Message, isForeign: boolean, out: Out): void {
    const { header } = message
    const greeting = this.#session.greet(header)
    if (greeting !== undefined) out.emit(greeting)
    if (header.encryption !== 0) this.#takeEncrypted(message, out)
    else if (header.subpackage !== undefined) this.#takePart(message, header.subpackage, isForeign, out)
    else this.#content.deliver(message, { to: header }, out)
  }

  #takeEncrypted(message: Message, out: Out): void {
    const { header } = message
    if (this.#options.encrypted === 'pass') {
      const owed = takesAnswer(header.id) ? { to: header } : undefined
      this.#content.deliverOpaque(message, 'encrypted', owed, out)
      return
    }
    const text = `a ${idText(header.id)} is encrypted (${header.encryption})`
    this.#content.refuse(header, results.unsupported, new GatewayError('NOT_SUPPORTED', text), out)
  }

  #takePart(message: Message, place: SubPackage, isForeign: boolean, out: Out): void {
    const { header } = message
    if (isForeign) {
      // Parts of several terminals must not get into one message.
      this.#content.deliverOpaque(message, 'subpackage', takesAnswer(header.id) ? { to: header } : undefined, out)
      return
    }
    const taken = this.#placed(message, place, out)
    this.#giveParts(taken.given, out)
    if (taken.kind === 'waiting') return
    if (taken.kind === 'whole') {
      this.#deliverJoined(taken.group, header, out)
      return
    }
    if (takesAnswer(header.id)) this.#content.answerAtOnce(header, out)
    if (taken.kind === 'kept') this.#ask(header, taken.group, taken.missing, out)
  }

  #placed(message: Message, place: SubPackage, out: Out) {
    try {
      return this.#desk.take(message, place)
    } catch (thrown) {
      return this.#content.refuse(message.header, results.badMessage, thrown as GatewayError, out)
    }
  }

  /** The answer names the sub-package that made the message whole: that one alone still waits for it. */
  #deliverJoined(group: SubPackageGroup, to: Header, out: Out): void {
    try {
      this.#content.deliver(group.joined(), { to, group }, out)
    } catch (thrown) {
      this.#desk.refused(group)
      throw thrown
    }
    // Nobody answers a reply: there is no later word on it.
    if (!takesAnswer(group.id)) this.#desk.stored(group)
  }

  #lookAtParts(header: Header, out: Out): void {
    const { over, late } = this.#desk.look()
    this.#giveParts(over, out)
    for (const group of late) this.#ask(header, group, group.missing, out)
  }

  #ask(to: Header, { firstSerial }: SubPackageGroup, missing: readonly number[], out: Out): void {
    if (this.#desk.asks && missing.length > 0) out.reply(this.#platform.resend(to, firstSerial, missing))
  }

  #giveParts(groups: readonly SubPackageGroup[], out: Out): void {
    for (const part of groups.flatMap(({ inOrder }) => inOrder)) {
      this.#content.deliverOpaque(part, 'subpackage', undefined, out)
    }
  }
}

function isGreeting({ id }: Header): boolean {
  return id === messageIds.register || id === messageIds.authenticate
}
