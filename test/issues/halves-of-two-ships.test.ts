import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nmea } from '../../src/pipelines/nmea.ts'
import { AisWriter } from '../../src/stages/nmea/ais-bits.ts'
import { embed, memoryHub } from '../../src/testing.ts'
import { sentence } from '../stages/nmea/sentences.ts'

/** Parts were joined in whatever order they came: the beginning of one ship's message with the end of another's, the lost parts between. */

/** The two sentences of a ship's name and voyage. */
function voyage(mmsi: number, sequence: number): readonly [Buffer, Buffer] {
  const writer = new AisWriter().number(5, 6).number(0, 2).number(mmsi, 30).number(0, 74).text(`SHIP ${mmsi}`, 120)
  const { payload, fillBits } = writer.number(0, 70).text(`PORT ${mmsi}`, 120).number(0, 2).armoured
  const part = (number: number, text: string, fill: number) =>
    sentence(`AIVDM,2,${number},${sequence},A,${text},${fill}`, undefined, '!')
  return [part(1, payload.slice(0, 56), 0), part(2, payload.slice(56), fillBits)]
}

test('a lost part never joins halves of the messages of two ships, and the next message is whole', async () => {
  const to = memoryHub()
  const refused: string[] = []
  const device = embed(nmea(to, { deviceId: 'rx', batch: { maxCount: 1, lingerMs: 0 } }), {
    onDeadLetter: ({ item }) => refused.push(String(item)),
  })
  const [lostEnd, lostBeginning, whole] = [voyage(211_000_001, 3), voyage(211_000_002, 3), voyage(211_000_003, 3)]
  // The end of one and the beginning of the next were lost, then the other way about.
  device.write(Buffer.concat([lostBeginning[1], lostEnd[0], ...whole]))
  await to.until(() => to.accepted.length === 1)
  device.end()
  await device.ended()
  const bodies = to.accepted.map(({ message }) => JSON.parse(message.body.toString()))
  assert.deepEqual(
    bodies.map(({ mmsi, name, destination }) => [mmsi, name, destination]),
    [['211000003', 'SHIP 211000003', 'PORT 211000003']],
  )
  assert.deepEqual(refused, [String(lostBeginning[1]), String(lostEnd[0])])
})
