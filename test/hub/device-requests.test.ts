import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { unmeteredHub } from '../../src/core/meter.ts'
import { DeviceRequests } from '../../src/hub/device-requests.ts'
import type { HubAnswered, HubClient, HubRequest } from '../../src/hub/hub-client.ts'

const batchType = { 'Content-Type': 'application/vnd.microsoft.iothub.json' }

interface Sent extends HubRequest {
  readonly answered: HubAnswered
  givenUp: GatewayError | undefined
}

/** Requests that go nowhere, and what was handed over of each. */
function caught() {
  const sent: Sent[] = []
  const client = {
    request(request: HubRequest, answered: HubAnswered) {
      const made: Sent = { ...request, answered, givenUp: undefined }
      sent.push(made)
      return {
        giveUp(reason: GatewayError) {
          made.givenUp = reason
          answered(reason, undefined)
        },
      }
    },
  } as unknown as HubClient
  const requests = new DeviceRequests(client, unmeteredHub)
  const ask = (headers: Record<string, string>, ...chunks: string[]) => {
    const ended = new Promise<Error | null>((resolve) => {
      const request = requests.buildRequest('POST', '/devices/d1/messages/events', headers, 'other', undefined, resolve)
      for (const chunk of chunks) request.write(chunk)
      request.end()
    })
    return ended
  }
  return { sent, requests, ask }
}

test('what the SDK writes in pieces is one body, and its headers go with it', async () => {
  const { sent, requests, ask } = caught()
  const ended = ask({ 'x-a': 'b' }, 'é', 'ü')
  assert.deepEqual(sent[0]?.headers, { 'x-a': 'b' })
  assert.equal(sent[0]?.body.toString(), 'éü')
  assert.equal(sent[0]?.operation, 'send')
  requests.close()
  await ended
})

test('a batch request carries the body that was handed over, once, and no other request does', async () => {
  const { sent, requests, ask } = caught()
  requests.carry(Buffer.from('[ours]'))
  const all = [ask({}, 'single'), ask(batchType, '[sdk]'), ask(batchType, '[next]')]
  assert.deepEqual(
    sent.map(({ body }) => body.toString()),
    ['single', '[ours]', '[next]'],
  )
  requests.close()
  await Promise.all(all)
})

test('a request after close fails at once and never reaches the network', async () => {
  const { sent, requests, ask } = caught()
  requests.close()
  const error = await ask({})
  assert.ok(error instanceof GatewayError)
  assert.equal(error.code, 'HUB_SESSION_CLOSED')
  assert.deepEqual(sent, [])
})

test('close ends every request in flight once, and none that was answered', async () => {
  const { sent, requests, ask } = caught()
  const all = [ask({}), ask({}), ask({})]
  sent[0]?.answered(undefined, { statusCode: 204, headers: {}, body: Buffer.alloc(0) })
  requests.close()
  const codes = (await Promise.all(all)).map((error) => (error as GatewayError | null)?.code)
  assert.deepEqual(codes, [undefined, 'HUB_SESSION_CLOSED', 'HUB_SESSION_CLOSED'])
  assert.deepEqual(
    sent.map(({ givenUp }) => givenUp?.code),
    [undefined, 'HUB_SESSION_CLOSED', 'HUB_SESSION_CLOSED'],
  )
})
