import { checked, checksum, fixedLength, lengthField, skipUntil, tail } from '../../../src/index.ts'
import { type FieldProtocol, hex } from './protocol.ts'

/** Trackers whose frames have one length field, or always the same length. */
export const trackersLengths: readonly FieldProtocol[] = [
  {
    protocol: 'Ruptela',
    source: 'traccar RuptelaProtocolDecoderTest',
    framing: () =>
      checked(
        lengthField({ maxFrameLength: 1024, lengthFieldLength: 2, lengthAdjustment: 2 }),
        checksum('CRC-16/KERMIT'),
      ),
    wire: [
      hex('002e 000315bc70d3e2ff 0f 4f42443130302e30312e30382e30300000c2b30ea77e430000601b000001f40000003c0014 4aa0'),
      hex(
        '0044 000313612d76c5cb 07 44494e313d312c44494e323d302c44494e333d302c44494e343d302c444f5554313d312c444f5554323d312c41494e313d31372c41494e323d3236 ac80',
      ),
    ],
    cut: [2, 2],
  },
  {
    protocol: 'Castel (OBD, IDD-213)',
    source: 'traccar CastelProtocolDecoderTest',
    framing: () =>
      lengthField({
        byteOrder: 'little-endian',
        maxFrameLength: 1024,
        lengthFieldOffset: 2,
        lengthFieldLength: 2,
        lengthAdjustment: -4,
      }),
    wire: [
      hex('4040 1f00 0431303031313132353239393837000000000000001003 0332 0d0a'),
      hex('4040 2900 0432313345503230313630303035383500000000009001ffffffff0000b4fc1c58 2b6e 0d0a'),
    ],
  },
  {
    protocol: 'Navtelecom (NTCB)',
    source: 'traccar NavtelecomFrameDecoderTest',
    framing: () =>
      skipUntil(
        lengthField({
          byteOrder: 'little-endian',
          maxFrameLength: 1024,
          lengthFieldOffset: 12,
          lengthFieldLength: 2,
          lengthAdjustment: 2,
        }),
        '@NTC',
      ),
    wire: [
      hex('404e5443 01000000 00000000 1300 4e45 2a3e533a383636373935303331343130363839'),
      hex(
        '404e5443 01000000 00000000 2a00 5e6c 2a3e464c4558b01e1efffffe300a08080ffffe08000000580028002bc0000000000000b4000000000000',
      ),
    ],
  },
  {
    protocol: 'Apel',
    source: 'traccar ApelProtocolDecoderTest',
    framing: () =>
      lengthField({
        byteOrder: 'little-endian',
        maxFrameLength: 1024,
        lengthFieldOffset: 2,
        lengthFieldLength: 2,
        lengthAdjustment: 4,
      }),
    wire: [
      hex('0c00 2900 f12a00000f003235303032363533343135313036340f0033353638393530333632373938313101002000000000'),
      hex('7900 0400 69ea0300 00000000'),
    ],
  },
  {
    protocol: 'OBD dongle (ThinkRace)',
    source: 'traccar ObdDongleProtocolDecoderTest',
    framing: () =>
      lengthField({ maxFrameLength: 1099, lengthFieldOffset: 20, lengthFieldLength: 2, lengthAdjustment: 3 }),
    wire: [hex('5555 0003 383634383637303232353131303135 01 0009 010011023402010201 ab aaaa')],
  },
  {
    protocol: 'GT02',
    source: 'traccar Gt02ProtocolDecoderTest',
    framing: () =>
      lengthField({ maxFrameLength: 256, lengthFieldOffset: 2, lengthFieldLength: 1, lengthAdjustment: 2 }),
    wire: [
      hex('6868 15 0000035889905895258400831c07415045584f4b21 0d0a'),
      hex('6868 0f 0504035889905831401700df1a0000 0d0a'),
    ],
  },
  {
    protocol: 'Blue',
    source: 'traccar BlueProtocolDecoderTest',
    framing: () =>
      lengthField({ maxFrameLength: 1024, lengthFieldOffset: 1, lengthFieldLength: 2, lengthAdjustment: -2 }),
    wire: [
      hex(
        'aa 0056 860080e3e79e0c811f80000114020207170520011f00407f8005ee1938113b270000000000000000140202071705005ac7a621121f0002000100b7000080110000000000001a3a0000000001f400000000000078',
      ),
    ],
  },
  {
    protocol: 'MiniFinder 2 (EV-07B)',
    source: 'traccar Minifinder2ProtocolDecoderTest',
    framing: () =>
      lengthField({
        byteOrder: 'little-endian',
        maxFrameLength: 1200,
        lengthFieldOffset: 2,
        lengthFieldLength: 2,
        lengthAdjustment: 4,
      }),
    wire: [hex('ab00 0300 08c7 0000 7f0100'), hex('ab00 0800 c9ea 0c00 04061f0074657374')],
  },
  {
    protocol: 'Meiligao (VT300)',
    source: 'traccar MeiligaoFrameDecoderTest',
    framing: () =>
      skipUntil(
        checked(
          tail(
            lengthField({ maxFrameLength: 1024, lengthFieldOffset: 2, lengthFieldLength: 2, lengthAdjustment: -4 }),
            '\r\n',
          ),
          checksum('CRC-16/CCITT-FALSE'),
        ),
        '$$',
      ),
    wire: [
      hex(
        '2424 007b 86217001515178 9955 3233323835372e3030302c562c333632372e313835342c4e2c30313034352e323130392c452c302e30302c372c3239303131332c2c2a31347c302e307c347c303030307c303030382c303030357c303235443030303230303541374432327c30367c3030303145303535 27f4 0d0a',
      ),
    ],
    cut: [0, 4],
  },
  {
    protocol: 'AutoTrack',
    source: 'traccar AutoTrackProtocolDecoderTest',
    framing: () =>
      lengthField({
        byteOrder: 'little-endian',
        maxFrameLength: 1024,
        lengthFieldOffset: 5,
        lengthFieldLength: 2,
        lengthAdjustment: 2,
      }),
    wire: [hex('f1f1f1f1 33 0c00 201007090006de7200000000 daa3')],
  },
  {
    protocol: 'M2M (23 bytes)',
    source: 'traccar M2mProtocolDecoderTest',
    framing: () => fixedLength({ length: 23 }),
    wire: [
      hex('235a3c2a2624215c287d70212a21254c7c6421220b0b0b'),
      hex('a6e12c2aaada4628326b2059576e30202a2fe85d20200b'),
    ],
  },
]
