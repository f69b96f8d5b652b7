import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Conservation, type ConservationOptions, type ConservationVerdict } from '../../src/testing/conservation.ts'

/** What an oracle says of a short story; only what is not 0 or a matter of course. */
function judged(tell: (oracle: Conservation) => void, options: ConservationOptions = {}): Partial<ConservationVerdict> {
  const oracle = new Conservation(options)
  tell(oracle)
  const said = Object.entries(oracle.verdict()).filter(([name, value]) => value !== 0 && name !== 'seed')
  return Object.fromEntries(said) as Partial<ConservationVerdict>
}

function send(oracle: Conservation, deviceId: string, ...numbers: number[]): void {
  for (const number of numbers) oracle.sent(deviceId, number)
}

function arrive(oracle: Conservation, deviceId: string, ...numbers: number[]): void {
  for (const number of numbers) oracle.atHub(deviceId, { deviceId, number })
}

function ack(oracle: Conservation, deviceId: string, ...numbers: number[]): void {
  for (const number of numbers) oracle.received(deviceId, number, 'complete')
}

test('a reading that is sent, at the hub, and then acknowledged is conserved', () => {
  const verdict = judged((oracle) => {
    send(oracle, 'd1', 1, 2)
    arrive(oracle, 'd1', 1, 2)
    ack(oracle, 'd1', 1, 2)
  })
  assert.deepEqual(verdict, { holds: true, sent: 2, acked: 2, delivered: 2, details: [] })
})

test('a reading that is acknowledged and not at the hub is lost, and named', () => {
  const verdict = judged(
    (oracle) => {
      send(oracle, 'd1', 1, 2)
      arrive(oracle, 'd1', 1)
      ack(oracle, 'd1', 1, 2)
    },
    { receiptMeans: 'durable' },
  )
  const details = ['lost: d1/2 (acked)']
  assert.deepEqual(verdict, { holds: false, sent: 2, acked: 2, delivered: 1, lost: 1, ackedButMissing: 1, details })
})

test('a reading that never got through is lost too', () => {
  const verdict = judged((oracle) => send(oracle, 'd1', 1))
  assert.deepEqual(verdict, { holds: false, sent: 1, lost: 1, details: ['lost: d1/1 (never got through)'] })
})

test('a reading that is refused for good is not lost, and is told where the hub has it all the same', () => {
  const verdict = judged((oracle) => {
    send(oracle, 'd1', 1, 2)
    oracle.received('d1', 1, 'reject')
    arrive(oracle, 'd1', 2)
    oracle.received('d1', 2, 'reject')
  })
  assert.deepEqual(verdict, { holds: true, sent: 2, delivered: 1, nackedButPresent: 1, details: [] })
})

test('an acknowledgement before the hub has the reading is early, unless receipts promise durability only', () => {
  const story = (oracle: Conservation) => {
    send(oracle, 'd1', 1)
    ack(oracle, 'd1', 1)
    arrive(oracle, 'd1', 1)
  }
  assert.equal(judged(story).early, 1)
  assert.equal(judged(story).holds, false)
  assert.equal(judged(story, { receiptMeans: 'durable' }).holds, true)
})

test('repetitions at the hub are counted and allowed', () => {
  const verdict = judged((oracle) => {
    send(oracle, 'd1', 1, 2)
    arrive(oracle, 'd1', 1, 2, 1, 2, 1)
    ack(oracle, 'd1', 1, 2)
  })
  assert.equal(verdict.duplicated, 3)
  assert.equal(verdict.holds, true)
})

test('a reading whose first arrival comes after that of a later one is reordered; other devices do not matter', () => {
  const verdict = judged((oracle) => {
    send(oracle, 'd1', 1, 2)
    send(oracle, 'd2', 1)
    arrive(oracle, 'd1', 2)
    arrive(oracle, 'd2', 1)
    arrive(oracle, 'd1', 1)
  })
  assert.equal(verdict.reordered, 1)
  assert.deepEqual(verdict.details, ['reordered: d1/1 arrived first after d1/2'])
})

test('one that its device saw refused for now may be overtaken, once', () => {
  const verdict = judged((oracle) => {
    send(oracle, 'd1', 1, 2, 3)
    oracle.received('d1', 1, 'abandon')
    arrive(oracle, 'd1', 3, 1, 2)
  })
  assert.equal(verdict.overtaken, 1)
  assert.equal(verdict.reordered, 1)
})

test("a reading under another device's name is crossed, and lost to its own", () => {
  const verdict = judged((oracle) => {
    send(oracle, 'd1', 1)
    oracle.atHub('d2', { deviceId: 'd1', number: 1 })
  })
  assert.equal(verdict.crossed, 1)
  assert.equal(verdict.lost, 1)
})

