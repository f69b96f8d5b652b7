import assert from 'node:assert/strict'
import { type EventEmitter, once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import type { TestContext } from 'node:test'
import type { AcceptedMessage, Emulator, EmulatorOptions, PolicyName } from '../../src/emulator/index.ts'
import { signSharedAccessSignature, startEmulator } from '../../src/emulator/index.ts'

/** What a test wants of the emulator over HTTPS. */
export interface Asked {
  method?: string
  path: string
  /** The Authorization header: a device's or a policy's token, or any text. */
  token?: string
  headers?: Record<string, string>
  body?: string | Uint8Array
  /** Whether to ask for the connection to stay (default false). */
  keepAlive?: boolean
}

export interface Answered {
  status: number
  headers: IncomingHttpHeaders
  rawHeaders: string[]
  body: Buffer
}

/** Starts an emulator with device d1 that is closed when the test ends. */
export async function emulatorFor(test: TestContext, options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator({ devices: [{ deviceId: 'd1' }], ...options })
  test.after(() => emulator.close())
  return emulator
}

/** Sends a request on a connection of its own and reads the whole answer. */
export async function ask(emulator: Emulator, asked: Asked): Promise<Answered> {
  const outgoing = openRequest(emulator, asked)
  outgoing.end(asked.body)
  return answerTo(outgoing)
}

/** A request that is not ended, for tests that write the body bit by bit or never. */
export function openRequest(emulator: Emulator, asked: Asked): ReturnType<typeof request> {
  return request({
    host: '127.0.0.1',
    port: emulator.port,
    ca: emulator.ca,
    agent: new Agent({ keepAlive: asked.keepAlive ?? false }),
    method: asked.method ?? 'GET',
    path: asked.path,
    headers: { ...(asked.token === undefined ? {} : { Authorization: asked.token }), ...asked.headers },
  })
}

export async function answerTo(outgoing: ReturnType<typeof request>): Promise<Answered> {
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  // A server that stops reading may cut the connection once it has answered.
  outgoing.on('error', () => {})
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const { statusCode = 0, headers, rawHeaders } = response
  return { status: statusCode, headers, rawHeaders, body: Buffer.concat(chunks) }
}

/** Waits until something closes, whatever errors come before. */
export function closed(peer: EventEmitter): Promise<void> {
  peer.on('error', () => {})
  return new Promise((resolve) => peer.once('close', () => resolve()))
}

export const inAnHour = (nowMs = Date.now()): number => Math.ceil(nowMs / 1000) + 3600

/** A token that a device signs with its own primary key. */
export function deviceToken(emulator: Emulator, deviceId = 'd1', expirySeconds = inAnHour()): string {
  const device = emulator.hub.requireDevice(deviceId)
  const key = device.authentication.symmetricKey.primaryKey
  return signSharedAccessSignature({ resource: `${emulator.hostName}/devices/${deviceId}`, key, expirySeconds })
}

/** A token that a back end or a gateway signs with the key of a policy. */
export function policyToken(emulator: Emulator, policy: PolicyName, resource = emulator.hostName): string {
  const key = emulator.policyConnectionString(policy).split('SharedAccessKey=')[1] ?? ''
  return signSharedAccessSignature({ resource, key, policy, expirySeconds: inAnHour() })
}

/** Sends one message as a device. */
export function send(emulator: Emulator, asked: Partial<Asked> = {}, deviceId = 'd1'): Promise<Answered> {
  const path = `/devices/${encodeURIComponent(deviceId)}/messages/events?api-version=2021-04-12`
  return ask(emulator, { method: 'POST', path, ...asked, token: asked.token ?? deviceToken(emulator, deviceId) })
}

/** Polls for a command as a device. */
export function receive(emulator: Emulator, asked: Partial<Asked> = {}, deviceId = 'd1'): Promise<Answered> {
  const path = `/devices/${encodeURIComponent(deviceId)}/messages/deviceBound?api-version=2021-04-12`
  return ask(emulator, { path, ...asked, token: asked.token ?? deviceToken(emulator, deviceId) })
}

/** Settles the command that an answer to {@link receive} carried. */
export function settle(
  emulator: Emulator,
  received: Answered,
  outcome: 'complete' | 'abandon' | 'reject',
  deviceId = 'd1',
): Promise<Answered> {
  const lock = encodeURIComponent((received.headers.etag ?? '').slice(1, -1))
  const path = `/devices/${encodeURIComponent(deviceId)}/messages/devicebound/${lock}`
  return ask(emulator, {
    method: outcome === 'abandon' ? 'POST' : 'DELETE',
    path: { complete: `${path}?api-version=1`, reject: `${path}?reject`, abandon: `${path}/abandon` }[outcome],
    token: deviceToken(emulator, deviceId),
  })
}

/** Every message that the emulator accepts from now on, as it comes. */
export function acceptedBy(emulator: Emulator): AcceptedMessage[] {
  const accepted: AcceptedMessage[] = []
  emulator.hub.subscribe((message) => accepted.push(message))
  return accepted
}

/** Asserts that a request was refused, in the form that Microsoft's SDKs parse. */
export function assertRefused(answer: Answered, status: number, errorName: string): void {
  assert.equal(answer.status, status)
  assert.equal(answer.headers['iothub-errorcode'], errorName)
  const body = JSON.parse(answer.body.toString())
  assert.match(body.Message, new RegExp(`^ErrorCode:${errorName};[^;:]+$`))
  assert.match(body.ExceptionMessage, /^Tracking ID:[0-9a-f]{32}-G:0-TimeStamp:\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d$/)
}

/** A clock that stands still until a test moves it. */
export class FakeClock {
  nowMs: number

  constructor(nowMs = Date.parse('2026-03-01T12:00:00Z')) {
    this.nowMs = nowMs
  }

  now(): number {
    return this.nowMs
  }

  pass(ms: number): void {
    this.nowMs += ms
  }
}
