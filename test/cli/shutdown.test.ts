import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { terminationSignal } from '../../src/cli/shutdown.ts'

/** Forgets the signal handlers that a test made, and catches the end of the process. */
function contained(t: TestContext): { readonly exits: unknown[] } {
  const exits: unknown[] = []
  t.mock.method(process, 'exit', (code: unknown) => exits.push(code))
  t.after(() => {
    process.removeAllListeners('SIGTERM')
    process.removeAllListeners('SIGINT')
  })
  return { exits }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`the first ${signal} asks for an orderly end`, async (t) => {
    const { exits } = contained(t)
    const terminated = terminationSignal()
    process.emit(signal, signal)
    assert.equal(await terminated, signal)
    assert.deepEqual(exits, [])
  })
}

test('a second signal, of either kind, ends the process at once with exit code 1', async (t) => {
  const { exits } = contained(t)
  const terminated = terminationSignal()
  process.emit('SIGTERM', 'SIGTERM')
  assert.equal(await terminated, 'SIGTERM')
  process.emit('SIGINT', 'SIGINT')
  assert.deepEqual(exits, [1])
})
