import type { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import { type Credentials, failedReceipt, type Hello, type Identity, receipt } from '../core/items.ts'
import type { Messages } from '../core/levels.ts'
import { increment } from '../core/meter.ts'
import { type Outlet, type Stage, stage, type TurnStep } from '../core/stage.ts'

/**
 * Turns what a device claims into an identity, or throws a GatewayError `UNAUTHORIZED`. It need not ask the hub whether
 * brought credentials are right: opening the hub session does.
 */
export type Authenticator = (hello: Hello, connection: Connection) => Identity | Promise<Identity>

/** Options of {@link authenticate}. */
export interface AuthenticateOptions {
  /**
   * What becomes of a device that is not to be served (`UNAUTHORIZED`, `DEVICE_NOT_FOUND`). `close` (default): its hello is
   * rejected and the connection ends. `ignore`: its hello is rejected and the connection stays; what it sends is rejected with
   * `NOT_IDENTIFIED`, counted and forgotten, and its next hello is tried anew. For devices that would connect again for ever.
   */
  readonly unknown?: 'close' | 'ignore'
  /**
   * True (default): a device has one connection, and the newest ends the older ones of its pipeline with `TAKEN_OVER`, after they have finished
   * what they took. False for senders that may have several at once.
   */
  readonly takeover?: boolean
}

/**
 * Lets nothing but a hello pass until the device is known: asks the authenticator, opens the hub session in that name, and
 * only then answers the hello and lets the rest through. Everything that the device sent meanwhile waits.
 *
 * Errors: `NOT_IDENTIFIED` for anything before the hello, `IDENTITY_CHANGED` for a second hello in another name, and what
 * the authenticator or the hub answers. A repeated hello in the same name is answered again.
 */
export function authenticate(
  authenticator: Authenticator,
  options: AuthenticateOptions = {},
): Stage<Messages, Messages> {
  const { unknown = 'close', takeover = true } = options
  const terms: Terms = { authenticator, unknown, takeover }
  return stage<Messages, Messages>('authenticate', (connection) => ({ up: new Gate(connection, terms) }))
}

/** What holds for all connections of a stage. */
interface Terms extends Required<AuthenticateOptions> {
  readonly authenticator: Authenticator
}

class Gate implements TurnStep<Messages['up'], Messages['up'], Messages['down']> {
  readonly #connection: Connection
  readonly #terms: Terms
  /** Who the device is, once that is known. */
  #known: Identity | undefined
  /** Where it is not to be served. */
  #ignored: IgnoredDevice | undefined
  /** The name of the hello that was believed; the authenticator may have given the device another. */
  #claimed: string | undefined

  constructor(connection: Connection, terms: Terms) {
    this.#connection = connection
    this.#terms = terms
  }

  push(item: Messages['up'], out: Out): Promise<void> | undefined {
    const known = this.#whoIsThere()
    if (known !== undefined) {
      if (item.kind === 'hello') answerAgain(item, this.#claimed ?? known.deviceId, known, this.#connection, out)
      else out.emit(item)
      return undefined
    }
    if (item.kind === 'hello') return this.#greet(item, out)
    if (this.#ignored === undefined) throw new GatewayError('NOT_IDENTIFIED', `a ${item.kind} came before the hello`)
    this.#ignored.forget(item, out)
    return undefined
  }

  /** Of a known device all but a hello. */
  pushAll(items: readonly Messages['up'][], out: Out): number {
    if (this.#whoIsThere() === undefined) return 0
    let taken = 0
    for (const item of items) {
      if (item.kind === 'hello') break
      out.emit(item)
      taken++
    }
    return taken
  }

  /** Asked of the connection until it is known. */
  #whoIsThere(): Identity | undefined {
    this.#known ??= this.#connection.identity
    return this.#known
  }

  #greet(item: Hello, out: Out): Promise<void> {
    const { authenticator, unknown, takeover } = this.#terms
    const connection = this.#connection
    connection.greeted = true
    const identified = identify(item, connection, authenticator, takeover, out).then(() => {
      this.#claimed = item.deviceId
    })
    if (unknown === 'close') return identified
    return identified.catch((thrown) => {
      const error = GatewayError.from(thrown, 'authenticate.up')
      // A device may not be ignored for anything else, such as a hub that cannot be asked.
      if (error.code !== 'UNAUTHORIZED' && error.code !== 'DEVICE_NOT_FOUND') throw error
      this.#ignored ??= new IgnoredDevice(connection, error)
      this.#ignored.refuse(error, item, out)
    })
  }
}

/** A device that was refused and keeps its connection. */
class IgnoredDevice {
  readonly #connection: Connection

  constructor(connection: Connection, { code, stage, message }: GatewayError) {
    this.#connection = connection
    connection.log.warn({ code, stage, error: message }, 'ignored')
  }

  /** Answers its hello. */
  refuse(error: GatewayError, item: Hello, out: Out): void {
    const { meter } = this.#connection
    increment(meter.stage('authenticate', 'up').errors, error.code)
    this.#connection.helloRefused()
    meter.countReceipt('hello', 'reject')
    out.reply(failedReceipt(item, error))
  }

  forget(item: Exclude<Messages['up'], Hello>, out: Out): void {
    const { meter } = this.#connection
    increment(meter.stage('authenticate', 'up').errors, 'NOT_IDENTIFIED')
    // What an unknown device answers was not asked.
    if (item.kind === 'receipt') return
    meter.countReceipt(item.kind, 'reject')
    out.reply(failedReceipt(item, new GatewayError('NOT_IDENTIFIED', 'the device is not known and not served')))
  }
}

type Out = Outlet<Messages['up'], Messages['down']>

async function identify(
  item: Hello,
  connection: Connection,
  authenticator: Authenticator,
  takeover: boolean,
  out: Out,
): Promise<void> {
  await connection.identify(await authenticator(item, connection), { takeover })
  connection.meter.countReceipt('hello', 'complete')
  out.reply(receipt(item, 'complete'))
}

function answerAgain(item: Hello, claimed: string, known: Identity, connection: Connection, out: Out): void {
  if (item.deviceId !== claimed) {
    throw new GatewayError('IDENTITY_CHANGED', 'a second hello on this connection names another device')
  }
  if (item.credentials !== undefined && differ(item.credentials, known.credentials)) {
    throw new GatewayError(
      'IDENTITY_CHANGED',
      'a second hello on this connection brings other credentials; connect anew',
    )
  }
  connection.meter.countReceipt('hello', 'complete')
  out.reply(receipt(item, 'complete'))
}

/** True for two of one kind that are not the same; a hello to a gateway that holds the credentials may bring what it likes. */
function differ(brought: Credentials, known: Credentials): boolean {
  if (brought.type === 'key' && known.type === 'key') return !brought.key.equals(known.key)
  return brought.type === 'sas' && known.type === 'sas' && !brought.sas.equals(known.sas)
}
