import { createHmac } from 'node:crypto'
import type { Log } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import type { Credentials, Identity } from '../../core/items.ts'
import type { KnownDevice, SpoolStore, StoredMessage } from './store.ts'

/** How many digests of a device are kept: primary and secondary key, before and after a rotation. */
const keptDigests = 4

/** What a device's policy credentials are known by: they hold no secret of the device. */
const policyDigest = 'policy'

/** Which devices the hub believed, so that they can be believed while it cannot be asked. Keeps digests, never a secret. */
export class KnownDevices {
  readonly #store: SpoolStore
  readonly #log: Log

  constructor(store: SpoolStore, log: Log) {
    this.#store = store
    this.#log = log
  }

  /**
   * What credentials are recognised by. An HMAC and no slow hash: keys are random, of 128 bits at least, and a thousand devices that
   * come back together must not wait for each other.
   */
  digest({ deviceId, credentials }: Identity): string {
    if (credentials.type === 'policy') return policyDigest
    const secret = credentials.type === 'key' ? credentials.key : credentials.sas
    const hmac = createHmac('sha256', this.#store.salt())
    return hmac.update(`${credentials.type}\n${deviceId}\n${secret.reveal()}`).digest('base64url').slice(0, 22)
  }

  /** The kind of credentials that the device was believed with last. */
  async credentialsOf(deviceId: string): Promise<KnownDevice['credentials'] | undefined> {
    return (await this.#store.known(deviceId))?.credentials
  }

  /**
   * Believes a device though the hub cannot be asked, or rejects with `HUB_UNAVAILABLE`. Resolves with what its messages are to be marked
   * with until the hub accepts it; undefined where they need no mark: of tokens there is a new one every hour, and for policy credentials
   * the gateway itself has vouched.
   */
  async believe(
    device: Identity,
    unknownDevices: 'refuse' | 'accept',
    cause: GatewayError,
  ): Promise<string | undefined> {
    const { credentials, deviceId } = device
    const known = await this.#store.known(deviceId)
    const accepted = known?.accepted ?? []
    const refusal = (why: string) =>
      new GatewayError('HUB_UNAVAILABLE', `the hub cannot be asked, and ${why}`, { cause, stage: 'spool' })
    if (credentials.type === 'policy') {
      // Who the device is the gateway's own authenticator has said; the hub is asked only whether it knows the device.
      if (accepted.length === 0 && unknownDevices === 'refuse') throw refusal('it has never accepted this device')
      await this.#remember(device, known?.confirmations ?? 0, accepted)
      return undefined
    }
    const digest = this.digest(device)
    if (!accepted.some((each) => each.digest === digest)) throw refusal('it has not accepted these credentials before')
    if (hasExpired(credentials, Date.now())) throw refusal('the token has expired')
    return credentials.type === 'key' ? `${digest}.${known?.confirmations}` : undefined
  }

  /** The hub has accepted the credentials. */
  async confirm(device: Identity): Promise<void> {
    await this.#noting(device, async () => {
      const digest = this.digest(device)
      const known = await this.#store.known(device.deviceId)
      const others = known?.accepted.filter((each) => each.digest !== digest) ?? []
      const confirmation = (known?.confirmations ?? 0) + 1
      await this.#remember(device, confirmation, [...others.slice(1 - keptDigests), { digest, confirmation }])
    })
  }

  /** The hub has refused the credentials, or the device: neither is believed the next time. */
  async refuse(device: Identity, error: GatewayError): Promise<void> {
    await this.#noting(device, async () => {
      const known = await this.#store.known(device.deviceId)
      if (known === undefined) return
      const digest = this.digest(device)
      const accepted = error.code === 'DEVICE_NOT_FOUND' ? [] : known.accepted.filter((each) => each.digest !== digest)
      if (accepted.length < known.accepted.length) await this.#store.remember(device.deviceId, { ...known, accepted })
    })
  }

  /**
   * Those messages that may not go to the hub under credentials of this digest: they were taken on trust of others, which the hub has not
   * accepted since. They may come from somebody whose key was revoked while the hub could not be asked.
   */
  async unconfirmed(deviceId: string, messages: readonly StoredMessage[], digest: string): Promise<StoredMessage[]> {
    const doubtful = messages.filter(({ trust }) => trust !== undefined && trust.split('.')[0] !== digest)
    if (doubtful.length === 0) return doubtful
    const accepted = (await this.#store.known(deviceId))?.accepted ?? []
    return doubtful.filter(({ trust }) => {
      const [given, confirmations] = (trust ?? '').split('.')
      return !accepted.some((each) => each.digest === given && each.confirmation > Number(confirmations))
    })
  }

  /** The hub's word stands: that the spool cannot note it matters in the next outage, not for this connection. */
  async #noting({ deviceId }: Identity, note: () => Promise<void>): Promise<void> {
    try {
      await note()
    } catch (thrown) {
      const { code, message } = GatewayError.from(thrown, 'spool')
      this.#log.warn({ deviceId, code, error: message }, 'the spool cannot note what the hub said of a device')
    }
  }

  async #remember(
    { deviceId, credentials }: Identity,
    confirmations: number,
    accepted: KnownDevice['accepted'],
  ): Promise<void> {
    await this.#store.remember(deviceId, { credentials: credentials.type, confirmations, accepted })
  }
}

/** True for a token whose `se`, in seconds since 1970, is over or cannot be read. Keys do not expire. */
function hasExpired(credentials: Credentials, now: number): boolean {
  if (credentials.type !== 'sas') return false
  const expiry = /[&? ]se=(\d{1,15})(?:&|$)/.exec(credentials.sas.reveal())
  return expiry === null || Number(expiry[1]) * 1000 <= now
}
