import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { after, test } from 'node:test'
import split2 from 'split2'
import { type Announcement, LineDevice, Program } from './program.ts'

const programs: Program[] = []
after(() => Promise.all(programs.map((program) => program.end())))

function start(...args: string[]): Program {
  const program = new Program(args)
  programs.push(program)
  return program
}

/** Calls the emulator's control API as curl would. */
async function control(to: Announcement['emulator'], method: string, path: string, body?: object): Promise<unknown> {
  const request = https.request({
    host: 'localhost',
    port: to.port,
    ca: readFileSync(to.ca),
    method,
    path: `/emulator${path}`,
    agent: false,
  })
  request.end(body === undefined ? undefined : JSON.stringify(body))
  const [response] = await once(request, 'response')
  let text = ''
  for await (const chunk of response) text += chunk
  assert.ok(response.statusCode < 300, `${response.statusCode} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

/** The accepted messages of one device, from the emulator's event stream. */
async function* accepted(to: Announcement['emulator'], deviceId: string): AsyncGenerator<Record<string, unknown>> {
  const request = https.get({
    host: 'localhost',
    port: to.port,
    ca: readFileSync(to.ca),
    path: '/emulator/events',
    agent: false,
  })
  const [response] = await once(request, 'response')
  try {
    for await (const line of response.pipe(split2())) {
      if (!line.startsWith('data:')) continue
      const event = JSON.parse(line.slice(5))
      if (event.deviceId === deviceId) yield event
    }
  } finally {
    request.destroy()
  }
}

test('a reading reaches the hub, its receipt and a command come back, the answer completes the command', async () => {
  const program = start('demo', '--json', '--devices', '3')
  const { gateway, admin, emulator, devices } = await program.announcement()
  assert.deepEqual(
    devices.map(({ deviceId }) => deviceId),
    ['demo-1', 'demo-2', 'demo-3'],
  )
  const events = accepted(emulator, 'demo-1')
  const firstEvent = events.next()

  const device = new LineDevice(gateway[0]?.port as number)
  device.write({ $hello: devices[0] })
  assert.deepEqual(await device.next(), { $welcome: 'demo-1' })
  device.write({ $seq: 1, $properties: { alert: 'true' }, temperature: 21.5 })
  assert.deepEqual(await device.next(), { $ack: 1 })
  const event = (await firstEvent).value
  assert.equal(Buffer.from(event.body, 'base64').toString(), '{"temperature":21.5}')
  assert.equal(event.properties.alert, 'true')
  assert.equal(event.systemProperties['content-type'], 'application/json')
  await events.return(undefined)

  const command = { body: { open: true }, properties: { name: 'valve' } }
  const { messageId } = (await control(emulator, 'POST', '/devices/demo-1/messages', command)) as { messageId: string }
  const received = await device.next()
  assert.deepEqual(received, {
    $command: { id: messageId, via: 'c2d', name: 'valve', body: { open: true }, properties: { name: 'valve' } },
  })
  device.write({ $answer: messageId, outcome: 'complete' })
  // The gateway settles before it lets the connection end.
  device.socket.end()
  assert.equal(await device.next(), undefined)
  const states = await control(emulator, 'GET', '/devices/demo-1/messages')
  assert.deepEqual(states, [{ messageId, state: 'completed', deliveryCount: 0 }])

  const metrics = await (await fetch(`http://localhost:${admin.port}/metrics`)).text()
  assert.match(metrics, /headgate_receipts_total\{pipeline="jsonLines",kind="command",outcome="complete"\} 1/)
  assert.equal((await fetch(`http://localhost:${admin.port}/readyz`)).status, 200)
  program.signal('SIGTERM')
  assert.equal(await program.exited(), 0)
})

test('the printed nc session works as it is pasted', async () => {
  const program = start('demo', '--devices', '2')
  const port = Number(await program.output(/^nc localhost (\d+)$/m))
  const hello = await program.output(/^(\{"\$hello".*)$/m)
  const reading = await program.output(/^(\{"\$seq".*)$/m)
  const device = new LineDevice(port)
  device.write(`${hello}\n${reading}\n`)
  assert.deepEqual(await device.next(), { $welcome: 'demo-1' })
  assert.deepEqual(await device.next(), { $ack: 1 })
  device.socket.end()
  await program.output(/the hub has \{"temperature".* from sim-2/)
  program.signal('SIGINT')
  assert.equal(await program.exited(), 0)
  assert.match(program.stdout, /draining\n2 devices|draining\n\d+ sent, \d+ acknowledged/)
  assert.equal(program.stderr, '')
})

test('every configuration error is reported at once, with exit code 2 and no secret', async () => {
  const key = 'c2VjcmV0'
  const program = new Program(['demo', '--port', 'x'], {
    HEADGATE_HUB: `HostName=;SharedAccessKey=${key}`,
    HEADGATE_HUB_CA: '/does/not/exist',
    HEADGATE_ADMIN_PORT: '99999',
  })
  programs.push(program)
  assert.equal(await program.exited(), 2)
  for (const fault of [/--port/, /HEADGATE_HUB:/, /HEADGATE_HUB_CA/, /HEADGATE_ADMIN_PORT/])
    assert.match(program.stderr, fault)
  assert.ok(!program.stderr.includes(key))
})

for (const args of [['demo', '--nonsense'], ['nonsense'], ['simulate', '--devices', '0'], ['serve']]) {
  test(`wrong usage (${args.join(' ')}) ends with exit code 2`, async () => {
    const program = start(...args)
    assert.equal(await program.exited(), 2)
    assert.notEqual(program.stderr, '')
  })
}

for (const subcommand of ['demo', 'serve', 'emulator', 'simulate']) {
  test(`${subcommand} --help explains itself and ends with exit code 0`, async () => {
    const program = start(subcommand, '--help')
    assert.equal(await program.exited(), 0)
    assert.match(program.stdout, /HEADGATE_HUB_CA/)
  })
}

test('a port in use is an error that names it, with exit code 1', async () => {
  const first = start('demo', '--json', '--devices', '0')
  const { gateway } = await first.announcement()
  const port = String(gateway[0]?.port)
  const second = new Program(['demo', '--devices', '0'], { HEADGATE_PORT: port })
  programs.push(second)
  assert.equal(await second.exited(), 1)
  assert.match(second.stderr, new RegExp(`port ${port} is in use`))
})
