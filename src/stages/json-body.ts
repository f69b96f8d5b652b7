import { isUtf8 } from 'node:buffer'

/** A command's payload as JSON where it is JSON, so that its digits arrive as they were sent; else in base64. */
export function jsonBody(body: Buffer): string {
  if (isUtf8(body)) {
    const text = body.toString()
    try {
      JSON.parse(text)
      // Line breaks in valid JSON stand between tokens only.
      return text.replace(/[\r\n]/g, ' ')
    } catch {
      // Not JSON: falls through to base64, which takes anything.
    }
  }
  return JSON.stringify({ $base64: body.toString('base64') })
}
