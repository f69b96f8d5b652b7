import assert from 'node:assert/strict'
import { Server } from 'node:net'
import { before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { memoryHub } from '../../src/hub/memory.ts'
import { selfSigned } from './certificate.ts'
import { metric, openGate } from './gate.ts'
import { helloLine, RawDevice, readingLine } from './raw-device.ts'

let tls: { key: string; cert: string }

before(async () => {
  tls = await selfSigned()
})

/** The listening server on a port, among everything that keeps this process alive. */
function serverOn(port: number): Server {
  const handles = (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles()
  const servers = handles.filter((each): each is Server => each instanceof Server)
  return servers.find((each) => (each.address() as { port: number } | null)?.port === port) as Server
}

test('more connections than allowed are turned away and counted, and one that leaves makes room', async (t) => {
  const { gateway, device, log, port } = await openGate(t, { maxConnections: 2 })
  const [first, second] = [await device(helloLine('d1')), await device(helloLine('d2'))]
  await Promise.all([first.line(), second.line()])
  const third = await device()
  await third.until(() => third.ended || third.closed)
  assert.equal(await metric(gateway, 'headgate_connections_total', { outcome: 'CONNECTION_LIMIT' }), 1)
  assert.equal(await metric(gateway, 'headgate_connections', {}), 2)
  first.end()
  await log.ended(1)
  const fourth = await RawDevice.connect(port, helloLine('d4'))
  assert.equal(await fourth.line(), '{"$welcome":"d4"}')
  fourth.socket.destroy()
})

test('a device that resets at once while it is turned away harms nobody', async (t) => {
  const { device, port } = await openGate(t, { maxConnections: 1 })
  const d1 = await device(helloLine())
  await d1.line()
  for (let count = 0; count < 20; count++) (await RawDevice.connect(port, 'x')).reset()
  d1.write(readingLine(1))
  assert.equal(await d1.line(), '{"$ack":1}')
})

test('two hundred devices at once are all served, each with its own receipts', async (t) => {
  const { hub, device, log } = await openGate(t)
  await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const each = await device(helloLine(`d${index}`) + readingLine(index))
      assert.equal(await each.line(), `{"$welcome":"d${index}"}`)
      assert.equal(await each.line(), `{"$ack":${index}}`)
      each.end()
    }),
  )
  assert.equal((await log.ended(200)).filter((outcome) => outcome === 'ok').length, 200)
  assert.equal(new Set(hub.accepted.map(({ deviceId }) => deviceId)).size, 200)
  assert.equal(hub.sessions.size, 0)
})

test('a failed accept, as when the process is out of file descriptors, is logged and the port goes on', async (t) => {
  const { port, device, log } = await openGate(t)
  const failure = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' })
  for (let count = 0; count < 3; count++) serverOn(port).emit('error', failure)
  assert.equal(log.entries.filter(({ level, message }) => level === 'error' && /accept/.test(message)).length, 3)
  assert.equal(await (await device(helloLine())).line(), '{"$welcome":"d1"}')
})

test('devices connect over TLS where the port has a certificate', async (t) => {
  const { port, log } = await openGate(t, { tls })
  const d1 = await RawDevice.connectTls(port, tls.cert)
  d1.write(helloLine() + readingLine(1))
  assert.deepEqual(await d1.lines(2), ['{"$welcome":"d1"}', '{"$ack":1}'])
  d1.end()
  assert.deepEqual(await log.ended(1), ['ok'])
})

test('over TLS a device that finishes sending gets every acknowledgement too', async (t) => {
  const hub = memoryHub({ hold: true })
  const { port } = await openGate(t, { tls, hub })
  const d1 = await RawDevice.connectTls(port, tls.cert)
  d1.write(helloLine())
  await d1.line()
  for (let sequence = 1; sequence <= 9; sequence++) d1.write(readingLine(sequence))
  d1.end()
  hub.release()
  assert.equal((await d1.lines(9)).at(-1), '{"$ack":9}')
})

test('a TLS handshake that fails is counted and harms nobody', async (t) => {
  const { gateway, port, device } = await openGate(t, { tls })
  const plain = await device(helloLine())
  await plain.until(() => plain.closed || plain.ended)
  // Its certificate is not trusted: the peer gives up after its own handshake is done.
  await assert.rejects(RawDevice.connectTls(port, (await selfSigned()).cert))
  const d1 = await RawDevice.connectTls(port, tls.cert)
  d1.write(helloLine())
  assert.equal(await d1.line(), '{"$welcome":"d1"}')
  assert.equal(await metric(gateway, 'headgate_connections_total', { outcome: 'TLS_HANDSHAKE' }), 1)
  d1.socket.destroy()
})

test('TLS handshakes in progress count as connections, so that a flood of them is bounded', async (t) => {
  const { gateway, device } = await openGate(t, { tls, maxConnections: 3 })
  for (let count = 0; count < 3; count++) await device()
  const fourth = await device()
  await fourth.until(() => fourth.ended || fourth.closed)
  assert.equal(await metric(gateway, 'headgate_connections_total', { outcome: 'CONNECTION_LIMIT' }), 1)
})

test('a TLS handshake that does not come is ended by the hello deadline', async (t) => {
  const { gateway, device } = await openGate(t, { tls, helloTimeoutMs: 50 })
  const silent = await device()
  await silent.until(() => silent.closed || silent.ended)
  assert.equal(await metric(gateway, 'headgate_connections_total', { outcome: 'TLS_HANDSHAKE' }), 1)
})

test('a TLS handshake that hangs holds neither drain nor close', async (t) => {
  const { gateway, device } = await openGate(t, { tls })
  const silent = await device()
  await gateway.drain()
  await silent.until(() => silent.closed || silent.ended)
})

test('a TLS handshake that is done only while the port drains is turned away', async (t) => {
  const hub = memoryHub({ hold: true })
  const { gateway, device, port } = await openGate(t, { tls, hub })
  const busy = await RawDevice.connectTls(port, tls.cert)
  busy.write(helloLine() + readingLine(1))
  await busy.line()
  const late = await device()
  const drained = gateway.drain()
  const secure = new RawDevice(
    connectTls({ socket: late.socket.removeAllListeners('data'), host: 'localhost', ca: tls.cert }),
  )
  secure.write(helloLine('d2'))
  await secure.until(() => secure.ended || secure.closed)
  assert.equal(await secure.rest(), '')
  hub.release()
  busy.end()
  await drained
})
