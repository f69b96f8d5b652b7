import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { conserving } from '../../src/testing/conserving.ts'

for (let seed = 1; seed <= 20; seed++) {
  test(`seed ${seed}`, async () => {
    const verdict = await conserving((hub) => jsonLines(hub, { authenticator: byPolicy() }), {
      seed,
      deadlineMs: 10_000,
    })
    console.log(JSON.stringify(verdict))
    assert.ok(verdict.holds)
  })
}
