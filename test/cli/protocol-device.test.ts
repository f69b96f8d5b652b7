import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { DeviceState } from '../../src/cli/device-speech.ts'
import { Fleet } from '../../src/cli/fleet.ts'
import { ProtocolDevice } from '../../src/cli/protocol-device.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { served } from '../pipelines/served.ts'
import { smallDevice, smallFrame, smallProtocol } from './small-protocol.ts'

const host = '127.0.0.1'

function state(sequence: number): DeviceState {
  const still = { latitude_deg: 0, longitude_deg: 0, altitude_m: 0, speed_kmh: 0, course_deg: 0, temperature_c: 20 }
  return { ...still, time: new Date(0), sequence }
}

/** A gateway that answers frames as a test wants. */
async function scripted(t: TestContext, answer: (text: string, socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      for (let at = 0; at < chunk.length; at += 1 + (chunk[at] as number)) {
        answer(chunk.toString('latin1', at + 1, at + 1 + (chunk[at] as number)), socket)
      }
    })
    t.after(() => socket.destroy())
  }).listen(0, host)
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

test('a device logs in, reports, and knows what became of each report', async (t) => {
  const { hub, port } = await served(t, smallProtocol.simulated)
  const device = new ProtocolDevice(smallDevice('d1', Number.POSITIVE_INFINITY), { host, port })
  await device.connect()
  assert.deepEqual(await Promise.all([1, 2, 3].map((each) => device.report(state(each)))), ['acked', 'acked', 'acked'])
  hub.fail(new GatewayError('HUB_REJECTED', 'never'))
  assert.equal(await device.report(state(9)), 'nacked')
  await device.end()
  assert.equal(hub.accepted.length, 3)
  assert.deepEqual([device.protocolErrors, device.resent], [0, 0])
})

test('no more reports wait for an answer than the window allows', async (t) => {
  const seen: string[] = []
  let last: Socket | undefined
  const port = await scripted(t, (text, socket) => {
    if (text.startsWith('H')) socket.write(smallFrame('W'))
    else seen.push(text)
    last = socket
  })
  const device = new ProtocolDevice(smallDevice('d1', 2), { host, port })
  await device.connect()
  const reports = [1, 2, 3, 4].map((each) => device.report(state(each)))
  for (const key of ['1', '2', '3', '4']) {
    while (!seen.includes(`R${key}`)) await new Promise((resolve) => setImmediate(resolve))
    assert.ok(seen.length <= Number(key) + 1, `${seen}`)
    last?.write(smallFrame(`K${key}`))
    assert.equal(await reports[Number(key) - 1], 'acked')
  }
  assert.deepEqual(seen, ['R1', 'R2', 'R3', 'R4'])
  device.destroy()
})

test('a report that is not answered in time, or asked for again, is sent again until it is', async (t) => {
  const seen: string[] = []
  const port = await scripted(t, (text, socket) => {
    if (text.startsWith('H')) return socket.write(smallFrame('W'))
    seen.push(text)
    if (seen.length === 2) socket.write(smallFrame('N1'))
    return seen.length === 4 && socket.write(Buffer.concat([smallFrame('K1'), smallFrame('K1')]))
  })
  const device = new ProtocolDevice(smallDevice('d1', 1), { host, port, ackTimeoutMs: 5, againMs: 1 })
  await device.connect()
  assert.equal(await device.report(state(1)), 'acked')
  assert.deepEqual(seen, ['R1', 'R1', 'R1', 'R1'])
  assert.deepEqual([device.resent, device.protocolErrors], [3, 0], 'what was sent twice may be answered twice')
  device.destroy()
})

