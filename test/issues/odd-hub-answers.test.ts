import assert from 'node:assert/strict'
import { once } from 'node:events'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, afterEach, before, test } from 'node:test'
import { type Command, receipt } from '../../src/core/items.ts'
import { unmeteredHub } from '../../src/core/meter.ts'
import { Secret } from '../../src/core/secret.ts'
import { azureHttp } from '../../src/hub/azure-http.ts'
import type { HubSession } from '../../src/hub/port.ts'
import { Rig, reading } from '../hub/rig.ts'

let rig: Rig
before(async () => {
  rig = await Rig.start('d1')
})
afterEach(() => rig.reset())
after(() => rig.stop())

/** A server in the hub's place that has no commands and answers every send with a page. */
async function proxyPage(): Promise<https.Server> {
  const { certificate, privateKey } = rig.emulator.certificate
  const server = https.createServer({ cert: certificate, key: privateKey }, (request, response) => {
    request.resume()
    if (request.method === 'GET') response.writeHead(204).end()
    else response.writeHead(200, { 'content-type': 'text/html' }).end('<html>please log in</html>')
  })
  await once(server.listen(0), 'listening')
  return server
}

test('a page with status 200 has taken no reading', async () => {
  const server = await proxyPage()
  const { port } = server.address() as AddressInfo
  const hub = azureHttp(`HostName=localhost:${port}`, { ca: rig.emulator.ca })
  const device = { deviceId: 'd1', credentials: { type: 'key', key: new Secret('aw==') } } as const
  const session = await hub.open(device, { signal: new AbortController().signal, meter: unmeteredHub })
  await assert.rejects(session.send([reading('x')]), { code: 'HUB_UNAVAILABLE' })
  await session.close()
  await hub.close?.()
  server.close()
})

async function next(commands: AsyncIterator<Command>): Promise<Command> {
  const { value } = await commands.next()
  return value as Command
}

const commandsOf = (session: HubSession) => session.commands()[Symbol.asyncIterator]()

test('an odd answer to one poll does not end commands', async () => {
  const session = await rig.open(rig.identity('d1'))
  for (const status of [403, 400, 418]) rig.emulator.hub.faults.put({ operation: 'receive', status, count: 1 })
  const command = next(commandsOf(session))
  rig.emulator.hub.queueCommand('d1', { body: Buffer.from('x'), messageId: 'm' })
  assert.equal((await command).id, 'm')
})

test('a hub that hangs over polls does not hold up readings', async () => {
  const session = await rig.open(rig.identity('d1'), rig.hub({ maxSockets: 1 }))
  rig.emulator.hub.faults.put({ operation: 'receive', hang: true })
  const polling = commandsOf(session).next()
  await session.send([reading('x')])
  assert.equal(rig.accepted.length, 1)
  await session.close()
  assert.equal((await polling).done, true)
})

test('a command whose lock ran out while it was being settled is not given to the device again', async () => {
  const session = await rig.open(rig.identity('d1'))
  const commands = commandsOf(session)
  rig.emulator.hub.queueCommand('d1', { body: Buffer.from('x'), messageId: 'open-valve' })
  const command = await next(commands)
  rig.emulator.hub.faults.put({ operation: 'settle', status: 503, count: 1 })
  await assert.rejects(session.settle(receipt(command, 'complete')), { code: 'HUB_UNAVAILABLE' })
  rig.emulator.hub.queue('d1').expireLocks()
  rig.emulator.hub.queueCommand('d1', { body: Buffer.from('y'), messageId: 'next' })
  assert.equal((await next(commands)).id, 'next')
  await session.settle(receipt(command, 'complete'))
  const states = rig.emulator.hub.commandStates('d1')
  assert.equal(states.find(({ messageId }) => messageId === 'open-valve')?.state, 'completed')
})
