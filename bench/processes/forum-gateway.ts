import { once } from 'node:events'
import https from 'node:https'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import azureCommon from 'azure-iot-common'
import azureDevice from 'azure-iot-device'
import azureHttp from 'azure-iot-device-http'
import { parseConnectionString } from '../../src/hub/connection-string.ts'
import { Arrivals } from '../parts/arrivals.ts'
import { lineBytes } from '../parts/lines.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'
import type { HubPlace } from './emulator.ts'

const clock = new UsageClock()
const bytes = new Arrivals()
const answers = new Arrivals()
let sent = 0
let failed = 0

/**
 * What one finds in forums: a client of the SDK for each socket, and whatever a 'data' event brings is a message. A chunk is no line, though it looks
 * like one as long as devices are slow. Nothing holds a device that sends faster than the hub takes.
 */
const forumGateway = {
  async listen({ connectionString, ca, claims }: HubPlace): Promise<number> {
    const { host, port } = parseConnectionString(connectionString)
    // The SDK has no option for either.
    Object.assign(https.globalAgent, { defaultPort: port })
    https.globalAgent.options.ca = ca
    // Devices do not say who they are: the first that connects is the first of them.
    const identities = claims.map(({ deviceId, key }) => `HostName=${host};DeviceId=${deviceId};SharedAccessKey=${key}`)
    const server = createServer((socket) => forward(socket, identities.shift()))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },

  start: (): void => clock.start(),

  stop: (): Usage => clock.stop(),

  /** Messages that the hub has taken, when so many lines have come since the beginning and what became of them is known. */
  async delivered(lines: number): Promise<number> {
    await bytes.reached(lines * lineBytes)
    await answers.reached(sent)
    return sent - failed
  },
}

/** What the forum gateway process answers. */
export type ForumGateway = typeof forumGateway

function forward(socket: Socket, identity: string | undefined): void {
  if (identity === undefined) throw new Error('more devices have connected than the hub knows')
  const client = azureDevice.Client.fromConnectionString(identity, azureHttp.Http as never)
  socket.on('data', (data) => {
    sent++
    bytes.add(data.length)
    client.sendEvent(new azureCommon.Message(data), (error) => {
      if (error) failed++
      answers.add(1)
    })
  })
}

answer(forumGateway)
