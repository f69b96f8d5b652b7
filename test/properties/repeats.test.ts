import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../src/core/errors.ts'
import type { Telemetry } from '../../src/core/items.ts'
import type { Messages } from '../../src/core/levels.ts'
import { pipeline } from '../../src/core/pipeline.ts'
import { stage } from '../../src/core/stage.ts'
import { type Hub, type HubSession, PartialSendError } from '../../src/hub/port.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { dedupe } from '../../src/stages/dedupe.ts'
import { hub } from '../../src/stages/hub.ts'
import { json } from '../../src/stages/json.ts'
import { lines } from '../../src/stages/lines.ts'
import { type EmbeddedDevice, embed, memoryHub } from '../../src/testing.ts'

type Fate = 'accept' | 'later' | 'never'
type Act =
  | { readonly act: 'send'; readonly connection: number; readonly reading: number }
  | { readonly act: 'end' | 'reset'; readonly connection: number }
  | { readonly act: 'hold' | 'release' | 'wait' }

const connection = fc.nat(1)
const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: fc.record({ act: fc.constant('send' as const), connection, reading: fc.nat(4) }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constantFrom('end' as const, 'reset' as const), connection }) },
    { weight: 4, arbitrary: fc.record({ act: fc.constantFrom('hold' as const, 'release' as const, 'wait' as const) }) },
  ),
  { maxLength: 40 },
)
const fates: fc.Arbitrary<readonly Fate[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant('accept' as const) },
    { weight: 1, arbitrary: fc.constantFrom('later' as const, 'never' as const) },
  ),
  { maxLength: 30 },
)

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A hub that takes or refuses message by message, as the fates say in turn; then takes all. */
function fatefulHub(fates: readonly Fate[]) {
  const memory = memoryHub()
  const left = [...fates]
  const to: Hub = {
    can: memory.can,
    async open(device, context) {
      const session = await memory.open(device, context)
      const send = async (messages: readonly Telemetry[]) => {
        const failures = new Map<Telemetry, GatewayError>()
        for (const message of messages) {
          const fate = left.shift() ?? 'accept'
          if (fate === 'accept') continue
          const code = fate === 'later' ? 'HUB_UNAVAILABLE' : 'HUB_REJECTED'
          failures.set(message, new GatewayError(code, fate))
        }
        await session.send(messages.filter((message) => !failures.has(message)))
        if (failures.size > 0) throw new PartialSendError(failures)
      }
      return { ...session, send } satisfies HubSession
    },
  }
  return { to, memory }
}

const receiptOf = (line: string) => JSON.parse(line) as { $ack?: number; $nack?: number }
const bodyOf = (reading: number) => `{"n":${reading}}`

test('whatever is sent, repeated, cut off and refused: the hub has each reading once, receipts keep order, nothing is swallowed', async () => {
  await fc.assert(
    fc.asyncProperty(acts, fates, fc.constantFrom(1, 3, 100), async (acts, fates, maxCount) => {
      const { to, memory } = fatefulHub(fates)
      /** Bodies whose receipt `complete` has come back from the hub. */
      const told = new Set<string>()
      const spy = stage<Messages, Messages>('spy', () => ({
        down(item, out) {
          if (item.kind === 'receipt' && item.of.kind === 'telemetry' && item.outcome === 'complete')
            told.add(item.of.properties.n as string)
          out.emit(item)
        },
      }))
      const plant = pipeline(
        'sensor',
        lines({ maxLength: 1000 }),
        json(),
        authenticate(byPolicy()),
        dedupe(),
        spy,
        batch({ maxCount, lingerMs: 0 }),
        hub(to),
      )
      const devices: (EmbeddedDevice | undefined)[] = [undefined, undefined]
      const sent: number[][] = [[], []]
      const heard: string[] = ['', '']
      /** Readings that the hub took while the connection that sent them broke before it was told: these may be sent twice. */
      const unknown = new Map<string, number>()
      const countOf = (reading: number) =>
        memory.accepted.filter(({ message }) => message.body.toString() === bodyOf(reading)).length

      const open = (which: number): EmbeddedDevice => {
        const device = embed(plant)
        device.write('{"$hello":{"deviceId":"d1"}}\n')
        devices[which] = device
        sent[which] = []
        heard[which] = ''
        return device
      }
      /** Receipts of a connection are in the order of what it sent, and say `complete` only of what the hub has. */
      const check = (which: number, all: boolean) => {
        heard[which] += devices[which]?.pending().toString() ?? ''
        const receipts = (heard[which] as string)
          .split('\n')
          .filter((line) => line.includes('ack"'))
          .map(receiptOf)
        const answered = receipts.map(({ $ack, $nack }) => ($ack ?? $nack) as number)
        const expected = sent[which] as number[]
        assert.deepEqual(answered, all ? expected : expected.slice(0, answered.length), 'receipts in order')
        for (const { $ack } of receipts)
          if ($ack !== undefined) assert.ok(countOf($ack) > 0, `reading ${$ack} was swallowed`)
      }
      const end = async (which: number) => {
        const device = devices[which]
        if (device === undefined) return
        memory.release()
        device.end()
        await device.ended()
        check(which, true)
        devices[which] = undefined
      }

      for (const each of acts) {
        if (each.act === 'send') {
          const device = devices[each.connection] ?? open(each.connection)
          const n = each.reading
          device.write(`{"$seq":${n},"$properties":{"n":"${n}"},"n":${n}}\n`)
          sent[each.connection]?.push(n)
        } else if (each.act === 'end') await end(each.connection)
        else if (each.act === 'reset') {
          const device = devices[each.connection]
          if (device === undefined) continue
          check(each.connection, false)
          for (let n = 0; n < 5; n++) {
            if (countOf(n) > 0 && !told.has(`${n}`)) unknown.set(`${n}`, (unknown.get(`${n}`) ?? 0) + 1)
          }
          const before = [0, 1, 2, 3, 4].map(countOf)
          device.ring.destroy()
          devices[each.connection] = undefined
          await turns(10)
          // What the hub had just let go it takes a moment later.
          for (let n = 0; n < 5; n++) {
            if (countOf(n) > (before[n] as number) && !told.has(`${n}`)) {
              unknown.set(`${n}`, (unknown.get(`${n}`) ?? 0) + 1)
            }
          }
        } else if (each.act === 'hold') memory.hold()
        else if (each.act === 'release') memory.release()
        else await turns(10)
      }
      for (const which of [0, 1]) await end(which)
      memory.release()

      // A device that repeats all of it until all is acknowledged has each reading at the hub, and none twice.
      for (let round = 0; round < 40; round++) {
        const device = open(0)
        for (let n = 0; n < 5; n++) {
          device.write(`{"$seq":${n},"$properties":{"n":"${n}"},"n":${n}}\n`)
          sent[0]?.push(n)
        }
        device.end()
        await device.ended()
        check(0, true)
        devices[0] = undefined
        if (!heard[0]?.includes('$nack')) break
      }
      assert.ok(!heard[0]?.includes('$nack'), 'in the end all is accepted')
      for (let n = 0; n < 5; n++) {
        const count = countOf(n)
        assert.ok(count >= 1 && count <= 1 + (unknown.get(`${n}`) ?? 0), `reading ${n} is ${count} times at the hub`)
      }
      assert.equal(memory.sessions.size, 0)
    }),
    { numRuns: 150, includeErrorInReport: true },
  )
})
