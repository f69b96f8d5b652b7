import {
  between,
  checked,
  checksum,
  choice,
  delimited,
  fixedLength,
  idleBytes,
  lengthBetween,
  lengthField,
  measuredBy,
  skipUntil,
  tail,
} from '../../../src/index.ts'
import { type FieldProtocol, hex, text } from './protocol.ts'

/** Trackers that send frames of several kinds by turns. */
export const trackersMixed: readonly FieldProtocol[] = [
  {
    protocol: 'Queclink @Track, binary events among text',
    source: 'traccar Gl200FrameDecoderTest; the text as above',
    framing: () =>
      choice([
        {
          match: ['+RSP', '+BSP', '+EVT', '+BVT'],
          framing: lengthField({
            maxFrameLength: 1024,
            lengthFieldOffset: 9,
            lengthFieldLength: 2,
            lengthAdjustment: -11,
          }),
        },
        { match: '+', framing: delimited({ delimiter: '$', maxLength: 2048 }) },
      ]),
    wire: [
      hex(
        '2b4556540c00fc1fbf005c4501010108563254030003430564312a41090100000000003f007dff75a11a025c6a7807e1070a14041202680003189c1ac500000000000000000000000000000000000007e1070b041134054e5c6e0d0a',
      ),
      text('+ACK:GTHBD,1A0102,135790246811220,,20100214093254,11F0$'),
    ],
    frames: [
      hex(
        '2b4556540c00fc1fbf005c4501010108563254030003430564312a41090100000000003f007dff75a11a025c6a7807e1070a14041202680003189c1ac500000000000000000000000000000000000007e1070b041134054e5c6e0d0a',
      ),
      text('+ACK:GTHBD,1A0102,135790246811220,,20100214093254,11F0'),
    ],
  },
  {
    protocol: 'H02 (Sinotrack, ST-901)',
    source: 'traccar H02FrameDecoderTest; binary frames of 32 bytes, other models send 45',
    framing: () =>
      idleBytes(
        skipUntil(
          choice([
            { match: '*', framing: between('*', '#', { keep: true, maxLength: 1024 }) },
            { framing: fixedLength({ length: 32 }) },
          ]),
          ['*', '$', 'X'],
        ),
        '\r\n',
      ),
    wire: [
      text('*HQ,355488020113911,V1,012945,A,5231.79283,N,01324.10718,E,0.05,0,170217,FFFFFFFF#\r\n'),
      hex('2441060116601245431311165035313006004318210e000000fffffbffff0024'),
      hex('5800009814991024031101175540227006012321670c000095fffffbffff0033'),
    ],
    frames: [
      text('*HQ,355488020113911,V1,012945,A,5231.79283,N,01324.10718,E,0.05,0,170217,FFFFFFFF#'),
      hex('2441060116601245431311165035313006004318210e000000fffffbffff0024'),
      hex('5800009814991024031101175540227006012321670c000095fffffbffff0033'),
    ],
    down: 'CR LF, which not all of them send, is not put back',
  },
  {
    protocol: 'Suntech (ST300, ST600, ST4000)',
    source: 'traccar SuntechFrameDecoderTest',
    framing: () =>
      choice([
        { match: (first) => first < 0x80, framing: delimited({ delimiter: '\r', maxLength: 1024 }) },
        { framing: lengthField({ maxFrameLength: 1024, lengthFieldOffset: 1, lengthFieldLength: 2 }) },
      ]),
    wire: [
      text('ST600ALV;008728327\r'),
      hex(
        '81004e05200013383fffff3401000301130a0512080400000000000000000000000047f9d5846a06810072225214010100020300a8002604c1000004b000000470000025a100000000000025c4000000a6',
      ),
    ],
    frames: [
      text('ST600ALV;008728327'),
      hex(
        '81004e05200013383fffff3401000301130a0512080400000000000000000000000047f9d5846a06810072225214010100020300a8002604c1000004b000000470000025a100000000000025c4000000a6',
      ),
    ],
  },
  {
    protocol: 'ATrack (AK, AT)',
    source: 'traccar AtrackFrameDecoderTest',
    framing: () =>
      choice([
        { match: Buffer.of(0xfe, 0x02), framing: fixedLength({ length: 12 }) },
        {
          match: '@P,',
          framing: lengthBetween({
            start: '@P,',
            lengthAfter: { mark: ',' },
            lengthEnd: ',',
            maxLength: 2048,
          }),
        },
        {
          match: '@P',
          framing: lengthField({ maxFrameLength: 2048, lengthFieldOffset: 4, lengthFieldLength: 2 }),
        },
        { match: '$', framing: delimited({ delimiter: '\r\n', maxLength: 256, keep: true }) },
      ]),
    wire: [
      hex('fe02 00014104d8f19682 0001'),
      text(
        '@P,75B3,120,79779,358901048091554,20180412142514,20180412142514,20180413000655,16423389,48178700,108,2,6.5,9,0,0,0,0,0,2000,2000,\x1a\r\n',
      ),
      hex(
        '4050 1e58 0033 01e000014104d8f19682525ecd5d525ee344525ee35effc88815026ab4d70000020000104403de01000b0000000007d007d000',
      ),
      text('$OK\r\n'),
    ],
  },
  {
    protocol: 'Arnavi',
    source: 'traccar ArnaviFrameDecoderTest',
    framing: () =>
      choice([
        { match: '$', framing: delimited({ delimiter: '\r\n', maxLength: 1024 }) },
        { match: Buffer.of(0xff), framing: fixedLength({ length: 10 }) },
        { match: Buffer.of(0x5b, 0xfd), framing: fixedLength({ length: 4 }) },
        {
          match: '[',
          framing: measuredBy({
            maxLength: 8192,
            headerLength: 3,
            measure(header) {
              let at = 2
              while (header[at] !== 0x5d) {
                if (header.length < at + 3) return { need: at + 3 }
                at += 8 + header.readUInt16LE(at + 1)
                if (header.length <= at) return { need: at + 1 }
              }
              return at + 1
            },
          }),
        },
      ]),
    wire: [
      text('$AV,V3DI,85164,214,-1,19,00004F4F,0000095E,0C000002,863071013041618,8999701560382526622F,*09\r\n'),
      hex('ff22 f30c45f5c90f0300'),
      hex(
        '5b01 01 2800 a3175f59 03513934420447221c42055402781e0900f0c5215b4e0084005c00007c005d0000a300fa37010000 29 01 2800 a3175f59 03513934420447221c42055402781e0900f0c5215b4e0084005c00007c005d0000a300fa37010000 29 5d',
      ),
      hex('5bfd 00 5d'),
    ],
    frames: [
      text('$AV,V3DI,85164,214,-1,19,00004F4F,0000095E,0C000002,863071013041618,8999701560382526622F,*09'),
      hex('ff22 f30c45f5c90f0300'),
      hex(
        '5b01 01 2800 a3175f59 03513934420447221c42055402781e0900f0c5215b4e0084005c00007c005d0000a300fa37010000 29 01 2800 a3175f59 03513934420447221c42055402781e0900f0c5215b4e0084005c00007c005d0000a300fa37010000 29 5d',
      ),
      hex('5bfd 00 5d'),
    ],
  },
  {
    protocol: 'Teltonika (codecs 8, 8E, 16, 12–15)',
    source: 'Teltonika, FMB1YX Protocols V0.15; traccar TeltonikaProtocolDecoderTest lines 69, 132 and 147',
    framing: () =>
      idleBytes(
        choice([
          {
            match: Buffer.alloc(4),
            framing: lengthField({
              maxFrameLength: 8192,
              lengthFieldOffset: 4,
              lengthFieldLength: 4,
              lengthAdjustment: 4,
            }),
          },
          { framing: lengthField({ maxFrameLength: 64, lengthFieldLength: 2 }) },
        ]),
        Buffer.of(0xff),
      ),
    wire: [
      hex('000f 333536333037303432343431303133'),
      hex(
        'ff 00000000 0000002b 080100000140d4e3ec6e000cc661d01674a5e0fffc00000900000004020100f000024232231800000000010000 7a04',
      ),
      hex('00000000 00000010 0c010600000008010300010015d5c501 0000d988'),
    ],
    frames: [
      text('356307042441013'),
      hex(
        '00000000 0000002b 080100000140d4e3ec6e000cc661d01674a5e0fffc00000900000004020100f000024232231800000000010000 7a04',
      ),
      hex('00000000 00000010 0c010600000008010300010015d5c501 0000d988'),
    ],
    down: 'a keepalive is not sent',
  },
  {
    protocol: 'GT06 (Concox, Jimi)',
    source: 'Concox GT06 v1.8.1, 5.1.3; traccar Gt06ProtocolDecoderTest line 354',
    framing: () =>
      skipUntil(
        checked(
          tail(
            choice([
              {
                match: 'xx',
                framing: lengthField({
                  maxFrameLength: 260,
                  lengthFieldOffset: 2,
                  lengthFieldLength: 1,
                  lengthAdjustment: 2,
                }),
              },
              {
                match: 'yy',
                framing: lengthField({
                  maxFrameLength: 4096,
                  lengthFieldOffset: 2,
                  lengthFieldLength: 2,
                  lengthAdjustment: 2,
                }),
              },
            ]),
            '\r\n',
          ),
          checksum('CRC-16/X-25', { over: { from: 2 } }),
        ),
        ['xx', 'yy'],
      ),
    wire: [
      hex('7878 0d 01 0123456789012345 0001 8cdd 0d0a'),
      hex('7979 0026 21 00000000020043006f006d006d0061006e00640020006500720072006f007200210023 6e85 0d0a'),
    ],
    cut: [0, 4],
  },
]
