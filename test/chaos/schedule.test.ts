import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scheduleOf } from './schedule.ts'

const size = { lengthMs: 4000, devices: 3, processFaults: 0.5 }

test('a schedule is wholly decided by its seed', () => {
  assert.deepEqual(scheduleOf(7, size), scheduleOf(7, size))
  assert.notDeepEqual(scheduleOf(7, size), scheduleOf(8, size))
})

test('schedules have everything that can go wrong, within their time and at their own devices', () => {
  const all = Array.from({ length: 200 }, (_, seed) => scheduleOf(seed + 1, size))
  const kinds = new Set(
    all.flatMap(({ incidents }) =>
      incidents.map((each) =>
        'fault' in each ? `${each.kind} ${JSON.stringify(each.fault)}`.slice(0, 40) : each.kind,
      ),
    ),
  )
  for (const what of ['cut', 'reset', 'resetMidFrame', 'stallUp', 'stallDown', 'split', 'vanish', 'kill', 'pause']) {
    assert.ok(
      [...kinds].some((kind) => kind.includes(`"${what}"`)),
      what,
    )
  }
  for (const { incidents, devices, lengthMs } of all) {
    assert.ok(incidents.every(({ at }) => at >= 0 && at <= lengthMs))
    assert.ok(incidents.every((each) => each.kind === 'process' || each.device < devices))
    assert.deepEqual(
      incidents.map(({ at }) => at),
      incidents.map(({ at }) => at).sort((one, other) => one - other),
    )
  }
})
