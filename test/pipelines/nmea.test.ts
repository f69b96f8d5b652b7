import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { type NmeaOptions, nmea } from '../../src/pipelines/nmea.ts'
import { AisWriter } from '../../src/stages/nmea/ais-bits.ts'
import { embed, type MemoryHub, memoryHub } from '../../src/testing.ts'
import { heading, sentence } from '../stages/nmea/sentences.ts'

const atOnce = { maxCount: 1, lingerMs: 0 }

function receiver(to: MemoryHub, options: Partial<NmeaOptions> = {}) {
  return embed(nmea(to, { deviceId: 'rx', batch: atOnce, ...options }))
}

/** The message that one line becomes. */
async function message(line: Buffer, options: Partial<NmeaOptions> = {}) {
  const to = memoryHub()
  const device = receiver(to, options)
  device.write(line)
  await to.until(() => to.accepted.length === 1)
  device.ring.destroy()
  const accepted = to.accepted[0] as (typeof to.accepted)[number]
  return { ...accepted, body: JSON.parse(accepted.message.body.toString()) }
}

test('a sentence is a message with its fields, its type, and when it was taken', async () => {
  const {
    deviceId,
    body,
    message: sent,
  } = await message(sentence('GPRMC,213950.00,A,5250.5,N,00542.3,W,2.0,10,070420,,,A'))
  assert.equal(deviceId, 'rx')
  assert.deepEqual(body, {
    kind: 'sentence',
    talker: 'GP',
    type: 'RMC',
    time_utc: '21:39:50.00',
    valid: true,
    status: 'A',
    latitude_deg: 52.8416667,
    longitude_deg: -5.705,
    speed_kn: 2,
    course_deg: 10,
    date: '2020-04-07',
    magnetic_variation_deg: null,
  })
  assert.deepEqual(sent.properties, { protocol: 'nmea', type: 'rmc' })
  assert.equal(sent.creationTimeUtc, '2020-04-07T21:39:50.000Z')
  assert.match(sent.messageId ?? '', /^1586295590000-/)
})

test('a date that no year has is no time of a message, nor are parts of one', async () => {
  for (const content of [
    'GPRMC,120000,A,,,,,,,310220,,',
    'GPRMC,120000,A,,,,,,,,,',
    'GPZDA,120000,31,04,2020,,',
    'GPZDA,120000,,04,2020,,',
    'GPZDA,120000,30,02,2020,,',
    'GPZDA,120000,01,01,0000,,',
    'GPZDA,120000,01,01,10000,,',
    'GPZDA,120000,01,01,-2020,,',
    'GPZDA,120000,-1,01,2020,,',
    'GPZDA,235960,31,12,2016,,',
  ]) {
    const { creationTimeUtc, messageId } = (await message(sentence(content))).message
    assert.deepEqual([creationTimeUtc, messageId], [undefined, undefined], content)
  }
  for (const [content, time] of [
    ['GPZDA,235959.5,29,02,2020,,', '2020-02-29T23:59:59.500Z'],
    ['GPZDA,235959.,1,2,2020,,', '2020-02-01T23:59:59.000Z'],
    ['GPRMC,010203.9999,A,,,,,,,290220,,', '2020-02-29T01:02:03.999Z'],
  ] as const) {
    assert.equal((await message(sentence(content))).message.creationTimeUtc, time)
  }
})

test('the time of a tag block comes first, in seconds or milliseconds', async () => {
  for (const c of ['1700000000', '1700000000000']) {
    const { body, message: sent } = await message(sentence('GPHDT,1,T', { s: 'r1', c }))
    assert.equal(sent.creationTimeUtc, '2023-11-14T22:13:20.000Z')
    assert.deepEqual(body.tag_block, { s: 'r1', c })
  }
})

test('the envelope is shown where it is asked for', async () => {
  assert.equal((await message(heading(1), { envelope: true })).body.checksum, '2A')
  assert.equal((await message(heading(1))).body.checksum, undefined)
})

test('types that are not asked for are passed over, and are no error', async () => {
  const to = memoryHub()
  const device = receiver(to, { types: ['HDT'] })
  device.write(Buffer.concat([sentence('GPZDA,,,,,,'), heading(1)]))
  await to.until(() => to.accepted.length === 1)
  assert.deepEqual([...device.ring.connection.meter.stage('nmea', 'up').errors], [])
  device.ring.destroy()
})

test('a text may have the character ! in it: no other sentence begins there', async () => {
  assert.deepEqual((await message(sentence('GPTXT,01,01,02,hello! world'))).body.fields.at(-1), 'hello! world')
  assert.deepEqual((await message(sentence('GPTXT,01', { t: 'hello!' }))).body.tag_block, { t: 'hello!' })
})

test('a line of nothing but the marks of tag blocks is refused, and the next one is not', async () => {
  const marks = Buffer.from(`${'\\'.repeat(2 ** 17)}x${heading(1)}`)
  assert.equal((await message(Buffer.concat([marks, heading(2)]), { maxLength: 2 ** 18 })).body.heading_true_deg, 2)
})

test('sentences without a checksum are refused unless they are allowed', async () => {
  const bare = Buffer.from('$GPHDT,7,T\r\n')
  assert.equal((await message(bare, { requireChecksum: false })).body.heading_true_deg, 7)
  const to = memoryHub()
  const device = receiver(to)
  device.write(Buffer.concat([bare, heading(1)]))
  await to.until(() => to.accepted.length === 1)
  assert.deepEqual([...device.ring.connection.meter.stage('nmea', 'up').errors], [['BAD_CONTENT', 1]])
  device.ring.destroy()
})

