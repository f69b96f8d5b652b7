import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { type HubAnswer, HubClient, type HubExchange, type HubRequest } from '../../src/hub/hub-client.ts'
import { selfSigned } from '../gateway/certificate.ts'

const certificate = await selfSigned()

interface Asked {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly body: string
}

/** A hub whose every answer the test gives by hand. */
async function rig(t: TestContext, options: { maxSockets?: number; timeoutMs?: number; ca?: string | undefined } = {}) {
  const asked: Asked[] = []
  const sockets: Socket[] = []
  let heard = () => {}
  const server = createServer(certificate, (request, response) => {
    let body = ''
    request.setEncoding('latin1').on('data', (text) => {
      body += text
    })
    request.on('end', () => {
      asked.push({ request, response, body })
      heard()
    })
  })
  server.on('secureConnection', (socket: Socket) => sockets.push(socket))
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ca = 'ca' in options ? options.ca : certificate.cert
  const client = new HubClient({
    address: { host: 'localhost', port, policy: undefined },
    ca,
    maxSockets: options.maxSockets ?? 8,
    timeoutMs: options.timeoutMs ?? 10_000,
  })
  t.after(async () => {
    await client.close()
    server.closeAllConnections()
    server.close()
  })
  const until = async (count: number) => {
    while (asked.length < count) {
      await new Promise<void>((resolve) => {
        heard = resolve
      })
    }
    return asked[count - 1] as Asked
  }
  return { asked, client, server, sockets, until }
}

function ask(client: HubClient, request: Partial<HubRequest> = {}) {
  let exchange: HubExchange | undefined
  const answered = new Promise<HubAnswer | GatewayError>((resolve) => {
    const whole = { method: 'POST', path: '/x', headers: {}, body: Buffer.from('é'), operation: 'send', ...request }
    exchange = client.request(whole, (error, answer) => resolve((error ?? answer) as HubAnswer | GatewayError))
  })
  return { answered, giveUp: (reason: GatewayError) => exchange?.giveUp(reason) }
}

const codeOf = async (answered: Promise<HubAnswer | GatewayError>) => ((await answered) as GatewayError).code
const closed = new GatewayError('HUB_SESSION_CLOSED', 'closed')

test('[P] the SDK sends in chunks without a length: here the body has its length in bytes, and the answer comes whole', async (t) => {
  const { client, until } = await rig(t)
  const { answered } = ask(client, { headers: { 'x-a': 'b' }, path: '/y?z=1' })
  const { request, response, body } = await until(1)
  assert.deepEqual([request.method, request.url, request.headers['x-a']], ['POST', '/y?z=1', 'b'])
  assert.equal(request.headers['content-length'], '2')
  assert.equal(request.headers['transfer-encoding'], undefined)
  assert.equal(Buffer.from(body, 'latin1').toString(), 'é')
  response.writeHead(200, { etag: '"1"' }).write('a')
  response.end('b')
  const answer = (await answered) as HubAnswer
  assert.deepEqual([answer.statusCode, answer.headers.etag, String(answer.body)], [200, '"1"', 'ab'])
})

test('sockets are kept and used again, and polls have a quarter as many of their own', async (t) => {
  const { asked, client, sockets, until } = await rig(t, { maxSockets: 4 })
  const sends = Array.from({ length: 6 }, () => ask(client))
  const polls = Array.from({ length: 3 }, () =>
    ask(client, { method: 'GET', operation: 'receive', body: Buffer.alloc(0) }),
  )
  for (let count = 1; count <= 9; count++) (await until(count)).response.writeHead(204).end()
  await Promise.all([...sends, ...polls].map(({ answered }) => answered))
  assert.equal(asked.length, 9)
  assert.ok(sockets.length <= 5, `${sockets.length}`)
})

test('a request that is not answered in time is given up, and its socket with it', async (t) => {
  const { client, sockets, until } = await rig(t, { timeoutMs: 50 })
  const { answered } = ask(client)
  const failure = (await answered) as GatewayError
  assert.deepEqual([failure.code, failure.message], ['HUB_TIMEOUT', 'the hub did not answer a send within 50 ms'])
  // A loaded machine may need longer than that for the handshake alone.
  if (sockets.length > 0 && !(sockets[0] as Socket).destroyed) await once(sockets[0] as Socket, 'close')
  const again = ask(client)
  void until(1).then(({ response }) => response.writeHead(204).end())
  await again.answered
})

