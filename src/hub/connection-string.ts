import { GatewayError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'

/** Where the hub is, and the policy by which the gateway may act for any device, if it has one. */
export interface HubAddress {
  /** Host name as the hub knows itself: in SAS tokens, the Host header and the certificate. */
  readonly host: string
  readonly port: number
  readonly policy: { readonly name: string; readonly key: Secret } | undefined
}

const known = new Set(['HostName', 'SharedAccessKeyName', 'SharedAccessKey'])

/**
 * Reads `HostName=…[:port];SharedAccessKeyName=…;SharedAccessKey=…` (the gateway acts for any device) or `HostName=…[:port]`
 * alone (devices bring their keys). Throws `CONFIGURATION` that names every fault at once and quotes no value.
 */
export function parseConnectionString(text: string): HubAddress {
  const faults: string[] = []
  const parts = new Map<string, string>()
  text.split(';').forEach((part, index) => {
    if (part.trim() === '') return
    const equals = part.indexOf('=')
    const name = part.slice(0, Math.max(equals, 0)).trim()
    const value = part.slice(equals + 1).trim()
    if (!known.has(name))
      faults.push(`it may hold ${[...known].join(', ')} only, and part ${index + 1} is none of them`)
    else if (parts.has(name)) faults.push(`it has ${name} twice`)
    else {
      parts.set(name, value)
      if (value === '') faults.push(`${name} is empty`)
    }
  })
  const { host, port } = readHost(parts.get('HostName'), faults)
  const name = parts.get('SharedAccessKeyName')
  const key = parts.get('SharedAccessKey')
  if ((name === undefined) !== (key === undefined)) {
    faults.push('SharedAccessKeyName and SharedAccessKey must come together')
  }
  if (faults.length > 0) throw new GatewayError('CONFIGURATION', `hub connection string: ${faults.join('; ')}`)
  const policy = name === undefined || key === undefined ? undefined : { name, key: new Secret(key) }
  return { host, port, policy }
}

function readHost(text: string | undefined, faults: string[]): { host: string; port: number } {
  const match = /^([A-Za-z0-9.-]+)(?::(\d{1,5}))?$/.exec(text ?? '')
  const port = Number(match?.[2] ?? 443)
  if (text === undefined) faults.push('HostName is missing')
  else if (match === null || port < 1 || port > 65_535) faults.push('HostName is not a host or host:port')
  return { host: match?.[1] ?? '', port }
}
