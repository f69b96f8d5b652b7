import https from 'node:https'
import azureCommon from 'azure-iot-common'
import azureDevice, { type Client } from 'azure-iot-device'
import azureDeviceHttp from 'azure-iot-device-http'
import type { Telemetry } from '../../src/core/items.ts'
import { parseConnectionString } from '../../src/hub/connection-string.ts'
import { hubStock } from '../parts/hub-stock.ts'
import { inTurn } from '../parts/in-turn.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'
import type { HubPlace } from './emulator.ts'
import type { HubSender } from './hub-sender.ts'

const clients: Client[] = []
const clock = new UsageClock()
let seed = 1

/** The SDK as its documentation has it: a client a device, its default agent, `sendEvent` for one message and `sendEventBatch` for several. */
const plainHubSender: HubSender = {
  async connect({ connectionString, ca, claims }: HubPlace, seedOfRun: number): Promise<void> {
    seed = seedOfRun
    const { host, port } = parseConnectionString(connectionString)
    // The SDK has no option for either.
    Object.assign(https.globalAgent, { defaultPort: port })
    https.globalAgent.options.ca = ca
    // Asked for once before, since every client that finds no answer starts a child process.
    await azureDevice.getUserAgentString()
    for (const { deviceId, key = '' } of claims) {
      const device = `HostName=${host};DeviceId=${deviceId};SharedAccessKey=${key}`
      clients.push(azureDevice.Client.fromConnectionString(device, azureDeviceHttp.Http as never))
    }
  },

  async send(batches: number, batchCount: number): Promise<Usage> {
    const messages = hubStock(seed, batchCount).map(messageOf)
    const [first] = messages
    clock.start()
    await inTurn(clients, batches, (client) =>
      batchCount === 1 && first !== undefined ? client.sendEvent(first) : client.sendEventBatch(messages),
    )
    return clock.stop()
  },
}

function messageOf({ body, messageId, properties }: Telemetry) {
  const message = new azureCommon.Message(body)
  message.messageId = messageId as string
  message.contentType = 'application/json'
  message.contentEncoding = 'utf-8'
  for (const name in properties) message.properties.add(name, properties[name] as string)
  return message
}

answer(plainHubSender)
