import type { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import { type Credentials, type Hello, type Identity, receipt } from '../core/items.ts'
import type { Messages } from '../core/levels.ts'
import { type Outlet, type Stage, stage } from '../core/stage.ts'

/**
 * Turns what a device claims into an identity, or throws a GatewayError `UNAUTHORIZED`. It need not ask the hub whether
 * brought credentials are right: opening the hub session does.
 */
export type Authenticator = (hello: Hello, connection: Connection) => Identity | Promise<Identity>

/**
 * Lets nothing but a hello pass until the device is known: asks the authenticator, opens the hub session in that name, and
 * only then answers the hello and lets the rest through. Everything that the device sent meanwhile waits.
 *
 * Errors: `NOT_IDENTIFIED` for anything before the hello, `IDENTITY_CHANGED` for a second hello in another name, and what
 * the authenticator or the hub answers. A repeated hello in the same name is answered again.
 */
export function authenticate(authenticator: Authenticator): Stage<Messages, Messages> {
  return stage<Messages, Messages>('authenticate', (connection) => ({
    up(item, out) {
      const known = connection.identity
      if (known !== undefined) {
        if (item.kind === 'hello') answerAgain(item, known, connection, out)
        else out.emit(item)
        return undefined
      }
      if (item.kind !== 'hello') {
        throw new GatewayError('NOT_IDENTIFIED', `a ${item.kind} came before the hello`)
      }
      connection.greeted = true
      return identify(item, connection, authenticator, out)
    },
  }))
}

async function identify(
  item: Hello,
  connection: Connection,
  authenticator: Authenticator,
  out: Outlet<Messages['up'], Messages['down']>,
): Promise<void> {
  await connection.identify(await authenticator(item, connection))
  connection.meter.countReceipt('hello', 'complete')
  out.reply(receipt(item, 'complete'))
}

function answerAgain(
  item: Hello,
  known: Identity,
  connection: Connection,
  out: Outlet<Messages['up'], Messages['down']>,
): void {
  if (item.deviceId !== known.deviceId) {
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
