import assert from 'node:assert/strict'
import { setMaxListeners } from 'node:events'
import { test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../src/core/errors.ts'
import { Stopwatch } from '../../src/core/meter.ts'
import { idleTurn, PaceGate } from '../../src/hub/pace-gate.ts'
import { liveTimers, type VirtualTime, virtualTime } from './virtual-time.ts'

const never = unlimited().signal

/** Hundreds wait on one signal here; sessions have one each. */
function unlimited(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}

interface Passage {
  readonly flow: string
  readonly at: number
  readonly cost: number
}

/** Asks for ever in the name of a flow, one turn at a time, and writes down what it gets. */
function asker(
  time: VirtualTime,
  gate: PaceGate,
  passages: Passage[],
  turn: { flow: string; cost?: () => number; idle?: boolean; signal?: AbortSignal },
): void {
  const { flow, idle = false, signal = never } = turn
  const ask = async () => {
    for (;;) {
      const cost = turn.cost?.() ?? 1
      await gate.admit({ flow, cost, signal, idle })
      passages.push({ flow, at: time.now, cost })
    }
  }
  ask().catch(() => {})
}

const costOf = (passages: readonly Passage[]): number => passages.reduce((sum, { cost }) => sum + cost, 0)

test('turns are let through as fast as the rate, after a burst of a tenth of a second', async (t) => {
  const time = virtualTime(t)
  const gate = new PaceGate(100, new Stopwatch())
  const passages: Passage[] = []
  for (let n = 0; n < 30; n++) asker(time, gate, passages, { flow: `d${n}` })
  await time.pass(3000)
  assert.equal(passages.filter(({ at }) => at === 0).length, 10)
  assert.equal(passages.length, 310)
})

test('a device that asks with a thousand connections gets no more than one that asks with one', async (t) => {
  const time = virtualTime(t)
  const gate = new PaceGate(100, new Stopwatch())
  const passages: Passage[] = []
  for (let n = 0; n < 1000; n++) asker(time, gate, passages, { flow: 'chatty' })
  for (let n = 0; n < 9; n++) asker(time, gate, passages, { flow: `d${n}` })
  await time.pass(5000)
  const of = (flow: string) => passages.filter((each) => each.flow === flow && each.at > 0).length
  assert.equal(of('chatty'), 50)
  for (let n = 0; n < 9; n++) assert.equal(of(`d${n}`), 50)
})

const demand = fc.record({
  connections: fc.integer({ min: 1, max: 4 }),
  maxCost: fc.integer({ min: 1, max: 8 }),
  /** 0 asks again at once: such a device always waits. */
  restMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2000 })),
})

test('whatever devices ask, of those that always wait each gets its fair share within a factor of 2, in any four seconds', async (t) => {
  const time = virtualTime(t)
  await fc.assert(
    fc.asyncProperty(fc.array(demand, { minLength: 2, maxLength: 10 }), fc.nat(), async (demands, seed) => {
      const gate = new PaceGate(100, new Stopwatch())
      const passages: Passage[] = []
      const end = unlimited()
      let state = seed
      const random = () => {
        state = (state * 48_271 + 11) % 2_147_483_647
        return state / 2_147_483_647
      }
      const beganAt = time.now
      demands.forEach(({ connections, maxCost, restMs }, index) => {
        const ask = async () => {
          for (;;) {
            const cost = 1 + Math.floor(random() * maxCost)
            await gate.admit({ flow: `d${index}`, cost, signal: end.signal })
            passages.push({ flow: `d${index}`, at: time.now - beganAt, cost })
            if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs))
            if (end.signal.aborted) return
          }
        }
        for (let n = 0; n < connections; n++) ask().catch(() => {})
      })
      await time.pass(7000)
      end.abort()
      const greedy = demands.flatMap(({ restMs }, index) => (restMs === 0 ? [`d${index}`] : []))
      for (let from = 0; from <= 3000; from += 250) {
        const inWindow = passages.filter(({ at }) => at >= from && at < from + 4000)
        const shares = greedy.map((flow) => costOf(inWindow.filter((each) => each.flow === flow)))
        const total = costOf(inWindow)
        assert.ok(total <= 400 + 10 + 8, `${total} in four seconds`)
        if (greedy.length > 0) assert.ok(total >= 400 - 8, `only ${total} though somebody always waited`)
        for (const share of shares) {
          assert.ok(share >= 400 / demands.length / 2, `${shares} of ${total} among ${demands.length}`)
          assert.ok(share <= 2 * Math.min(...shares), `${shares}`)
        }
      }
    }),
    { numRuns: 25 },
  )
})

