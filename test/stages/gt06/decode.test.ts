import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { decodeGt06, encodeGt06, layoutOf } from '../../../src/stages/gt06/decode.ts'
import type { Gt06Message } from '../../../src/stages/gt06/messages.ts'
import { toWire } from '../../../src/stages/gt06/wire.ts'
import { assertContains } from '../../pipelines/vector-runs.ts'
import { vectorsOf } from '../vectors.ts'

/** A frame of a type with this content. */
const frame = (type: number, content: string, start: '7878' | '7979' = '7878') =>
  toWire({ start, type, content: Buffer.from(content.replaceAll(' ', ''), 'hex'), serial: 7 })

const decoded = (type: number, content: string) => {
  const { start, protocol_number, serial, crc_itu, ...body } = decodeGt06(frame(type, content))
  assert.deepEqual([start, serial], ['7878', 7])
  assert.equal(protocol_number, `0x${type.toString(16).padStart(2, '0')}`)
  assert.match(crc_itu as string, /^[0-9a-f]{4}$/)
  return body
}

const place = '1a 0b 19 14 1e 00 c9 02000000 0c000000 37'
const cell = '01cc 00 287d 001f71'

describe('what GT06 frames mean', () => {
  test('north and east are positive, south and west negative, by the bits of the course', () => {
    const degrees = (course: string) => {
      const { latitude_deg, longitude_deg, course_deg } = decoded(0x10, place + course) as Gt06Message & {
        kind: 'location'
      }
      return [latitude_deg, longitude_deg, course_deg]
    }
    assert.deepEqual(degrees('1400'), [18.6413511, 111.8481067, 0])
    assert.deepEqual(degrees('1c5a'), [18.6413511, -111.8481067, 90])
    assert.deepEqual(degrees('1167'), [-18.6413511, 111.8481067, 359])
    assert.deepEqual(degrees('1800'), [-18.6413511, -111.8481067, 0])
  })

  test('a position of zero has no minus sign', () => {
    const body = decoded(0x10, '000000000000 c0 00000000 00000000 00 0800') as Gt06Message & { kind: 'location' }
    assert.ok(Object.is(body.latitude_deg, 0) && Object.is(body.longitude_deg, 0))
  })

  test('a clock that is not set is told as it was sent: the frame is not lost for that', () => {
    const body = decoded(0x16, `000000000000 c0 00000000 00000000 00 1400 09 ${cell} 40 04 04 00 02`)
    assertContains(body, { kind: 'alarm', device_time: '2000-00-00T00:00:00' })
  })

  test('a time is UTC in the types whose document says so', () => {
    const basis = (type: number, rest: string) =>
      (decoded(type, `${place}1400${rest}`) as { time_basis?: string }).time_basis
    assert.equal(basis(0x10, ''), 'device clock')
    assert.equal(basis(0x12, cell), 'device clock')
    assert.equal(basis(0x22, `${cell} 01 00 00`), 'utc')
    assert.equal(basis(0xa0, '01cc 00 0000287d 0000000000001f71 01 00 00'), 'utc')
    const status = `09 ${cell} 40 04 04 00 02`
    assert.deepEqual([basis(0x16, status), basis(0x26, status), basis(0x27, status)], ['device clock', 'utc', 'utc'])
  })

  test('a location whose cell or state is missing is a location with less', () => {
    assertContains(decoded(0x12, `${place}1400 01cc`), { kind: 'location', extra_hex: '01cc' })
    assertContains(decoded(0x22, `${place}1400 ${cell} 01`), { kind: 'location', cell: { mcc: 460 }, extra_hex: '01' })
    assert.equal((decoded(0x22, `${place}1400 ${cell} 01`) as { acc_on?: boolean }).acc_on, undefined)
  })

  test('a 4G cell has two bytes of network code where the highest bit of the country says so', () => {
    const at = `${place}1400`
    assertContains(decoded(0xa0, `${at} 82d4 0102 00009129 0000000007186b8f 01 03 01`), {
      cell: { mcc: 724, mnc: 258, lac: 37161, cell_id: 119040911 },
      acc_on: true,
      upload_mode: 3,
      reupload: 1,
    })
    const far = decoded(0xa0, `${at} 02d4 02 00009129 ffffffffffffffff 00 03 01`) as { cell?: { cell_id: unknown } }
    assert.equal(far.cell?.cell_id, 2n ** 64n - 1n)
  })

  test('an alarm without a cell is one', () => {
    assertContains(decoded(0x16, `${place}1400 00 46 06 04 19 01 abcd`), {
      kind: 'alarm',
      lbs_length: 0,
      terminal_info: { raw_hex: '46', gps_on: true, charging: true, acc_on: true, armed: false },
      alarm: 25,
      extra_hex: 'abcd',
    })
  })

  test('the zone of a login is hours and minutes east of Greenwich, or west of it', () => {
    const offset = (zone: string) =>
      (decoded(0x01, `0123456789012345 2020 ${zone}`) as { utc_offset_minutes?: number }).utc_offset_minutes
    assert.deepEqual(['3201', '2122', '1f4a', '0001', '0008'].map(offset), [480, 330, -300, 0, 0])
  })

  test('eight bytes that are no IMEI with a 0 before it are kept as they are', () => {
    const imei = (digits: string) => (decoded(0x01, digits) as { imei?: string }).imei
    assert.equal(imei('0012345678901234'), '012345678901234')
    assert.equal(imei('8612345678901234'), '8612345678901234')
    assert.equal(imei('0a1b2c3d4e5f6071'), 'a1b2c3d4e5f6071')
  })

  test('heartbeats of another layout keep their state and all of their content', () => {
    assertContains(decoded(0x13, '46 06 04'), {
      kind: 'heartbeat',
      content_hex: '460604',
      terminal_info: { acc_on: true },
    })
    assertContains(decoded(0x23, '46'), { kind: 'heartbeat', content_hex: '46' })
    assertContains(decoded(0x23, '46 019a 04 0002'), { battery_v: 4.1, gsm_signal_level: 4, extra_hex: '0002' })
  })

  test('a reply is text in one byte a character, or in two where it says so', () => {
    assertContains(decoded(0x15, '06 00000001 4f4b 0002'), { server_flag: 1, text: 'OK', language: 2 })
    assertContains(decoded(0x15, '06 00000001 4f4b'), { server_flag: 1, text: 'OK', language: null })
    assertContains(decoded(0x21, '00000001 01 4f4b'), { server_flag: 1, text: 'OK', encoding: 1 })
    assertContains(decoded(0x21, '00000001 02 6210529f'), { text: '成功', encoding: 2 })
    assertContains(decoded(0x21, '00000001 02 6210 52'), { text: '成', extra_hex: '52' })
  })

  test('what is too short for its type, or of no known one, is kept as it is', () => {
    const other = (type: number, content: string) => {
      assert.deepEqual(decoded(type, content), { kind: 'other', content_hex: content })
    }
    other(0x12, '')
    other(0x12, '0b081d112e10cf')
    other(0x01, '01234567')
    other(0x13, '')
    other(0x16, `${'00'.repeat(18)}05`)
    other(0x28, '10010d020202')
    other(0x15, '0300000000')
    other(0x15, 'ff0000000041')
    other(0x21, '00000000')
    other(0x94, '')
    other(0x8a, '00')
    other(0xa2, '180b0f')
  })

  test('a time answer is what servers send', () => {
    assert.deepEqual(decoded(0x8a, '0f0c1d000015'), { kind: 'time_answer', time: '2015-12-29T00:00:21' })
  })

  test('a frame without room for type and serial is damaged', () => {
    for (const each of ['787803', '78780401020304', '7979000401020304']) {
      assert.throws(() => decodeGt06(Buffer.from(each, 'hex')), { code: 'FRAME_DAMAGED', message: /no room/ })
    }
  })
})

