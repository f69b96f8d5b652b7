import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nmeaReady } from '../../../src/cli/ready/nmea.ts'
import { readyProtocol } from '../../../src/cli/ready-protocols.ts'
import { runVector } from '../../pipelines/vector-runs.ts'
import { heading, sentence } from '../../stages/nmea/sentences.ts'

test('nmea is a protocol that the program knows', () => {
  assert.equal(readyProtocol('nmea'), nmeaReady)
})

test('decode shows sentences as those of a device nmea, or of the one that is named', async () => {
  for (const [hello, kinds, id] of [
    [undefined, ['hello', 'telemetry'], 'nmea'],
    ['rx-7', ['telemetry'], 'rx-7'],
  ] as const) {
    const { ups } = await runVector(nmeaReady.decode, [heading(5)], hello === undefined ? {} : { hello })
    assert.deepEqual(
      ups.map(({ kind }) => kind),
      kinds,
    )
    assert.ok(ups.every(({ deviceId }) => deviceId === id))
  }
})

test('annotate has a row a field and what they mean, for lines that are refused too', () => {
  const table = nmeaReady.annotate(
    Buffer.concat([sentence('GPHDT,5,T', { s: 'r1' }), Buffer.from('$GPHDT,5,T*00\r\n')]),
  )
  for (const part of ['tag blocks', 'address', 'field 1', 'checksum', '{"heading_true_deg":5}', 'CHECKSUM_MISMATCH']) {
    assert.ok(table.includes(part), `${part} in ${table}`)
  }
  assert.throws(() => nmeaReady.annotate(Buffer.from('\r\n')), { code: 'BAD_CONTENT' })
})
