import assert from 'node:assert/strict'
import { test } from 'node:test'
import { command } from '../../../src/core/items.ts'
import { WaitingCommands } from '../../../src/stages/queclink/waiting-commands.ts'

function named(id: string) {
  return command(id, Buffer.alloc(0))
}

test('an answer is to the command of its name and serial, once', () => {
  const waiting = new WaitingCommands()
  waiting.add(named('a'), 'GTRTO', '00aF')
  waiting.add(named('b'), 'GTFRI', '00AF')
  assert.equal(waiting.answered('GTRTO', '0001'), undefined)
  assert.equal(waiting.answered('GTFRI', '00AF')?.id, 'b')
  assert.equal(waiting.answered('GTRTO', '00Af')?.id, 'a')
  assert.equal(waiting.answered('GTRTO', '00AF'), undefined)
})

test('of two with one serial the older is answered first', () => {
  const waiting = new WaitingCommands()
  waiting.add(named('a'), 'GTRTO', '0001')
  waiting.add(named('b'), 'GTRTO', '0001')
  assert.deepEqual([waiting.answered('GTRTO', '0001')?.id, waiting.answered('GTRTO', '0001')?.id], ['a', 'b'])
})

test('a command that comes again waits under its new serial only', () => {
  const waiting = new WaitingCommands()
  waiting.add(named('a'), 'GTRTO', '0001')
  waiting.add(named('a'), 'GTRTO', '0002')
  assert.equal(waiting.answered('GTRTO', '0001'), undefined)
  assert.equal(waiting.answered('GTRTO', '0002')?.id, 'a')
})

test('a command that comes again is the youngest', () => {
  const waiting = new WaitingCommands()
  for (const id of ['a', 'b', 'a']) waiting.add(named(id), 'GTRTO', '0001')
  assert.equal(waiting.answered('GTRTO', '0001')?.id, 'b')
})

test('serials count up, past those that a waiting command has', () => {
  const waiting = new WaitingCommands(1)
  waiting.add(named('a'), 'GTRTO', '0002')
  assert.deepEqual([waiting.nextSerial(), waiting.nextSerial()], ['0001', '0003'])
})

test('no more than 256 are remembered, the oldest goes', () => {
  const waiting = new WaitingCommands(1)
  for (let each = 0; each <= 256; each++) waiting.add(named(String(each)), 'GTRTO', waiting.nextSerial())
  assert.equal(waiting.answered('GTRTO', '0001'), undefined)
  assert.equal(waiting.answered('GTRTO', '0002')?.id, '1')
  assert.equal(waiting.answered('GTRTO', '0101')?.id, '256')
})

test('serials begin anywhere: a late answer is not that of the first command of the next connection', () => {
  const first = Array.from({ length: 20 }, () => new WaitingCommands().nextSerial())
  assert.ok(new Set(first).size > 1)
  const last = new WaitingCommands(0xffff)
  assert.deepEqual([last.nextSerial(), last.nextSerial()], ['FFFF', '0000'])
})
