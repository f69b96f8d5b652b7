import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeBody, encodeBody } from '../../../src/stages/jt808/bodies.ts'
import { hex, thrownBy } from '../refusals.ts'
import { someLocation } from './terminal.ts'

const digits = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((each) => Buffer.from(each).toString('hex'))
const anyDigits = fc.uint8Array({ maxLength: 40 }).map((each) => Buffer.from(each).toString('hex'))
const u8 = fc.integer({ min: 0, max: 255 })
const u16 = fc.integer({ min: 0, max: 0xffff })
const name = (size: number) => fc.stringMatching(/^[\x21-\x7e]*$/).map((text) => text.slice(0, size))
const gbk = fc.array(fc.constantFrom('A', '9', '粤', '测', '试', ' ', '~', '}')).map((all) => all.join(''))

const location = fc
  .record({
    alarm_flags: digits(4),
    status_flags: digits(4),
    latitude: fc.integer({ min: 1, max: 90_000_000 }),
    longitude: fc.integer({ min: 1, max: 180_000_000 }),
    altitude_m: u16,
    speed: u16,
    direction_deg: u16,
    time: fc.integer({ min: 946_684_800, max: 4_102_444_799 }),
    extras: fc.array(fc.record({ id: digits(1).map((each) => `0x${each}`), hex: anyDigits })),
  })
  .map(({ latitude, longitude, speed, time, ...others }) => {
    const status = Number.parseInt(others.status_flags, 16)
    const mileage = others.extras.find((extra) => extra.id === '0x01' && extra.hex.length === 8)
    return {
      ...others,
      acc_on: (status & 1) !== 0,
      positioned: (status & 2) !== 0,
      latitude_deg: ((status & 4) !== 0 ? -1 : 1) * (latitude / 1e6),
      longitude_deg: ((status & 8) !== 0 ? -1 : 1) * (longitude / 1e6),
      speed_kmh: speed / 10,
      device_time: new Date(time * 1000).toISOString().slice(0, 19),
      time_utc: `${new Date((time - 8 * 3600) * 1000).toISOString().slice(0, 19)}Z`,
      ...(mileage !== undefined && { mileage_km: Number.parseInt(mileage.hex, 16) / 10 }),
    }
  })

const generalResponse = fc.record({
  reply_serial: u16,
  reply_id: digits(2).map((each) => `0x${each}`),
  result: u8,
})
const registration = (manufacturer: number, model: number, deviceId: number, plate: fc.Arbitrary<string>) => ({
  province: u16,
  city: u16,
  manufacturer: name(manufacturer),
  model: name(model),
  device_id: name(deviceId),
  plate_color: u8,
  plate,
})

const of2011 = fc.record({
  version: fc.constant('2011'),
  ...registration(
    5,
    8,
    7,
    gbk.map((text) => text.slice(0, 5)),
  ),
})
const of2013 = fc.record({ version: fc.constant('2011/2013'), ...registration(5, 20, 7, gbk) })
const of2019 = fc.record({ version: fc.constant('2019'), ...registration(11, 30, 30, gbk) })
const parameters = fc.array(fc.record({ id: digits(4).map((each) => `0x${each}`), hex: anyDigits }), { maxLength: 20 })
const transparent = fc.record({ transparent_type: u8, data_hex: anyDigits })

const kinds: readonly [id: number, version2019: boolean, kind: string, fields: fc.Arbitrary<object>][] = [
  [0x0001, false, 'terminal_general_response', generalResponse],
  [0x0002, false, 'heartbeat', fc.constant({})],
  [0x0003, true, 'logout', fc.constant({})],
  [0x0100, false, 'register', of2011],
  [0x0100, false, 'register', of2013],
  [0x0100, true, 'register', of2019],
  [0x0102, false, 'authenticate', fc.record({ auth_code: gbk })],
  [0x0102, true, 'authenticate', fc.record({ auth_code: gbk, imei: name(15), software_version: name(20) })],
  [0x0200, false, 'location', fc.record({ location })],
  [
    0x0704,
    false,
    'location_batch',
    fc
      .record({ batch_type: u8, locations: fc.array(location, { maxLength: 5 }) })
      .map((all) => ({ ...all, count: all.locations.length })),
  ],
  [0x0900, false, 'transparent', transparent],
  [0x8001, true, 'platform_general_response', generalResponse],
  [
    0x8100,
    false,
    'register_response',
    fc.record({ reply_serial: u16, result: u8, auth_code: gbk.map((t) => `${t}A`) }),
  ],
  [0x8103, false, 'set_parameters', fc.record({ parameters })],
  [0x8105, false, 'terminal_control', fc.record({ command: u8, parameters_text: gbk })],
  [0x8300, false, 'text', fc.record({ flag: u8, text: gbk })],
  [0x8300, true, 'text', fc.record({ flag: u8, text_type: u8, text: gbk })],
  [0x8900, false, 'transparent', transparent],
  [0x0800, false, 'other', fc.record({ body_hex: anyDigits })],
]

