import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import type { Hub } from '../../src/hub/port.ts'
import { type QueclinkOptions, queclink } from '../../src/pipelines/queclink.ts'
import { embed, memoryHub, type SettledCommand } from '../../src/testing.ts'
import { imei, message, position } from '../stages/queclink/own-messages.ts'

const atOnce = { batch: { maxCount: 1, lingerMs: 0 } } as const
const report = message({ fields: position })
const heartbeat = message({ prefix: 'ACK', report: 'GTHBD', count: '00FF' })
const heartbeatSack = '+SACK:GTHBD,1A0800,00FF$'

async function said(device: ReturnType<typeof embed>, text: string): Promise<void> {
  assert.equal((await device.read(text.length)).toString(), text)
}

function bodiesOf(to: ReturnType<typeof memoryHub>) {
  return to.accepted.map(({ message }) => JSON.parse(message.body.toString()))
}

test('while the hub holds, heartbeats are answered and reports are not; then they are', async () => {
  const to = memoryHub({ hold: true })
  const device = embed(queclink(to, { sack: true, ...atOnce }))
  device.write(Buffer.concat([report, heartbeat]))
  await said(device, heartbeatSack)
  for (let each = 0; each < 8; each++) {
    device.write(heartbeat)
    await said(device, heartbeatSack)
  }
  assert.equal(device.pending().length, 0)
  to.release()
  await said(device, '+SACK:00A1$')
  device.end()
  await device.ended()
})

test('while the hub hangs over the hello, heartbeats are answered', async () => {
  const memory = memoryHub()
  let open = () => {}
  const opening = new Promise<void>((resolve) => {
    open = resolve
  })
  const to: Hub = { can: memory.can, open: (...given) => opening.then(() => memory.open(...given)) }
  const device = embed(queclink(to, { sack: true, ...atOnce }))
  device.write(report)
  device.write(heartbeat)
  await said(device, heartbeatSack)
  device.write(heartbeat)
  await said(device, heartbeatSack)
  open()
  await said(device, '+SACK:00A1$')
  device.end()
  await device.ended()
})

test('what the hub refuses for ever is not acknowledged and is set aside; the connection goes on', async () => {
  const to = memoryHub()
  const deadLetters: string[] = []
  const device = embed(queclink(to, { sack: true, ...atOnce }), {
    onDeadLetter: ({ error }) => deadLetters.push(error.code),
  })
  to.fail(new GatewayError('HUB_REJECTED', 'never'))
  device.write(Buffer.concat([report, message({ count: '00A2' })]))
  await said(device, '+SACK:00A2$')
  assert.deepEqual(deadLetters, ['HUB_REJECTED'])
  device.end()
  await device.ended()
})

test('without the option sack a report is not answered, and its reading is the same', async () => {
  const [plain, sacked] = [memoryHub(), memoryHub()]
  for (const [to, sack] of [
    [plain, false],
    [sacked, true],
  ] as const) {
    const device = embed(queclink(to, { sack, ...atOnce }))
    device.write(report)
    await to.until(() => to.accepted.length === 1)
    device.end()
    await device.ended()
    assert.equal(device.pending().toString(), sack ? '+SACK:00A1$' : '')
  }
  assert.deepEqual(bodiesOf(plain), bodiesOf(sacked))
})

test('a report that is split is acknowledged when all its readings are at the hub, and not when one is refused', async () => {
  const to = memoryHub()
  const device = embed(queclink(to, { sack: true, positions: 'split', ...atOnce }))
  const both = { fields: [...position, ...position] }
  device.write(message({ ...both, count: '0001' }))
  await said(device, '+SACK:0001$')
  to.fail(new GatewayError('HUB_REJECTED', 'never'))
  device.write(Buffer.concat([message({ ...both, count: '0002' }), message({ ...both, count: '0003' })]))
  await said(device, '+SACK:0003$')
  assert.equal(to.accepted.length, 5)
  device.end()
  await device.ended()
})

/** What one connection that says this becomes at the hub. */
async function readings(options: QueclinkOptions, ...frames: readonly Buffer[]) {
  const to = memoryHub()
  const device = embed(queclink(to, { ...atOnce, ...options }))
  device.write(Buffer.concat(frames))
  device.end()
  await device.ended()
  return to.accepted.map(({ deviceId, message }) => ({
    deviceId,
    ...message,
    body: JSON.parse(message.body.toString()),
  }))
}

test('heartbeats and the envelope go up where that is wanted', async () => {
  const kinds = async (options: QueclinkOptions) =>
    (await readings(options, heartbeat, report)).map(({ body }) => [body.kind, body.field_count])
  assert.deepEqual(await kinds({}), [['report', undefined]])
  assert.deepEqual(await kinds({ heartbeats: true, envelope: true }), [
    ['heartbeat', 6],
    ['report', 17],
  ])
})

test('the device is its IMEI, and enrichments are properties of its messages', async () => {
  const [reading] = await readings({ enrichments: { fleet: 'north' } }, message({ prefix: 'BUFF', fields: position }))
  assert.equal(reading?.deviceId, imei)
  assert.deepEqual(reading?.properties, {
    protocol: 'queclink',
    type: 'report',
    report: 'GTFRI',
    buffered: 'true',
    fleet: 'north',
  })
})

test('the authenticator decides which devices are served', async () => {
  const authenticator = () => {
    throw new GatewayError('UNAUTHORIZED', 'not this one')
  }
  assert.deepEqual(await readings({ authenticator }, report), [])
})

test('what a server says, from a device that nobody knows, ends the connection', async () => {
  const device = embed(queclink(memoryHub()))
  device.write('+SACK:0001$')
  await device.ended()
  assert.equal(device.ring.failure?.code, 'NOT_IDENTIFIED')
})

test('a command in words of its own is written with password and serial, and the answer settles it', async () => {
  const to = memoryHub()
  const device = embed(queclink(to, { password: 'gl300', ...atOnce }))
  device.write(heartbeat)
  await said(device, heartbeatSack)
  to.queueCommand(imei, JSON.stringify([0, '', '', '', '', '']), { name: 'GTRTO', via: 'method' })
  const given = (await device.read('AT+GTRTO=gl300,0,,,,,,0001$'.length)).toString()
  assert.match(given, /^AT\+GTRTO=gl300,0,,,,,,[\dA-F]{4}\$$/)
  device.write(message({ prefix: 'ACK', report: 'GTRTO', fields: ['GPS', given.slice(-5, -1)] }))
  await to.until(() => to.settled.length === 1)
  const { outcome, response } = to.settled[0] as SettledCommand
  const { status, body } = response as { status: number; body: unknown }
  assert.deepEqual([outcome, status, (body as { fields: unknown }).fields], ['complete', 200, ['GPS']])
  device.end()
  await device.ended()
})

test('a command that cannot be written is rejected, and neither log nor dead letter shows the password', async () => {
  const to = memoryHub()
  const told: unknown[] = []
  const log = {
    debug: told.push.bind(told),
    info: told.push.bind(told),
    warn: told.push.bind(told),
    error: told.push.bind(told),
  }
  const device = embed(queclink(to, { password: 'swordfish', ...atOnce }), {
    log,
    onDeadLetter: (letter) => told.push(letter),
  })
  device.write(heartbeat)
  await said(device, heartbeatSack)
  to.queueCommand(imei, '{"command":"GTRTO","parameters":["a,b"]}')
  await to.until(() => to.settled.length === 1)
  assert.equal(to.settled[0]?.outcome, 'reject')
  assert.ok(told.length > 0)
  assert.doesNotMatch(JSON.stringify(told), /swordfish/)
  device.end()
  await device.ended()
})
