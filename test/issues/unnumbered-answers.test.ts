import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Hub } from '../../src/hub/port.ts'
import { csvLines } from '../../src/pipelines/csv-lines.ts'
import { embed, type MemoryHub, memoryHub } from '../../src/testing.ts'

const answerTimeoutMs = 20

const loggers = (to: Hub) =>
  csvLines(to, {
    columns: ['id', 't'],
    deviceId: { field: 'id' },
    acknowledge: { complete: 'ACK' },
    command: 'do {body}',
    answer: { line: 'OK' },
    hub: { maxCommands: 1, answerTimeoutMs },
  })

/** A hub that gives no command again. */
function forgetfulHub(): MemoryHub {
  const to = memoryHub()
  const open = to.open.bind(to)
  to.open = async (...all: Parameters<typeof open>) => {
    const session = await open(...all)
    const { settle } = session
    // A direct method that fails is over; the hub in process would give it again.
    session.settle = (receipt) =>
      settle({ ...receipt, outcome: receipt.outcome === 'abandon' ? 'reject' : receipt.outcome })
    return session
  }
  return to
}

/** A device that has ignored the command `a`. */
async function ignoring(t: TestContext) {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const to = forgetfulHub()
  const device = embed(loggers(to))
  t.after(() => device.ring.destroy())
  device.write('d1,1\n')
  assert.equal(await device.next(), 'ACK\r\n')
  to.queueCommand('d1', 'a')
  assert.equal(await device.next(), 'do a\r\n')
  // Given up by the clock of the endpoint; what its codec sees of the time is the test's.
  await to.until(() => to.settled.length === 1)
  t.mock.timers.tick(answerTimeoutMs)
  return { device, to, later: (ms: number) => t.mock.timers.tick(ms) }
}

test('a command that is never answered does not put off the answers of those after it', async (t) => {
  const { device, later, to } = await ignoring(t)
  later(answerTimeoutMs)
  for (const body of ['b', 'c', 'd']) {
    to.queueCommand('d1', body)
    assert.equal(await device.next(), `do ${body}\r\n`)
    device.write('OK\n')
    await to.until(() => to.settled.some(({ command }) => command.body.toString() === body))
  }
  assert.deepEqual(
    to.settled.map(({ command, outcome }) => `${command.body} ${outcome}`),
    ['a reject', 'b complete', 'c complete', 'd complete'],
  )
})

test('a late answer does not settle the next command', async (t) => {
  const { device, to } = await ignoring(t)
  to.queueCommand('d1', 'b')
  assert.equal(await device.next(), 'do b\r\n')
  device.write('OK\nOK\n')
  await to.until(() => to.settled.length === 2)
  assert.deepEqual(to.settled[1]?.command.body.toString(), 'b')
  assert.equal(device.ring.connection.meter.stage('hub', 'up').errors.get('UNKNOWN_COMMAND'), 1)
})
