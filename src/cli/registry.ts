import https from 'node:https'
import { GatewayError } from '../core/errors.ts'
import { signSharedAccessSignature } from '../emulator/index.ts'
import { parseConnectionString } from '../hub/connection-string.ts'

/**
 * The key of a device in a hub's registry; the device is created if it does not exist. `connectionString` names a policy
 * with registry write. Rejects with `CONFIGURATION` or what the hub answered.
 */
export async function provisionDevice(
  connectionString: string,
  ca: string | undefined,
  deviceId: string,
): Promise<string> {
  const { host, port, policy } = parseConnectionString(connectionString)
  if (policy === undefined)
    throw new GatewayError('CONFIGURATION', 'provisioning devices takes a policy in HEADGATE_HUB')
  const expirySeconds = Math.floor(Date.now() / 1000) + 3600
  const authorization = signSharedAccessSignature({
    resource: host,
    key: policy.key.reveal(),
    expirySeconds,
    policy: policy.name,
  })
  const ask = (method: string, body?: object) =>
    request(
      {
        host,
        port,
        method,
        path: `/devices/${encodeURIComponent(deviceId)}?api-version=2021-04-12`,
        headers: { authorization, 'content-type': 'application/json' },
        ...(ca !== undefined && { ca }),
      },
      body,
    )
  const keys = { primaryKey: '', secondaryKey: '' }
  let answer = await ask('PUT', { deviceId, authentication: { type: 'sas', symmetricKey: keys } })
  if (answer.status === 409) answer = await ask('GET')
  if (answer.status !== 200)
    throw new GatewayError('HUB_REJECTED', `the registry answered ${answer.status} for ${deviceId}`)
  const identity = JSON.parse(answer.body) as { authentication: { symmetricKey: { primaryKey: string } } }
  return identity.authentication.symmetricKey.primaryKey
}

function request(options: https.RequestOptions, body?: object): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = https.request(options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
      response.on('error', reject)
    })
    asked.on('error', reject)
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
