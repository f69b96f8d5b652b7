import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseFault } from '../../src/emulator/fault.ts'
import { checkLinkFault } from '../../src/testing/link-fault.ts'
import { type ScheduleOptions, scheduleOf } from '../../src/testing/schedule.ts'

const everything: ScheduleOptions = { maxHubFaults: 6, maxGatewayHarms: 3 }

test('the same seed gives the same schedule, and it is plain JSON', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const schedule = scheduleOf(seed, everything)
      assert.deepEqual(scheduleOf(seed, everything), schedule)
      assert.deepEqual(JSON.parse(JSON.stringify(schedule)), schedule)
    }),
  )
})

test('a schedule keeps to its bounds, its steps are in order, and its faults are faults', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const { devices, readings, window, steps } = scheduleOf(seed, everything)
      assert.ok(devices >= 1 && devices <= 6)
      assert.ok(readings >= 50 && readings <= 100)
      assert.ok(window >= 1 && window <= 32)
      let before = 0
      for (const step of steps) {
        assert.ok(step.afterAcked >= before && step.afterAcked < devices * readings)
        before = step.afterAcked
        if ('command' in step) {
          assert.ok(step.command.device < devices && step.command.ttlMs >= 1)
          continue
        }
        assert.ok(step.forMs >= 1 && step.forMs <= 200)
        if (step.harm.to === 'link') {
          assert.ok(step.harm.device < devices)
          checkLinkFault(step.harm.fault)
        } else if (step.harm.to === 'hub') parseFault(step.harm.fault)
      }
      const harms = steps.filter((step) => 'harm' in step)
      assert.ok(harms.length <= 8 + 6 + 3)
    }),
  )
})

test('seeds differ, and among a hundred every kind of harm is found', () => {
  const schedules = Array.from({ length: 100 }, (_, seed) => scheduleOf(seed, everything))
  assert.equal(new Set(schedules.map((schedule) => JSON.stringify(schedule))).size, 100)
  const text = JSON.stringify(schedules)
  const links = ['cut', 'reset', 'stall', 'split', 'delay', 'vanish', 'swallow', 'refuse'].map(
    (kind) => `"kind":"${kind}"`,
  )
  const acts = ['kill', 'restart', 'freeze'].map((act) => `"act":"${act}"`)
  const hub = ['"latencyMs"', '"hang":true', '"reset":"before"', '"reset":"after"', '"expireLocks"']
  const statuses = [429, 500, 503].map((status) => `"status":${status}`)
  for (const each of [...links, ...acts, ...hub, ...statuses]) assert.ok(text.includes(each), each)
})

test('bounds out of range are refused', () => {
  for (const name of ['maxDevices', 'maxReadings', 'maxWindow', 'maxHarmMs'] as const) {
    assert.throws(() => scheduleOf(1, { [name]: 0 }), { code: 'CONFIGURATION', message: new RegExp(`${name}.* 0`) })
  }
  assert.throws(() => scheduleOf(1, { maxCommands: -1 }), { code: 'CONFIGURATION', message: /maxCommands.* -1/ })
})
