import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json } from '../../src/stages/json.ts'
import { feed } from '../../src/testing.ts'

test('a reading of very many values is one, and no defect, also where it is only looked through', async () => {
  const line = `{"a":[${'0,'.repeat(1 << 23)}0]}`
  for (const parse of ['all', 'keys'] as const) {
    const { up } = await feed(json({ parse }), [line])
    assert.deepEqual(
      up.errors.map(({ code, message }) => [code, message]),
      [],
      parse,
    )
    const [item] = up.emitted
    assert.ok(item?.kind === 'telemetry' && item.body.length === line.length)
  }
})