describe('GT06 frames that are made', () => {
  test('any content of any type decodes, and comes back as it was', () => {
    const content = fc.uint8Array({ maxLength: 60 })
    const types = [0x01, 0x10, 0x12, 0x13, 0x15, 0x16, 0x21, 0x22, 0x23, 0x26, 0x27, 0x28, 0x80, 0x8a, 0x94, 0xa0]
    const type = fc.oneof(fc.constantFrom(...types), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(type, content, fc.boolean(), fc.integer({ min: 0, max: 0xffff }), (type, bytes, long, serial) => {
        const wire = toWire({ start: long ? '7979' : '7878', type, content: Buffer.from(bytes), serial })
        const message = decodeGt06(wire)
        const again = encodeGt06(message)
        assert.deepEqual(decodeGt06(again), { ...message, crc_itu: decodeGt06(again).crc_itu })
        // What has one way to be written comes back byte for byte.
        if (!['heartbeat', 'location', 'login', 'command_response'].includes(message.kind))
          assert.deepEqual(again, wire)
      }),
      { numRuns: 2000 },
    )
  })

  test('what a message says is what its frame is decoded to', () => {
    const message: Gt06Message = {
      kind: 'location',
      start: '7878',
      protocol_number: '0x22',
      serial: 9,
      device_time: '2026-11-25T20:30:00',
      satellites: 9,
      latitude_deg: -33.8567844,
      longitude_deg: -151.2152967,
      speed_kmh: 61,
      course_deg: 270,
      fix: true,
      differential: false,
      cell: { mcc: 505, mnc: 1, lac: 12, cell_id: 34 },
      acc_on: true,
      upload_mode: 0,
      reupload: 0,
    }
    assertContains(decodeGt06(encodeGt06(message)), { ...message, course_status_hex: '190e' })
  })

  test('content that a length cannot count is refused', () => {
    const other = (start: '7878' | '7979', bytes: number): Gt06Message => ({
      kind: 'other',
      start,
      protocol_number: '0x99',
      serial: 1,
      content_hex: '00'.repeat(bytes),
    })
    assert.equal(encodeGt06(other('7878', 250)).length, 258)
    assert.throws(() => encodeGt06(other('7878', 251)), {
      code: 'MESSAGE_TOO_LARGE',
      message: /holds 250 bytes, not 251/,
    })
    assert.throws(() => encodeGt06(other('7979', 65_531)), { code: 'MESSAGE_TOO_LARGE' })
  })

  test('a message that its type cannot say is refused', () => {
    const message = { kind: 'alarm', start: '7878', protocol_number: '0x12', serial: 1 } as Gt06Message
    assert.throws(() => encodeGt06(message), { code: 'BAD_CONTENT' })
  })

  test('random and mutated frames give a message or a coded error', () => {
    const wire = frame(0x16, `${place}1400 09 ${cell} 40 04 04 00 02`)
    const mutated = fc.tuple(fc.nat(wire.length - 1), fc.nat(255), fc.nat(wire.length)).map(([at, byte, end]) => {
      const copy = Buffer.from(wire)
      copy[at] = byte
      return copy.subarray(0, end)
    })
    fc.assert(
      fc.property(
        fc.oneof(
          mutated,
          fc.uint8Array({ maxLength: 80 }).map((each) => Buffer.from(each)),
        ),
        (bytes) => {
          try {
            assert.equal(typeof decodeGt06(bytes).kind, 'string')
          } catch (thrown) {
            assert.ok(thrown instanceof GatewayError && thrown.code === 'FRAME_DAMAGED')
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('every layout tells where its bytes lie', () => {
    const content = Buffer.from(`${place}1400 09 ${cell} 40 04 04 00 02`.replaceAll(' ', ''), 'hex')
    const fields = layoutOf(0x16, content)?.annotate(content) ?? []
    assert.equal(fields.at(-2)?.path, 'language')
    assert.equal(
      Buffer.concat(fields.filter(({ path }) => !/gps|course|terminal/.test(path)).map(({ bytes }) => bytes)).length,
      28,
    )
  })
})

const vectors = vectorsOf('gt06')?.filter(({ expected }) => !['error', 'stream'].includes(expected.kind))
if (vectors !== undefined) {
  test(`${vectors.length} frames of real trackers mean what is expected, and are made of that again`, () => {
    let same = 0
    for (const { name, hex, expected } of vectors) {
      const wire = Buffer.from(hex, 'hex').subarray(0, -2)
      assertContains(decodeGt06(wire), expected, name)
      assert.deepEqual(Object.keys(decodeGt06(wire)).sort(), Object.keys(expected).sort(), name)
      const again = encodeGt06(expected as unknown as Gt06Message)
      if (again.equals(wire)) same++
      // Of the ACC byte it is only known whether it is 0; two of them are 03 and F3.
      else assertContains({ ...decodeGt06(again), crc_itu: expected.crc_itu }, expected, name)
    }
    assert.ok(same >= vectors.length - 2, `${same} byte for byte`)
    assert.ok(vectors.length >= 60, `${vectors.length} vectors`)
  })
}