test('a device that asks seldom has its turn within a round, while thousands always wait', async (t) => {
  const time = virtualTime(t)
  const gate = new PaceGate(1000, new Stopwatch())
  const passages: Passage[] = []
  for (let n = 0; n < 2000; n++) asker(time, gate, passages, { flow: `d${n % 100}` })
  await time.pass(500)
  const askedAt = time.now
  let servedAt = 0
  const seldom = gate.admit({ flow: 'seldom', signal: never }).then(() => {
    servedAt = time.now
  })
  await time.pass(150)
  await seldom
  assert.ok(servedAt - askedAt <= 102, `${servedAt - askedAt} ms`)
})

test('idle turns give way, and have one turn in eight all the same', async (t) => {
  const time = virtualTime(t)
  const gate = new PaceGate(80, new Stopwatch())
  const passages: Passage[] = []
  for (let n = 0; n < 50; n++) asker(time, gate, passages, { flow: `idle ${n}`, idle: true })
  for (let n = 0; n < 50; n++) asker(time, gate, passages, { flow: `urgent ${n}` })
  await time.pass(4000)
  const idle = passages.filter(({ flow, at }) => flow.startsWith('idle') && at > 0)
  const urgent = passages.filter(({ flow, at }) => flow.startsWith('urgent') && at > 0)
  assert.ok(Math.abs(idle.length * (idleTurn - 1) - urgent.length) <= idleTurn, `${idle.length} and ${urgent.length}`)
})

test('an urgent turn is next, behind ten thousand idle ones', async (t) => {
  const time = virtualTime(t)
  const gate = new PaceGate(10, new Stopwatch())
  for (let n = 0; n < 10_000; n++) gate.admit({ flow: `d${n}`, signal: never, idle: true }).catch(() => {})
  let isServed = false
  const urgent = gate.admit({ flow: 'new', signal: never }).then(() => {
    isServed = true
  })
  await time.pass(101)
  assert.ok(isServed)
  await urgent
  gate.close()
})

test('a small turn that goes before a large one does not wait for as long', async (t) => {
  const time = virtualTime(t)
  const gate = new PaceGate(100, new Stopwatch())
  await gate.admit({ flow: 'a', cost: 10, signal: never })
  const large = gate.admit({ flow: 'b', cost: 10, signal: never })
  const small = gate.admit({ flow: 'c', cost: 1, signal: never })
  let servedAt = Number.NaN
  void small.then(() => {
    servedAt = time.now
  })
  await time.pass(200)
  await Promise.all([large, small])
  assert.equal(servedAt, 10)
})

test('who leaves makes room: ninety-nine leave, and the last has its turn when the first would have had it', async (t) => {
  const time = virtualTime(t)
  const gate = new PaceGate(1, new Stopwatch())
  await gate.admit({ flow: 'a', signal: never })
  const leaving = unlimited()
  const left = Array.from({ length: 99 }, () => gate.admit({ flow: 'a', signal: leaving.signal }))
  const stays = gate.admit({ flow: 'a', signal: never })
  leaving.abort()
  for (const each of left) await assert.rejects(each, { code: 'HUB_SESSION_CLOSED' })
  assert.equal(gate.waiting, 1)
  await time.pass(1000)
  await stays
})

