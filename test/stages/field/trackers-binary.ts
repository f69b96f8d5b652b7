import { between, choice, lengthField, measuredBy, slip } from '../../../src/index.ts'
import { type FieldProtocol, hex } from './protocol.ts'

/** Other trackers and vehicles whose frames are binary. */
export const trackersBinary: readonly FieldProtocol[] = [
  {
    protocol: 'JT/T 808',
    source: 'go-jt808 reply_test T0x0002 and packet_codec_test Test_unescape',
    framing: () =>
      between('~', '~', {
        escapes: [
          [Buffer.of(0x7d, 1), '}'],
          [Buffer.of(0x7d, 2), '~'],
        ],
        maxLength: 2048,
      }),
    wire: [
      hex('7e 000200000123456789017fff0a 7e'),
      hex('7e 0200401c01000000000172998417380000000004000000080007203b 7d02 02633df7013800030063200707192359c1 7e'),
    ],
    frames: [
      hex('000200000123456789017fff0a'),
      hex('0200401c01000000000172998417380000000004000000080007203b 7e 02633df7013800030063200707192359c1'),
    ],
  },
  {
    protocol: 'Galileosky',
    source: 'traccar GalileoFrameDecoderTest; the top bit of the length says that there is more to come',
    framing: () =>
      measuredBy({
        maxLength: 32_772,
        headerLength: 3,
        measure: (header) => (header.readUInt16LE(1) & 0x7fff) + 5,
      }),
    wire: [hex('01 1780 011102e603383633353931303238393630323437043200 801c')],
  },
  {
    protocol: 'EGTS (GOST R 54619)',
    source: 'traccar EgtsFrameDecoderTest',
    framing: () =>
      measuredBy({
        maxLength: 65_535,
        headerLength: 7,
        measure(header) {
          const data = header.readUInt16LE(5)
          return header.readUInt8(3) + data + (data > 0 ? 2 : 0)
        },
      }),
    wire: [
      hex('0100020b0025003a5701c9 1a003a5701cd6e68490202101700cbb4740f7617fd924364104f116a000000000001030000 1ec2'),
      hex('0100000b000300704300db 050000 6c27'),
    ],
  },
  {
    protocol: 'ADM (ADM50, ADM100)',
    source: 'traccar AdmFrameDecoderTest',
    framing: () =>
      choice([
        {
          match: (first) => first >= 0x30 && first <= 0x39,
          framing: lengthField({
            maxFrameLength: 270,
            lengthFieldOffset: 17,
            lengthFieldLength: 1,
            lengthAdjustment: -3,
          }),
        },
        {
          framing: lengthField({
            maxFrameLength: 255,
            lengthFieldOffset: 2,
            lengthFieldLength: 1,
            lengthAdjustment: -3,
          }),
        },
      ]),
    wire: [
      hex(
        '383639313533303432353233373834 0000 37 28e000001402441d5f42c3711642930d000000c7000a461954f25fd82ed508000000000000000044000000010000000000140000',
      ),
      hex('0100 22 003300072020000000000000000044062a330000000000107f10565d4a8310'),
    ],
  },
  {
    protocol: 'Xexun 2',
    source: 'traccar Xexun2FrameDecoderTest',
    framing: () =>
      between(Buffer.of(0xfa, 0xaf), Buffer.of(0xfa, 0xaf), {
        escapes: [
          [Buffer.of(0xfb, 0xbf, 1), Buffer.of(0xfa, 0xaf)],
          [Buffer.of(0xfb, 0xbf, 2), Buffer.of(0xfb, 0xbf)],
        ],
        maxLength: 4096,
      }),
    wire: [
      hex(
        'faaf 0014000286147503139003400032f2b001002f4260b0d6a0008019104a3378323130333135317c323130333132303100704020308715758089502023015648643670 faaf',
      ),
    ],
    cut: [2, 2],
  },
  {
    protocol: 'VT200',
    source: 'traccar Vt200FrameDecoderTest',
    framing: () =>
      between('(', ')', {
        escapes: [
          [Buffer.of(0x3d, 0x00), '='],
          [Buffer.of(0x3d, 0x14), ')'],
          [Buffer.of(0x3d, 0x15), '('],
        ],
        keep: true,
        maxLength: 1024,
      }),
    wire: [
      hex(
        '28 631037309456208400340102f513061713273d144418267501208948170231071f0000044300200100005f021800006675000000000000000000000800006246 29',
      ),
    ],
    frames: [
      hex(
        '28 631037309456208400340102f5130617132729 4418267501208948170231071f0000044300200100005f021800006675000000000000000000000800006246 29',
      ),
    ],
  },
  {
    protocol: 'HuaSheng (SLIP)',
    source: 'traccar HuaShengFrameDecoderTest',
    framing: () => slip({ maxLength: 1024 }),
    wire: [
      hex('c0 010c001200600000000000040006000101 00 c0'),
      hex(
        'c0 00000041aa00000000000030 dbdc 00000031353035323630373538323800addcc100226aef0000000000120005000100151206ef0504e99975002903eb80556492ce c0',
      ),
    ],
    frames: [
      hex('010c00120060000000000004000600010100'),
      hex(
        '00000041aa00000000000030 c0 00000031353035323630373538323800addcc100226aef0000000000120005000100151206ef0504e99975002903eb80556492ce',
      ),
    ],
  },
]
