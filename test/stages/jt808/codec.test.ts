import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Connection } from '../../../src/core/connection.ts'
import { command, receipt } from '../../../src/core/items.ts'
import { jt808Codec } from '../../../src/stages/jt808/codec.ts'
import type { Jt808CodecOptions } from '../../../src/stages/jt808/options.ts'
import { feed } from '../../../src/testing.ts'
import { TestTerminal } from './terminal.ts'

const codes = new Set([
  'BAD_CONTENT',
  'NOT_IDENTIFIED',
  'UNAUTHORIZED',
  'IDENTITY_CHANGED',
  'NOT_SUPPORTED',
  'MESSAGE_TOO_LARGE',
])

const believing: Jt808CodecOptions = { authentication: 'none', otherTerminals: 'pass' }

/** A message of each kind, as a terminal sends it. */
function someMessages(version2019: boolean): Buffer[] {
  const terminal = new TestTerminal('13800000001', version2019)
  const location = Buffer.alloc(34)
  location.set([0x01, 4, 0, 0, 0, 7], 28)
  return [
    terminal.message(0x0002),
    terminal.message(0x0100, Buffer.alloc(90, 0x41)),
    terminal.message(0x0102, Buffer.alloc(60, 0x08)),
    terminal.message(0x0200, location),
    terminal.message(0x0704, Buffer.concat([Buffer.of(0, 1, 0, 0, 34), location])),
    terminal.message(0x0104, Buffer.from('0001010000001302aabb', 'hex')),
    terminal.message(0x0900, Buffer.of(1, 2, 3)),
    terminal.message(0x0801, Buffer.alloc(20), { subpackage: { total: 2, index: 1 } }),
    terminal.message(0x0801, Buffer.alloc(20), { subpackage: { total: 2, index: 2 } }),
    terminal.message(0x8103, Buffer.from('010000001302aabb', 'hex')),
    terminal.message(0x0001, Buffer.from('000083000f', 'hex')),
  ]
}

describe('jt808Codec', () => {
  test('any frames give items, answers and errors with codes, and nothing else is thrown', async () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(frames, fc.boolean(), async (all, believes) => {
        const { up } = await feed(
          jt808Codec(believes ? believing : {}),
          all.map((each) => Buffer.from(each)),
        )
        for (const { code } of up.errors) assert.ok(codes.has(code), code)
      }),
    )
  })

  test('so do messages of each kind with bytes that were changed, taken away and added', async () => {
    const change = fc.record({ at: fc.nat(120), to: fc.nat(255), take: fc.nat(3), add: fc.nat(3) })
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.array(fc.tuple(fc.nat(10), fc.array(change, { maxLength: 3 }))),
        async (version2019, plan) => {
          const messages = someMessages(version2019)
          const frames = plan.map(([which, changes]) =>
            changes.reduce((frame, { at, to, take, add }) => {
              const place = at % (frame.length + 1)
              return Buffer.concat([frame.subarray(0, place), Buffer.alloc(add, to), frame.subarray(place + take)])
            }, messages[which] as Buffer),
          )
          const { up } = await feed(jt808Codec(believing), frames)
          for (const { code } of up.errors) assert.ok(codes.has(code), code)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('what a device is given as identity by somebody else needs no hello, and any one terminal may be it', async () => {
    const connection = new Connection({ id: 'c', pipeline: 'p' })
    await connection.identify({ deviceId: 'some-name', credentials: { type: 'policy' } })
    const [a, b] = [new TestTerminal('13800000001'), new TestTerminal('13800000002')]
    const { up } = await feed(
      jt808Codec(),
      [a.message(0x0002), a.message(0x0900, Buffer.of(1)), b.message(0x0002)],
      [],
      connection,
    )
    assert.deepEqual(
      up.emitted.map(({ kind }) => kind),
      ['telemetry'],
    )
    assert.equal(up.replied.length, 1)
    assert.deepEqual(
      up.errors.map(({ code }) => code),
      ['IDENTITY_CHANGED'],
    )
  })

  test('a terminal whose id is all zeros is the device 0', async () => {
    const { up } = await feed(jt808Codec(believing), [new TestTerminal('').message(0x0002)])
    assert.deepEqual(
      up.emitted.map((item) => (item.kind === 'hello' ? item.deviceId : item.kind)),
      ['0'],
    )
  })

  test('commands that wait for a terminal to authenticate itself are bounded, and go out with the answer to its code', async () => {
    const terminal = new TestTerminal('13800000001')
    const { up } = await feed(jt808Codec(), [terminal.message(0x0100, Buffer.alloc(40, 0x41))])
    const [registering] = up.emitted
    assert.ok(registering?.kind === 'hello')
    const commands = Array.from({ length: 300 }, (_, index) => command(String(index), Buffer.from('a')))
    const { down } = await feed(jt808Codec(), [terminal.message(0x0100, Buffer.alloc(40, 0x41))], commands)
    assert.deepEqual(down.emitted, [])
    assert.deepEqual(down.errors, [])
  })

  test('a receipt of something without a tag says nothing', async () => {
    const terminal = new TestTerminal('13800000001')
    const codec = jt808Codec({ ...believing, heartbeats: true })
    const { up } = await feed(codec, [terminal.message(0x0002)])
    const heartbeat = up.emitted.find(({ kind }) => kind === 'telemetry')
    assert.ok(heartbeat?.kind === 'telemetry')
    const { down } = await feed(codec, [], [receipt(heartbeat, 'complete')])
    assert.deepEqual(down.emitted, [])
  })
})
