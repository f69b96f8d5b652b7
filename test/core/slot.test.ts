import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StageMeter } from '../../src/core/meter.ts'
import { nameOf, SlotTable } from '../../src/core/slot.ts'

test('errors name a slot by its stage and its direction', () => {
  assert.equal(nameOf({ stage: 0, meter: new StageMeter('json', 'up') }), 'json.up')
  assert.equal(nameOf({ stage: 7, meter: new StageMeter('json', 'down') }), 'json.down')
})

test('a table has one slot for a stage half, whoever asks', () => {
  const table = new SlotTable()
  const up = new StageMeter('json', 'up')
  const down = new StageMeter('json', 'down')
  const slot = table.slot(up, 1)
  assert.deepEqual([slot.meter, slot.stage], [up, 1])
  assert.equal(table.slot(up, 1), slot)
  assert.equal(table.slot(down, 1).meter, down)
})

test('a stage that stands elsewhere in another pipeline has another slot there', () => {
  const meter = new StageMeter('json', 'up')
  assert.equal(new SlotTable().slot(meter, 1).stage, 1)
  assert.equal(new SlotTable().slot(meter, 2).stage, 2)
})

test('runs with the same slots share one row of them, others have their own', () => {
  const table = new SlotTable()
  const slots = (...names: string[]) => names.map((name, stage) => table.slot(meterOf(name), stage))
  const meters = new Map<string, StageMeter>()
  const meterOf = (name: string) => {
    const meter = meters.get(name) ?? new StageMeter(name, 'up')
    meters.set(name, meter)
    return meter
  }
  const row = table.row(slots('lines', 'json', 'enrich'))
  assert.deepEqual(row.map(nameOf), ['lines.up', 'json.up', 'enrich.up'])
  assert.equal(table.row(slots('lines', 'json', 'enrich')), row)
  for (const names of [['lines', 'json'], ['lines', 'json', 'throttle'], ['lines', 'json', 'enrich', 'batch'], []]) {
    assert.deepEqual(
      table.row(slots(...names)).map(nameOf),
      names.map((name) => `${name}.up`),
    )
  }
  assert.equal(table.row([]), table.row([]))
})
