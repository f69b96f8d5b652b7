import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Telemetry } from '../../../src/core/items.ts'
import { type HubSession, PartialSendError } from '../../../src/hub/port.ts'
import { disk } from '../../../src/hub/spool/disk.ts'
import { memoryStore } from '../../../src/hub/spool/memory-store.ts'
import { spool } from '../../../src/hub/spool/spool.ts'
import type { SpoolStore } from '../../../src/hub/spool/store.ts'
import { reading, text } from '../rig.ts'
import { context, failed, ToldHub, underPolicy } from './rig.ts'

type Fate = 'accepted' | 'failed' | 'answer lost' | 'end failed' | 'session lost'
type Step =
  | { readonly do: 'send'; readonly device: number; readonly count: number }
  | { readonly do: 'leave'; readonly device: number }
  | { readonly do: 'restart' }

const fates = fc.array(fc.constantFrom<Fate>('accepted', 'failed', 'answer lost', 'end failed', 'session lost'), {
  maxLength: 20,
})
const device = fc.nat(3)
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('send' as const), device, count: fc.integer({ min: 1, max: 5 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), device }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  ),
  { maxLength: 30 },
)

/** A hub that fares with each send as it is told, and then accepts everything. */
function fickleHub(fates: readonly Fate[]): ToldHub {
  const to = new ToldHub()
  const left = [...fates]
  to.onSend = async ({ deviceId, messages }) => {
    const accept = (some: readonly Telemetry[]) => {
      for (const message of some) to.memory.accepted.push({ deviceId, message })
    }
    const fate = left.shift() ?? 'accepted'
    if (fate === 'failed') throw failed('HUB_UNAVAILABLE')
    if (fate === 'session lost') throw failed('HUB_SESSION_CLOSED')
    if (fate === 'answer lost') {
      accept(messages)
      throw failed('HUB_TIMEOUT')
    }
    if (fate === 'end failed') {
      const half = Math.floor(messages.length / 2)
      accept(messages.slice(0, half))
      throw new PartialSendError(new Map(messages.slice(half).map((message) => [message, failed('HUB_THROTTLED')])))
    }
  }
  return to
}

/** What each device sent with success, and what the hub has of it: the first time that each message came. */
async function run(store: () => SpoolStore, steps: readonly Step[], fates: readonly Fate[]) {
  const to = fickleHub(fates)
  const options = { minDelayMs: 1, maxDelayMs: 2, maxForwarders: 2 }
  let hub = spool(to, store(), options)
  const sessions = new Map<string, HubSession>()
  const sent = new Map<string, string[]>()
  const sending = new Map<string, Promise<void>>()
  for (const step of steps) {
    if (step.do === 'restart') {
      await Promise.all(sending.values())
      sessions.clear()
      await hub.close()
      hub = spool(to, store(), options)
      await hub.prepare()
      continue
    }
    const deviceId = `d${step.device}`
    if (step.do === 'leave') {
      await Promise.all(sending.values())
      await sessions.get(deviceId)?.close()
      sessions.delete(deviceId)
      continue
    }
    const session = sessions.get(deviceId) ?? (await hub.open(underPolicy(deviceId), context()))
    sessions.set(deviceId, session)
    const bodies = sent.get(deviceId) ?? []
    sent.set(deviceId, bodies)
    const fresh = Array.from({ length: step.count }, (_, at) => `${deviceId}/${bodies.length + at}`)
    bodies.push(...fresh)
    // Two sends of one session never overlap; those of several devices do.
    await sending.get(deviceId)
    sending.set(deviceId, session.send(fresh.map((body) => reading(body))))
  }
  await Promise.all(sending.values())
  const expected = [...sent.values()].flat().length
  // Pauses of a spool keep no process alive, and there is nothing else here that would.
  const alive = setInterval(() => undefined, 1000)
  await to.memory.until(() => new Set(to.memory.accepted.map(({ message }) => text(message))).size === expected)
  clearInterval(alive)
  await hub.close()
  const had = new Map([...sent.keys()].map((deviceId) => [deviceId, [...new Set(to.bodies(deviceId))]]))
  assert.deepEqual(had, sent)
}

test('whatever the hub does and however often the gateway starts anew: each device in order, nothing lost', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fates, async (steps, fates) => {
      const store = memoryStore()
      await run(() => store, steps, fates)
    }),
    { numRuns: 150 },
  )
})

test('the same from a disk', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fates, async (steps, fates) => {
      const dir = mkdtempSync(join(tmpdir(), 'headgate-spool-'))
      try {
        await run(() => disk({ dir, maxBytes: 2 ** 22 }), steps, fates)
      } finally {
        rmSync(dir, { recursive: true, force: true })
      }
    }),
    { numRuns: 15 },
  )
})
