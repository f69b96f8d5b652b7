/** Names of members whose values are credentials, in lower case without what joins words. */
const secretNames: ReadonlySet<string> = new Set([
  'key',
  'sas',
  'pass',
  'passwd',
  'password',
  'pwd',
  'secret',
  'token',
  'sastoken',
  'authtoken',
  'accesstoken',
  'auth',
  'authorization',
  'credential',
  'credentials',
  'devicekey',
  'primarykey',
  'secondarykey',
  'apikey',
  'sharedaccesskey',
  'sharedaccesssignature',
  'connectionstring',
])

/** The end of `"name":` in JSON. */
const memberEnd = /"\s{0,64}:\s{0,64}/g

/** Longest name that is looked at, in characters as they are written. */
const maxNameLength = 64

/** `name=` and `name:` in text. */
const assignment = /(?<![A-Za-z0-9])([A-Za-z][A-Za-z0-9_-]{1,30})[=:][ \t]*(?=[^\s"'=:,;&])/g

/** Device keys of IoT Hub are 32 or 64 bytes in base64, wherever they stand. */
const deviceKey = /(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}==)(?![A-Za-z0-9+/=])/g

/** What is in front of a signature or key in tokens and connection strings. */
const signature = /(\bsig=|SharedAccessKey=)([^&;\s"'\\]+)/gi

/**
 * Bytes with what looks like a credential replaced by as many asterisks, whatever protocol they are of: JSON members such as `"key"` and
 * `"sas"` (to the end of the bytes, where their value has none), `key=…` in text, signatures of tokens, keys of connection strings, and
 * base64 of the lengths of device keys. Bytes that begin in the middle of a secret do not look like one. Default `redact` of
 * `describeDeadLetter`; gives the same Buffer where there is nothing to mask.
 */
export function maskSecrets(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1')
  const masked = maskMembers(text)
    .replace(signature, (_all, before: string, secret: string) => before + stars(secret))
    .replace(deviceKey, stars)
  const all = maskAssignments(masked)
  return all === text ? bytes : Buffer.from(all, 'latin1')
}

function stars(secret: string): string {
  return '*'.repeat(secret.length)
}

function maskMembers(text: string): string {
  let masked = ''
  let done = 0
  for (const { 0: all, index } of text.matchAll(memberEnd)) {
    const from = index + all.length
    const before = text.slice(Math.max(0, index - maxNameLength - 1), index)
    const name = before.slice(before.lastIndexOf('"') + 1)
    // Bytes may begin with a name whose quote was cut off; one that is longer than any is none.
    if (index < done || name.length > maxNameLength || !isSecretName(unescaped(name))) continue
    const to = endOfValue(text, from)
    masked += text.slice(done, from) + (text[from] === '"' ? quoted(text.slice(from, to)) : stars(text.slice(from, to)))
    done = to
  }
  return masked + text.slice(done)
}

/** Keeps the quotes, so that what was JSON still is. */
function quoted(value: string): string {
  const isClosed = value.length > 1 && value.endsWith('"')
  return isClosed ? `"${stars(value.slice(2))}"` : `"${stars(value.slice(1))}`
}

/** Where a JSON value that begins at `from` ends: of a text behind its quote, of what nests at the end of all. */
function endOfValue(text: string, from: number): number {
  const first = text[from]
  if (first === '[' || first === '{') return text.length
  if (first !== '"') {
    const length = text.slice(from).search(/[\s,}\]]/)
    return length < 0 ? text.length : from + length
  }
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
  }
  return text.length
}

function maskAssignments(text: string): string {
  let masked = ''
  let done = 0
  for (const { 0: all, 1: name = '', index } of text.matchAll(assignment)) {
    if (index < done || !isSecretName(name)) continue
    const from = index + all.length
    const length = text.slice(from).search(/[\s"',;&]/)
    const to = length < 0 ? text.length : from + length
    masked += text.slice(done, from) + stars(text.slice(from, to))
    done = to
  }
  return masked + text.slice(done)
}

function isSecretName(name: string): boolean {
  return secretNames.has(name.replace(/[$_\s-]/g, '').toLowerCase())
}

/** JSON's escapes of one character, since a name may be written with them. */
function unescaped(name: string): string {
  return name.replace(/\\u([\da-fA-F]{4})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}
