import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { codec } from '../../src/core/codec.ts'
import { Connection } from '../../src/core/connection.ts'
import type { GatewayError } from '../../src/core/errors.ts'
import { hello, telemetry } from '../../src/core/items.ts'
import type { Frames } from '../../src/core/levels.ts'
import { PipelineMeter } from '../../src/core/meter.ts'
import { type Pipeline, pipeline } from '../../src/core/pipeline.ts'
import { memoryHub } from '../../src/hub/memory.ts'
import type { Hub } from '../../src/hub/port.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import type { Check } from '../../src/stages/check.ts'
import { type CheckKind, checkOf } from '../../src/stages/check-kinds.ts'
import { type Checksum, type ChecksumOptions, checksum } from '../../src/stages/checksum.ts'
import { crc } from '../../src/stages/crc.ts'
import { hub } from '../../src/stages/hub.ts'
import { lengthField } from '../../src/stages/length-field.ts'
import { embed } from '../../src/testing/embed.ts'
import { countTouched } from './touched.ts'
import { vectorsOf } from './vectors.ts'

/** Hexadecimal, or text that begins with `$` or `!`. */
const bytes = (wire: string) => (/^[$!]/.test(wire) ? Buffer.from(wire) : Buffer.from(wire.replaceAll(' ', ''), 'hex'))
const littleEndian = { byteOrder: 'little-endian' } as const
const kinds: readonly CheckKind[] = [
  ...(['CRC-8', 'CRC-16/ARC', 'CRC-16/MODBUS', 'CRC-16/X-25', 'CRC-16/CCITT-FALSE', 'CRC-16/XMODEM'] as const),
  ...(['CRC-16/KERMIT', 'CRC-16/DNP', 'CRC-32', 'CRC-32C', 'XOR', 'sum8', 'sum16', 'LRC'] as const),
]

const nmea = '$GNGGA,203415.000,6325.6138,N,01021.4290,E,1,8,2.42,72.5,M,41.5,M,,'

/** Those of the doc comment, some more, and frames of real devices: options, wire, frame up, frame down where that is another. */
const drawings: [kind: CheckKind | Check, options: ChecksumOptions, wire: string, up: string, down?: string][] = [
  ['CRC-16/ARC', {}, 'a1a2a3 fb68', 'a1a2a3'],
  ['CRC-16/MODBUS', littleEndian, '01040204b6 3a46', '01040204b6'],
  ['CRC-16/MODBUS', {}, '01040204b6 463a', '01040204b6'],
  ['sum8', { encoding: 'hex' }, '61622a 4544', '61622a'],
  ['NMEA', {}, '$GPRTE,1*49', '$GPRTE,1'],
  ['CRC-16/X-25', { over: { from: 2 } }, '787805010001 d9dc', '787805010001'],
  [{ ...checkOf('CRC-16/ARC'), size: 4 }, {}, 'a1a2a3 0000fb68', 'a1a2a3'],
  ['XOR', { strip: false }, 'a1a203', 'a1a203', 'a1a200'],
  ['XOR', { at: -2, over: { from: 1 } }, '02a1a203ff', '02a1a203ff', '02a1a200ff'],
  ['XOR', { at: 0 }, '03a1a2', '03a1a2', '00a1a2'],
  ['XOR', { at: 1, over: { from: 2 } }, 'ff03a1a2', 'ff03a1a2', 'ff00a1a2'],
  ['XOR', { at: 1, over: { from: -2 } }, 'ff03eea1a2', 'ff03eea1a2', 'ff00eea1a2'],
  ['XOR', { at: 1 }, 'a1a1a2', 'a1a1a2', 'a100a2'],
  ['XOR', { over: { from: 1, to: -2 } }, 'ff a1a2 ff 03', 'ffa1a2ff'],
  ['XOR', { over: { to: 2 } }, 'a1a2 ff 03', 'a1a2ff'],
  ['CRC-32', { ...littleEndian, at: -6 }, '313233343536373839 2639f4cb 0d0a', '3132333435363738392639f4cb0d0a'],
  ['CRC-32', { encoding: 'hex' }, '313233343536373839 4342463433393236', '313233343536373839'],
  // Teltonika: 16 bits in four bytes, over the data behind the length.
  [
    { ...checkOf('CRC-16/ARC'), size: 4 },
    { over: { from: 8 } },
    '00000000 00000009 313233343536373839 0000bb3d',
    '0000000000000009313233343536373839',
  ],
  ['CRC-16/XMODEM', {}, '0000', ''],
  ['NMEA', { strip: false }, '$GPRTE,1*49', '$GPRTE,1*49', '$GPRTE,1*00'],
  ['NMEA', {}, '$GNGGA,203415.000,6325.6138,N,01021.4290,E,1,8,2.42,72.5,M,41.5,M,,*7C', nmea],
]

