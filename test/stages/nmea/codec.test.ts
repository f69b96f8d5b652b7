import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nmea } from '../../../src/pipelines/nmea.ts'
import { embed, memoryHub } from '../../../src/testing.ts'
import { heading, sentence } from './sentences.ts'

const lines = [
  sentence('GPRMC,213950.00,A,5250.5,N,00542.3,W,2.0,10,070420,,,A'),
  sentence('GPGGA,213950.00,5250.5,N,00542.3,E,1,09,1.03,-6.0,M,45.8,M,,', { s: 'rx', c: '1700000000' }),
  sentence('AIVDM,1,1,,A,13aGrVHP000J8VDN?5B@0?wR06bL,0', undefined, '!'),
  sentence('AIVDM,2,1,6,A,55R3Vn82=ILTQ3KKS>1<D60Dq@E918U<F222221J1,0', { g: '1-2-7', s: 'rx' }, '!'),
  sentence('AIVDM,2,2,6,A,888888888888880,2', { g: '2-2-7' }, '!'),
]

/** What a line may be refused with, and all that is. */
const refusals = ['BAD_CONTENT', 'CHECKSUM_MISMATCH']

/** The codes of what is refused, and how many sentences of what was written go up. */
async function outcomes(bytes: Buffer) {
  const to = memoryHub()
  const codes: string[] = []
  const pipe = nmea(to, { deviceId: 'rx', batch: { maxCount: 1, lingerMs: 0 } })
  const device = embed(pipe, { onDeadLetter: ({ error }) => codes.push(error.code) })
  device.write(bytes)
  device.end()
  await device.ended()
  assert.equal(device.pending().length, 0, 'nothing is answered')
  return { codes, bodies: to.accepted.map(({ message }) => JSON.parse(message.body.toString())) }
}

test('whatever is written, it is a message or refused with a code, and the sentence behind it goes up', async () => {
  const garbage = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))
  await fc.assert(
    fc.asyncProperty(garbage, async (bytes) => {
      const { codes, bodies } = await outcomes(Buffer.concat([bytes, Buffer.from('\n'), heading(7)]))
      assert.deepEqual(
        codes.filter((code) => !refusals.includes(code)),
        [],
      )
      assert.equal(bodies.at(-1).heading_true_deg, 7)
    }),
  )
})

test('sentences with any bytes changed, lost or doubled are messages or refused with a code, and the one behind them goes up', async () => {
  const change = fc.record({
    at: fc.nat(),
    lost: fc.integer({ min: 0, max: 3 }),
    put: fc.uint8Array({ maxLength: 3 }),
  })
  const changed = fc
    .tuple(fc.array(fc.constantFrom(...lines), { minLength: 1, maxLength: 6 }), fc.array(change, { maxLength: 4 }))
    .map(([chosen, changes]) =>
      changes.reduce((bytes, { at, lost, put }) => {
        const place = at % bytes.length
        return Buffer.concat([bytes.subarray(0, place), put, bytes.subarray(place + lost), Buffer.from('\n')])
      }, Buffer.concat(chosen)),
    )
  await fc.assert(
    fc.asyncProperty(changed, async (bytes) => {
      const { codes, bodies } = await outcomes(Buffer.concat([bytes, heading(7)]))
      assert.deepEqual(
        codes.filter((code) => !refusals.includes(code)),
        [],
      )
      assert.equal(bodies.at(-1).heading_true_deg, 7)
    }),
  )
})
