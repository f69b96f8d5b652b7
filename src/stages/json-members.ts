/**
 * The text of a JSON object without its members whose key begins with `$`, the others byte for byte: numbers keep digits
 * that JavaScript could not hold. `text` must have passed JSON.parse and be an object.
 */
export function withoutProtocolMembers(text: string): string {
  const kept: string[] = []
  let at = skipSpace(text, text.indexOf('{') + 1)
  while (text[at] === '"') {
    const start = at
    const keyEnd = skipString(text, at)
    const end = skipValue(text, skipSpace(text, keyEnd) + 1)
    if (!isProtocolKey(text.slice(start, keyEnd))) kept.push(text.slice(start, end).trimEnd())
    at = text[end] === ',' ? skipSpace(text, end + 1) : end
  }
  return `{${kept.join(',')}}`
}

/** `key` is the JSON string with its quotes; an escape may stand for the dollar sign. */
function isProtocolKey(key: string): boolean {
  return key[1] === '$' || (key[1] === '\\' && (JSON.parse(key) as string).startsWith('$'))
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\r' || text[at] === '\n') at++
  return at
}

/** The index behind the string that begins at `from`. */
function skipString(text: string, from: number): number {
  let at = from + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** The index of the `,` or `}` behind the value that begins at `from`. */
function skipValue(text: string, from: number): number {
  let depth = 0
  let at = from
  for (;;) {
    const character = text[at]
    if (character === '"') {
      at = skipString(text, at)
      continue
    }
    if (depth === 0 && (character === ',' || character === '}')) return at
    if (character === '{' || character === '[') depth++
    if (character === '}' || character === ']') depth--
    at++
  }
}
