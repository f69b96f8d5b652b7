import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import type { Pipeline } from '../../src/core/pipeline.ts'
import { defaultPolicy, type Policy } from '../../src/core/policy.ts'
import type { HubOptions } from '../../src/stages/hub.ts'
import { embed, everyCut, type MemoryHub, memoryHub } from '../../src/testing.ts'
import { served } from './served.ts'

/** One language of {@link behaves}, as bytes on the wire. A reading has id, number and temperature. */
export interface FieldDevice {
  make(to: MemoryHub, options?: { readonly heartbeats?: boolean; readonly hub?: HubOptions }): Pipeline
  reading(id: string, sequence: number): Buffer
  /** The JSON that a reading becomes. */
  body(id: string, sequence: number): string
  acknowledged(sequence: number): Buffer
  rejected(sequence: number): Buffer
  readonly heartbeat: Buffer
  readonly heartbeatAnswer: Buffer
  readonly heartbeatBody: string
  /** What is no frame of the language, and what it is answered. */
  readonly bad: Buffer
  readonly badAnswer: Buffer
  /** What a command with body `open` becomes. */
  command(id: string): Buffer
  answer(id: string, done: boolean): Buffer
  /** The property `protocol`. */
  readonly protocol: string
}

const bodies = (to: MemoryHub) => to.accepted.map(({ message }) => message.body.toString())