test('what is given up in flight closes its socket; what still waits for a socket is never sent', async (t) => {
  const { asked, client, sockets, until } = await rig(t, { maxSockets: 1 })
  const inFlight = ask(client)
  const waiting = ask(client, { path: '/waiting' })
  await until(1)
  waiting.giveUp(closed)
  inFlight.giveUp(closed)
  assert.deepEqual(
    [await codeOf(inFlight.answered), await codeOf(waiting.answered)],
    ['HUB_SESSION_CLOSED', 'HUB_SESSION_CLOSED'],
  )
  await once(sockets[0] as Socket, 'close')
  const later = ask(client, { path: '/later' })
  const { request, response } = await until(2)
  assert.equal(request.url, '/later')
  response.writeHead(204).end()
  assert.equal(((await later.answered) as HubAnswer).statusCode, 204)
  assert.deepEqual(
    asked.map(({ request: { url } }) => url),
    ['/x', '/later'],
  )
})

test('what was given up while it waited costs those behind it neither their turn nor a socket', async (t) => {
  const { asked, client, sockets, until } = await rig(t, { maxSockets: 1 })
  const first = ask(client)
  const waiting = Array.from({ length: 5 }, () => ask(client, { path: '/waiting' }))
  const last = ask(client, { path: '/last' })
  await until(1)
  for (const { giveUp } of waiting) giveUp(closed)
  asked[0]?.response.writeHead(204).end()
  await first.answered
  const { request, response } = await until(2)
  assert.equal(request.url, '/last')
  response.writeHead(204).end()
  await last.answered
  assert.equal(sockets.length, 1)
})

test('a POST whose connection dies is not sent again: whether the hub has it is not known', async (t) => {
  const { asked, client, sockets, until } = await rig(t)
  const { answered } = ask(client)
  await until(1)
  sockets[0]?.destroy()
  const failure = (await answered) as GatewayError
  assert.deepEqual([failure.code, failure.message], ['HUB_UNAVAILABLE', 'the hub cannot be reached: other side closed'])
  const next = ask(client)
  ;(await until(2)).response.writeHead(204).end()
  await next.answered
  assert.equal(asked.length, 2)
})

test('a kept socket that the hub has closed meanwhile is replaced', async (t) => {
  const { client, sockets, until } = await rig(t)
  const first = ask(client)
  ;(await until(1)).response.writeHead(204).end()
  await first.answered
  const gone = once(sockets[0] as Socket, 'close')
  sockets[0]?.end()
  await gone
  const second = ask(client)
  void until(2).then(({ response }) => response.writeHead(204).end())
  const outcome = await second.answered
  // Closed at the very moment of sending, it may still be lost: then for now.
  if (outcome instanceof GatewayError) assert.ok(outcome.retryable)
  else assert.equal(outcome.statusCode, 204)
})

test('a hub that nobody vouches for is a fault of the configuration; one that is not there may come back', async (t) => {
  const { client } = await rig(t, { ca: undefined })
  const { answered } = ask(client)
  const failure = (await answered) as GatewayError
  assert.equal(failure.code, 'CONFIGURATION')
  assert.match(failure.message, /SELF_SIGNED/)
  const nobody = new HubClient({
    address: { host: 'localhost', port: 1, policy: undefined },
    ca: undefined,
    maxSockets: 1,
    timeoutMs: 5000,
  })
  t.after(() => nobody.close())
  const refused = (await ask(nobody).answered) as GatewayError
  assert.equal(refused.code, 'HUB_UNAVAILABLE')
  assert.match(refused.message, /ECONNREFUSED/)
})

test('an answer that does not end is cut at a megabyte', async (t) => {
  const { client, until } = await rig(t)
  const { answered } = ask(client)
  const { response } = await until(1)
  response.on('error', () => {})
  response.writeHead(200)
  const more = () => {
    if (!response.destroyed) response.write('x'.repeat(65_536), more)
  }
  more()
  const failure = (await answered) as GatewayError
  assert.equal(failure.code, 'HUB_UNAVAILABLE')
  assert.match(failure.message, /over 1000000 bytes/)
})

test('after close nothing is sent, and what was in flight has ended', async (t) => {
  const { asked, client, until } = await rig(t)
  const inFlight = ask(client)
  await until(1)
  await client.close()
  assert.equal(await codeOf(inFlight.answered), 'HUB_UNAVAILABLE')
  assert.equal(await codeOf(ask(client).answered), 'HUB_UNAVAILABLE')
  assert.equal(asked.length, 1)
})

test('what no HTTP message can carry fails that request only', async (t) => {
  const { client, until } = await rig(t)
  const bad = ask(client, { headers: { 'x-a': 'line\nbreak' } })
  assert.ok((await bad.answered) instanceof GatewayError)
  const good = ask(client)
  ;(await until(1)).response.writeHead(204).end()
  assert.equal(((await good.answered) as HubAnswer).statusCode, 204)
})
