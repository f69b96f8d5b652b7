import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Gt06FramingOptions, gt06Framing } from '../../../src/stages/gt06/framing.ts'
import { toWire } from '../../../src/stages/gt06/wire.ts'
import { bytesOf, cutAt, deframe, frame as framed, placesIn } from '../cutting.ts'
import { codesOf, toldAlike } from '../told.ts'

const stop = Buffer.from('0d0a', 'hex')

/** A frame from start mark to CRC. */
const frame = (type: number, content: string, serial = 1, start: '7878' | '7979' = '7878') =>
  toWire({ start, type, content: Buffer.from(content, 'hex'), serial })

const onWire = (...frames: readonly Buffer[]) => Buffer.concat(frames.flatMap((each) => [each, stop]))

const a = frame(0x13, '4604040002', 1)
const b = frame(0x94, '04414c4d313d3030', 2, '7979')

/** Longer than both. */
const c = frame(0x94, '05'.repeat(40), 3)

/** A frame that says another length than it has, with the CRC of what it says. */
function withLength(frame: Buffer, length: number, sound = true): Buffer {
  const copy = Buffer.from(frame)
  copy[2] = length
  const again = toWire({ start: '7878', type: 0, content: Buffer.alloc(0), serial: 0 })
  assert.equal(again.length, 8)
  if (sound) copy.writeUInt16BE(crcOf(copy.subarray(2, -2)), copy.length - 2)
  return copy
}

/** CRC-16/X-25, bit by bit. */
function crcOf(bytes: Buffer): number {
  let register = 0xffff
  for (const byte of bytes) {
    register ^= byte
    for (let bit = 0; bit < 8; bit++) register = register & 1 ? (register >>> 1) ^ 0x8408 : register >>> 1
  }
  return register ^ 0xffff
}

function flippedCheck(frame: Buffer): Buffer {
  const copy = Buffer.from(frame)
  copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, copy.length - 1)
  return copy
}

const told = (bytes: Buffer, options: Gt06FramingOptions = {}) => {
  const cuttings = Array.from({ length: bytes.length }, (_, place) => cutAt(bytes, [place, place + 5]))
  return toldAlike(gt06Framing(options), bytes, cuttings)
}

const hex = (...frames: readonly Buffer[]) => frames.map((each) => each.toString('hex'))

