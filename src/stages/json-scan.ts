/** What {@link scanObject} has found. */
export type Scanned =
  /** No JSON, or no object. */
  | 'invalid'
  /** An object none of whose own keys begins with `$`. */
  | 'plain'
  /** An object that may have such a key, or nests deeper than 30: only a parser can tell. */
  | 'unsure'

// What may come next.
const keyOrEnd = 0
const keyNext = 1
const valueOrEnd = 2
const valueNext = 3
const afterValue = 4

const maxScannedDepth = 30

/**
 * Looks through JSON text in UTF-8 without making values of it: accepts what `JSON.parse` accepts, where it does not say `unsure`. Called
 * by `json({ parse: 'keys' })` for readings that are only forwarded.
 */
export function scanObject(bytes: Uint8Array): Scanned {
  let at = skipSpace(bytes, 0)
  if (bytes[at++] !== 0x7b) return 'invalid'
  let result: Scanned = 'plain'
  let state = keyOrEnd
  // A bit a level, the innermost lowest: 1 is an object, 0 an array.
  let objects = 1
  let depth = 1
  for (;;) {
    at = skipSpace(bytes, at)
    const byte = bytes[at]
    if (state === keyOrEnd || state === keyNext) {
      if (byte === 0x22) {
        if (depth === 1 && mayBeProtocolKey(bytes, at + 1)) result = 'unsure'
        at = skipSpace(bytes, skipString(bytes, at + 1))
        if (bytes[at++] !== 0x3a) return 'invalid'
        state = valueNext
        continue
      }
      if (state === keyNext || byte !== 0x7d) return 'invalid'
    } else if (state === afterValue && byte === 0x2c) {
      at++
      state = (objects & 1) === 1 ? keyNext : valueNext
      continue
    } else if (state === afterValue || (state === valueOrEnd && byte === 0x5d)) {
      if (byte !== ((objects & 1) === 1 ? 0x7d : 0x5d)) return 'invalid'
    } else {
      if (byte === 0x7b || byte === 0x5b) {
        if (++depth > maxScannedDepth) return 'unsure'
        objects = (objects << 1) | (byte === 0x7b ? 1 : 0)
        state = byte === 0x7b ? keyOrEnd : valueOrEnd
        at++
        continue
      }
      at = byte === 0x22 ? skipString(bytes, at + 1) : skipScalar(bytes, at)
      if (at === nowhere) return 'invalid'
      state = afterValue
      continue
    }
    // An object or array has ended.
    at++
    objects >>= 1
    state = afterValue
    if (--depth === 0) return skipSpace(bytes, at) === bytes.length ? result : 'invalid'
  }
}

/** No place: the text is not JSON. Reading there gives nothing, which no rule takes. */
const nowhere = Number.MAX_SAFE_INTEGER

/** `at` is behind the quote. An escape may stand for the dollar sign. */
function mayBeProtocolKey(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x24 || bytes[at] === 0x5c
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from
  for (;;) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at
    at++
  }
}

/** `from` is behind the quote; the result is behind the other. */
function skipString(bytes: Uint8Array, from: number): number {
  let at = from
  for (;;) {
    const byte = bytes[at++]
    if (byte === 0x22) return at
    if (byte === 0x5c) {
      at = skipEscape(bytes, at)
      if (at === nowhere) return nowhere
    } else if (byte === undefined || byte < 0x20) return nowhere
  }
}

/** `from` is behind the backslash. */
function skipEscape(bytes: Uint8Array, from: number): number {
  switch (bytes[from]) {
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return from + 1
    case 0x75: // u
      for (let at = from + 1; at <= from + 4; at++) if (!isHexDigit(bytes[at])) return nowhere
      return from + 5
    default:
      return nowhere
  }
}

function skipScalar(bytes: Uint8Array, from: number): number {
  switch (bytes[from]) {
    case 0x74:
      return skipWord(bytes, from, 'true')
    case 0x66:
      return skipWord(bytes, from, 'false')
    case 0x6e:
      return skipWord(bytes, from, 'null')
    default:
      return skipNumber(bytes, from)
  }
}

function skipWord(bytes: Uint8Array, from: number, word: string): number {
  for (let index = 0; index < word.length; index++) {
    if (bytes[from + index] !== word.charCodeAt(index)) return nowhere
  }
  return from + word.length
}

function skipNumber(bytes: Uint8Array, from: number): number {
  let at = bytes[from] === 0x2d ? from + 1 : from
  if (bytes[at] === 0x30) at++
  else {
    at = skipDigits(bytes, at)
    if (at === nowhere) return nowhere
  }
  if (bytes[at] === 0x2e) at = skipDigits(bytes, at + 1)
  const exponent = bytes[at]
  if (exponent !== 0x65 && exponent !== 0x45) return at
  at++
  if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++
  return skipDigits(bytes, at)
}

/** One at least. */
function skipDigits(bytes: Uint8Array, from: number): number {
  let at = from
  while (isDigit(bytes[at])) at++
  return at === from ? nowhere : at
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}

function isHexDigit(byte: number | undefined): boolean {
  if (byte === undefined) return false
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)
}
