import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { LocalHub } from '../e2e/local-hub.ts'
import { Program } from '../e2e/program.ts'

const run = promisify(execFile)
const local = new LocalHub(['d1'])

before(() => local.start())
after(() => local.close())

test('printf … | nc -N gets every acknowledgement before the gateway closes', async () => {
  const hello = JSON.stringify({ $hello: { deviceId: 'd1', key: local.key('d1') } })
  const readings = Array.from({ length: 500 }, (_, n) => JSON.stringify({ $seq: n, n }))
  const lines = [hello, ...readings].map((line) => `'${line}'`).join(' ')
  const { stdout } = await run('sh', ['-c', `printf '%s\\n' ${lines} | nc -N localhost ${local.gateway.address.port}`])
  const acks = readings.map((_, n) => `{"$ack":${n}}`)
  assert.deepEqual(stdout.trim().split('\n'), ['{"$welcome":"d1"}', ...acks])
  assert.equal(local.accepted.length, 500)
})

test('an unterminated last line is refused, never sent', async () => {
  const hello = JSON.stringify({ $hello: { deviceId: 'd1', key: local.key('d1') } })
  const before = local.accepted.length
  const { stdout } = await run('sh', [
    '-c',
    `printf '%s\\n{"$seq":1,"t":1}\\n{"$seq":2,"t":2' '${hello}' | nc -N localhost ${local.gateway.address.port}`,
  ])
  assert.match(stdout, /\{"\$ack":1\}/)
  assert.match(stdout, /"code":"FRAME_UNTERMINATED"/)
  assert.equal(local.accepted.length, before + 1)
})

test('what the demo prints for curl queues a command and shows what became of it', async () => {
  const program = new Program(['demo', '--devices', '0'])
  try {
    await program.output(/\/events\n/)
    const commands = [...program.stdout.matchAll(/^curl (?:.*\\\n.*|.*)$/gm)].map(([command]) => command)
    const [queue = '', look = '', watch = ''] = commands
    assert.match(watch, /-N .*\/emulator\/events$/)
    const { messageId } = JSON.parse((await run('sh', ['-c', `${queue} -s`])).stdout)
    const states = JSON.parse((await run('sh', ['-c', `${look} -s`])).stdout)
    assert.deepEqual(states, [{ messageId, state: 'enqueued', deliveryCount: 0 }])
  } finally {
    program.signal('SIGTERM')
    assert.equal(await program.exited(), 0)
  }
})