test('when all who wait have left no timer is left, and neither when the gate is closed', async () => {
  const before = liveTimers()
  const gate = new PaceGate(0.01, new Stopwatch())
  await gate.admit({ flow: 'a', signal: never })
  const leaving = new AbortController()
  const waiting = gate.admit({ flow: 'a', signal: leaving.signal })
  const idle = gate.admit({ flow: 'a', signal: leaving.signal, idle: true })
  assert.equal(liveTimers(), before + 1)
  leaving.abort()
  await assert.rejects(waiting, { code: 'HUB_SESSION_CLOSED' })
  await assert.rejects(idle, { code: 'HUB_SESSION_CLOSED' })
  assert.equal(liveTimers(), before)
  const last = gate.admit({ flow: 'a', signal: never })
  gate.close()
  await assert.rejects(last, { code: 'HUB_SESSION_CLOSED' })
  await assert.rejects(gate.admit({ flow: 'a', signal: never }), { code: 'HUB_SESSION_CLOSED' })
  assert.equal(liveTimers(), before)
})

test('a turn whose signal fired before it asked waits for nothing, even where there is room', async () => {
  const gate = new PaceGate(100, new Stopwatch())
  await assert.rejects(gate.admit({ flow: 'a', signal: AbortSignal.abort() }), { code: 'HUB_SESSION_CLOSED' })
  assert.equal(gate.waiting, 0)
})

test('waits leave no listener on their signal', async (t) => {
  const time = virtualTime(t)
  const gate = new PaceGate(1000, new Stopwatch())
  const { signal } = new AbortController()
  let listeners = 0
  t.mock.method(signal, 'addEventListener', () => listeners++)
  t.mock.method(signal, 'removeEventListener', () => listeners--)
  const turns = Array.from({ length: 200 }, () => gate.admit({ flow: 'a', signal }))
  assert.equal(listeners, 100)
  await time.pass(200)
  await Promise.all(turns)
  assert.equal(listeners, 0)
})

test('a pause that the hub asks for holds back those too who were waiting for their turn already', async (t) => {
  const time = virtualTime(t)
  const gate = new PaceGate(100, new Stopwatch())
  const passages: Passage[] = []
  for (let n = 0; n < 20; n++) asker(time, gate, passages, { flow: `d${n}` })
  await time.pass(100)
  const before = passages.length
  gate.throttled(2000)
  await time.pass(1999)
  assert.equal(passages.length, before)
  await time.pass(1001)
  // 70 in the second after it, and what comes back of the rate in it.
  assert.ok(passages.length - before >= 69 && passages.length - before <= 74, `${passages.length - before}`)
})

test('those who are turned away get the error, and who comes after them is let through again', async (t) => {
  const time = virtualTime(t)
  const gate = new PaceGate(10, new Stopwatch())
  await gate.admit({ flow: 'a', signal: never })
  const waiting = [false, true].map((idle) => gate.admit({ flow: 'a', signal: never, idle }))
  gate.refuse(new GatewayError('HUB_QUOTA_EXCEEDED', 'words'))
  for (const each of waiting) await assert.rejects(each, { code: 'HUB_QUOTA_EXCEEDED' })
  const later = gate.admit({ flow: 'a', signal: never })
  await time.pass(100)
  await later
})

test('waiting is counted and timed, idle waiting is not', async (t) => {
  const time = virtualTime(t)
  const waited = new Stopwatch()
  const gate = new PaceGate(10, waited)
  const leaving = new AbortController()
  await gate.admit({ flow: 'a', signal: never })
  const turns = [1, 2].map(() => gate.admit({ flow: 'a', signal: never }))
  const idle = gate.admit({ flow: 'a', signal: never, idle: true })
  const left = gate.admit({ flow: 'a', signal: leaving.signal })
  assert.equal(gate.waiting, 3)
  await time.pass(50)
  assert.equal(waited.read(time.now), 150)
  leaving.abort()
  await assert.rejects(left)
  await time.pass(300)
  await Promise.all([...turns, idle])
  assert.equal(gate.waiting, 0)
  assert.equal(waited.read(time.now), 50 + 100 + 200)
})
