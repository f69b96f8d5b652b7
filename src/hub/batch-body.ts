import type { Telemetry } from '../core/items.ts'

/**
 * The body of an HTTPS batch (content type `application/vnd.microsoft.iothub.json`):
 *
 * ```
 * [{"body":"<base64>","base64Encoded":true,"properties":{"iothub-messageid":"…","iothub-app-<name>":"…"}}, …]
 * ```
 * System properties go unprefixed, user properties with `iothub-app-`, as Microsoft's C# and Java SDKs send them (the Node
 * SDK drops the former and does not escape the latter). Every name and value is JSON-escaped, whatever a device put in it.
 */
export function batchBody(messages: readonly Telemetry[]): Buffer {
  return Buffer.from(`[${messages.map(entry).join(',')}]`)
}

function entry(message: Telemetry): string {
  return `{"body":"${message.body.toString('base64')}","base64Encoded":true,"properties":{${properties(message)}}}`
}

function properties(message: Telemetry): string {
  const members: string[] = []
  const system = (name: string, value: string | undefined) => {
    if (value !== undefined) members.push(`"${name}":${JSON.stringify(value)}`)
  }
  system('iothub-messageid', message.messageId)
  system('iothub-correlationid', message.correlationId)
  system('iothub-contenttype', message.contentType)
  system('iothub-contentencoding', message.contentEncoding)
  system('iothub-creationtimeutc', message.creationTimeUtc)
  for (const name in message.properties) {
    members.push(`${JSON.stringify(`iothub-app-${name}`)}:${JSON.stringify(message.properties[name])}`)
  }
  return members.join(',')
}