/** What the up half gives for each frame: a frame or its error, and what the error is about. */
function up(stage: Checksum, ...frames: Buffer[]): (Buffer | [GatewayError, unknown])[] {
  const told: (Buffer | [GatewayError, unknown])[] = []
  const half = stage.open(new Connection({ id: 'c', pipeline: 'p' })).up
  assert.ok(typeof half === 'function')
  const out = {
    emit: (frame: Buffer) => told.push(frame),
    reply: assert.ifError,
    fail: (error: GatewayError, item: unknown) => told.push([error, item]),
  }
  for (const each of frames) half(each, out)
  return told
}

function down(stage: Checksum, frame: Buffer): Buffer {
  const sent: Buffer[] = []
  const half = stage.open(new Connection({ id: 'c', pipeline: 'p' })).down
  assert.ok(typeof half === 'function')
  half(frame, { emit: (each) => sent.push(each), reply: assert.ifError, fail: assert.ifError })
  return Buffer.concat(sent)
}

/** The code of what is wrong with a frame, or undefined. */
function codeOf(stage: Checksum, frame: Buffer): string | undefined {
  return stage.verify(frame)?.code
}

const small = (maxLength: number) =>
  fc.array(fc.constantFrom(0, 1, 0x2a, 0x80, 0xff), { maxLength }).map((list) => Buffer.from(list))

