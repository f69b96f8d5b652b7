import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ErrorCode, GatewayError } from '../../src/core/errors.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { embed, memoryHub } from '../../src/testing.ts'

for (const code of ['UNAUTHORIZED', 'DEVICE_NOT_FOUND', 'CONFIGURATION', 'BUG'] satisfies ErrorCode[]) {
  test(`${code} of a send says nothing against the reading: it may be sent again, on another connection`, async () => {
    const to = memoryHub()
    to.fail(new GatewayError(code, 'words'))
    const device = embed(jsonLines(to))
    device.write('{"$hello":{"deviceId":"d1","key":"k"}}\n{"$seq":1,"t":1}\n')
    assert.match(await device.next(), /welcome/)
    assert.equal(await device.next(), '{"$nack":1,"code":"HUB_SESSION_CLOSED","retry":true}\n')
    await device.ended()
    assert.equal(device.ring.failure?.code, code)
  })
}
