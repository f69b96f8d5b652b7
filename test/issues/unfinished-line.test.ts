import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { lines } from '../../src/stages/lines.ts'
import { feed } from '../../src/testing.ts'

test('a long line that comes byte by byte is scanned once, not once a byte', async () => {
  const length = 20_000
  let scanned = 0
  const split = String.prototype.split as (this: string, ...how: unknown[]) => string[]
  mock.method(String.prototype, 'split', function (this: string, ...how: unknown[]) {
    scanned += this.length
    return split.apply(this, how)
  })
  try {
    const bytes = Array.from(Buffer.from(`${'x'.repeat(length)}\n`), (byte) => Buffer.of(byte))
    const { up } = await feed(lines({ maxLength: length }), bytes)
    assert.deepEqual(up.emitted, ['x'.repeat(length)])
  } finally {
    mock.restoreAll()
  }
  assert.ok(scanned < 4 * length, `${scanned} characters scanned`)
})