describe('checksum', () => {
  test('what the doc comment draws is what happens, both ways', () => {
    for (const [kind, options, wire, upward, downward = upward] of drawings) {
      const stage = checksum(kind, options)
      const what = `${JSON.stringify(kind)} ${JSON.stringify(options)}`
      assert.deepEqual(up(stage, bytes(wire)), [bytes(upward)], what)
      assert.deepEqual(down(stage, bytes(downward)), bytes(wire), what)
    }
  })

  test('what it does to frames is also to be had alone: verify, strip and write', () => {
    const stage = checksum('XOR')
    assert.equal(stage.verify(Buffer.of(1, 2, 3)), undefined)
    assert.deepEqual(stage.strip(Buffer.of(1, 2, 3)), Buffer.of(1, 2))
    assert.deepEqual(stage.write(Buffer.of(1, 2)), Buffer.of(1, 2, 3))
  })

  test('a mismatch is refused with both numbers, and the next frame passes', () => {
    const stage = checksum('CRC-16/ARC')
    const [first, ...rest] = up(stage, bytes('313233343536373839 4837'), bytes('313233343536373839 bb3d'))
    assert.ok(Array.isArray(first))
    assert.equal(first[0].code, 'CHECKSUM_MISMATCH')
    assert.equal(first[0].message, 'CRC-16/ARC is 0xbb3d, the frame says 0x4837')
    assert.deepEqual(first[1], bytes('3132333435363738394837'))
    assert.deepEqual(rest, [bytes('313233343536373839')])
    assert.equal(
      checksum('CRC-32').verify(Buffer.alloc(4, 1))?.message,
      'CRC-32 is 0x00000000, the frame says 0x01010101',
    )
  })

  test('one flipped bit anywhere is refused, whatever the kind', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), small(20), fc.nat(), fc.boolean(), (kind, content, place, hex) => {
        const stage = checksum(kind, { encoding: hex ? 'hex' : 'binary' })
        const wire = stage.write(content)
        const bit = place % (wire.length * 8)
        // A letter among the digits and its other case are the same digit.
        fc.pre(!hex || bit >> 3 < content.length || (wire[bit >> 3] as number) < 0x41 || bit % 8 !== 5)
        wire[bit >> 3] = (wire[bit >> 3] as number) ^ (1 << (bit % 8))
        assert.match(codeOf(stage, wire) ?? '', /^(CHECKSUM_MISMATCH|FRAME_DAMAGED)$/)
      }),
      { numRuns: 300 },
    )
    for (let bit = 0; bit < 11 * 8; bit++) {
      const wire = Buffer.from('$GPRTE,1*49')
      wire[bit >> 3] = (wire[bit >> 3] as number) ^ (1 << (bit % 8))
      assert.notEqual(codeOf(checksum('NMEA'), wire), undefined, wire.toString('latin1'))
    }
  })

  test('what was written is verified and taken off again, for every kind and writing', () => {
    const options = fc.record({
      byteOrder: fc.constantFrom('big-endian' as const, 'little-endian' as const),
      hex: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.constantFrom(...kinds), small(20), options, (kind, frame, { byteOrder, hex }) => {
        const stage = checksum(kind, hex ? { encoding: 'hex' } : { byteOrder })
        assert.deepEqual(up(stage, down(stage, frame)), [frame])
      }),
    )
    fc.assert(
      fc.property(small(20), (content) => {
        const frame = Buffer.concat([Buffer.from('!'), content])
        assert.deepEqual(up(checksum('NMEA'), down(checksum('NMEA'), frame)), [frame])
      }),
    )
  })

  test('any range and place are refused, or give what slicing the frame gives', () => {
    const place = fc.option(fc.integer({ min: -5, max: 5 }))
    let made = 0
    fc.assert(
      fc.property(fc.record({ from: place, to: place, at: place }), small(30), (places, frame) => {
        const stage = attempt(() => checksum('sum16', optionsOf(places)))
        const long = reference(places, Buffer.alloc(100))
        assert.equal(stage !== undefined, long !== undefined && long.covered > 0, JSON.stringify(places))
        if (stage === undefined) return
        made++
        const wire = attempt(() => stage.write(frame))
        if (wire === undefined) {
          assert.equal(codeOf(stage, frame), 'FRAME_DAMAGED')
          assert.ok(frame.length < 12, `refused at ${frame.length} bytes: ${JSON.stringify(places)}`)
          return
        }
        assert.deepEqual(wire, reference(places, frame)?.wire)
        assert.equal(stage.verify(wire), undefined)
      }),
      { numRuns: 2000 },
    )
    assert.ok(made > 300, `${made} layouts`)
  })

  test('bytes that are not in the range are not checked', () => {
    const stage = checksum('CRC-8', { over: { from: 1, to: -2 }, at: -1 })
    const wire = stage.write(Buffer.of(1, 2, 3, 4))
    for (const index of [0, 3]) wire[index] = 0xee
    assert.equal(stage.verify(wire), undefined)
    wire[2] = 0xee
    assert.equal(codeOf(stage, wire), 'CHECKSUM_MISMATCH')
  })

  test('digits may be of either case; what are none is damage, not another number', () => {
    const stage = checksum('CRC-16/ARC', { encoding: 'hex' })
    for (const digits of ['BB3D', 'bb3d', 'bB3d']) {
      assert.deepEqual(up(stage, Buffer.from(`123456789${digits}`)), [Buffer.from('123456789')])
    }
    assert.equal(stage.write(Buffer.from('123456789')).toString(), '123456789BB3D')
    const error = stage.verify(Buffer.from('123456789BB3G'))
    assert.equal(error?.code, 'FRAME_DAMAGED')
    assert.equal(error.message, 'the CRC-16/ARC of a frame is not written in hex digits: 42423347')
  })

  test('a frame of just its check passes; a shorter one is damaged up, and a bug down, with both lengths', () => {
    const stage = checksum('CRC-16/ARC', { over: { from: 2 } })
    assert.equal(stage.verify(Buffer.of(7, 7, 0, 0)), undefined)
    const error = stage.verify(Buffer.of(7, 0, 0))
    assert.equal(error?.code, 'FRAME_DAMAGED')
    assert.equal(error.message, 'a frame of 3 bytes is too short for its CRC-16/ARC, which takes 4 or more')
    assert.equal(codeOf(stage, Buffer.alloc(0)), 'FRAME_DAMAGED')
    assert.equal(stage.write(Buffer.of(7, 7)).length, 4)
    assert.throws(() => stage.write(Buffer.of(7)), {
      code: 'BUG',
      message: 'a frame to be sent, with its check, of 3 bytes is too short for its CRC-16/ARC, which takes 4 or more',
    })
    assert.throws(() => checksum('XOR', { strip: false }).write(Buffer.alloc(0)), { code: 'BUG' })
  })

  test('a sentence begins with $ or ! and has a * before its check; else it is damaged, and down a bug', () => {
    const stage = checksum('NMEA')
    for (const good of ['$PX*08', '!AIVDM,1,1,,1,000 00,0*46', '$*00'])
      assert.equal(stage.verify(Buffer.from(good)), undefined, good)
    for (const bad of ['PX*08', '#PX*08', '$PX08', '$PX+08', '$PX*0G', '*00', '$', ''])
      assert.equal(codeOf(stage, Buffer.from(bad)), 'FRAME_DAMAGED', bad)
    const messages = ['#PX*08', '$PX+08'].map((bad) => stage.verify(Buffer.from(bad))?.message)
    assert.deepEqual(messages, [
      'a frame begins with 23 instead of 24 or 21',
      'a frame has 2b before its NMEA check instead of 2a',
    ])
    for (const bad of ['PX', '']) assert.throws(() => stage.write(Buffer.from(bad)), { code: 'BUG' }, bad)
    const kept = checksum('NMEA', { strip: false })
    assert.throws(() => kept.write(Buffer.from('$PXABC')), { code: 'BUG', message: /has 41 before its NMEA check/ })
  })

  test('a sentence may keep its line end', () => {
    const stage = checksum('NMEA', { at: -4 })
    assert.deepEqual(up(stage, Buffer.from('$GPRTE,1*49\r\n')), [Buffer.from('$GPRTE,1*49\r\n')])
    assert.deepEqual(down(stage, Buffer.from('$GPRTE,1*00\r\n')), Buffer.from('$GPRTE,1*49\r\n'))
  })

  test('a check of your own is a name, a size and a function', () => {
    const length: Check = { name: 'length', size: 3, compute: (_, from, to) => to - from }
    const stage = checksum(length, { byteOrder: 'little-endian' })
    assert.deepEqual(stage.write(Buffer.from('abc')), Buffer.from('abc\x03\0\0'))
    assert.equal(stage.verify(Buffer.alloc(4))?.message, 'length is 0x000001, the frame says 0x000000')
    const own = crc({ width: 8, poly: 0x9b, init: 0xff, reflectIn: false, reflectOut: false, xorOut: 0 })
    assert.deepEqual(checksum(own).write(Buffer.from('123456789')).subarray(9), Buffer.of(0xda))
  })

  test('up, a frame is a view and nothing is copied; down, it is copied once and is left as it was', () => {
    const wire = checksum('CRC-32').write(Buffer.alloc(1000, 7))
    const kept = checksum('XOR', { strip: false })
    const frame = Buffer.alloc(1000, 7)
    const upward = countTouched(() => {
      const [given] = up(checksum('CRC-32'), wire)
      assert.ok(Buffer.isBuffer(given))
      assert.deepEqual([given.buffer === wire.buffer, given.byteOffset], [true, wire.byteOffset])
    })
    assert.equal(upward.copied, 0)
    for (const stage of [checksum('CRC-32'), kept]) {
      const { copied } = countTouched(() => stage.write(frame))
      assert.equal(copied, 1000)
      assert.ok(frame.equals(Buffer.alloc(1000, 7)))
    }
  })

  test('each byte of the range, and of the check, is read once', () => {
    const wire = checksum('CRC-16/ARC').write(Buffer.alloc(1000, 7))
    const { read } = countTouched((watch) => assert.equal(checksum('CRC-16/ARC').verify(watch(wire)), undefined))
    assert.equal(read, 1000 + 2)
  })

  test('options that cannot work are refused with their name and value', () => {
    const cases: [ChecksumOptions, RegExp][] = [
      [{ at: -1 }, /at must be 0 or more, or at most -2, as the check takes 2 bytes, not -1$/],
      [{ at: -3, encoding: 'hex' }, /at must be 0 or more, or at most -4, as the check takes 4 bytes, not -3$/],
      [{ at: 0.5 }, /at must be an integer, not 0.5$/],
      [{ over: { from: Number.NaN } }, /over.from must be an integer, not NaN$/],
      [{ over: { to: Number.POSITIVE_INFINITY } }, /over.to must be an integer, not Infinity$/],
      [{ over: { from: 3, to: 3 } }, /over must have a byte or more in every long frame, not those from 3 to 3$/],
      [{ over: { from: -4, to: 9 } }, /not those from -4 to 9$/],
      [{ over: { from: -2 } }, /not those from -2 to -2$/],
      [{ over: { to: -1 } }, /over, from 0 to -1, overlaps the check, from -2 to the end$/],
      [{ at: 4, strip: false, over: { to: 5 } }, /over, from 0 to 5, overlaps the check, from 4 to 6$/],
      [{ at: 4, strip: false, over: { from: 5 } }, /not those from 5 to 4$/],
      [{ at: 4, strip: false, over: { to: -2 } }, /over, from 0 to -2, overlaps the check, from 4 to 6$/],
      [{ at: 0, strip: true }, /strip must be false where the check does not end with the frame but stands at 0$/],
      [{ at: -3, strip: true }, /strip must be false where .* stands at -3$/],
      [{ encoding: 'hex', byteOrder: 'little-endian' }, /byteOrder must be big-endian where encoding is hex$/],
      [{ encoding: 'bcd' as 'hex' }, /encoding must be 'binary' or 'hex', not bcd$/],
      [{ byteOrder: 'LE' as 'little-endian' }, /byteOrder must be 'big-endian' or 'little-endian', not LE$/],
    ]
    for (const [options, message] of cases) {
      assert.throws(() => checksum('CRC-16/ARC', options), { code: 'CONFIGURATION', message }, JSON.stringify(options))
    }
    assert.throws(() => checksum('NMEA', { at: 0 }), { code: 'CONFIGURATION', message: /at must be 1 or more/ })
    assert.throws(() => checksum('CRC-64' as CheckKind), { code: 'CONFIGURATION', message: /one of CRC-8, / })
    for (const size of [0, 7, 1.5]) {
      const message = `checksum: a check has 1 to 6 bytes, not ${size}`
      assert.throws(() => checksum({ ...checkOf('XOR'), size }), { code: 'CONFIGURATION', message })
    }
  })
})

