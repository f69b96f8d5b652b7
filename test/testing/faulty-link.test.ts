import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { FaultyLink } from '../../src/testing/faulty-link.ts'

/** A device and a gateway at the two ends of a link. */
async function linked(t: TestContext, tap?: (direction: string, chunk: Buffer, connection: number) => void) {
  const accepted: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    accepted.push(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const link = await FaultyLink.listen((server.address() as AddressInfo).port, tap === undefined ? {} : { tap })
  const device = connect({ port: link.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  device.on('error', () => {})
  const arrived = once(server, 'connection')
  await Promise.all([once(device, 'connect'), arrived])
  t.after(async () => {
    device.destroy()
    for (const socket of accepted) socket.destroy()
    server.close()
    await link.close()
  })
  return { link, device, gateway: accepted[0] as Socket }
}

/** Unlike `once`, not rejected by the error that comes before. */
const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve))

const text = async (socket: Socket, length: number): Promise<string> => {
  let heard = ''
  while (heard.length < length) heard += String((await once(socket, 'data'))[0])
  return heard
}

test('without a fault bytes and ends pass both ways, and are tapped', async (t) => {
  const tapped: string[] = []
  const { device, gateway } = await linked(t, (direction, chunk, connection) =>
    tapped.push(`${connection} ${direction} ${chunk}`),
  )
  device.write('up')
  assert.equal(await text(gateway, 2), 'up')
  gateway.write('down')
  assert.equal(await text(device, 4), 'down')
  device.end()
  await once(gateway.resume(), 'end')
  gateway.end('bye')
  assert.equal(await text(device, 3), 'bye')
  await once(device, 'end')
  assert.deepEqual(tapped, ['1 up up', '1 down down', '1 down bye'])
})

test('a cut is a FIN at both ends', async (t) => {
  const { link, device, gateway } = await linked(t)
  const ends = [once(device.resume(), 'end'), once(gateway.resume(), 'end')]
  link.cut()
  await Promise.all(ends)
})

test('a reset is one at both ends', async (t) => {
  const { link, device, gateway } = await linked(t)
  device.removeAllListeners('error')
  gateway.removeAllListeners('error')
  const errors = [once(device, 'error'), once(gateway, 'error')]
  link.reset()
  const codes = (await Promise.all(errors)).map(([error]) => (error as NodeJS.ErrnoException).code)
  assert.deepEqual(codes, ['ECONNRESET', 'ECONNRESET'])
})

test('a reset in the middle of a frame comes right behind the bytes that were allowed', async (t) => {
  const { link, device, gateway } = await linked(t)
  link.resetAfter(7)
  let heard = ''
  gateway.on('data', (chunk) => {
    heard += chunk
  })
  const ends = Promise.all([closed(device), closed(gateway)])
  device.write('12345')
  device.write('67890')
  await ends
  assert.equal(heard, '1234567')
})

test('a stalled direction passes nothing on, and everything once it is healed; the other goes on', async (t) => {
  const { link, device, gateway } = await linked(t)
  link.stall('down')
  gateway.write('first')
  device.write('up')
  assert.equal(await text(gateway, 2), 'up')
  let heard = ''
  device.on('data', (chunk) => {
    heard += chunk
  })
  for (let turns = 0; turns < 20; turns++) await turn()
  assert.equal(heard, '')
  gateway.write(' second')
  link.heal()
  while (heard.length < 12) await once(device, 'data')
  assert.equal(heard, 'first second')
})

test('a stall holds a little, then whoever sends is held by TCP', async (t) => {
  const { link, device, gateway } = await linked(t)
  link.stall('up')
  const megabyte = Buffer.alloc(1 << 20, 'x')
  let written = 0
  while (written < 64 && device.write(megabyte)) {
    written++
    await turn()
  }
  device.write(megabyte)
  assert.ok(device.writableNeedDrain)
  let bytes = 0
  gateway.on('data', (chunk) => {
    bytes += chunk.length
  })
  assert.equal(bytes, 0)
  const drained = once(device, 'drain')
  link.heal()
  await drained
  while (bytes < (written + 1) * megabyte.length) await once(gateway, 'data')
})

test('split, bytes arrive whole and in order', async (t) => {
  const { link, device, gateway } = await linked(t)
  link.split()
  device.write('abcdefghij')
  assert.equal(await text(gateway, 10), 'abcdefghij')
})

test('a device that vanishes is gone for itself, and not for the gateway', async (t) => {
  const { link, device, gateway } = await linked(t)
  let ended = false
  for (const event of ['end', 'close', 'error']) gateway.on(event, () => (ended = true))
  const end = closed(device)
  link.vanish()
  await end
  gateway.write('into the void')
  for (let turns = 0; turns < 50; turns++) await turn()
  assert.equal(ended, false)
  assert.equal(link.connections, 1)
})

test('a gateway that does not listen is a reset for the device', async (t) => {
  const { link } = await linked(t)
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  link.retarget(port)
  const late = connect({ port: link.port, host: '127.0.0.1' })
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNRESET')
})
