import { createHmac, timingSafeEqual } from 'node:crypto'
import { HubError } from './errors.ts'

/** The fields of a shared access signature. */
export interface SharedAccessSignature {
  /** The resource exactly as it was sent, still percent-encoded: this very text was signed. */
  readonly rawResource: string
  /** The resource, percent-decoded once: `host[:port][/devices[/{id}[/…]]]`. */
  readonly resource: string
  /** HMAC-SHA256, 32 bytes. */
  readonly signature: Buffer
  /** The expiry exactly as it was sent, which was signed too. */
  readonly rawExpiry: string
  /** Policy name; absent when the device's own key signed. */
  readonly policy?: string
}

/** What to sign. */
export interface SignatureInput {
  /** `host[:port]/devices/{id}` or a prefix of it by segment, not yet percent-encoded. */
  readonly resource: string
  /** Base64 key of the device or of the policy. */
  readonly key: string
  /** Seconds since 1970-01-01T00:00:00Z after which the signature is void. */
  readonly expirySeconds: number
  /** Policy name, when `key` is a policy's. */
  readonly policy?: string
}

const scheme = /^SharedAccessSignature +(\S+) *$/i
const fieldNames = new Set(['sr', 'sig', 'se', 'skn'])

/**
 * Reads `SharedAccessSignature sr=…&sig=…&se=…[&skn=…]`, fields in any order, an empty `skn` meaning none.
 * Source: "Control access to IoT Hub by using shared access signatures". Does not verify it.
 *
 * @param header The Authorization header; undefined when the request had none.
 * @throws {HubError} 401003 when it is anything else. The message never quotes the input.
 */
export function parseSharedAccessSignature(header: string | undefined): SharedAccessSignature {
  const text = scheme.exec(header ?? '')?.[1]
  if (text === undefined) throw malformed()
  const fields = new Map<string, string>()
  for (const field of text.split('&')) {
    const equals = field.indexOf('=')
    const name = field.slice(0, equals)
    if (equals < 0 || !fieldNames.has(name) || fields.has(name)) throw malformed()
    fields.set(name, field.slice(equals + 1))
  }
  const rawResource = fields.get('sr')
  const rawExpiry = fields.get('se') ?? ''
  const signature = Buffer.from(percentDecoded(fields.get('sig') ?? ''), 'base64')
  if (!rawResource || signature.length !== 32 || !/^\d{1,12}$/.test(rawExpiry)) throw malformed()
  const policy = percentDecoded(fields.get('skn') ?? '')
  return {
    rawResource,
    resource: percentDecoded(rawResource),
    signature,
    rawExpiry,
    ...(policy ? { policy } : {}),
  }
}

/** Makes the text of an Authorization header, as {@link parseSharedAccessSignature} reads it. */
export function signSharedAccessSignature(input: SignatureInput): string {
  const sr = encodeURIComponent(input.resource)
  const sig = encodeURIComponent(sign(`${sr}\n${input.expirySeconds}`, input.key).toString('base64'))
  const skn = input.policy === undefined ? '' : `&skn=${encodeURIComponent(input.policy)}`
  return `SharedAccessSignature sr=${sr}&sig=${sig}&se=${input.expirySeconds}${skn}`
}

/** Whether one of the keys (base64) made the signature; takes the same time for any wrong signature. */
export function isSignedBy(signature: SharedAccessSignature, keys: readonly string[]): boolean {
  const text = `${signature.rawResource}\n${signature.rawExpiry}`
  return keys.map((key) => timingSafeEqual(sign(text, key), signature.signature)).includes(true)
}

/** Whether the signature is void at a time in milliseconds since 1970-01-01T00:00:00Z. */
export function isExpired(signature: SharedAccessSignature, nowMs: number): boolean {
  return Number(signature.rawExpiry) * 1000 <= nowMs
}

/**
 * Whether the signed resource is a prefix, segment by segment, of what a request wants.
 *
 * @param hosts Names of this hub, lower case; a `:port` after one is ignored.
 * @param path Segments after the host, such as `['devices', 'd1', 'messages', 'events']`, case-sensitive.
 */
export function covers(signature: SharedAccessSignature, hosts: ReadonlySet<string>, path: readonly string[]): boolean {
  const [host = '', ...segments] = signature.resource.replace(/\/$/, '').split('/')
  if (!hosts.has(host.toLowerCase().replace(/:\d+$/, ''))) return false
  // The .NET SDK percent-encodes the device id before it encodes the whole resource.
  return segments.every((segment, index) => segment === path[index] || decodesTo(segment, path[index]))
}

function decodesTo(segment: string, wanted: string | undefined): boolean {
  try {
    return decodeURIComponent(segment) === wanted
  } catch {
    return false
  }
}

function sign(text: string, key: string): Buffer {
  return createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest()
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw malformed()
  }
}

function malformed(): HubError {
  return new HubError(401003, 'the shared access signature is missing or malformed')
}