test('the option deviceId may look at the peer or the tag block; until it gives a name sentences are dropped', async () => {
  const to = memoryHub()
  const device = receiver(to, { deviceId: ({ tags }) => tags?.s })
  device.write(Buffer.concat([heading(1), sentence('GPHDT,2,T', { s: 'station-7' }), heading(3)]))
  await to.until(() => to.accepted.length === 2)
  assert.deepEqual(
    to.accepted.map(({ deviceId }) => deviceId),
    ['station-7', 'station-7'],
  )
  assert.deepEqual([...device.ring.connection.meter.stage('authenticate', 'up').errors], [['NOT_IDENTIFIED', 1]])
  device.ring.destroy()
})

test('an id that the hub does not take ends the connection', async () => {
  const device = receiver(memoryHub(), { deviceId: () => 'no id' })
  device.write(heading(1))
  await device.ended()
  assert.equal(device.ring.failure?.code, 'BAD_HELLO')
})

test('a function that throws costs its sentence only, and its words are kept out of the error', async () => {
  const to = memoryHub()
  let asked = 0
  const device = receiver(to, {
    deviceId: () => {
      if (++asked === 1) throw new Error('secret')
      return 'rx'
    },
  })
  device.write(Buffer.concat([heading(1), heading(2)]))
  await to.until(() => to.accepted.length === 1)
  assert.deepEqual([...device.ring.connection.meter.stage('nmea', 'up').errors], [['BAD_CONTENT', 1]])
  device.ring.destroy()
})

test('nothing is written to a receiver, whatever becomes of its sentences, and each refusal is counted', async () => {
  const to = memoryHub()
  to.fail(new GatewayError('HUB_REJECTED', 'never'), new GatewayError('HUB_UNAVAILABLE', 'later'))
  const device = receiver(to)
  device.write(heading(1))
  device.write(heading(2))
  device.write(heading(3))
  device.end()
  await device.ended()
  assert.equal(device.pending().length, 0)
  assert.equal(to.accepted.length, 1)
  assert.deepEqual(device.ring.connection.meter.receipts.get('telemetry'), { complete: 1, abandon: 1, reject: 1 })
})

test('a command is rejected at the hub: the protocol has none', async () => {
  const to = memoryHub()
  const device = receiver(to)
  device.write(heading(1))
  await to.until(() => to.sessions.size === 1)
  to.queueCommand('rx', 'turn round')
  await to.until(() => to.settled.length === 1)
  assert.equal(to.settled[0]?.outcome, 'reject')
  assert.equal(device.pending().length, 0)
  device.ring.destroy()
})

test('parts whose others never came are refused with their lines: in time, and at the end', async () => {
  let now = 0
  const to = memoryHub()
  const letters: unknown[] = []
  const plant = nmea(to, { deviceId: 'rx', batch: atOnce, clock: () => now })
  const device = embed(plant, { onDeadLetter: ({ item }) => letters.push(String(item)) })
  const part = (id: number) => sentence(`AIVDM,2,1,${id},A,55R3Vn82=ILTQ3KKS>1<D60Dq@E918U<F222221J1,0`, undefined, '!')
  device.write(Buffer.concat([part(1), heading(1)]))
  await to.until(() => to.accepted.length === 1)
  now = 59_999
  device.write(heading(2))
  await to.until(() => to.accepted.length === 2)
  assert.deepEqual(letters, [])
  now = 60_000
  device.write(Buffer.concat([heading(3), part(2)]))
  await to.until(() => to.accepted.length === 3)
  assert.deepEqual(letters, [String(part(1))])
  device.end()
  await device.ended()
  assert.deepEqual(letters, [String(part(1)), String(part(2))])
})

test('a group of tag blocks names its source and time once: the message is joined, has them, and says who the device is', async () => {
  const payload = new AisWriter().number(5, 6).number(0, 2).number(247_000_001, 30).number(0, 386).armoured.payload
  const part = (number: number, tags: Record<string, string>) =>
    sentence(`BSVDM,2,${number},6,A,${number === 1 ? payload.slice(0, 40) : payload.slice(40)},0`, tags, '!')
  const parts = [part(1, { g: '1-2-8055', s: 'rx-9', c: '1567685556' }), part(2, { g: '2-2-8055' })]
  for (const ordered of [parts, parts.toReversed()]) {
    const { deviceId, body, message: sent } = await message(Buffer.concat(ordered), { deviceId: ({ tags }) => tags?.s })
    assert.deepEqual([deviceId, body.mmsi, body.fragments], ['rx-9', '247000001', 2])
    assert.deepEqual(body.tag_blocks, [{ g: '1-2-8055', s: 'rx-9', c: '1567685556' }, { g: '2-2-8055' }])
    assert.equal(sent.creationTimeUtc, '2019-09-05T12:12:36.000Z')
    assert.match(sent.messageId ?? '', /^1567685556000-/)
  }
})

test('options that cannot work are named', () => {
  const to = memoryHub()
  const wrong: [Partial<NmeaOptions>, RegExp][] = [
    [{ deviceId: 'no id' }, /deviceId must be a function, or 1 to 128/],
    [{ types: ['rmc'] }, /types must be such as RMC or VDM.*'rmc'/],
    [{ partsTimeoutMs: 0 }, /partsTimeoutMs must be an integer from 1, not 0/],
    [{ maxLength: 0 }, /maxLength must be a positive integer, not 0/],
  ]
  for (const [options, message] of wrong) {
    assert.throws(() => nmea(to, { deviceId: 'rx', ...options }), { code: 'CONFIGURATION', message })
  }
})
