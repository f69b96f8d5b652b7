import type { Connection } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import { type Hello, hello, type Receipt } from '../../core/items.ts'
import { registrationResults, results } from './answers.ts'
import type { MessageFields } from './fields.ts'
import { type Header, idText, terminalIdOf } from './message.ts'
import type { Jt808CodecOptions } from './options.ts'
import { isAnsweredAtOnce, takesAnswer } from './owed.ts'
import type { Platform } from './platform.ts'
import { type Registering, type Tokens, terminalIdTokens } from './tokens.ts'

/** What a hello answers. */
type HelloTag =
  | { readonly is: 'registration'; readonly to: Header }
  | { readonly is: 'authentication'; readonly to: Header }
  /** The id of a message's header, where that is enough. */
  | { readonly is: 'header'; readonly to: Header }

/** The id of a terminal whose digits are all zero, since a device needs a name. */
const zeroId = '0'

/** Who is at the other end of a connection, and whether it may say anything yet. */
export class TerminalSession {
  readonly #connection: Connection
  readonly #options: Jt808CodecOptions
  readonly #platform: Platform
  readonly #tokens: Tokens
  /** The first message that was believed: whose connection it is, and the form of its header. */
  #terminal: Header | undefined
  /** A hello was said from here; an identity without one is somebody else's word for the device. */
  #greeted = false
  #authenticated = false

  constructor(connection: Connection, options: Jt808CodecOptions, platform: Platform) {
    this.#connection = connection
    this.#options = options
    this.#platform = platform
    this.#tokens = options.tokens ?? terminalIdTokens
  }

  /** True once it may report and be sent commands. */
  get isAuthenticated(): boolean {
    return this.#authenticated || (this.#connection.identity !== undefined && !this.#greeted)
  }

  /** True where it is told what is wrong with its messages: also before its first good one, where an id is enough. */
  get isBelieved(): boolean {
    return this.#trusts || (this.isAuthenticated && this.#connection.identity !== undefined)
  }

  /** The terminal that commands go to, once it may be sent some. */
  get terminal(): Header | undefined {
    return this.isAuthenticated ? this.#terminal : undefined
  }

  /** What is wrong with the sender of a message: the connection is another terminal's. */
  faultOf({ terminalIdHex }: Header): GatewayError | undefined {
    if (this.#terminal === undefined) return undefined
    if (this.#terminal.terminalIdHex === terminalIdHex) return undefined
    const [own, other] = [terminalIdOf(this.#terminal.terminalIdHex), terminalIdOf(terminalIdHex)]
    if (own === other) return undefined
    return new GatewayError('IDENTITY_CHANGED', `a message of terminal ${other} on the connection of ${own}`)
  }

  /** 0x0100. */
  register(header: Header, fields: MessageFields): Hello {
    if (this.#trusts) this.#authenticated = true
    return this.#hello({ is: 'registration', to: header }, fields)
  }

  /** 0x0102. Undefined for a code that is not right: the terminal may register anew. */
  authenticate(header: Header, fields: MessageFields): Hello | undefined {
    const token = String(fields.auth_code)
    this.#authenticated = this.#trusts || this.#tokens.verify(deviceIdOf(header), token)
    return this.#authenticated ? this.#hello({ is: 'authentication', to: header }, fields) : undefined
  }

  /** Any other message: the hello that goes before it, where one is needed. Throws `NOT_IDENTIFIED`. */
  greet(header: Header): Hello | undefined {
    if (this.isAuthenticated) {
      this.#terminal ??= header
      return undefined
    }
    if (!this.#trusts) {
      const text = `a ${idText(header.id)} came before the terminal had authenticated itself`
      throw new GatewayError('NOT_IDENTIFIED', text)
    }
    this.#authenticated = true
    return this.#hello({ is: 'header', to: header }, undefined)
  }

  /** 0x0003: its code is void, and it registers again. */
  logout(): void {
    this.#authenticated = this.#trusts
  }

  /** What the terminal is told when its hello was answered. */
  welcome({ of, outcome }: Receipt<Hello>): readonly Buffer[] {
    const { is, to } = of.tag as HelloTag
    if (is === 'registration') {
      if (outcome === 'complete') {
        return [this.#platform.registered(to, registrationResults.ok, this.#tokens.issue(registeringOf(of)))]
      }
      // A hub that cannot be asked says nothing against the terminal, and 0x8100 has no word for that: it tries again.
      return outcome === 'reject' ? [this.#platform.registered(to, registrationResults.noSuchTerminal)] : []
    }
    if (outcome !== 'complete') return takesAnswer(to.id) ? [this.#platform.answer(to, results.failed)] : []
    return is === 'authentication' || isAnsweredAtOnce(to) ? [this.#platform.answer(to, results.ok)] : []
  }

  get #trusts(): boolean {
    return this.#options.authentication === 'none'
  }

  /** In the name of the connection's device, also for another terminal that is let pass. */
  #hello(tag: HelloTag, value: MessageFields | undefined): Hello {
    this.#terminal ??= tag.to
    this.#greeted = true
    return hello({ deviceId: this.#connection.identity?.deviceId ?? deviceIdOf(this.#terminal) }, tag, value)
  }
}

/** The name under which the hub knows a terminal. */
export function deviceIdOf({ terminalIdHex }: Header): string {
  return terminalIdOf(terminalIdHex) || zeroId
}

function registeringOf(of: Hello): Registering {
  const registration = of.value as Registering
  return { ...registration, terminal_id: registration.terminal_id || zeroId }
}
