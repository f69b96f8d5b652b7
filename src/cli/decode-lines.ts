import type { GatewayError } from '../core/errors.ts'
import type { Telemetry } from '../core/items.ts'
import type { Messages } from '../core/levels.ts'
import { jsonText } from '../stages/json-text.ts'

/** `{"up":{…}}`: an item on its way to the hub. A body that is JSON stands there as it is, another in base64. */
export function decodedLine(item: Messages['up'], deviceId: string | undefined): string {
  const who = `"kind":"${item.kind}","deviceId":${JSON.stringify(deviceId ?? null)}`
  if (item.kind === 'telemetry') return `{"up":{${who},"body":${bodyOf(item)}${detailsOf(item)}}}`
  return `{"up":{${who},"body":${jsonText(shownValue(item) ?? null)},"properties":{}}}`
}

/** `{"down":"<hex>"}`: bytes on their way to the device. */
export function downLine(bytes: Buffer): string {
  return JSON.stringify({ down: bytes.toString('hex') })
}

/** `{"error":{…}}`: what was refused, and by which stage. */
export function errorLine({ code, message, stage }: GatewayError): string {
  return JSON.stringify({ error: { code, message, stage } })
}

function bodyOf({ body, contentType }: Telemetry): string {
  if (contentType === 'application/json') return body.toString()
  return JSON.stringify({ $base64: body.toString('base64') })
}

function detailsOf({ properties, messageId, creationTimeUtc }: Telemetry): string {
  return `,${JSON.stringify({ properties, messageId, creationTimeUtc }).slice(1, -1)}`
}

function shownValue(item: Exclude<Messages['up'], Telemetry>): unknown {
  if (item.kind === 'hello') return item.value
  if (item.kind === 'report') return item.patch
  return item.response?.body
}
