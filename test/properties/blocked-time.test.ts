import assert from 'node:assert/strict'
import { test } from 'node:test'
import { standingClock } from '../core/clock.ts'
import { greeting } from './device-lines.ts'
import { PressedRing, stalls } from './stalls.ts'

const chunk = Buffer.from('{"$seq":1,"t":20.5}\n'.repeat(200))

for (const stall of stalls) {
  test(`the time in which ${stall.name} holds everything is charged to ${stall.culprit} and to no other`, async (t) => {
    const clock = standingClock(t)
    for (const fuse of [true, false]) {
      const pressed = new PressedRing(stall, fuse)
      await pressed.press(greeting.bytes)
      await pressed.press(chunk, 1_000_000)
      const { meter } = pressed.connection
      const charged = () =>
        new Map(meter.stages.map(({ stage, direction, blocked }) => [`${stage}.${direction}`, blocked.read(clock.now)]))
      const before = charged()
      clock.now += 5000
      const during = [...charged()].map(([name, ms]) => [name, ms - (before.get(name) ?? 0)] as const)
      assert.deepEqual(
        during.filter(([, ms]) => ms !== 0),
        [[stall.culprit, 5000]],
        fuse ? 'fused' : 'unfused',
      )
      assert.equal(pressed.ring.blocked, true)
      pressed.destroy()
      await new Promise(setImmediate)
      const after = charged()
      clock.now += 5000
      assert.deepEqual(charged(), after, 'nothing runs on when the ring is gone')
      assert.equal(pressed.ring.blocked, false)
    }
  })
}
