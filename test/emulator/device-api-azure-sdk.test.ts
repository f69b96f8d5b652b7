import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent } from 'node:https'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'
import type common from 'azure-iot-common'
import device from 'azure-iot-device'
import deviceHttp from 'azure-iot-device-http'
import type { AcceptedMessage, CommandState, Emulator, EmulatorOptions } from '../../src/emulator/index.ts'
import { emulatorFor } from './https-peer.ts'

async function clientFor(test: TestContext, options: EmulatorOptions = {}) {
  const emulator = await emulatorFor(test, options)
  const connectionString = emulator
    .deviceConnectionString('d1')
    .replace(emulator.hostName, 'emulator.azure-devices.net')
  const client = device.Client.fromConnectionString(connectionString, deviceHttp.Http)
  // The agent's host and port win over those of the request, while Host and SNI stay the hub's name.
  const agent = new Agent({ host: '127.0.0.1', port: emulator.port, ca: emulator.ca, keepAlive: true })
  // Over HTTP this promise settles only because a receivePolicy is among the options.
  await client.setOptions({ ca: emulator.ca, http: { agent, receivePolicy: { interval: 0.05, drain: true } } })
  test.after(async () => {
    client.removeAllListeners('message')
    await client.close()
    agent.destroy()
  })
  return { emulator, client }
}

function nextAccepted(emulator: Emulator): Promise<AcceptedMessage> {
  return new Promise((resolve) => {
    const unsubscribe = emulator.hub.subscribe((message) => {
      unsubscribe()
      resolve(message)
    })
  })
}

async function nextCommand(client: device.Client): Promise<common.Message> {
  const [message] = (await once(client, 'message')) as [common.Message]
  return message
}

const stateOf = (states: CommandState[]) => states.map(({ state, deliveryCount }) => [state, deliveryCount])

describe("Microsoft's device SDK over HTTPS", () => {
  it('sends a message', async (test) => {
    const { emulator, client } = await clientFor(test)
    const accepted = nextAccepted(emulator)
    const message = new device.Message(Buffer.from([0xff, 0xfe, 0x80, 0x00]))
    message.messageId = 'm1'
    message.contentType = 'application/json'
    message.properties.add('Alert', 'x","iothub-messageid":"spoofed')
    await client.sendEvent(message)
    const { body, properties, systemProperties } = await accepted
    assert.deepEqual(body, Buffer.from([0xff, 0xfe, 0x80, 0x00]))
    assert.deepEqual(properties, { Alert: 'x","iothub-messageid":"spoofed' })
    assert.equal(systemProperties['message-id'], 'm1')
    assert.equal(systemProperties['content-type'], 'application/json')
  })

  it('sends a batch', async (test) => {
    const { emulator, client } = await clientFor(test)
    const accepted: AcceptedMessage[] = []
    emulator.hub.subscribe((message) => accepted.push(message))
    const [first, second] = [new device.Message('first'), new device.Message('second')]
    second.properties.add('n', '2')
    await client.sendEventBatch([first, second])
    assert.deepEqual(
      accepted.map(({ body, properties }) => [body.toString(), properties]),
      [
        ['first', {}],
        ['second', { n: '2' }],
      ],
    )
  })

  it('receives a command and completes it', async (test) => {
    const { emulator, client } = await clientFor(test)
    emulator.hub.queueCommand('d1', { body: Buffer.from('go'), messageId: 'm1', properties: { a: 'b' } })
    const command = await nextCommand(client)
    assert.deepEqual([command.getData().toString(), command.messageId], ['go', 'm1'])
    assert.equal(command.properties.getValue('iothub-app-a'), 'b')
    await client.complete(command)
    assert.deepEqual(stateOf(emulator.hub.commandStates('d1')), [['completed', 0]])
  })

  it('rejects a command', async (test) => {
    const { emulator, client } = await clientFor(test)
    emulator.hub.queueCommand('d1', { body: Buffer.from('go') })
    await client.reject(await nextCommand(client))
    assert.deepEqual(stateOf(emulator.hub.commandStates('d1')), [['deadlettered', 0]])
  })

  it('abandons a command and receives it again', async (test) => {
    const { emulator, client } = await clientFor(test)
    emulator.hub.queueCommand('d1', { body: Buffer.from('go') })
    await client.abandon(await nextCommand(client))
    await client.complete(await nextCommand(client))
    assert.deepEqual(stateOf(emulator.hub.commandStates('d1')), [['completed', 1]])
  })

  it('is told of a lost lock, a wrong key and a quota', async (test) => {
    const { emulator, client } = await clientFor(test)
    emulator.hub.queueCommand('d1', { body: Buffer.from('go') })
    const command = await nextCommand(client)
    emulator.hub.queue('d1').expireLocks()
    await assert.rejects(client.complete(command), (error: Error & { response?: { statusCode: number } }) => {
      return error.response?.statusCode === 412
    })
    emulator.hub.faults.put({ status: 403, operation: 'send' })
    await assert.rejects(client.sendEvent(new device.Message('x')), { name: 'IotHubQuotaExceededError' })
    emulator.hub.faults.clear()
    emulator.hub.updateDevice({ deviceId: 'd1', primaryKey: Buffer.alloc(32).toString('base64') })
    await assert.rejects(client.sendEvent(new device.Message('x')), { name: 'UnauthorizedError' })
  })
})