test('in a pipeline, a reading damaged on its way is set aside, and those before and behind it arrive and are acknowledged', async () => {
  const to = memoryHub()
  const letters: unknown[] = []
  const meter = new PipelineMeter('sensors')
  const device = embed(sensors(to), { meter, onDeadLetter: ({ error, item }) => letters.push([error.code, item]) })
  const stage = checksum('CRC-16/MODBUS', littleEndian)
  const sent = ['01 0007 6431', '02 0008 2a2b', '02 0009 2c2d', '02 000a 2e2f'].map((each) => stage.write(bytes(each)))
  const damaged = sent[2] as Buffer
  damaged[3] = 0x2d
  for (const each of sent) device.write(Buffer.concat([Buffer.of(0, each.length), each]))
  const received = Buffer.concat([await device.read(7), await device.read(7), await device.read(7)])
  const answers = ['06 0007', '06 0008', '06 000a'].map((each) => stage.write(bytes(each)))
  assert.deepEqual(received, Buffer.concat(answers.map((each) => Buffer.concat([Buffer.of(0, 5), each]))))
  device.end()
  await device.ended()
  assert.deepEqual(
    to.accepted.map(({ message }) => message.body),
    [Buffer.of(0x2a, 0x2b), Buffer.of(0x2e, 0x2f)],
  )
  assert.deepEqual(letters, [['CHECKSUM_MISMATCH', damaged]])
  assert.deepEqual([...meter.stage('checksum', 'up').errors], [['CHECKSUM_MISMATCH', 1]])
  assert.equal(device.pending().length, 0)
})

