import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { helloLine, RawDevice, readingLine } from './raw-device.ts'
import { gone, WorkersProgram } from './workers-rig.ts'

test('devices are spread over the workers evenly, their metrics are added up, and all end with the gateway', async (t) => {
  const program = new WorkersProgram(t)
  const { port, adminPort, pids } = await program.said('port')
  assert.equal(new Set(pids).size, 2)
  const ids = Array.from({ length: 20 }, (_, index) => `d${index}`)
  const devices = await program.devices(t, port, ...ids)
  for (const device of devices) {
    device.write(readingLine(1))
    assert.equal(await device.line(), '{"$ack":1}')
  }
  assert.equal(await program.metric('headgate_connections'), 20)
  assert.equal(await program.metric('headgate_receipts_total'), 40, 'hellos and readings')
  assert.equal(await program.metric('headgate_workers'), 2)
  // One worker dies: it had half of them.
  process.kill(pids[0] as number, 'SIGKILL')
  const cut = () => devices.filter(({ ended, closed }) => ended || closed)
  await Promise.race(devices.map((device) => device.until(() => cut().length === 10)))
  const scrape = await fetch(`http://127.0.0.1:${adminPort}/readyz`)
  assert.equal(scrape.status, 200, 'the other serves')
  const left = devices.find((device) => !cut().includes(device)) as RawDevice
  left.write(readingLine(2))
  assert.equal(await left.line(), '{"$ack":2}')
  // After its pause it is replaced, under the same number.
  while ((await program.metric('headgate_workers')) !== 2) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(await program.metric('headgate_worker_restarts_total'), 1)
  const again = await program.pids()
  assert.ok(again.includes(pids[1] as number))
  assert.ok(!again.includes(pids[0] as number))
  program.ask('close')
  await program.said('done')
  await Promise.all(again.map(gone))
})

test('a device that connects to another worker is ended on the first', async (t) => {
  const program = new WorkersProgram(t)
  const { port } = await program.said('port')
  const [older, , newer] = await program.devices(t, port, 'd1', 'other', 'd1')
  const [elsewhere] = await program.devices(t, port, 'd1')
  assert.equal(await older?.rest(), '', 'its FIN')
  assert.equal(await newer?.rest(), '')
  elsewhere?.write(readingLine(7))
  assert.equal(await elsewhere?.line(), '{"$ack":7}')
})

test('reloading replaces one worker at a time: somebody serves all the time, and what was taken is acknowledged', async (t) => {
  const program = new WorkersProgram(t)
  const { port, pids } = await program.said('port')
  const [one, other] = await program.devices(t, port, 'd1', 'd2')
  program.ask('reload')
  let sequence = 0
  let reloaded = false
  void program.said('done').then(() => {
    reloaded = true
  })
  // Somebody listens at every moment. A worker that is just ending may turn a device away before it has read a word: that
  // one connects again; nobody who was welcome is.
  while (!reloaded) {
    const device = await RawDevice.connect(port, helloLine(`n${++sequence}`) + readingLine(sequence))
    const welcome = await device.line().catch(() => undefined)
    if (welcome !== undefined) {
      assert.equal(welcome, `{"$welcome":"n${sequence}"}`)
      assert.equal(await device.line(), `{"$ack":${sequence}}`)
    }
    device.socket.destroy()
  }
  assert.ok(sequence > 0)
  assert.deepEqual([await one?.rest(), await other?.rest()], ['', ''], 'both were ended in order')
  const after = await program.pids()
  assert.equal(after.length, 2)
  assert.ok(pids.every((pid) => !after.includes(pid)))
})

test('a port that is taken, and a program that cannot start, are told to whoever called; nothing is left', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.after(() => taken.close())
  const { port } = taken.address() as { port: number }
  const blocked = new WorkersProgram(t, { PORT: String(port) })
  const { failed, code } = await blocked.said('failed')
  assert.match(failed, /EADDRINUSE/)
  assert.equal(code, 'WORKER_FAILED')
  await once(blocked.child, 'exit')
  const broken = new WorkersProgram(t, { FAIL: 'always' })
  assert.match((await broken.said('failed')).failed, /worker 1 ended \(1\) before it listened/)
  const none = new WorkersProgram(t, { WORKERS: '0' })
  const refused = await none.said('failed')
  assert.deepEqual(
    [refused.code, refused.failed],
    ['CONFIGURATION', 'serve: workers must be an integer from 1 to 128, not 0'],
  )
})

test('workers whose primary is killed finish what they have and end', async (t) => {
  const program = new WorkersProgram(t)
  const { port, pids } = await program.said('port')
  const [device] = await program.devices(t, port, 'd1')
  device?.write(readingLine(1))
  assert.equal(await device?.line(), '{"$ack":1}')
  program.child.kill('SIGKILL')
  await Promise.all(pids.map(gone))
  assert.ok(device?.ended || device?.closed)
})

test('draining ends all workers in order, and readiness says so', async (t) => {
  const program = new WorkersProgram(t)
  const { port, adminPort, pids } = await program.said('port')
  const [device] = await program.devices(t, port, 'd1')
  program.ask('drain')
  await program.said('done')
  await Promise.all(pids.map(gone))
  assert.equal(await device?.rest(), '')
  const ready = await fetch(`http://127.0.0.1:${adminPort}/readyz`)
  assert.deepEqual([ready.status, await ready.text()], [503, 'draining\n'])
})
