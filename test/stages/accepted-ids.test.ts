import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AcceptedIds } from '../../src/stages/accepted-ids.ts'

test('an id is known of its device alone, until the window is over', () => {
  const ids = new AcceptedIds({ windowMs: 100, maxPerDevice: 10, maxDevices: 10 })
  ids.add('d1', 'a', 1000)
  assert.deepEqual([ids.has('d1', 'a', 1100), ids.has('d1', 'a', 1101)], [true, false])
  assert.deepEqual([ids.has('d2', 'a', 1000), ids.has('d1', 'b', 1000)], [false, false])
})

test('beyond the limits the oldest id goes, and the device that was silent longest', () => {
  const ids = new AcceptedIds({ windowMs: 100, maxPerDevice: 2, maxDevices: 2 })
  for (const id of ['a', 'b', 'c']) ids.add('d1', id, 0)
  assert.deepEqual(
    ['a', 'b', 'c'].map((id) => ids.has('d1', id, 0)),
    [false, true, true],
  )
  ids.add('d2', 'a', 1)
  ids.add('d1', 'd', 2)
  ids.add('d3', 'a', 3)
  assert.deepEqual([ids.has('d1', 'd', 3), ids.has('d2', 'a', 3), ids.has('d3', 'a', 3)], [true, false, true])
})

test('what is too old is let go as others come, of all devices', () => {
  const ids = new AcceptedIds({ windowMs: 100, maxPerDevice: 10, maxDevices: 10 })
  for (const device of ['d1', 'd2', 'd3']) for (const id of ['a', 'b']) ids.add(device, id, 0)
  assert.equal(ids.size, 6)
  ids.add('d1', 'c', 101)
  assert.equal(ids.size, 1)
})

test('whatever comes, what is known is what a plain list of the newest says', () => {
  const limits = { windowMs: 50, maxPerDevice: 3, maxDevices: 3 }
  const event = fc.record({
    device: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    id: fc.constantFrom('1', '2', '3', '4', '5'),
    later: fc.nat(30),
  })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const ids = new AcceptedIds(limits)
      const list: { device: string; id: string; at: number }[] = []
      let now = 0
      for (const { device, id, later } of events) {
        now += later
        ids.add(device, id, now)
        const same = list.findIndex((each) => each.device === device && each.id === id)
        if (same >= 0) list.splice(same, 1)
        list.push({ device, id, at: now })
        const newestFirst = [...list].reverse()
        const devices = [...new Set(newestFirst.map((each) => each.device))].slice(0, limits.maxDevices)
        const kept = devices.flatMap((name) =>
          newestFirst.filter((each) => each.device === name).slice(0, limits.maxPerDevice),
        )
        list.splice(0, list.length, ...list.filter((each) => kept.includes(each)))
        for (const name of ['a', 'b', 'c', 'd', 'e']) {
          for (const mark of ['1', '2', '3', '4', '5']) {
            const known = list.some(
              (each) => each.device === name && each.id === mark && now - each.at <= limits.windowMs,
            )
            assert.equal(ids.has(name, mark, now), known, `${name} ${mark}`)
          }
        }
        assert.ok(ids.size <= limits.maxDevices * limits.maxPerDevice)
      }
    }),
  )
})
