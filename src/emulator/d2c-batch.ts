import type { D2cContent } from './d2c-message.ts'
import { readProperties } from './d2c-message.ts'
import { HubError } from './errors.ts'

const mediaType = 'application/vnd.microsoft.iothub.json'

/** Whether a Content-Type announces a batch; parameters and case do not matter. */
export function isBatch(contentType: string | undefined): boolean {
  return contentType?.split(';')[0]?.trim().toLowerCase() === mediaType
}

/**
 * Reads a batch: a JSON array of `{"body": string, "base64Encoded"?: boolean, "properties"?: {string: string}}`.
 * `base64Encoded` is true when absent; with false the body is the text itself. The application's properties carry
 * the prefix `iothub-app-`, the hub's none. Source: the batches that the C, C#, Java and Node device SDKs write.
 *
 * @param bytes UTF-8 JSON.
 * @throws {HubError} 400006 when it is no JSON, 400004 naming the entry that is not as above; one refuses all.
 */
export function parseBatch(bytes: Uint8Array): D2cContent[] {
  const entries = parseJson(bytes)
  if (!Array.isArray(entries) || entries.length === 0) throw invalid('the batch', 'an array with an entry')
  return entries.map((entry: unknown, index) => parseEntry(entry, `entry ${index}`))
}

function parseEntry(entry: unknown, where: string): D2cContent {
  if (!isRecord(entry)) throw invalid(where, 'an object')
  const { body, base64Encoded = true, properties = {} } = entry
  if (typeof body !== 'string') throw invalid(`body of ${where}`, 'a string')
  if (typeof base64Encoded !== 'boolean') throw invalid(`base64Encoded of ${where}`, 'a boolean')
  if (!isRecord(properties)) throw invalid(`properties of ${where}`, 'an object')
  const wire = Object.entries(properties).map(([name, value]): [string, string] => {
    if (typeof value !== 'string') throw invalid(`properties of ${where}`, 'strings')
    return [name, value]
  })
  return { body: base64Encoded ? parseBase64(body, where) : Buffer.from(body), ...readProperties(wire) }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new HubError(400006, 'the batch is not JSON in UTF-8')
  }
}

function parseBase64(text: string, where: string): Buffer {
  // Buffer skips what is not base64, so a text that was never encoded would arrive as noise.
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw invalid(`body of ${where}`, 'base64')
  return Buffer.from(text, 'base64')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(what: string, expected: string): HubError {
  return new HubError(400004, `${what} must be ${expected}`)
}
