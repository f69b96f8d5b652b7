import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandSerials } from '../../../src/stages/queclink/command-serials.ts'

test('serials count up, past those that a waiting command has', () => {
  const serials = new CommandSerials(1)
  const names = ['GTRTO-0002']
  assert.deepEqual([serials.next(names), serials.next(names)], ['0001', '0003'])
})

test('serials begin anywhere: a late answer is not that of the first command of the next connection', () => {
  const first = Array.from({ length: 20 }, () => new CommandSerials().next([]))
  assert.ok(new Set(first).size > 1)
  const last = new CommandSerials(0xffff)
  assert.deepEqual([last.next([]), last.next([])], ['FFFF', '0000'])
})
