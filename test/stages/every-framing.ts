import type { Framing } from '../../src/core/framing.ts'
import { asymmetric } from '../../src/stages/asymmetric.ts'
import { type BetweenOptions, between } from '../../src/stages/between.ts'
import { checked } from '../../src/stages/checked.ts'
import { checksum } from '../../src/stages/checksum.ts'
import { choice } from '../../src/stages/choice.ts'
import { cobs } from '../../src/stages/cobs.ts'
import { delimited } from '../../src/stages/delimited.ts'
import { fixedLength } from '../../src/stages/fixed-length.ts'
import { hdlc } from '../../src/stages/hdlc.ts'
import { idleBytes } from '../../src/stages/idle-bytes.ts'
import { jsonObjects } from '../../src/stages/json-objects.ts'
import { lengthBetween } from '../../src/stages/length-between.ts'
import { type LengthFieldOptions, lengthField } from '../../src/stages/length-field.ts'
import { measuredBy } from '../../src/stages/measured-by.ts'
import { octetCounted } from '../../src/stages/octet-counted.ts'
import { sequence } from '../../src/stages/sequence.ts'
import { skipUntil } from '../../src/stages/skip-until.ts'
import { slip } from '../../src/stages/slip.ts'
import { tail } from '../../src/stages/tail.ts'
import { trailer } from '../../src/stages/trailer.ts'
import { varintLength } from '../../src/stages/varint-length.ts'

/** A framing or a combinator of them, with frames that it can carry. */
export interface EveryFraming {
  readonly name: string
  /** For frames of up to so many bytes, and a few more for marks. */
  of(most: number): Framing
  /** A frame of about so many bytes, which begins with `first`. */
  frame(size: number, first: number): Buffer
}

/** Letters only: bytes that mean nothing to any of them. */
function letters(size: number, first: number): Buffer {
  return Buffer.from(Array.from({ length: Math.max(1, size) }, (_, index) => 0x61 + ((first + index * 7) % 26)))
}

/** All bytes there are. */
function anyBytes(size: number, first: number): Buffer {
  return Buffer.from(Array.from({ length: Math.max(1, size) }, (_, index) => (first + index * 37) & 0xff))
}

function behind(head: Buffer | string, frame: (size: number, first: number) => Buffer) {
  return (size: number, first: number) => Buffer.concat([Buffer.from(head), frame(size, first)])
}

function field(options: Omit<LengthFieldOptions, 'maxFrameLength'>, most: number): Framing {
  return lengthField({ ...options, maxFrameLength: most + 16 })
}

const twoBytes = (most: number) => field({ lengthFieldLength: 4 }, most)

const modbusReply = ([, code = 0, count = 0]: Buffer) => (code > 4 ? ('corrupt' as const) : 3 + count)

/** One of these bytes in four is escaped. */
const jt808 = (most: number, options: Partial<BetweenOptions> = {}) =>
  between('\x7e', '\x7e', {
    maxLength: most,
    escapes: [
      ['\x7d\x01', '\x7d'],
      ['\x7d\x02', '\x7e'],
    ],
    ...options,
  })

