import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { type FaultyLink, faultyLink } from '../../src/testing/faulty-link.ts'
import type { LinkFault } from '../../src/testing/link-fault.ts'

let server: Server
let link: FaultyLink
const sockets: Socket[] = []

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true, noDelay: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  link = await faultyLink({ targetPort: (server.address() as AddressInfo).port })
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await link.close()
  server.close()
})

/** One end: what it has heard, and how its connection ended. */
class End {
  readonly socket: Socket
  heard = ''
  chunks = 0
  ended: 'open' | 'fin' | 'reset' = 'open'

  constructor(socket: Socket) {
    this.socket = socket
    sockets.push(socket)
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.heard += text
      this.chunks++
    })
    socket.on('end', () => (this.ended = 'fin'))
    socket.on('error', () => (this.ended = 'reset'))
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const heard = new AbortController()
      const events = ['data', 'end', 'close', 'error'].map((name) => once(this.socket, name, heard))
      await Promise.race(events).catch(() => undefined)
      heard.abort()
      await Promise.allSettled(events)
    }
  }

  hears(text: string): Promise<void> {
    return this.until(() => this.heard === text)
  }
}

async function connected(): Promise<{ device: End; gateway: End }> {
  const accepted = once(server, 'connection')
  const device = new End(connect({ port: link.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true }))
  const [socket] = (await accepted) as [Socket]
  return { device, gateway: new End(socket) }
}

test('without faults it passes on bytes and ends, both ways, and tells of them', async () => {
  const seen: string[] = []
  link.on('up', (bytes, { connection }) => seen.push(`up ${connection} ${bytes}`))
  link.on('down', (bytes, { connection }) => seen.push(`down ${connection} ${bytes}`))
  const { device, gateway } = await connected()
  device.socket.write('hello')
  await gateway.hears('hello')
  device.socket.end()
  await gateway.until(() => gateway.ended === 'fin')
  gateway.socket.end('welcome')
  await device.hears('welcome')
  await device.until(() => device.ended === 'fin')
  assert.deepEqual(seen, ['up 1 hello', 'down 1 welcome'])
})

test('cut: both ends see FIN, and nothing of what comes after', async () => {
  const { device, gateway } = await connected()
  device.socket.write('one')
  await gateway.hears('one')
  link.inflict({ kind: 'cut' })
  await Promise.all([device.until(() => device.ended === 'fin'), gateway.until(() => gateway.ended === 'fin')])
  gateway.socket.end('two')
  device.socket.end()
  await once(device.socket, 'close')
  assert.equal(device.heard, '')
})

test('reset after bytes: so many go, also in the middle of a frame, then both ends are reset; the next connection is sound', async () => {
  const { device, gateway } = await connected()
  link.inflict({ kind: 'reset', direction: 'up', afterBytes: 5 })
  device.socket.write('abc')
  await gateway.hears('abc')
  device.socket.write('defg')
  // libuv tells of a reset that comes together with bytes as of an end.
  await Promise.all([device.until(() => device.ended !== 'open'), gateway.until(() => gateway.ended !== 'open')])
  assert.ok('abcde'.startsWith(gateway.heard))
  const next = await connected()
  next.device.socket.write('abcdefghi')
  await next.gateway.hears('abcdefghi')
})

test('reset without a number of bytes strikes what is connected', async () => {
  const { device, gateway } = await connected()
  link.inflict({ kind: 'reset', direction: 'down' })
  await Promise.all([device.until(() => device.ended === 'reset'), gateway.until(() => gateway.ended === 'reset')])
})

test('stall: one direction stands still and the other goes on, until it is healed', async () => {
  const { device, gateway } = await connected()
  const heal = link.inflict({ kind: 'stall', direction: 'up' })
  device.socket.write('held')
  await once(link, 'up')
  gateway.socket.write('down')
  await device.hears('down')
  assert.equal(gateway.heard, '')
  heal()
  await gateway.hears('held')
})