describe('bodies of JT/T 808', () => {
  for (const [id, version2019, kind, fields] of kinds) {
    test(`what is encoded decodes to the same fields: ${kind}, 0x${id.toString(16)}, ${version2019 ? '2019' : 'before 2019'}`, () => {
      fc.assert(
        fc.property(fields, (each) => {
          const decoded = decodeBody(id, encodeBody(id, { ...each }, version2019), version2019)
          // fast-check's records have no prototype.
          assert.deepEqual(decoded, { kind, fields: JSON.parse(JSON.stringify(each)) })
        }),
      )
    })
  }

  test('any bytes are decoded, or refused with BAD_CONTENT; those of a platform are never refused', () => {
    const ids = fc.constantFrom(...kinds.map(([id]) => id), 0x0104, 0x0201, 0x0302, 0x0801, 0x1205)
    fc.assert(
      fc.property(ids, fc.boolean(), fc.uint8Array({ maxLength: 120 }), (id, version2019, bytes) => {
        try {
          decodeBody(id, Buffer.from(bytes), version2019)
        } catch (thrown) {
          assert.equal((thrown as { code?: string }).code, 'BAD_CONTENT')
          assert.ok(id < 0x8000)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('a registration before 2019 is of 2013 from 37 bytes on, of 2011 from 25, and none below', () => {
    const versionOf = (length: number) => decodeBody(0x0100, Buffer.alloc(length, 0x41), false).fields.version
    assert.deepEqual([25, 36, 37, 50].map(versionOf), ['2011', '2011', '2011/2013', '2011/2013'])
    assert.equal(thrownBy(() => versionOf(24)).code, 'BAD_CONTENT')
    assert.equal(thrownBy(() => decodeBody(0x0100, Buffer.alloc(75), true)).code, 'BAD_CONTENT')
  })

  test('names keep bytes that are no ASCII, and lose the zeros around them; a plate that is no GBK keeps its bytes', () => {
    const body = hex('002c 012f 3730313131 4142000000000000 00 0940278494 70 01 ff41')
    const { fields } = decodeBody(0x0100, body, false)
    assert.equal(fields.model, 'AB')
    assert.equal(fields.device_id, "\t@'\x84\x94p")
    assert.deepEqual([fields.plate, fields.plate_hex], ['\xffA', 'ff41'])
  })

  test('a code with the header of 2019 that has no length before it is all of the body', () => {
    assert.deepEqual(decodeBody(0x0102, Buffer.from('12345678'), true).fields, { auth_code: '12345678' })
  })

  test('an additional item that claims more than there is leaves the location as it is, and its bytes beside it', () => {
    const body = encodeBody(0x0200, { location: { ...someLocation, rest_hex: 'eb0901' } }, false)
    const { location } = decodeBody(0x0200, body, false).fields as { location: Record<string, unknown> }
    assert.equal(location.rest_hex, 'eb0901')
    assert.equal(location.latitude_deg, someLocation.latitude_deg)
    assert.deepEqual(location.extras, someLocation.extras)
  })

  test('a clock that says no time gives no time in UTC, and loses no digit', () => {
    for (const [device_time, time_utc] of [
      ['2000-00-00T00:00:00', null],
      ['2026-02-30T10:00:00', null],
      ['20ff-ff-ffTff:ff:ff', null],
      ['2026-03-01T07:59:58', '2026-02-28T23:59:58Z'],
    ] as const) {
      const body = encodeBody(0x0200, { location: { ...someLocation, device_time } }, false)
      const { location } = decodeBody(0x0200, body, false).fields as { location: Record<string, unknown> }
      assert.deepEqual([location.device_time, location.time_utc], [device_time, time_utc])
    }
  })

  test('a place on the equator and the meridian has no minus zero', () => {
    const place = { ...someLocation, latitude_deg: 0, longitude_deg: 0 }
    const { fields } = decodeBody(0x0200, encodeBody(0x0200, { location: place }, false), false)
    const { latitude_deg, longitude_deg } = fields.location as typeof someLocation
    assert.ok(Object.is(latitude_deg, 0) && Object.is(longitude_deg, 0))
  })

  test('replies say whom they answer, and what they hold where it is of the form of the standard', () => {
    const decoded = (id: number, digits: string) => decodeBody(id, hex(digits), false).fields
    assert.deepEqual(decoded(0x0104, '0005 01 00000013 02 6869'), {
      body_hex: '00050100000013026869',
      reply_serial: 5,
      parameters: [{ id: '0x00000013', hex: '6869' }],
    })
    assert.deepEqual(decoded(0x0104, '0005 09'), { body_hex: '000509', reply_serial: 5 })
    assert.deepEqual(decoded(0x0302, '0005 07'), { body_hex: '000507', reply_serial: 5, answer_id: 7 })
    assert.deepEqual(decoded(0x0801, '00000007 01'), { body_hex: '0000000701', multimedia_id: 7 })
  })
})
