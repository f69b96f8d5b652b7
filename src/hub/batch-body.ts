import type { Properties, Telemetry } from '../core/items.ts'

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
  let text = '['
  let last: Telemetry | undefined
  let common = ''
  for (const message of messages) {
    // What neighbours have in common, which is mostly all but the id, is written once.
    if (last === undefined || !haveCommon(message, last)) common = commonMembers(message)
    const { body, messageId } = message
    const id = messageId === undefined ? '' : `"iothub-messageid":${quoted(messageId)}${common === '' ? '' : ','}`
    text += `${last === undefined ? '' : ','}{"body":"${body.toString('base64')}","base64Encoded":true,"properties":{${id}${common}}}`
    last = message
  }
  return Buffer.from(`${text}]`)
}

function haveCommon(one: Telemetry, other: Telemetry): boolean {
  return (
    one.properties === other.properties &&
    one.contentType === other.contentType &&
    one.contentEncoding === other.contentEncoding &&
    one.creationTimeUtc === other.creationTimeUtc &&
    one.correlationId === other.correlationId
  )
}

/** All members of a message's `properties` but its id. */
function commonMembers(message: Telemetry): string {
  const members: string[] = []
  const system = (name: string, value: string | undefined) => {
    if (value !== undefined) members.push(`"${name}":${quoted(value)}`)
  }
  system('iothub-correlationid', message.correlationId)
  system('iothub-contenttype', message.contentType)
  system('iothub-contentencoding', message.contentEncoding)
  system('iothub-creationtimeutc', message.creationTimeUtc)
  const { properties }: { properties: Properties } = message
  for (const name in properties) members.push(`${quoted(`iothub-app-${name}`)}:${quoted(properties[name] as string)}`)
  return members.join(',')
}

/** As JSON has it; most ids and names need no escapes, which is quickly seen. */
function quoted(text: string): string {
  return /^[\w.:/ -]*$/.test(text) ? `"${text}"` : JSON.stringify(text)
}