test('stall: a sender that goes on is not read in the end, and what is late afterwards may have been written since then', async () => {
  const { device, gateway } = await connected()
  const heal = link.inflict({ kind: 'stall', direction: 'down' })
  const stalledAt = Date.now()
  const moments: number[] = []
  let seenBytes = 0
  link.on('down', (bytes, { notBeforeMs }) => {
    seenBytes += bytes.length
    moments.push(notBeforeMs)
  })
  const sent = Buffer.alloc(8 * 2 ** 20, 'x')
  const written = new Promise<void>((resolve) => gateway.socket.write(sent, () => resolve()))
  while (seenBytes <= 65_536) await once(link, 'down')
  // What is behind that lies in the system and in its sender.
  assert.ok(seenBytes < 2 ** 18, `${seenBytes} bytes`)
  assert.ok(gateway.socket.writableLength > 0)
  const resumedAt = Date.now()
  heal()
  await written
  await device.until(() => device.heard.length === sent.length)
  assert.ok(moments.every((moment) => moment >= stalledAt))
  assert.ok(moments.some((moment) => moment <= resumedAt))
})

test('split: every byte arrives, one write each', async () => {
  const { device, gateway } = await connected()
  link.inflict({ kind: 'split', direction: 'up' })
  device.socket.write('abcdefghijklmnopqrstuvwxyz'.repeat(20))
  await gateway.hears('abcdefghijklmnopqrstuvwxyz'.repeat(20))
  assert.ok(gateway.chunks > 20, `${gateway.chunks} chunks`)
})

test('delay: bytes are held, the other direction is not, and they come in order', async () => {
  const { device, gateway } = await connected()
  link.inflict({ kind: 'delay', direction: 'up', delayMs: 30 })
  device.socket.write('a')
  await once(link, 'up')
  device.socket.write('b')
  gateway.socket.write('x')
  await device.hears('x')
  assert.equal(gateway.heard, '')
  await gateway.hears('ab')
})

test('vanish: the device is gone, the gateway is not told, and healing resets what stood', async () => {
  const { device, gateway } = await connected()
  const heal = link.inflict({ kind: 'vanish' })
  await device.until(() => device.ended !== 'open')
  gateway.socket.write('to nobody')
  await once(link, 'down')
  assert.equal(gateway.ended, 'open')
  // It comes back while the old connection stands.
  const back = await connected()
  back.device.socket.write('again')
  await back.gateway.hears('again')
  assert.equal(link.connections, 2)
  heal()
  await gateway.until(() => gateway.ended === 'reset')
  back.device.socket.write('!')
  await back.gateway.hears('again!')
})

test('swallow: what goes in one direction goes nowhere, and healing resets a connection that lost bytes', async () => {
  const { device, gateway } = await connected()
  const heal = link.inflict({ kind: 'swallow', direction: 'down' })
  gateway.socket.write('lost')
  await once(link, 'down')
  device.socket.write('heard')
  await gateway.hears('heard')
  assert.equal(device.heard, '')
  heal()
  await Promise.all([device.until(() => device.ended === 'reset'), gateway.until(() => gateway.ended === 'reset')])
})

test('refuse: new connections are reset while it holds', async () => {
  link.inflict({ kind: 'refuse' })
  const device = new End(connect({ port: link.port, host: '127.0.0.1' }))
  await device.until(() => device.socket.closed || device.ended !== 'open')
  link.heal()
  const next = await connected()
  next.device.socket.write('x')
  await next.gateway.hears('x')
})

test('a gateway that does not listen resets the device; once aimed elsewhere the link goes there', async () => {
  const other = createServer()
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  const port = (other.address() as AddressInfo).port
  other.close()
  await once(other, 'close')
  link.aim(port)
  const device = new End(connect({ port: link.port, host: '127.0.0.1' }))
  await device.until(() => device.socket.closed || device.ended === 'reset')
  link.aim((server.address() as AddressInfo).port)
  const next = await connected()
  next.device.socket.write('x')
  await next.gateway.hears('x')
})

test('what is no fault, or out of range, is refused', async () => {
  const wrong: [unknown, RegExp][] = [
    [{ kind: 'explode' }, /kind.*explode/],
    [{ kind: 'stall', direction: 'sideways' }, /direction.*sideways/],
    [{ kind: 'delay', direction: 'up', delayMs: 0 }, /delayMs.*0/],
    [{ kind: 'reset', direction: 'up', afterBytes: -1 }, /afterBytes.*-1/],
  ]
  for (const [fault, message] of wrong) {
    assert.throws(() => link.inflict(fault as LinkFault), { code: 'CONFIGURATION', message })
  }
  await assert.rejects(faultyLink({ targetPort: 0 }), { code: 'CONFIGURATION', message: /targetPort.*0/ })
})
