import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConnectedDevices } from '../../src/gateway/connected-devices.ts'
import { metric, openGate, turns } from './gate.ts'
import { helloLine, readingLine } from './raw-device.ts'

/** Connections that note when they are ended, and the changes that others hear of. */
function rig() {
  const devices = new ConnectedDevices()
  const heard: string[] = []
  devices.onCame = (device) => heard.push(`came ${device}`)
  devices.onLeft = (device) => heard.push(`left ${device}`)
  const ended: string[] = []
  const connection = (name: string) => ({ takeOver: () => void ended.push(name) })
  return { devices, heard, ended, connection }
}

test('of a device that connects anew the older connection is ended, and its end says nothing of the new one', () => {
  const { devices, heard, ended, connection } = rig()
  const [older, newer] = [connection('older'), connection('newer')]
  devices.came('p', 'd1', older)
  devices.came('p', 'd1', newer)
  assert.deepEqual(ended, ['older'])
  devices.left('p', 'd1', older)
  assert.deepEqual(heard, ['came p/d1', 'came p/d1'])
  devices.left('p', 'd1', newer)
  assert.deepEqual(heard.slice(2), ['left p/d1'])
})

test('a hello that is said again ends nothing, nor does a device of that name on another pipeline', () => {
  const { devices, ended, connection } = rig()
  const one = connection('one')
  devices.came('p', 'd1', one)
  devices.came('p', 'd1', one)
  devices.came('q', 'd1', connection('other'))
  assert.deepEqual(ended, [])
})

test('a device that has gone to another process is ended here, once', () => {
  const { devices, heard, ended, connection } = rig()
  const here = connection('here')
  devices.came('p', 'd1', here)
  devices.goneElsewhere('p/d1', 1)
  assert.deepEqual(ended, [], 'it has come here since')
  devices.goneElsewhere('p/d1', Number.MAX_SAFE_INTEGER)
  devices.goneElsewhere('p/d1', Number.MAX_SAFE_INTEGER)
  devices.left('p', 'd1', here)
  assert.deepEqual(ended, ['here'])
  assert.deepEqual(heard, ['came p/d1'])
})

test('a gateway ends the older connection in order: what it took is acknowledged there, then its FIN comes', async (t) => {
  const { device, gateway, log, hub } = await openGate(t)
  hub.hold()
  const older = await device(helloLine() + readingLine(1))
  assert.equal(await older.line(), '{"$welcome":"d1"}')
  while ((await metric(gateway, 'headgate_in_flight_messages', {})) !== 1) await turns(1)
  const newer = await device(helloLine())
  assert.equal(await newer.line(), '{"$welcome":"d1"}')
  hub.release()
  assert.equal(await older.line(), '{"$ack":1}')
  assert.equal(await older.rest(), '')
  newer.write(readingLine(2))
  assert.equal(await newer.line(), '{"$ack":2}')
  older.end()
  await log.ended(1)
  assert.equal(log.outcomes[0], 'TAKEN_OVER')
})

test('a command goes to the new connection only', async (t) => {
  const { device, hub } = await openGate(t)
  const older = await device(helloLine())
  await older.line()
  const newer = await device(helloLine())
  await newer.line()
  assert.equal(await older.rest(), '')
  hub.queueCommand('d1', 'x')
  assert.match(await newer.line(), /^\{"\$command"/)
  assert.equal(await older.rest(), '')
})

test('where devices may keep several connections, none is ended', async (t) => {
  const { device } = await openGate(t, { takeover: false })
  const one = await device(helloLine())
  await one.line()
  const other = await device(helloLine())
  await other.line()
  one.write(readingLine(1))
  assert.equal(await one.line(), '{"$ack":1}')
})
