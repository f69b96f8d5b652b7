import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Connection } from '../../src/core/connection.ts'
import { command, type Receipt, receipt, telemetry } from '../../src/core/items.ts'
import { type RawOptions, raw } from '../../src/stages/raw.ts'
import { feed } from '../../src/testing.ts'
import { hex, thrownBy } from './refusals.ts'

const poll = hex('01 03 02 00 17 f8 4a')

/** What frames become: device ids of hellos, bodies of readings in hex. */
async function items(options: RawOptions, ...frames: (Buffer | string)[]) {
  const { up } = await feed(
    raw(options),
    frames.map((each) => Buffer.from(each)),
  )
  const shown = up.emitted.map((each) =>
    each.kind === 'hello' ? each.deviceId : each.kind === 'telemetry' ? each.body.toString('hex') : each.kind,
  )
  return { shown, errors: up.errors.map(({ code }) => code) }
}

describe('raw', () => {
  test('the first frame is the hello, all others are readings byte for byte, also those that look alike', async () => {
    const { shown } = await items({ firstFrame: /LOGIN:(\w+)/ }, 'LOGIN:d1', poll, 'LOGIN:d2')
    assert.deepEqual(shown, ['d1', poll.toString('hex'), Buffer.from('LOGIN:d2').toString('hex')])
  })

  test('the id is the group deviceId, else the first group, else the whole frame', async () => {
    for (const [firstFrame, id] of [
      [/(\w)(?<deviceId>\w+)/, 'd17'],
      [/\w(\w+)/, 'd17'],
      [/\w+/, 'xd17'],
    ] as const) {
      assert.deepEqual((await items({ firstFrame }, 'xd17')).shown, [id])
    }
  })

  test('the whole first frame must match, whatever the flags and alternatives', async () => {
    for (const firstFrame of [/d1/, /d1/gm, /d1/y, /d1|zebra/]) {
      assert.deepEqual((await items({ firstFrame }, 'd1')).shown, ['d1'])
      for (const frame of ['d1x', 'xd1', 'd1\n', 'x\nd1', '']) {
        assert.deepEqual((await items({ firstFrame }, frame)).errors, ['BAD_HELLO'], JSON.stringify(frame))
      }
    }
  })

  test('a pattern with a flag that remembers is matched anew on every connection', async () => {
    const options = { firstFrame: /d\d/g }
    for (const id of ['d1', 'd2', 'd3']) assert.deepEqual((await items(options, id)).shown, [id])
  })

  test('bytes are matched as latin1', async () => {
    const { shown } = await items({ firstFrame: /\xff\xfe(\d+)/ }, Buffer.from('\xff\xfe123', 'latin1'))
    assert.deepEqual(shown, ['123'])
  })

  test('an id that IoT Hub does not take is a bad hello', async () => {
    assert.deepEqual((await items({ firstFrame: /.*/ }, 'zebra/1')).errors, ['BAD_HELLO'])
  })

  test('a device may be known by where it connects from, asked once; its first frame is a reading', async () => {
    let asked = 0
    const deviceId = ({ peer }: Connection) => {
      asked++
      return `press-${peer.address}`
    }
    const connection = new Connection({ id: 'c', pipeline: 'p', peer: { address: '10.0.0.7', port: 1 } })
    const { up } = await feed(raw({ deviceId }), [poll, poll], [], connection)
    assert.deepEqual(
      up.emitted.map((each) => (each.kind === 'hello' ? each.deviceId : each.kind)),
      ['press-10.0.0.7', 'telemetry', 'telemetry'],
    )
    assert.equal(asked, 1)
  })

  test('a reading has the content type of its option, and none of JSON', async () => {
    for (const [options, contentType] of [
      [{}, 'application/octet-stream'],
      [{ contentType: 'application/x-modbus' }, 'application/x-modbus'],
    ] as const) {
      const { up } = await feed(raw({ deviceId: () => 'd1', ...options }), [poll])
      const [, reading] = up.emitted
      assert.ok(reading?.kind === 'telemetry')
      assert.deepEqual([reading.contentType, reading.contentEncoding], [contentType, undefined])
    }
  })

  test("a command's body goes down as it is, and the command is complete by that", async () => {
    const { down } = await feed(raw({ firstFrame: /x/ }), [], [command('c1', poll)])
    assert.deepEqual(down.emitted, [poll])
    assert.deepEqual(
      down.replied.map((each) => each.kind === 'receipt' && each.outcome),
      ['complete'],
    )
  })

  test('receipts are said as their option has it, else not at all', async () => {
    const one = receipt(telemetry(poll), 'complete')
    assert.deepEqual((await feed(raw({ firstFrame: /x/ }), [], [one])).down.emitted, [])
    const acknowledge = ({ outcome }: Receipt<unknown>) => Buffer.of(outcome === 'complete' ? 0x06 : 0x15)
    assert.deepEqual((await feed(raw({ firstFrame: /x/, acknowledge }), [], [one])).down.emitted, [Buffer.of(6)])
  })

  test('options out of range are named', () => {
    const options = [{}, { firstFrame: /x/, deviceId: () => 'd1' }, { firstFrame: 'x' }, { deviceId: 'd1' }] as const
    for (const each of options) {
      const error = thrownBy(() => raw(each as RawOptions))
      assert.equal(error.code, 'CONFIGURATION')
      assert.match(error.message, /firstFrame|deviceId/)
    }
  })
})
