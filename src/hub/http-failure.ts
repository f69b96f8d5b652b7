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

/** What a failed answer means. The hub's error code and words are quoted up to 200 characters, less any signature that they echo. */
export function httpError(failure: HttpFailure, now = Date.now()): GatewayError {
  const { status, body } = failure
  const words = wordsOf(body)
    .replace(/\bsig=[^&\s"]*/gi, 'sig=[secret]')
    .replace(/\s+/g, ' ')
    .slice(0, 200)
  const message = `the hub answered ${status}${words === '' ? '' : `: ${words}`}`
  const retryAfterMs = readRetryAfter(failure.retryAfter, now)
  return new GatewayError(codeOf(status, body), message, retryAfterMs === undefined ? {} : { retryAfterMs })
}

/** The error code and message of either form of body; the text as it is where it has neither. */
function wordsOf(body: string): string {
  try {
    const { Message, errorCode, message } = JSON.parse(body) as Record<string, unknown>
    if (typeof Message === 'string') return Message.replace(/^ErrorCode:/, '')
    if (errorCode !== undefined) return `${errorCode};${message ?? ''}`
  } catch {
    // No JSON, such as the page of a proxy: its own words are all there is.
  }
  return body
}

function codeOf(status: number, body: string): ErrorCode {
  if (status === 403) return forbiddenCode(body)
  // A success or a redirection that is none of the hub's comes from something in between.
  return codeByStatus[status] ?? (status >= 500 || status < 400 ? 'HUB_UNAVAILABLE' : 'HUB_REJECTED')
}

/** 403 is several things; a spent quota and a suspended hub pass by themselves and say nothing against the message. */
function forbiddenCode(body: string): ErrorCode {
  if (/quota|403002/i.test(body)) return 'HUB_QUOTA_EXCEEDED'
  // The hub gives every refusal a code; one without is a firewall's.
  return /suspended|403001/i.test(body) || !/ErrorCode|403\d{3}/i.test(body) ? 'HUB_UNAVAILABLE' : 'HUB_REJECTED'
}

/** Retry-After in seconds or as an HTTP date. */
function readRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  const seconds = Number(value)
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - now
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : undefined
}

/** What Node says of a certificate that no waiting will make good. */
const untrusted: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** What a request that got no answer means: the hub cannot be reached, for now. */
export function networkError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  const { code, message } = thrown as NodeJS.ErrnoException
  if (code !== undefined && untrusted.has(code)) {
    const words = `the hub's certificate is not trusted (${code}); a private hub takes its own certificate authority`
    return new GatewayError('CONFIGURATION', words, { cause: thrown })
  }
  // Of undici's own codes the words say more.
  const reason = code === undefined || code.startsWith('UND_ERR_') ? message : code
  return new GatewayError('HUB_UNAVAILABLE', `the hub cannot be reached: ${reason}`, { cause: thrown })
}
