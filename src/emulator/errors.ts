/**
 * IoT Hub's error codes and the names it answers with; the HTTP status is the code's first three digits. Source:
 * "Understand and resolve Azure IoT Hub errors" and the `ErrorCode` table of the service SDKs.
 */
const errorNames: ReadonlyMap<number, string> = new Map([
  [400004, 'ArgumentInvalid'],
  [400006, 'IotHubFormatError'],
  [400013, 'BulkRegistryOperationFailure'],
  [401002, 'IotHubUnauthorizedAccess'],
  [401003, 'IotHubUnauthorized'],
  [403002, 'IotHubQuotaExceeded'],
  [403004, 'DeviceMaximumQueueDepthExceeded'],
  [404001, 'DeviceNotFound'],
  [409001, 'DeviceAlreadyExists'],
  [412001, 'PreconditionFailed'],
  [412002, 'DeviceMessageLockLost'],
  [413001, 'MessageTooLarge'],
  [413002, 'TooManyDevices'],
  [429001, 'ThrottlingException'],
  [500001, 'ServerError'],
  [503001, 'ServiceUnavailable'],
])

/** A refusal that the hub answers with; its message is shown to the peer, so it never holds a key or a token. */
export class HubError extends Error {
  override readonly name = 'HubError'
  /** Six digits, as in `404001`; `404000` and the like where IoT Hub has no code of its own. */
  readonly code: number
  /** Seconds for the `Retry-After` header, if any. */
  readonly retryAfterSeconds: number | undefined

  constructor(code: number, message: string, retryAfterSeconds?: number) {
    super(message)
    this.code = code
    this.retryAfterSeconds = retryAfterSeconds
  }

  /** The refusal that IoT Hub most likely means by an HTTP status, 400 to 599. */
  static ofStatus(status: number, message: string, retryAfterSeconds?: number): HubError {
    return new HubError(likelyCodes.get(status) ?? status * 1000, message, retryAfterSeconds)
  }

  /** HTTP status, 400 to 599. */
  get status(): number {
    return Math.trunc(this.code / 1000)
  }

  /** IoT Hub's word for the code, as in `DeviceNotFound`; `Generic` where it has none. */
  get errorName(): string {
    return errorNames.get(this.code) ?? 'Generic'
  }
}

/** The peer left before its request took effect: there is nobody to answer and nothing to do. */
export class PeerGone extends Error {
  override readonly name = 'PeerGone'
}

const likelyCodes: ReadonlyMap<number, number> = new Map([
  [400, 400004],
  [401, 401002],
  [403, 403002],
  [404, 404001],
  [409, 409001],
  [412, 412002],
  [413, 413001],
  [429, 429001],
  [500, 500001],
  [503, 503001],
])
