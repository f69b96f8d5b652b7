import assert from 'node:assert/strict'
import { test } from 'node:test'
import { command, type Identity } from '../../src/core/items.ts'
import { gt06 } from '../../src/pipelines/gt06.ts'
import { encodeGt06 } from '../../src/stages/gt06/decode.ts'
import { CommandSide } from '../../src/stages/jt808/command-side.ts'
import { Platform } from '../../src/stages/jt808/platform.ts'
import { embed, memoryHub } from '../../src/testing.ts'

const imei = '350000000000007'
const login = (serial: number) =>
  Buffer.concat([
    encodeGt06({ kind: 'login', start: '7878', protocol_number: '0x01', serial, imei }),
    Buffer.from('0d0a', 'hex'),
  ])

test('a command whose text holds a whole frame is rejected once, and the tracker keeps its connection', async () => {
  const to = memoryHub()
  const device = embed(gt06(to))
  device.write(login(1))
  await device.read(10)
  to.queueCommand(imei, login(7))
  await to.until(() => to.settled.length === 1)
  assert.equal(to.settled[0]?.outcome, 'reject')
  device.write(login(2))
  assert.equal((await device.read(10)).readUInt16BE(4), 2)
  device.ring.destroy()
})

test('a login in the same name is answered again where the authenticator gives devices names of its own', async () => {
  const to = memoryHub()
  const named = ({ deviceId }: { deviceId: string }): Identity => ({
    deviceId: `truck-${deviceId}`,
    credentials: { type: 'policy' },
  })
  const device = embed(gt06(to, { authenticator: named }))
  for (const serial of [1, 2, 3]) {
    device.write(login(serial))
    assert.equal((await device.read(10)).readUInt16BE(4), serial)
  }
  await to.until(() => to.sessions.size === 1)
  assert.equal(device.ring.failure, undefined)
  device.ring.destroy()
})

test('a command that is delivered again while it is held goes to the terminal once', () => {
  const side = new CommandSide(new Platform())
  const asked = command('c1', Buffer.from('{"id":"0x8105","command":4}'))
  assert.deepEqual(side.encode(asked, undefined), [])
  assert.deepEqual(side.encode(asked, undefined), [])
  const terminal = { version2019: false, protocolVersion: undefined, terminalIdHex: '013800000001' }
  assert.equal(side.release(terminal, assert.fail).length, 1)
})
