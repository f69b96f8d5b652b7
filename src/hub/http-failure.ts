import { type ErrorCode, GatewayError } from '../core/errors.ts'

/** An answer of the hub's HTTPS API that is not a success. */
export interface HttpFailure {
  readonly status: number
  readonly retryAfter: string | undefined
  /** The body's text; classic form `{"Message":"ErrorCode:…;…"}` or gateway-v2 form `{"errorCode":401002,…}`. */
  readonly body: string
}

const codeByStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'HUB_REJECTED',
  401: 'UNAUTHORIZED',
  404: 'DEVICE_NOT_FOUND',
  408: 'HUB_TIMEOUT',
  412: 'LOCK_LOST',
  413: 'MESSAGE_TOO_LARGE',
  429: 'HUB_THROTTLED',
}

/** What a failed answer means. The hub's own words are quoted up to 200 characters, less any signature that they echo. */
export function httpError(failure: HttpFailure, now = Date.now()): GatewayError {
  const { status, body } = failure
  const words = body
    .replace(/\bsig=[^&\s"]*/gi, 'sig=[secret]')
    .replace(/\s+/g, ' ')
    .slice(0, 200)
  const message = `the hub answered ${status}${words === '' ? '' : `: ${words}`}`
  const retryAfterMs = readRetryAfter(failure.retryAfter, now)
  return new GatewayError(codeOf(status, body), message, retryAfterMs === undefined ? {} : { retryAfterMs })
}

function codeOf(status: number, body: string): ErrorCode {
  if (status === 403) return forbiddenCode(body)
  return codeByStatus[status] ?? (status >= 500 ? 'HUB_UNAVAILABLE' : 'HUB_REJECTED')
}

/** 403 is several things; a spent quota and a suspended hub pass by themselves and say nothing against the message. */
function forbiddenCode(body: string): ErrorCode {
  if (/quota|403002/i.test(body)) return 'HUB_QUOTA_EXCEEDED'
  return /suspended|403001/i.test(body) ? 'HUB_UNAVAILABLE' : 'HUB_REJECTED'
}

/** Retry-After in seconds or as an HTTP date. */
function readRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  const seconds = Number(value)
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - now
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : undefined
}

/** What a request that got no answer means: the hub cannot be reached, for now. */
export function networkError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  const { code, message } = thrown as NodeJS.ErrnoException
  return new GatewayError('HUB_UNAVAILABLE', `the hub cannot be reached: ${code ?? message}`, { cause: thrown })
}
