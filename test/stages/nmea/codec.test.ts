import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type NmeaOptions, nmea } from '../../../src/pipelines/nmea.ts'
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

/** What is refused, with its code, and the bodies of what goes up. */
async function outcomes(bytes: Buffer, options: Partial<NmeaOptions> = {}) {
  const to = memoryHub()
  const codes: string[] = []
  const refused: string[] = []
  const pipe = nmea(to, { deviceId: 'rx', batch: { maxCount: 1, lingerMs: 0 }, ...options })
  const device = embed(pipe, {
    onDeadLetter: ({ error, item }) => {
      codes.push(error.code)
      refused.push(String(item))
    },
  })
  device.write(bytes)
  device.end()
  await device.ended()
  assert.equal(device.pending().length, 0, 'nothing is answered')
  return { codes, refused, bodies: to.accepted.map(({ message }) => JSON.parse(message.body.toString())) }
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

test('a text may have the beginning of a sentence in it, as a right checksum over all of it shows', async () => {
  const text = 'heard !AIVDM,1,1,,A,x,0 today'
  for (const tags of [undefined, { s: 'r1' }]) {
    const { refused, bodies } = await outcomes(sentence(`GPTXT,01,01,02,${text}`, tags))
    assert.deepEqual([refused, bodies[0]?.fields.slice(3).join(',')], [[], text])
  }
})

test('without a checksum a sentence that another one begins in was cut short, though it may be read as one', async () => {
  const glued = Buffer.from('$GPHDT,1!AIVDM,1,1,,A,13aGrVHP000J8VDN?5B@0?wR06bL,0\r\n')
  const { refused, bodies } = await outcomes(glued, { requireChecksum: false })
  assert.deepEqual([refused, bodies.map(({ mmsi }) => mmsi)], [['$GPHDT,1'], ['244710041']])
})

test('fill bits of a part that is not the last would shift all behind them: that part is refused', async () => {
  const part = (number: number, fill: number) =>
    sentence(`AIVDM,2,${number},3,A,55R3Vn82=ILTQ3KKS>1<D60Dq@E918U<F222221J1,${fill}`, undefined, '!')
  const { codes, bodies } = await outcomes(Buffer.concat([part(1, 2), part(2, 2), heading(1)]))
  assert.deepEqual([codes, bodies.map(({ type }) => type)], [['BAD_CONTENT', 'BAD_CONTENT'], ['HDT']])
})
