import {
  cobs,
  delimited,
  jsonObjects,
  lengthBetween,
  lengthField,
  octetCounted,
  slip,
  tail,
  varintLength,
} from '../../../src/index.ts'
import { type FieldProtocol, hex, text } from './protocol.ts'

/** Framings that carry whatever their users like. */
export const messages: readonly FieldProtocol[] = [
  {
    protocol: 'Syslog, octet counting',
    source: 'message of RFC 5424 section 6.5; its length composed by RFC 6587',
    framing: () => octetCounted({ maxLength: 8192 }),
    wire: [
      text(
        "110 <34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - BOM'su root' failed for lonvick on /dev/pts/8",
      ),
      text('11 <34>1 - - -'),
    ],
    frames: [
      text(
        "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - BOM'su root' failed for lonvick on /dev/pts/8",
      ),
      text('<34>1 - - -'),
    ],
  },
  {
    protocol: 'Netstring',
    source: 'cr.yp.to/proto/netstrings.txt',
    framing: () => tail(lengthBetween({ lengthEnd: ':', lengthAdjustment: 1, maxLength: 65_536 }), ','),
    wire: [text('12:hello world!,'), text('0:,')],
    frames: [text('hello world!'), text('')],
  },
  {
    protocol: 'JSON lines',
    source: 'composed',
    framing: () => delimited({ delimiter: '\n', maxLength: 65_536 }),
    wire: [text('{"t":21.5}\n'), text('{"t":21.6}\n')],
    cut: [0, 1],
  },
  {
    protocol: 'JSON, concatenated',
    source: 'composed; see STB for a device that does so',
    framing: () => jsonObjects({ maxLength: 65_536 }),
    wire: [text('{"t":21.5,"why":"}{"}'), text('{"t":{"in":21.6}}')],
  },
  {
    protocol: 'Protocol Buffers, delimited',
    source: 'messages of protobuf.dev, Encoding: Test1 and Test2; their lengths composed',
    framing: () => varintLength({ maxLength: 65_536 }),
    wire: [hex('03 089601'), hex('09 120774657374696e67')],
    cut: [1, 0],
  },
  {
    protocol: 'CBOR, MessagePack or anything behind a u32',
    source: 'RFC 8949 appendix A; its length composed',
    framing: () => lengthField({ maxFrameLength: 65_540, lengthFieldLength: 4 }),
    wire: [hex('00000009 a26161016162820203'), hex('00000001 f6')],
    cut: [4, 0],
  },
  {
    protocol: 'COBS',
    source: 'Cheshire and Baker, as the table of examples in Wikipedia has it',
    framing: () => cobs({ maxLength: 1024 }),
    wire: [hex('03 1122 02 33 00'), hex('02 11 01 01 01 00')],
    frames: [hex('11220033'), hex('11000000')],
  },
  {
    protocol: 'SLIP',
    source: 'composed from RFC 1055; see HuaSheng for a device that speaks it',
    framing: () => slip({ leadingEnd: false, maxLength: 1500 }),
    wire: [hex('a1 dbdc b1 dbdd c0'), hex('c1 c0')],
    frames: [hex('a1 c0 b1 db'), hex('c1')],
  },
]
