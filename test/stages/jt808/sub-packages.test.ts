import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Message, readMessage } from '../../../src/stages/jt808/message.ts'
import { SubPackages } from '../../../src/stages/jt808/sub-packages.ts'
import { thrownBy } from '../refusals.ts'
import { TestTerminal } from './terminal.ts'

const limits = { maxMessages: 3, maxBytes: 10_000, deadlineMs: 60_000 }

/** A message's parts, as they come off the wire. */
function partsOf(terminal: TestTerminal, total: number, body = Buffer.alloc(10 * total, total)): Message[] {
  const size = Math.ceil(body.length / total)
  return Array.from({ length: total }, (_, place) =>
    readMessage(
      terminal.message(0x0801, body.subarray(place * size, (place + 1) * size), {
        subpackage: { total, index: place + 1 },
      }),
    ),
  )
}

function take(packages: SubPackages, message: Message, now = 0) {
  return packages.take(message, message.header.subpackage as { total: number; index: number }, now)
}

describe('SubPackages', () => {
  test('parts in any order, some of them twice, give the message once, with its serials', () => {
    const order = fc.integer({ min: 1, max: 12 }).chain((total) =>
      fc.tuple(
        fc.constant(total),
        fc.shuffledSubarray(
          Array.from({ length: total }, (_, place) => place),
          { minLength: total },
        ),
        fc.integer({ min: 0, max: 0xffff }),
      ),
    )
    fc.assert(
      fc.property(order, ([total, places, serial]) => {
        const terminal = new TestTerminal('13800000001')
        terminal.serial = serial
        // The serials run over the end of their 16 bits.
        const body = Buffer.from(Array.from({ length: 7 * total }, (_, at) => at & 0xff))
        const parts: Message[] = []
        for (let place = 0; place < total; place++) {
          terminal.serial = (serial + place) & 0xffff
          parts.push(
            readMessage(
              terminal.message(0x0801, body.subarray(7 * place, 7 * place + 7), {
                subpackage: { total, index: place + 1 },
              }),
            ),
          )
        }
        const packages = new SubPackages(limits)
        const kinds = places.map((place) => take(packages, parts[place] as Message).kind)
        assert.deepEqual(kinds, [...Array(total - 1).fill('kept'), 'whole'])
        const again = take(packages, parts[places[0] as number] as Message)
        assert.equal(again.kind, total === 1 ? 'waiting' : 'repeated')
      }),
    )
  })

  test('the message that is joined has its bodies in order and the header of its first part', () => {
    const parts = partsOf(new TestTerminal('13800000001'), 3, Buffer.from('abcdefghi'))
    const packages = new SubPackages(limits)
    take(packages, parts[2] as Message)
    take(packages, parts[0] as Message)
    const taken = take(packages, parts[1] as Message)
    assert.ok(taken.kind === 'whole')
    const { header, body, serials } = taken.group.joined()
    assert.deepEqual([body.toString(), header.serial, header.bodyLength, serials], ['abcdefghi', 1, 9, [1, 2, 3]])
    assert.equal(header.subpackage, undefined)
  })

  test('when the last part has come, those that are missing are named', () => {
    const parts = partsOf(new TestTerminal('13800000001'), 5)
    const packages = new SubPackages(limits)
    const missing = [0, 2, 4].map((place) => {
      const taken = take(packages, parts[place] as Message)
      return taken.kind === 'kept' ? taken.missing : undefined
    })
    assert.deepEqual(missing, [[], [], [2, 4]])
  })

  test('parts that are late are named thrice within the deadline, which each part moves on', () => {
    const parts = partsOf(new TestTerminal('13800000001'), 3)
    const packages = new SubPackages(limits)
    take(packages, parts[0] as Message, 1000)
    const late = (now: number) => packages.look(now).late.map(({ missing }) => missing)
    assert.deepEqual(late(20_999), [])
    assert.deepEqual(late(21_000), [[2, 3]])
    assert.deepEqual(late(40_999), [])
    assert.deepEqual(late(41_000), [[2, 3]])
    take(packages, parts[1] as Message, 60_000)
    assert.deepEqual(late(79_999), [])
    assert.deepEqual(late(80_000), [[3]])
    assert.deepEqual(packages.look(120_000).over.length, 1)
    assert.deepEqual([packages.size, packages.bytes], [0, 0])
  })

  test('a part that was asked for is taken under a serial of its own; one that was not begins a message', () => {
    const terminal = new TestTerminal('13800000001')
    const parts = partsOf(terminal, 3)
    const packages = new SubPackages(limits)
    take(packages, parts[0] as Message)
    terminal.serial = 900
    const anew = readMessage(terminal.message(0x0801, Buffer.from('x'), { subpackage: { total: 3, index: 2 } }))
    const before = take(packages, anew)
    assert.equal(before.kind, 'kept')
    assert.equal(packages.size, 2)

    const asked = new SubPackages(limits)
    take(asked, parts[0] as Message)
    take(asked, parts[2] as Message)
    assert.equal(take(asked, anew).kind, 'whole')
  })

  test('what waits for the hub is answered once; what the hub has is answered again; what it failed to take can be sent again', () => {
    const parts = partsOf(new TestTerminal('13800000001'), 2)
    const [first, last] = parts as [Message, Message]
    const packages = new SubPackages(limits)
    take(packages, first)
    const taken = take(packages, last)
    assert.ok(taken.kind === 'whole')
    assert.equal(take(packages, last).kind, 'waiting')
    assert.equal(take(packages, first).kind, 'repeated')
    packages.failed(taken.group)
    assert.equal(take(packages, first).kind, 'repeated')
    const again = take(packages, last)
    assert.ok(again.kind === 'whole')
    assert.deepEqual(again.group.joined().body.length, 20)
    packages.stored(again.group)
    assert.equal(packages.bytes, 0)
    assert.deepEqual([take(packages, first).kind, take(packages, last).kind], ['repeated', 'repeated'])
  })

  for (const state of ['open', 'whole', 'stored'] as const) {
    test(`a part with other bytes in the place of one of a message that is ${state} begins another message`, () => {
      const [first, second, third] = partsOf(new TestTerminal('13800000001'), 3) as [Message, Message, Message]
      const anew = partsOf(new TestTerminal('13800000001'), 3, Buffer.alloc(30, 9))
      const packages = new SubPackages(limits)
      take(packages, first)
      take(packages, second)
      if (state !== 'open') {
        const taken = take(packages, third)
        assert.ok(taken.kind === 'whole')
        if (state === 'stored') packages.stored(taken.group)
      }
      const { given, ...begun } = take(packages, anew[0] as Message)
      assert.equal(begun.kind, 'kept')
      assert.deepEqual(
        given.map(({ inOrder }) => inOrder.map(({ body }) => body)),
        state === 'open' ? [[first.body, second.body]] : [],
      )
      assert.equal(take(packages, anew[1] as Message).kind, 'kept')
      const whole = take(packages, anew[2] as Message)
      assert.ok(whole.kind === 'whole')
      assert.deepEqual(whole.group.joined().body, Buffer.alloc(30, 9))
    })
  }

  test('of what the hub failed to take, the last part is asked for when it is late, and the others are given out at the end', () => {
    const [first, last] = partsOf(new TestTerminal('13800000001'), 2) as [Message, Message]
    const packages = new SubPackages(limits)
    take(packages, first)
    const taken = take(packages, last)
    assert.ok(taken.kind === 'whole')
    assert.deepEqual(packages.look(30_000), { over: [], late: [] })
    packages.failed(taken.group)
    assert.deepEqual(
      packages.look(30_000).late.map(({ missing }) => missing),
      [[2]],
    )
    assert.deepEqual(
      packages.clear().map(({ inOrder }) => inOrder.map(({ header }) => header.serial)),
      [[1]],
    )
  })

  test('of too many messages the oldest is given out unfinished, after those that the hub has', () => {
    const packages = new SubPackages(limits)
    const terminals = Array.from({ length: 5 }, (_, each) => {
      const terminal = new TestTerminal('13800000001')
      terminal.serial = 100 * each
      return terminal
    })
    const messages = terminals.map((terminal) => partsOf(terminal, 2))
    const [first, second] = messages[1] as [Message, Message]
    take(packages, messages[0]?.[0] as Message)
    take(packages, first)
    const whole = take(packages, second)
    assert.ok(whole.kind === 'whole')
    packages.stored(whole.group)
    take(packages, messages[2]?.[0] as Message)
    assert.deepEqual(take(packages, messages[3]?.[0] as Message).given, [])
    const { given } = take(packages, messages[4]?.[0] as Message)
    assert.deepEqual(
      given.map(({ firstSerial }) => firstSerial),
      [0],
    )
    assert.equal(packages.size, 3)
  })

  test('bytes are bounded whatever comes', () => {
    const part = fc.record({
      serial: fc.integer({ min: 0, max: 40 }),
      total: fc.integer({ min: 0, max: 6 }),
      index: fc.integer({ min: 0, max: 6 }),
      size: fc.integer({ min: 0, max: 1023 }),
      late: fc.integer({ min: 0, max: 30_000 }),
    })
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), (all) => {
        const packages = new SubPackages({ ...limits, maxBytes: 3000 })
        const terminal = new TestTerminal('13800000001')
        let now = 0
        for (const { serial, total, index, size, late } of all) {
          now += late
          terminal.serial = serial
          packages.look(now)
          const message = readMessage(terminal.message(0x0801, Buffer.alloc(size), { subpackage: { total, index } }))
          try {
            const taken = take(packages, message, now)
            if (taken.kind === 'whole' && size % 2 === 0) packages.stored(taken.group)
            else if (taken.kind === 'whole') packages.failed(taken.group)
          } catch (thrown) {
            assert.match((thrown as { code: string }).code, /^(BAD_CONTENT|MESSAGE_TOO_LARGE)$/)
          }
          assert.ok(packages.bytes >= 0 && packages.bytes <= 3000, `${packages.bytes}`)
          assert.ok(packages.size <= limits.maxMessages)
        }
        packages.clear()
        assert.deepEqual([packages.size, packages.bytes], [0, 0])
      }),
    )
  })

  test('a place that cannot be, and a message that exceeds the limit by itself, are refused', () => {
    const packages = new SubPackages({ ...limits, maxBytes: 300 })
    const terminal = new TestTerminal('13800000001')
    const of = (index: number, total: number) =>
      readMessage(terminal.message(0x0801, Buffer.alloc(100), { subpackage: { total, index } }))
    for (const [index, total] of [
      [0, 2],
      [3, 2],
      [1, 0],
    ] as const) {
      assert.equal(
        thrownBy(() => take(packages, of(index, total))).message,
        `sub-package ${index} of ${total} cannot be`,
      )
    }
    terminal.serial = 50
    take(packages, of(1, 3))
    const { code, message } = thrownBy(() => take(packages, of(2, 3)))
    assert.deepEqual(
      [code, message],
      ['MESSAGE_TOO_LARGE', 'the sub-packages of a 0x0801 exceed the limit of 300 bytes'],
    )
  })
})