test('answers for nothing and frames that mean nothing are errors of the protocol', async (t) => {
  const port = await scripted(t, (text, socket) => {
    if (text.startsWith('H')) socket.write(smallFrame('W'))
    else socket.write(Buffer.concat(['?', 'K7', 'N7', 'K1'].map(smallFrame)))
  })
  const device = new ProtocolDevice(smallDevice('d1', 1), { host, port })
  await device.connect()
  assert.equal(await device.report(state(1)), 'acked')
  assert.equal(device.protocolErrors, 3)
  device.destroy()
})

test('a refused login, a gateway that closes and one that is not there reject', async (t) => {
  const refusing = await scripted(t, (_text, socket) => socket.write(smallFrame('X')))
  const refused = new ProtocolDevice(smallDevice('d1', 1), { host, port: refusing })
  await assert.rejects(refused.connect(), /refused d1: X/)
  refused.destroy()
  const closing = await scripted(t, (_text, socket) => socket.destroy())
  await assert.rejects(
    new ProtocolDevice(smallDevice('d1', 1), { host, port: closing }).connect(),
    /closed the connection/,
  )
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  await assert.rejects(new ProtocolDevice(smallDevice('d1', 1), { host, port }).connect(), { code: 'ECONNREFUSED' })
})

test('what waits when the connection ends is lost, and so is what is reported after it', async (t) => {
  const port = await scripted(t, (text, socket) => {
    if (text.startsWith('H')) socket.write(smallFrame('W'))
    else socket.destroy()
  })
  const device = new ProtocolDevice(smallDevice('d1', 1), { host, port })
  await device.connect()
  const reports = [device.report(state(1)), device.report(state(2))]
  assert.deepEqual(await Promise.all(reports), ['lost', 'lost'])
  assert.equal(await device.report(state(3)), 'lost')
  await device.end()
})

test('ending waits for the answers of what was reported, in the window or behind it', async (t) => {
  const { hub, port } = await served(t, smallProtocol.simulated, { memory: { hold: true } })
  const device = new ProtocolDevice(smallDevice('d1', 1), { host, port })
  await device.connect()
  const reports = [device.report(state(1)), device.report(state(2))]
  const ending = device.end()
  hub.release()
  await ending
  assert.deepEqual(await Promise.all(reports), ['acked', 'acked'])
})

test('a command is obeyed, told, and settled with the hub', async (t) => {
  const { hub, port } = await served(t, smallProtocol.simulated)
  const device = new ProtocolDevice(smallDevice('d1', 1), { host, port })
  await device.connect()
  const told = once(device, 'command')
  hub.queueCommand('d1', 'go')
  await told
  await hub.until(() => hub.settled.length === 1)
  assert.deepEqual(hub.settled[0]?.response, { status: 200, body: { text: 'done' } })
  await device.end()
})

test('a fleet of them reports at a rate and counts every answer', async (t) => {
  const { hub, port } = await served(t, smallProtocol.simulated)
  const devices = ['a', 'b', 'c'].map((id) => new ProtocolDevice(smallDevice(id, 1), { host, port }))
  const fleet = new Fleet({ devices, rate: 1000, count: 5 })
  await fleet.start()
  await fleet.finished()
  await fleet.stop()
  const { sent, acked, lost, resent, protocolErrors } = fleet.report
  assert.deepEqual(
    { sent, acked, lost, resent, protocolErrors },
    { sent: 15, acked: 15, lost: 0, resent: 0, protocolErrors: 0 },
  )
  assert.equal(hub.accepted.length, 15)
})

test('what comes after its FIN is not obeyed: it could not be answered', async (t) => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('data', () => socket.write(smallFrame('W')))
    socket.on('end', () => socket.end(smallFrame('Cdo')))
  }).listen(0, host)
  await once(server, 'listening')
  t.after(() => server.close())
  const device = new ProtocolDevice(smallDevice('d1', 1), { host, port: (server.address() as AddressInfo).port })
  const commands: string[] = []
  device.on('command', (id) => commands.push(id))
  await device.connect()
  await device.end()
  assert.deepEqual([commands, device.protocolErrors], [[], 0])
})
