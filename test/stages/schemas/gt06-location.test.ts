import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gt06Location } from '../../../src/stages/schemas/gt06-location.ts'
import { seeded } from '../../../src/testing.ts'
import { vectorsOf } from '../vectors.ts'

/** Vendor's example: type, content, serial. */
const documented = '120b081d112e10cf027ac7eb0c46584900148f01cc00287d001fb80003'

type Location = ReturnType<typeof gt06Location.decode>

/** What the vectors expect, in their words: signed degrees, one object. */
function inTheirWords({ location, serial }: Location, frame: Buffer): Record<string, unknown> {
  const { value } = location
  const { course } = value
  const round = (degrees: number) => Number(degrees.toFixed(7)) + 0
  return {
    serial,
    device_time: value.device_time,
    gps_info_length: value.gps.info_length,
    satellites: value.gps.satellites,
    latitude_deg: round(course.north ? value.latitude_deg : -value.latitude_deg),
    longitude_deg: round(course.west ? -value.longitude_deg : value.longitude_deg),
    speed_kmh: value.speed_kmh,
    course_deg: course.course_deg,
    fix: course.fix,
    differential: course.differential,
    course_status_hex: frame.toString('hex', 17, 19),
    ...('cell' in value && { cell: cellOf(value.cell) }),
    ...('acc' in value && { acc_on: value.acc !== 0, upload_mode: value.upload_mode, reupload: value.reupload }),
    ...(value.extra.length > 0 && { extra_hex: value.extra.toString('hex') }),
  }
}

function cellOf(cell: Record<string, unknown> & { network?: { mcc: number } }): unknown {
  const { network, ...rest } = cell
  return network === undefined ? rest : { ...rest, mcc: network.mcc }
}

describe('the location schema of GT06', () => {
  test("reads and writes the vendor's example", () => {
    const frame = Buffer.from(documented, 'hex')
    const decoded = gt06Location.decode(frame)
    assert.equal(decoded.location.kind, 'gpsAndCell')
    assert.equal(decoded.location.value.device_time, '2011-08-29T17:46:16')
    assert.equal(decoded.serial, 3)
    assert.deepEqual(gt06Location.encode(decoded), frame)
  })

  test('gives what the vectors expect, and the same bytes back', () => {
    const vectors = vectorsOf('gt06')?.filter(({ variant }) => variant.startsWith('location-'))
    if (vectors === undefined) return
    for (const { name, hex, expected } of vectors) {
      // Start and length before, CRC and end behind.
      const frame = Buffer.from(hex, 'hex').subarray(3, -4)
      const decoded = gt06Location.decode(frame)
      const { start, protocol_number, crc_itu, kind, time_basis, ...said } = expected
      assert.deepEqual([start, kind], ['7878', 'location'])
      assert.ok(protocol_number !== undefined && crc_itu !== undefined && time_basis !== undefined)
      assert.deepEqual(inTheirWords(decoded, frame), said, name)
      assert.deepEqual(gt06Location.encode(decoded), frame, name)
    }
    assert.ok(vectors.length >= 10, `${vectors.length} vectors`)
  })

  test('makes up locations of all four kinds that come back', () => {
    const random = seeded(1)
    const kinds = new Set<string>()
    for (let count = 0; count < 200; count++) {
      const value = gt06Location.sample(random)
      kinds.add(value.location.kind)
      assert.deepEqual(gt06Location.decode(gt06Location.encode(value)), value)
    }
    assert.equal(kinds.size, 4)
  })

  test('refuses a type that is no location', () => {
    assert.throws(() => gt06Location.decode(Buffer.from('130003', 'hex')), {
      code: 'BAD_CONTENT',
      message: /location.tag must be one of 16, 18, 34, 160, not 19/,
    })
  })
})