/** What every ready pipeline of fields does, whatever its language. Its options are told by `make`. */
export function behaves(name: string, device: FieldDevice): void {
  const { make, reading, body, acknowledged, rejected, heartbeat, heartbeatAnswer, bad, badAnswer } = device

  describe(`a device of ${name}`, () => {
    test('is known by its first reading, beats, is refused what means nothing, is acknowledged: in every cutting', async () => {
      const wire = Buffer.concat([reading('d1', 1), heartbeat, bad, reading('d1', 2)])
      let cuttings = 0
      for (const chunks of everyCut(wire)) {
        const to = memoryHub()
        const at = embed(make(to))
        for (const chunk of chunks) at.write(chunk)
        at.end()
        await at.ended()
        assert.deepEqual(bodies(to), [body('d1', 1), body('d1', 2)])
        const said = at.pending().toString('latin1')
        for (const each of [acknowledged(1), acknowledged(2), heartbeatAnswer, badAnswer]) {
          assert.ok(said.includes(each.toString('latin1')), `${each} in ${said}`)
        }
        assert.equal(said.length, Buffer.concat([acknowledged(1), acknowledged(2), heartbeatAnswer, badAnswer]).length)
        cuttings++
      }
      assert.ok(cuttings > 40, `${cuttings}`)
    })

    test('through a socket: its reading has protocol, type and a message id that a resend has too', async (t) => {
      const gateway = await served(t, make)
      const at = await gateway.device()
      for (const sequence of [1, 1, 2]) {
        await at.singly(reading('d1', sequence))
        const wanted = acknowledged(sequence)
        assert.deepEqual(await at.read(wanted.length), wanted)
      }
      const [first, again, second] = gateway.hub.accepted
      assert.equal(first?.deviceId, 'd1')
      assert.deepEqual(first?.message.properties, { protocol: device.protocol, type: 'reading' })
      assert.match(first?.message.messageId ?? '', /^1-[0-9a-f]{12}$/)
      assert.equal(again?.message.messageId, first?.message.messageId)
      assert.match(second?.message.messageId ?? '', /^2-[0-9a-f]{12}$/)
    })

    test('while the hub is held nothing is acknowledged and heartbeats are answered', async () => {
      const to = memoryHub({ hold: true })
      const at = embed(make(to))
      at.write(Buffer.concat([reading('d1', 1), heartbeat]))
      assert.deepEqual(await at.read(heartbeatAnswer.length), heartbeatAnswer)
      assert.equal(at.pending().length, 0)
      to.release()
      assert.deepEqual(await at.read(acknowledged(1).length), acknowledged(1))
      at.end()
      await at.ended()
      assert.deepEqual(bodies(to), [body('d1', 1)])
    })

    test('heartbeats go up where they are asked for, and are answered once', async () => {
      const to = memoryHub()
      const at = embed(make(to, { heartbeats: true }))
      at.write(Buffer.concat([reading('d1', 1), heartbeat]))
      await to.until(() => to.accepted.length === 2)
      at.end()
      await at.ended()
      assert.deepEqual(bodies(to)[1], device.heartbeatBody)
      assert.equal(to.accepted[1]?.message.properties.type, 'heartbeat')
      assert.equal(at.pending().length, acknowledged(1).length + heartbeatAnswer.length)
    })

    test('what the hub rejects is told so, what it cannot take now is not answered, and the next goes through', async () => {
      const to = memoryHub()
      let later = () => {}
      const refused = new Promise<void>((resolve) => {
        later = resolve
      })
      const policy: Policy = (error, connection) => {
        if (error.code === 'HUB_UNAVAILABLE') later()
        return defaultPolicy(error, connection)
      }
      const at = embed(make(to).with({ policy }))
      to.fail(new GatewayError('HUB_REJECTED', 'never'))
      at.write(reading('d1', 1))
      assert.deepEqual(await at.read(rejected(1).length), rejected(1))
      to.fail(new GatewayError('HUB_UNAVAILABLE', 'later'))
      at.write(reading('d1', 2))
      await refused
      at.write(reading('d1', 3))
      assert.deepEqual(await at.read(acknowledged(3).length), acknowledged(3))
      at.end()
      await at.ended()
      assert.deepEqual(bodies(to), [body('d1', 3)])
    })

    test('that the hub does not know is told so, and its connection ends', async () => {
      const to = memoryHub({ keys: {} })
      const at = embed(make(to))
      at.write(reading('d1', 1))
      await at.ended()
      assert.deepEqual([at.ring.failure?.code, at.pending()], ['DEVICE_NOT_FOUND', rejected(1)])
    })

    test('whose id is none that IoT Hub takes, or whose name changes, is cut off', async () => {
      const to = memoryHub()
      const strange = embed(make(to))
      strange.write(reading('d/1', 1))
      await strange.ended()
      assert.equal(strange.ring.failure?.code, 'BAD_HELLO')
      const other = embed(make(to))
      other.write(Buffer.concat([reading('d1', 1), reading('d2', 2)]))
      await other.ended()
      assert.equal(other.ring.failure?.code, 'IDENTITY_CHANGED')
      assert.deepEqual(bodies(to), [body('d1', 1)])
    })

    test('whatever byte of what it says is damaged, nothing but coded errors come of it, none of them a BUG', async () => {
      const wire = Buffer.concat([reading('d1', 1), heartbeat, device.answer('c1', true), reading('d1', 2)])
      const codes = new Set<string>()
      const policy: Policy = (error, connection) => {
        codes.add(error.code)
        return defaultPolicy(error, connection)
      }
      for (let at = 0; at < wire.length; at++) {
        for (const change of [0x01, 0x20, 0x80, 0xff]) {
          const damaged = Buffer.from(wire)
          damaged[at] = (damaged[at] as number) ^ change
          const end = embed(make(memoryHub()).with({ policy }))
          end.write(damaged)
          end.end()
          await end.ended()
        }
      }
      assert.ok(codes.has('BAD_CONTENT') && codes.has('UNKNOWN_COMMAND'), [...codes].join())
      assert.ok(!codes.has('BUG'), [...codes].join())
    })

    test('a frame that the end cuts off is refused', async () => {
      const to = memoryHub()
      const letters: string[] = []
      const at = embed(make(to), { onDeadLetter: ({ error }) => letters.push(error.code) })
      at.write(Buffer.concat([reading('d1', 1), reading('d1', 2).subarray(0, -1)]))
      at.end()
      await at.ended()
      assert.deepEqual([bodies(to), letters], [[body('d1', 1)], ['FRAME_UNTERMINATED']])
    })

    for (const done of [true, false]) {
      test(`a command is ${done ? 'complete' : 'rejected'} by its answer, with what that said`, async () => {
        const to = memoryHub()
        const at = embed(make(to))
        at.write(reading('d1', 1))
        await at.read(acknowledged(1).length)
        const id = to.queueCommand('d1', 'open')
        const wanted = device.command(id)
        assert.deepEqual(await at.read(wanted.length), wanted)
        assert.equal(to.settled.length, 0)
        at.write(device.answer(id, done))
        await to.until(() => to.settled.length === 1)
        const [settled] = to.settled
        assert.deepEqual([settled?.outcome, settled?.response?.status], done ? ['complete', 200] : ['reject', 400])
        at.end()
        await at.ended()
        assert.equal(to.accepted.length, 1)
      })
    }

    test('a command that is never answered is abandoned', async () => {
      const to = memoryHub()
      const at = embed(make(to, { hub: { answerTimeoutMs: 1 } }))
      at.write(reading('d1', 1))
      await at.read(acknowledged(1).length)
      to.queueCommand('d1', 'open')
      await to.until(() => to.settled.length > 0)
      assert.equal(to.settled[0]?.outcome, 'abandon')
      at.end()
      await at.ended()
    })
  })
}
