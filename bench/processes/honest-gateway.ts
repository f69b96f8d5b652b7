import https from 'node:https'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type Duplex, pipeline } from 'node:stream'
import azureCommon, { type Message } from 'azure-iot-common'
import azureDevice, { type Client } from 'azure-iot-device'
import azureHttp from 'azure-iot-device-http'
import Pumpify from 'pumpify'
import split2 from 'split2'
import { objectTransform } from 'through2'
import { parseConnectionString } from '../../src/hub/connection-string.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'
import type { HubPlace } from './emulator.ts'

interface Reading {
  readonly $hello?: { readonly deviceId: string; readonly key: string }
  readonly $seq?: number
}

type Done = (error?: Error | null, item?: unknown) => void

interface Tagged {
  readonly sequence: number
  readonly message: Message
}

const batchCount = 100
const lingerMs = 50

const clock = new UsageClock()
let host = ''

/**
 * The same packages put together as one does who has not measured: a through2 a stage, one object a chunk, pumpify, the SDK's own client
 * with its default agent. Every reading is acknowledged when the hub has its batch; one batch of a device is on the wire at a time.
 */
const honestGateway = {
  async listen({ connectionString, ca }: HubPlace): Promise<number> {
    const address = parseConnectionString(connectionString)
    host = address.host
    // The SDK has no option for either.
    Object.assign(https.globalAgent, { defaultPort: address.port })
    https.globalAgent.options.ca = ca
    // Left to itself the SDK starts a process for every client until the first of them has ended: for a thousand that is minutes, none of it measured.
    await azureDevice.getUserAgentString()
    const server = createServer({ noDelay: true, allowHalfOpen: true }, serveDevice)
    await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 2000 }, resolve))
    return (server.address() as AddressInfo).port
  },

  start: (): void => clock.start(),

  stop: (): Usage => clock.stop(),
}

/** What the honest gateway process answers. */
export type HonestGateway = typeof honestGateway

function serveDevice(socket: Socket): void {
  const session: { client: Client | undefined } = { client: undefined }
  const stages = [split2(), decode(), authenticate(session, socket), enrich(), batch(), sink(session), encode()]
  pipeline(socket, new Pumpify.obj(stages as unknown as Duplex[]), socket, () => void session.client?.close())
}

function decode() {
  return objectTransform((line: string, _encoding: BufferEncoding, done: Done) =>
    done(null, { line, value: JSON.parse(line) as Reading }),
  )
}

function authenticate(session: { client: Client | undefined }, socket: Socket) {
  return objectTransform((item: { line: string; value: Reading }, _encoding: BufferEncoding, done: Done) => {
    const { $hello } = item.value
    if ($hello === undefined) {
      done(null, item)
      return
    }
    const { deviceId, key } = $hello
    const connectionString = `HostName=${host};DeviceId=${deviceId};SharedAccessKey=${key}`
    session.client = azureDevice.Client.fromConnectionString(connectionString, azureHttp.Http as never)
    socket.write(`{"$welcome":"${deviceId}"}\n`)
    done()
  })
}

function enrich() {
  return objectTransform(({ line, value }: { line: string; value: Reading }, _encoding: BufferEncoding, done: Done) => {
    const message = new azureCommon.Message(line)
    // The system properties of these names are lost: the SDK does not send them with batches.
    message.properties.add('contenttype', 'application/json')
    message.properties.add('contentencoding', 'utf-8')
    message.properties.add('messageid', String(value.$seq))
    done(null, { sequence: value.$seq as number, message })
  })
}

function batch() {
  let collected: Tagged[] = []
  let timer: NodeJS.Timeout | undefined
  const flush = (push: (batch: Tagged[]) => void) => {
    clearTimeout(timer)
    timer = undefined
    if (collected.length > 0) push(collected)
    collected = []
  }
  return objectTransform(
    function (this: Duplex, item: Tagged, _encoding: BufferEncoding, done: Done) {
      collected.push(item)
      if (collected.length === batchCount) flush((full) => this.push(full))
      else timer ??= setTimeout(() => flush((full) => this.push(full)), lingerMs)
      done()
    },
    function (this: Duplex, done: Done) {
      flush((full) => this.push(full))
      done()
    },
  )
}

function sink(session: { client: Client | undefined }) {
  return objectTransform(function (this: Duplex, items: Tagged[], _encoding: BufferEncoding, done: Done) {
    const messages = items.map(({ message }) => message)
    session.client?.sendEventBatch(messages, (error) => {
      if (error) {
        done(error)
        return
      }
      for (const { sequence } of items) this.push(sequence)
      done()
    })
  })
}

function encode() {
  return objectTransform((sequence: number, _encoding: BufferEncoding, done: Done) =>
    done(null, `{"$ack":${sequence}}\n`),
  )
}

answer(honestGateway)