/** `[length u16]`, then `[type u8][sequence u16][payload][CRC-16/MODBUS, low byte first]`; type 1 says who the device is. */
function sensors(to: Hub): Pipeline {
  const sensor = codec<Frames>('sensor', () => ({
    decode(frame) {
      const tag = frame.readUInt16BE(1)
      const payload = frame.subarray(3)
      return frame[0] === 1 ? hello({ deviceId: payload.toString('ascii') }, tag) : telemetry(payload, { tag })
    },
    encode(item) {
      if (item.kind === 'command') return item.body
      const frame = Buffer.of(item.outcome === 'complete' ? 0x06 : 0x15, 0, 0)
      frame.writeUInt16BE(item.of.tag as number, 1)
      return frame
    },
  }))
  return pipeline(
    'sensors',
    lengthField({ lengthFieldLength: 2, maxFrameLength: 64 }),
    checksum('CRC-16/MODBUS', littleEndian),
    sensor,
    authenticate(byPolicy()),
    batch({ maxCount: 1, lingerMs: 0 }),
    hub(to),
  )
}

const sentences = vectorsOf('nmea0183-ais')
if (sentences !== undefined) {
  test('sentences of real receivers are verified, and the one with a wrong check is refused', () => {
    const stage = checksum('NMEA')
    let verified = 0
    for (const { name, hex, variant } of sentences) {
      for (const line of Buffer.from(hex, 'hex').toString('latin1').split('\r\n').filter(Boolean)) {
        if (!/^[$!].*\*/.test(line)) continue
        const expected = variant === 'invalid-checksum' ? 'CHECKSUM_MISMATCH' : undefined
        assert.equal(codeOf(stage, Buffer.from(line, 'latin1')), expected, name)
        verified++
      }
    }
    assert.ok(verified > 50, `${verified} sentences`)
  })
}

/** What is made, or undefined where it is refused. */
function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

interface Places {
  readonly from: number | null
  readonly to: number | null
  readonly at: number | null
}

function optionsOf({ from, to, at }: Places): ChecksumOptions {
  const over = { ...(from === null ? {} : { from }), ...(to === null ? {} : { to }) }
  return { over, ...(at === null ? {} : { at }), strip: false }
}

/** The frame with its sum16, and how many bytes that covers; undefined where they overlap or do not fit. */
function reference({ from, to, at }: Places, frame: Buffer): { wire: Buffer; covered: number } | undefined {
  const { length } = frame
  const indexOf = (place: number) => (place < 0 ? length + place : place)
  const check = indexOf(at ?? -2)
  const begin = indexOf(from ?? (at === 0 ? 2 : 0))
  const end = to === null ? (check < begin ? length : check) : indexOf(to)
  if (check < 0 || check + 2 > length || begin < 0 || begin > end || end > length) return undefined
  if (end > check && begin < check + 2) return undefined
  const wire = Buffer.from(frame)
  const covered = frame.subarray(begin, end)
  wire.writeUInt16BE(
    covered.reduce((total, byte) => total + byte, 0),
    check,
  )
  return { wire, covered: covered.length }
}
