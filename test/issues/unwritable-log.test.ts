import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { test } from 'node:test'
import { LineDevice, programFile } from '../e2e/program.ts'

test('a log that cannot be written ends neither the gateway nor its connections', async () => {
  const full = openSync('/dev/full', 'w')
  const environment = { ...process.env, HEADGATE_PORT: '0', HEADGATE_ADMIN_PORT: '0', HEADGATE_EMULATOR_PORT: '0' }
  const child = spawn(process.execPath, [programFile, 'demo', '--json', '--devices', '0'], {
    env: environment,
    stdio: ['ignore', 'pipe', full],
  })
  const exited = once(child, 'exit')
  try {
    const [line] = await once(child.stdout as NodeJS.ReadableStream, 'data')
    const { gateway, devices } = JSON.parse(String(line))
    const garbage = new LineDevice(gateway[0].port)
    garbage.write('!g\n')
    assert.ok('$error' in ((await garbage.next()) ?? {}))
    const device = new LineDevice(gateway[0].port)
    device.write({ $hello: devices[0] })
    assert.deepEqual(await device.next(), { $welcome: 'demo-1' })
    garbage.socket.destroy()
    device.socket.destroy()
  } finally {
    child.kill('SIGTERM')
    closeSync(full)
  }
  assert.deepEqual((await exited)[0], 0)
})
