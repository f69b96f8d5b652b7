import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { RequestOptions } from 'node:https'
import https from 'node:https'
import { type TestContext, test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { unmeteredHub } from '../../src/core/meter.ts'
import { DeviceRequests } from '../../src/hub/device-requests.ts'
import { liveTimers } from './virtual-time.ts'

const batchType = { 'Content-Type': 'application/vnd.microsoft.iothub.json' }

/** Requests that go nowhere, and what was handed to Node of each. */
function caught(t: TestContext) {
  const sent: { options: RequestOptions; body: Buffer; request: EventEmitter }[] = []
  t.mock.method(https, 'request', (options: RequestOptions) => {
    const request = new EventEmitter()
    const end = (body: Buffer) => sent.push({ options, body, request })
    return Object.assign(request, { end, destroy() {} })
  })
  const agent = new https.Agent()
  const address = { host: 'plant.azure-devices.net', port: 8443, policy: undefined }
  const requests = new DeviceRequests({ address, agent, pollAgent: agent, ca: 'PEM', timeoutMs: 1000 }, unmeteredHub)
  const ask = (headers: Record<string, string>, ...chunks: string[]) => {
    const ended = new Promise<Error | null>((resolve) => {
      const request = requests.buildRequest('POST', '/devices/d1/messages/events', headers, 'other', undefined, resolve)
      for (const chunk of chunks) request.write(chunk)
      request.end()
    })
    return ended
  }
  return { sent, requests, agent, ask }
}

test('[P] the SDK sends in chunks without a length: here the body has its length in bytes', async (t) => {
  const { sent, requests, ask } = caught(t)
  const ended = ask({ 'x-a': 'b' }, 'é', 'ü')
  assert.deepEqual(sent[0]?.options.headers, { 'x-a': 'b', 'Content-Length': 4 })
  assert.equal(sent[0]?.body.toString(), 'éü')
  requests.close()
  await ended
})

test('requests go to the host and port of the hub on the shared agent, with its authorities', async (t) => {
  const { sent, requests, agent, ask } = caught(t)
  const ended = ask({})
  const { host, port, ca, agent: used } = sent[0]?.options ?? {}
  assert.deepEqual([host, port, ca], ['plant.azure-devices.net', 8443, 'PEM'])
  assert.equal(used, agent)
  requests.close()
  await ended
})

test('a batch request carries the body that was handed over, once, and no other request does', async (t) => {
  const { sent, requests, ask } = caught(t)
  requests.carry(Buffer.from('[ours]'))
  const all = [ask({}, 'single'), ask(batchType, '[sdk]'), ask(batchType, '[next]')]
  assert.deepEqual(
    sent.map(({ body }) => body.toString()),
    ['single', '[ours]', '[next]'],
  )
  requests.close()
  await Promise.all(all)
})

test('a request after close fails at once and never reaches the network', async (t) => {
  const { sent, requests, ask } = caught(t)
  requests.close()
  const error = await ask({})
  assert.ok(error instanceof GatewayError)
  assert.equal(error.code, 'HUB_SESSION_CLOSED')
  assert.deepEqual(sent, [])
})

test('close ends every request in flight once, and what the network says later is not heard', async (t) => {
  const before = liveTimers()
  const { sent, requests, ask } = caught(t)
  const all = [ask({}), ask({})]
  assert.equal(liveTimers(), before + 2)
  requests.close()
  for (const { request } of sent) request.emit('error', new Error('socket hang up'))
  const codes = (await Promise.all(all)).map((error) => (error as GatewayError).code)
  assert.deepEqual(codes, ['HUB_SESSION_CLOSED', 'HUB_SESSION_CLOSED'])
  assert.equal(liveTimers(), before)
})
