import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PacketAnswers } from '../../../src/stages/teltonika/packet-answers.ts'

test('a count waits for those of the packets before it', () => {
  const answers = new PacketAnswers()
  const [first, second, third] = [{}, {}, {}]
  for (const packet of [first, second, third]) answers.owe(packet)
  assert.deepEqual(answers.known(second, 0), [])
  assert.deepEqual(answers.known(first, 5), [5, 0])
  assert.equal(answers.size, 1)
  assert.deepEqual(answers.known(third, 7), [7])
  assert.equal(answers.size, 0)
})

test('in whatever order they are known, counts are said in the order of the packets, each once', () => {
  const orders = fc.integer({ min: 1, max: 12 }).chain((size) =>
    fc.shuffledSubarray(
      Array.from({ length: size }, (_, index) => index),
      { minLength: size },
    ),
  )
  fc.assert(
    fc.property(orders, (order) => {
      const answers = new PacketAnswers()
      const packets = order.map(() => ({}))
      for (const packet of packets) answers.owe(packet)
      const said = order.flatMap((index) => answers.known(packets[index] as object, index))
      assert.deepEqual(
        said,
        [...order].sort((a, b) => a - b),
      )
    }),
  )
})

test('a device that does not wait for answers makes it remember 1,024 packets, not more', () => {
  const answers = new PacketAnswers()
  const first = {}
  answers.owe(first)
  for (let count = 1; count < 1024; count++) answers.owe({})
  assert.throws(() => answers.owe({}), { code: 'BAD_CONTENT', message: /1024/ })
  assert.deepEqual(answers.known(first, 1), [1])
  answers.owe({})
})
