import assert from 'node:assert/strict'
import { test } from 'node:test'
import { teltonikaReady } from '../../../src/cli/ready/teltonika.ts'
import { readyProtocol } from '../../../src/cli/ready-protocols.ts'
import { runVector } from '../../pipelines/vector-runs.ts'
import { count, imei, login, message, packet, packetHex } from '../../stages/teltonika/frames.ts'

test('the program knows it by its name', () => {
  assert.equal(readyProtocol('teltonika'), teltonikaReady)
})

test('decode shows the login, a packet in one body with its CRC, and keepalives', async () => {
  const run = await runVector(teltonikaReady.decode, [login, packet(1, 2), Buffer.of(0xff), packetHex('08 00 00')])
  assert.deepEqual(
    run.ups.map(({ kind, deviceId, body }) => [kind, deviceId, body.kind, body.record_count, 'crc16' in body]),
    [
      ['hello', imei, 'login', undefined, false],
      ['telemetry', imei, 'avl', 2, true],
      ['telemetry', imei, 'keepalive', undefined, false],
      ['telemetry', imei, 'avl', 0, true],
    ],
  )
  assert.equal(run.down.length, 2 + 8 + 8)
  assert.deepEqual(run.errors, [])
})

test('decode with --hello takes packets at once, and the login of that device too', async () => {
  const options = { hello: imei, framed: true }
  assert.equal((await runVector(teltonikaReady.decode, [packet(1)], options)).down, count(1))
  assert.equal((await runVector(teltonikaReady.decode, [login, packet(1)], options)).down, `01${count(1)}`)
})

test('decode shows the packets of two devices in one log', async () => {
  const run = await runVector(teltonikaReady.decode, [login, packet(1), login, packet(1)], { framed: true })
  assert.equal(run.down, `01${count(1)}01${count(1)}`)
})

test('decode shows what a hub that rejects or holds leads to', async () => {
  const down = async (hub: 'reject' | 'hold') =>
    (await runVector(teltonikaReady.decode, [login, packet(1)], { hub })).down
  assert.deepEqual([await down('reject'), await down('hold')], [`01${count(0)}`, '01'])
})

test('annotate shows all frames that were pasted, and refuses what are none', () => {
  const text = teltonikaReady.annotate(Buffer.concat([login, Buffer.of(0xff), packet(1), message(12, 5, 'getinfo')]))
  assert.equal(text.match(/^offset/gm)?.length, 4)
  for (const none of ['2424', '000f33', '0000000000000000']) {
    assert.throws(() => teltonikaReady.annotate(Buffer.from(none, 'hex')), { name: 'GatewayError' })
  }
})
