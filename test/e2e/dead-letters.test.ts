import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startEmulator } from '../../src/emulator/index.ts'
import { LineDevice, Program } from './program.ts'

test('readings that the hub refused outlive a killed gateway, and reach the hub by replay with their message ids', async (t) => {
  const emulator = await startEmulator({ devices: [{ deviceId: 'd1' }] })
  t.after(() => emulator.close())
  const folder = mkdtempSync(join(tmpdir(), 'headgate-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'ca.pem'), emulator.ca)
  const letters = join(folder, 'letters')
  const key = emulator.hub.getDevice('d1')?.authentication.symmetricKey.primaryKey as string
  const environment = { HEADGATE_HUB: emulator.connectionString, HEADGATE_HUB_CA: join(folder, 'ca.pem') }

  const module = new URL('./json-lines-module.js', import.meta.url).pathname
  const program = new Program(['serve', module, '--json', '--dead-letters', letters], environment)
  t.after(() => program.end())
  const { gateway } = await program.announcement()
  emulator.hub.faults.put({ operation: 'send', status: 400 })
  const device = new LineDevice(gateway[0]?.port as number)
  t.after(() => device.socket.destroy())
  const changes = watch(letters)
  t.after(() => changes.close())
  const written = new Promise<void>((resolve) => {
    const look = () => {
      if (readFileSync(letters, 'utf8').split('\n').length > 3) resolve()
    }
    changes.on('change', look)
  })
  device.write({ $hello: { deviceId: 'd1', key } }, { $seq: 1, t: 20 }, { $seq: 2, t: 21 }, '{"$hello":"nonsense\n')
  const said = [await device.next(), await device.next(), await device.next(), await device.next()]
  assert.deepEqual(said.map((line) => Object.keys(line ?? {})[0]).sort(), ['$error', '$nack', '$nack', '$welcome'])
  await written
  program.signal('SIGKILL')
  await program.exited()
  assert.ok(!readFileSync(letters, 'utf8').includes(key))

  emulator.hub.faults.clear()
  const got: unknown[] = []
  emulator.hub.subscribe(({ deviceId, body, systemProperties }) =>
    got.push([deviceId, Buffer.from(body).toString(), String(systemProperties['message-id']).slice(0, 2)]),
  )
  const replay = new Program(['replay', '--json', letters], environment)
  t.after(() => replay.end())
  assert.equal(await replay.exited(), 0, replay.stderr)
  const { accepted, frames, damaged } = JSON.parse(replay.stdout)
  assert.deepEqual([accepted, frames, damaged], [2, 1, 0])
  assert.deepEqual(got, [
    ['d1', '{"t":20}', '1-'],
    ['d1', '{"t":21}', '2-'],
  ])
})