/** Every deframer of a kind of its own, and every combinator. */
export const everyFraming: readonly EveryFraming[] = [
  { name: 'delimited', of: (most) => delimited({ delimiter: '\n', maxLength: most }), frame: letters },
  {
    name: 'delimited, several',
    of: (most) => delimited({ delimiter: ['\r\n', ';', '##'], maxLength: most }),
    frame: letters,
  },
  {
    name: 'delimited, kept',
    of: (most) => delimited({ delimiter: '$$', keep: true, maxLength: most }),
    frame: (size, first) => Buffer.concat([letters(size, first), Buffer.from('$$')]),
  },
  {
    name: 'fixedLength',
    of: (most) => fixedLength({ length: Math.min(most, 8) }),
    frame: (_, first) => anyBytes(8, first),
  },
  { name: 'lengthField', of: twoBytes, frame: anyBytes },
  {
    name: 'lengthField, little-endian, counting itself',
    of: (most) => field({ lengthFieldLength: 3, byteOrder: 'little-endian', lengthAdjustment: -3 }, most),
    frame: anyBytes,
  },
  {
    name: 'lengthField, stripped, told late',
    of: (most) =>
      field(
        {
          lengthFieldOffset: 2,
          lengthFieldLength: 8,
          lengthAdjustment: 2,
          initialBytesToStrip: 10,
          stripped: Buffer.from('$$01234567'),
          failFast: false,
        },
        most,
      ),
    frame: (size, first) => anyBytes(size + 2, first),
  },
  {
    name: 'lengthField, decimal',
    of: (most) => field({ lengthFieldLength: 6, lengthEncoding: 'decimal' }, most),
    frame: anyBytes,
  },
  {
    name: 'lengthField, BCD',
    of: (most) => field({ lengthFieldLength: 3, lengthEncoding: 'bcd' }, most),
    frame: anyBytes,
  },
  { name: 'varintLength', of: (most) => varintLength({ maxLength: most }), frame: anyBytes },
  {
    name: 'lengthBetween, a netstring',
    of: (most) => tail(lengthBetween({ lengthEnd: ':', lengthAdjustment: 1, maxLength: most + 8 }), ','),
    frame: anyBytes,
  },
  { name: 'octetCounted', of: (most) => octetCounted({ maxLength: most }), frame: anyBytes },
  {
    name: 'measuredBy',
    of: () => measuredBy({ maxLength: 300, headerLength: 3, measure: modbusReply }),
    frame: (size, first) => {
      const content = anyBytes(Math.min(size, 255), first)
      return Buffer.concat([Buffer.of(first & 0xff, 3, content.length), content])
    },
  },
  { name: 'between, STX and ETX', of: (most) => between('\x02', '\x03', { maxLength: most }), frame: letters },
  {
    name: 'between, a check behind the end',
    of: (most) => between('\x02', '\x03', { maxLength: most, trailing: 1, keep: true }),
    frame: (size, first) => Buffer.concat([Buffer.of(2), letters(size, first), Buffer.of(3, first & 0xff)]),
  },
  {
    name: 'between, restarting',
    of: (most) => between('\x0b', '\x1c\r', { maxLength: most, restart: true }),
    frame: letters,
  },
  { name: 'between, escapes', of: jt808, frame: anyBytes },
  {
    name: 'between, doubled escapes',
    of: (most) => between('\x10\x02', '\x10\x03', { maxLength: most, escapes: [['\x10\x10', '\x10']] }),
    frame: anyBytes,
  },
  { name: 'hdlc', of: (most) => hdlc({ maxLength: most }), frame: anyBytes },
  { name: 'slip', of: (most) => slip({ maxLength: most }), frame: anyBytes },
  { name: 'cobs', of: (most) => cobs({ maxLength: most }), frame: anyBytes },
  {
    name: 'jsonObjects',
    of: (most) => jsonObjects({ maxLength: most + 32 }),
    frame: (size, first) => Buffer.from(JSON.stringify({ a: { '}': [letters(size, first).toString()] } })),
  },
  {
    name: 'choice',
    of: (most) =>
      choice([
        { match: '*', framing: between('*', '#', { maxLength: most, keep: true }) },
        { framing: field({ lengthFieldLength: 4, initialBytesToStrip: 0 }, most) },
      ]),
    frame: (size, first) => {
      const content = letters(size, first)
      if (first % 2 === 0) return Buffer.concat([Buffer.from('*'), content, Buffer.from('#')])
      const header = Buffer.alloc(4)
      header.writeUInt32BE(content.length)
      return Buffer.concat([header, content])
    },
  },
  {
    name: 'skipUntil',
    of: (most) => skipUntil(field({ lengthFieldOffset: 2, lengthFieldLength: 4 }, most), 'ZZ'),
    frame: (size, first) => {
      const content = letters(size, first)
      const header = Buffer.from('ZZ0000')
      header.writeUInt32BE(content.length, 2)
      return Buffer.concat([header, content])
    },
  },
  { name: 'trailer', of: (most) => trailer(twoBytes(most), '\r\n', { write: true }), frame: anyBytes },
  {
    name: 'tail',
    of: (most) => tail(field({ lengthFieldLength: 4, lengthAdjustment: 2 }, most), '\r\n'),
    frame: anyBytes,
  },
  { name: 'sequence', of: (most) => sequence(twoBytes(most), twoBytes(most)), frame: anyBytes },
  { name: 'idleBytes', of: (most) => idleBytes(twoBytes(most), '\xff'), frame: anyBytes },
  { name: 'asymmetric', of: (most) => asymmetric(twoBytes(most), twoBytes(most)), frame: anyBytes },
  {
    name: 'checked',
    of: (most) => checked(twoBytes(most), checksum('CRC-16/X-25')),
    frame: anyBytes,
  },
  {
    name: 'checked, within skipUntil',
    of: (most) =>
      skipUntil(
        checked(
          field({ lengthFieldOffset: 2, lengthFieldLength: 1, lengthAdjustment: 2 }, most),
          checksum('CRC-16/MODBUS'),
        ),
        Buffer.of(1, 3),
      ),
    frame: (size, first) => {
      const content = anyBytes(Math.min(size, 64), first)
      return behind(Buffer.of(1, 3, content.length), () => content)(size, first)
    },
  },
]
