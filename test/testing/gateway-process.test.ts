import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type GatewayProcess, gatewayProcess } from '../../src/testing/gateway-process.ts'

const script = fileURLToPath(new URL('./small-gateway.js', import.meta.url))
const started: GatewayProcess[] = []

async function start(): Promise<GatewayProcess> {
  const gateway = await gatewayProcess(script, { isScript: true })
  started.push(gateway)
  return gateway
}

after(() => Promise.all(started.map((gateway) => gateway.kill())))

/** What it says to who connects; it says its process id. */
async function said(port: number): Promise<string> {
  let text = ''
  const socket = connect({ port, host: '127.0.0.1' }).setEncoding('utf8')
  socket.on('data', (more) => (text += more))
  await once(socket, 'close')
  return text.trim()
}

test('it runs in a process of its own until it is killed, and again on the same port', async () => {
  const gateway = await start()
  const { port, pid } = gateway
  assert.equal(await said(port), String(pid))
  await gateway.kill()
  assert.equal(gateway.pid, undefined)
  await assert.rejects(said(port), { code: 'ECONNREFUSED' })
  await gateway.start()
  assert.equal(gateway.port, port)
  assert.notEqual(gateway.pid, pid)
  assert.equal(await said(port), String(gateway.pid))
})

test('SIGTERM gives its exit code', async () => {
  const gateway = await start()
  assert.equal(await gateway.term(), 0)
})

test('frozen it says nothing, and thawed it goes on', async () => {
  const gateway = await start()
  gateway.freeze()
  const answer = said(gateway.port)
  let answered = false
  void answer.then(() => (answered = true))
  // Another process is asked meanwhile, so that a turn of the machine has gone by.
  await said((await start()).port)
  assert.equal(answered, false)
  gateway.thaw()
  assert.equal(await answer, String(gateway.pid))
})

test('one that ends before it is ready is told, with what it said', async () => {
  const environment = { SMALL_GATEWAY_FAILS: '1' }
  await assert.rejects(gatewayProcess(script, { isScript: true, environment }), {
    code: 'CONFIGURATION',
    message: /ended with 3 before it was ready: there is nothing to serve/,
  })
  await assert.rejects(gatewayProcess(script, { readyTimeoutMs: 0 }), {
    code: 'CONFIGURATION',
    message: /readyTimeoutMs/,
  })
})
