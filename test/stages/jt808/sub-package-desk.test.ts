import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, test } from 'node:test'
import { Connection } from '../../../src/core/connection.ts'
import type { GatewayError } from '../../../src/core/errors.ts'
import { readMessage } from '../../../src/stages/jt808/message.ts'
import { SubPackageDesk } from '../../../src/stages/jt808/sub-package-desk.ts'
import { TestTerminal } from './terminal.ts'

interface Told {
  readonly error: GatewayError
  readonly items: readonly unknown[]
}

function deskOf(connection: Connection) {
  const told: Told[] = []
  connection.onRefused((error, items) => told.push({ error, items }))
  const desk = new SubPackageDesk(connection, { deadlineMs: 1000 })
  const terminal = new TestTerminal('13800000001')
  const take = (index: number) => {
    const subpackage = { total: 3, index }
    return desk.take(readMessage(terminal.message(0x0801, Buffer.from([index]), { subpackage })), subpackage)
  }
  return { desk, told, take }
}

describe('SubPackageDesk', () => {
  test('what a silent terminal left unfinished is let go after two deadlines, with its bytes for the dead letters', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { desk, told, take } = deskOf(new Connection({ id: 'c', pipeline: 'p' }))
    take(1)
    t.mock.timers.tick(1999)
    assert.deepEqual(told, [])
    t.mock.timers.tick(1)
    const [{ error, items }, ...others] = told as unknown as [Told, ...Told[]]
    assert.deepEqual(others, [])
    assert.deepEqual([error.code, error.stage], ['BAD_CONTENT', 'jt808.up'])
    assert.equal(error.message, 'a 0x0801 has 1 of its 3 sub-packages, and no more came')
    assert.equal((items[0] as Buffer).length, 12 + 4 + 1)
    assert.deepEqual(desk.clear(), [])
  })

  test('the clock stops with the connection', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const connection = new Connection({ id: 'c', pipeline: 'p' })
    const { told, take } = deskOf(connection)
    take(1)
    take(2)
    assert.equal(getEventListeners(connection.signal, 'abort').length, 1)
    connection.close()
    t.mock.timers.tick(5000)
    assert.deepEqual(told, [])
  })

  test('a connection without sub-packages has no clock', () => {
    const connection = new Connection({ id: 'c', pipeline: 'p' })
    const { desk } = deskOf(connection)
    assert.deepEqual(desk.look(), { over: [], late: [] })
    assert.equal(getEventListeners(connection.signal, 'abort').length, 0)
  })
})