test('what nobody sent is strange', () => {
  const verdict = judged((oracle) => {
    arrive(oracle, 'd1', 7)
    oracle.atHub('d1', undefined)
    oracle.commandWritten('c1', 'd1', 0)
  })
  assert.equal(verdict.strange, 3)
  assert.equal(verdict.holds, false)
})

test('a command is late when it is written after its expiry and the tolerance, and counted once', () => {
  const lateAt = (atMs: number) =>
    judged(
      (oracle) => {
        oracle.commandQueued({ id: 'c1', deviceId: 'd1', expiresAtMs: 1000 })
        oracle.commandWritten('c1', 'd1', atMs)
        oracle.commandWritten('c1', 'd1', atMs)
      },
      { expiryToleranceMs: 10 },
    ).lateCommands
  assert.equal(lateAt(1010), undefined)
  assert.equal(lateAt(1011), 1)
})

test('a command at another device is crossed', () => {
  const verdict = judged((oracle) => {
    oracle.commandQueued({ id: 'c1', deviceId: 'd1' })
    oracle.commandWritten('c1', 'd2', 0)
  })
  assert.equal(verdict.crossed, 1)
})

test('a command that is completed before its own device has confirmed it is unconfirmed; later does not help', () => {
  const story = (before: (oracle: Conservation) => void) =>
    judged((oracle) => {
      oracle.commandQueued({ id: 'c1', deviceId: 'd1' })
      before(oracle)
      oracle.commandSettled('c1', 'completed')
      oracle.commandAnswered('c1', 'd1', 'complete')
      oracle.commandSettled('c1', 'completed')
    })
  assert.equal(story(() => {}).unconfirmedCommands, 1)
  assert.equal(story((oracle) => oracle.commandAnswered('c1', 'd1', 'reject')).unconfirmedCommands, 1)
  assert.equal(story((oracle) => oracle.commandAnswered('c1', 'd2', 'complete')).unconfirmedCommands, 1)
  assert.equal(story((oracle) => oracle.commandAnswered('c1', 'd1', 'complete')).holds, true)
})

test('commands that expire, wait or are dead-lettered need no confirmation', () => {
  for (const end of ['expired', 'open', 'deadlettered'] as const) {
    const verdict = judged((oracle) => {
      oracle.commandQueued({ id: 'c1', deviceId: 'd1' })
      oracle.commandSettled('c1', end)
    })
    assert.deepEqual(verdict, { holds: true, commands: 1, details: [] })
  }
})

test('so many offenders are named, and all are counted', () => {
  const verdict = judged((oracle) => send(oracle, 'd1', 1, 2, 3), { maxDetails: 2 })
  assert.equal(verdict.details?.length, 2)
  assert.equal(verdict.lost, 3)
})

test('options out of range are refused', () => {
  assert.throws(() => new Conservation({ maxDetails: -1 }), { code: 'CONFIGURATION', message: /maxDetails.*-1/ })
  assert.throws(() => new Conservation({ expiryToleranceMs: 60_001 }), { code: 'CONFIGURATION' })
})

test('whatever a sound gateway does, it holds; whatever one arrival is taken away or moved back, it does not', () => {
  const story = fc.record({
    count: fc.integer({ min: 2, max: 30 }),
    repeats: fc.array(fc.nat(29), { maxLength: 20 }),
    spoiled: fc.nat(28),
    how: fc.constantFrom('none', 'drop', 'swap'),
  })
  fc.assert(
    fc.property(story, ({ count, repeats, spoiled, how }) => {
      const oracle = new Conservation({ receiptMeans: 'durable' })
      const numbers = Array.from({ length: count }, (_, index) => index + 1)
      send(oracle, 'd1', ...numbers)
      const at = spoiled % (count - 1)
      const arrivals = [...numbers]
      if (how === 'drop') arrivals.splice(at, 1)
      if (how === 'swap') arrivals.splice(at, 2, at + 2, at + 1)
      arrive(oracle, 'd1', ...arrivals)
      const again = repeats.map((each) => arrivals[each % arrivals.length] as number)
      arrive(oracle, 'd1', ...again)
      ack(oracle, 'd1', ...numbers)
      const { holds, lost, reordered, duplicated } = oracle.verdict()
      assert.equal(holds, how === 'none')
      assert.equal(lost, how === 'drop' ? 1 : 0)
      assert.equal(reordered, how === 'swap' ? 1 : 0)
      assert.equal(duplicated, again.length)
    }),
  )
})