describe('the framing of GT06', () => {
  test('cuts frames of both kinds, from start mark to CRC', () => {
    assert.deepEqual(told(onWire(a, b, a)), hex(a, b, a))
  })

  test('the check of a frame is that of the vendor', () => {
    assert.equal(a.readUInt16BE(a.length - 2), crcOf(a.subarray(2, -2)))
  })

  test('a check that is 0D xx, xx 0D or 0D 0A, and content with stop bytes and start marks, end nothing', () => {
    const ends = (test: (crc: number) => boolean) => {
      for (let serial = 0; serial <= 0xffff; serial++) {
        const each = frame(0x13, '4604040002', serial)
        if (test(each.readUInt16BE(each.length - 2))) return each
      }
      throw new Error('no serial gives such a check')
    }
    const frames = [
      ends((crc) => crc >> 8 === 0x0d),
      ends((crc) => (crc & 0xff) === 0x0d),
      ends((crc) => crc === 0x0d0a),
      frame(0x94, '0d0a7878050d0a7979'),
    ]
    for (const tolerance of ['strict', 'tolerateLength', 'tolerateAll'] as const) {
      assert.deepEqual(told(onWire(...frames, a), { tolerance }), hex(...frames, a))
    }
  })

  test('garbage is skipped up to the next start mark, and counted', () => {
    assert.deepEqual(told(Buffer.concat([Buffer.from('242424', 'hex'), onWire(a)])), [
      'FRAME_NOISE: 3 bytes belong to no frame [242424]',
      ...hex(a),
    ])
    assert.deepEqual(codesOf(told(Buffer.concat([Buffer.from('7879ff', 'hex'), onWire(a)]))), [
      'FRAME_NOISE',
      ...hex(a),
    ])
  })

  test('a wrong length costs its frame, with the reason; the next one is found', () => {
    assert.deepEqual(told(onWire(withLength(a, 8), b)), [
      'FRAME_NOISE: 15 bytes belong to no frame; they looked like a frame: a frame of 13 bytes ends in ' +
        `${withLength(a, 8).toString('hex', 11, 13)} instead of 0d0a [${onWire(withLength(a, 8)).toString('hex')}]`,
      ...hex(b),
    ])
    assert.deepEqual(codesOf(told(onWire(withLength(a, 0), b))), ['FRAME_NOISE', ...hex(b)])
    assert.deepEqual(codesOf(told(onWire(withLength(a, 12), b, a))), ['FRAME_NOISE', ...hex(b, a)])
  })

  test('a frame that was cut short is lost, the next one is found at once, also if it is shorter', () => {
    for (let bytes = 1; bytes < c.length; bytes++) {
      for (const other of [a, b]) {
        const wire = Buffer.concat([c.subarray(0, bytes), onWire(other)])
        assert.deepEqual(codesOf(told(wire)), ['FRAME_NOISE', ...hex(other)], `${bytes} bytes`)
      }
    }
  })

  test('each run of noise has its reason, and each frame that was cut short is given up at once', () => {
    const cut = c.subarray(0, 20)
    const reason = (why: string) =>
      `FRAME_NOISE: 20 bytes belong to no frame; they looked like a frame: a frame of 50 bytes ${why}`
    const wire = Buffer.concat([cut, onWire(a), cut, onWire(b), cut, onWire(a)])
    assert.deepEqual(
      told(wire).map((each) => each.replace(/ \[.*/, '')),
      [a, b, a].flatMap((each) => [reason('was cut short after 20 by another'), ...hex(each)]),
    )
    // What was looked at for a frame that claims much is not forgotten, nor taken for what comes behind it.
    const claims = frame(0x94, '05'.repeat(600), 3, '7979').subarray(0, 30)
    const twice = Buffer.concat([claims, cut, onWire(a), claims, onWire(flippedCheck(a)), onWire(b), cut, onWire(a)])
    assert.deepEqual(codesOf(told(twice)), [
      'FRAME_NOISE',
      ...hex(a),
      'FRAME_NOISE',
      ...hex(b),
      'FRAME_NOISE',
      ...hex(a),
    ])
  })

  test('a frame of 260 bytes shows at once that another was cut short; a longer one only when that would have ended', () => {
    const claim = frame(0x94, '05'.repeat(800), 3, '7979').subarray(0, 30)
    const most = frame(0x94, '04'.repeat(250), 4)
    assert.equal(onWire(most).length, 260)
    assert.deepEqual(codesOf(told(Buffer.concat([claim, onWire(most)]))), ['FRAME_NOISE', ...hex(most)])
    const long = frame(0x94, '04'.repeat(260), 4, '7979')
    assert.deepEqual(codesOf(told(Buffer.concat([claim, onWire(long)]))), ['FRAME_UNTERMINATED'])
    assert.deepEqual(codesOf(told(Buffer.concat([claim, onWire(long, long, long)]))), [
      'FRAME_NOISE',
      ...hex(long, long, long),
    ])
  })

  test('after 65,536 bytes without a frame there will be none', () => {
    const noise = Buffer.alloc(65_536, 'garbage78')
    assert.deepEqual(codesOf(toldAlike(gt06Framing(), Buffer.concat([noise, onWire(a)]))), ['FRAME_NOISE', ...hex(a)])
    const more = Buffer.concat([noise, Buffer.of(1), onWire(a)])
    assert.deepEqual(codesOf(toldAlike(gt06Framing(), more)), ['FRAME_NOISE', 'FRAME_CORRUPT'])
  })

  test('a length over the limit is not waited for', () => {
    const wire = Buffer.concat([Buffer.from('7979ffff', 'hex'), onWire(a)])
    const [noise, ...frames] = told(wire)
    assert.match(noise as string, /FRAME_NOISE: 4 bytes .*: a frame of 65541 bytes exceeds the limit of 2048/)
    assert.deepEqual(frames, hex(a))
  })

  test('a wrong check costs that frame only, and is told from a wrong length', () => {
    const spoilt = Buffer.from(a)
    spoilt[4] = 0x47
    assert.deepEqual(codesOf(told(onWire(spoilt, b))), ['CHECKSUM_MISMATCH', ...hex(b)])
    assert.match(told(onWire(spoilt))[0] as string, /CRC-16\/X-25 is 0x[0-9a-f]{4}, the frame says 0x[0-9a-f]{4}/)
  })

  test('a frame without room for anything but its check is checked; one without room for that is damaged', () => {
    assert.deepEqual(codesOf(told(Buffer.from('787801080d0a', 'hex'))), ['CHECKSUM_MISMATCH'])
    assert.deepEqual(codesOf(told(Buffer.from('7878000d0a', 'hex'))), ['FRAME_DAMAGED'])
  })

  test('what is not whole at the end is refused', () => {
    assert.deepEqual(codesOf(told(onWire(b).subarray(0, -1))), ['FRAME_UNTERMINATED'])
  })

  test('a frame goes down with its stop bytes; one whose length or check is not its own does not', () => {
    for (const each of [a, b]) assert.deepEqual(framed(gt06Framing(), each), onWire(each))
    assert.throws(() => framed(gt06Framing(), Buffer.from('00', 'hex')), { code: 'BUG' })
  })

  test('options that cannot work are refused', () => {
    assert.throws(() => gt06Framing({ maxFrameLength: 259 }), { code: 'CONFIGURATION', message: /260, not 259/ })
    assert.throws(() => gt06Framing({ tolerance: 'lax' as 'strict' }), { code: 'CONFIGURATION', message: /not lax/ })
  })

  test('any bytes of its alphabet are told alike in every cutting, in every tolerance', () => {
    const alphabet = [0x78, 0x78, 0x79, 0x79, 0x0d, 0x0a, 0x05, 0x06, 0x00, 0x13]
    const pieces = fc
      .array(fc.oneof(bytesOf(alphabet, 20), fc.constantFrom(onWire(a), onWire(b), onWire(withLength(a, 8)))), {
        maxLength: 6,
      })
      .map((each) => Buffer.concat(each))
    const bytes = pieces.chain((each) => fc.tuple(fc.constant(each), placesIn(each)))
    for (const tolerance of ['strict', 'tolerateLength', 'tolerateAll'] as const) {
      const framing = gt06Framing({ tolerance, maxFrameLength: 300 })
      fc.assert(
        fc.property(bytes, ([whole, places]) => {
          toldAlike(framing, whole, [cutAt(whole, places)])
        }),
        { numRuns: 400 },
      )
    }
  })

  test('false start marks and stops cost a bounded number of looks at each byte', () => {
    // Each mark claims to end at the same stop.
    const claims = Buffer.alloc(256)
    for (let at = 0; at + 3 <= 254; at += 3) claims.set([0x78, 0x78, 256 - at - 5], at)
    claims.set(stop, 254)
    const patterns = ['787879', '7878ff0d0a', '79790400', '0d0a', '78780d0a'].map((each) => Buffer.from(each, 'hex'))
    for (const pattern of [claims, ...patterns]) {
      for (const tolerance of ['strict', 'tolerateLength', 'tolerateAll'] as const) {
        const started = performance.now()
        const { errors } = deframe(gt06Framing({ tolerance }), [Buffer.alloc(1 << 16, pattern)])
        assert.ok(errors.every(({ code }) => code !== 'BUG'))
        assert.ok(performance.now() - started < 1000, `${pattern.toString('hex', 0, 8)} ${tolerance}`)
      }
    }
  })
})

describe('the framing of GT06 where lengths are tolerated', () => {
  const lenient = { tolerance: 'tolerateLength' } as const

  test('a frame whose length is too small or too large ends at its stop bytes', () => {
    for (const length of [0, 5, 8, 11, 40, 255]) {
      const wrong = withLength(a, length)
      assert.deepEqual(told(onWire(b, wrong, b, a), lenient), hex(b, wrong, b, a), `length ${length}`)
    }
  })

  test('one that claims too much is not waited for', () => {
    assert.deepEqual(told(onWire(withLength(a, 255)), lenient), hex(withLength(a, 255)))
  })

  test('one whose check is wrong too is lost, and the next one is found', () => {
    assert.deepEqual(codesOf(told(onWire(withLength(a, 8, false), b), lenient)), ['FRAME_NOISE', ...hex(b)])
  })

  test('one that was cut short is lost, the next one is found', () => {
    for (let bytes = 1; bytes < c.length; bytes++) {
      for (const other of [a, b]) {
        for (const tolerance of ['tolerateLength', 'tolerateAll'] as const) {
          const wire = Buffer.concat([c.subarray(0, bytes), onWire(other)])
          assert.deepEqual(codesOf(told(wire, { tolerance })), ['FRAME_NOISE', ...hex(other)], `${bytes} bytes`)
        }
      }
    }
  })

  test('nothing is waited for beyond 260 bytes', () => {
    const wire = Buffer.concat([Buffer.from('7878001300', 'hex'), Buffer.alloc(255), onWire(a)])
    assert.deepEqual(codesOf(told(wire, lenient)), ['FRAME_NOISE', ...hex(a)])
  })

  test('where checks are tolerated too, neither is looked at', () => {
    const wrong = withLength(a, 8, false)
    const spoilt = Buffer.from(b)
    spoilt[6] = 0
    assert.deepEqual(told(onWire(wrong, spoilt, a), { tolerance: 'tolerateAll' }), hex(wrong, spoilt, a))
  })
})
