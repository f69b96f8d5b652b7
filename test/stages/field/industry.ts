import {
  between,
  checked,
  checksum,
  choice,
  delimited,
  fixedLength,
  hdlc,
  idleBytes,
  lengthField,
  measuredBy,
  skipUntil,
} from '../../../src/index.ts'
import { type FieldProtocol, hex, text } from './protocol.ts'

/** Plants, meters, vehicles on the grid, hospitals, ships and shops. */
export const industry: readonly FieldProtocol[] = [
  {
    protocol: 'Modbus RTU replies over TCP (DTU)',
    source: 'King Pigeon S175 V1.3, page 32, and S270 V3.0, page 50; github:simonvetter/modbus rtu_transport_test.go',
    framing: () =>
      checked(
        measuredBy({
          maxLength: 256,
          headerLength: 3,
          measure: ([, code = 0, count = 0]) =>
            code >= 0x80 ? 5 : code >= 1 && code <= 4 ? 5 + count : [5, 6, 15, 16].includes(code) ? 8 : 'corrupt',
        }),
        checksum('CRC-16/MODBUS', { byteOrder: 'little-endian' }),
      ),
    wire: [hex('01 04 02 04b6 3a46'), hex('01 0f 0000 0004 5408'), hex('31 82 02 c16e')],
    cut: [0, 2],
  },
  {
    protocol: 'Modbus TCP',
    source: 'composed from the MBAP header, MODBUS Messaging on TCP/IP V1.0b section 3.1.3',
    framing: () => lengthField({ maxFrameLength: 260, lengthFieldOffset: 4, lengthFieldLength: 2 }),
    wire: [hex('0001 0000 0006 11 03 006b 0003'), hex('0001 0000 0009 11 03 06 022b 0000 0064')],
  },
  {
    protocol: 'IEC 60870-5-104',
    source: 'Beckhoff infosys, telegram structure, sample 1; STARTDT act and TESTFR con composed from the same page',
    framing: () => skipUntil(lengthField({ maxFrameLength: 255, lengthFieldOffset: 1, lengthFieldLength: 1 }), 'h'),
    wire: [hex('68 04 07000000'), hex('68 0e 4e147c00 65010a000c0000000005'), hex('68 04 83000000')],
  },
  {
    protocol: 'DLMS/COSEM wrapper',
    source: 'AARQ of github:pwitab/dlms-cosem; the wrapper composed from IEC 62056-47',
    framing: () => lengthField({ maxFrameLength: 65_543, lengthFieldOffset: 6, lengthFieldLength: 2 }),
    wire: [hex('0001 0010 0001 001f 601da109060760857405080101be10040e01000000065f1f040000301dffff')],
  },
  {
    protocol: 'SML (German meters)',
    source: 'sml-rs, tests real_data and escape_in_user_data',
    framing: () =>
      between(Buffer.from('1b1b1b1b01010101', 'hex'), Buffer.from('1b1b1b1b1a', 'hex'), {
        escapes: [[Buffer.from('1b1b1b1b1b1b1b1b', 'hex'), Buffer.from('1b1b1b1b', 'hex')]],
        trailing: 3,
        maxLength: 8192,
      }),
    wire: [
      hex(
        '1b1b1b1b01010101 7605006345516200620072630101760101050021171b0b0a0149534b00047a5544726201650021155a620163828e00760500634552620062007263070177010b0a0149534b00047a5544070100620affff726201650021155a757707010060320101010101010449534b0177070100600100ff010101010b0a0149534b00047a55440177070100010800ff650010010401621e52ff65000c13610177070100020800ff0101621e52ff62000177070100100700ff0101621b5200530860010101638e71007605006345536200620072630201710163ad5500 1b1b1b1b1a 00 d54b',
      ),
      hex('1b1b1b1b01010101 12 1b1b1b1b1b1b1b1b 000000 1b1b1b1b1a 03 be25'),
    ],
    frames: [
      hex(
        '7605006345516200620072630101760101050021171b0b0a0149534b00047a5544726201650021155a620163828e00760500634552620062007263070177010b0a0149534b00047a5544070100620affff726201650021155a757707010060320101010101010449534b0177070100600100ff010101010b0a0149534b00047a55440177070100010800ff650010010401621e52ff65000c13610177070100020800ff0101621e52ff62000177070100100700ff0101621b5200530860010101638e71007605006345536200620072630201710163ad5500 00 d54b',
      ),
      hex('12 1b1b1b1b 000000 03 be25'),
    ],
  },
  {
    protocol: 'GB/T 32960 (electric vehicles)',
    source: 'vehicle logins in the tests of two public parsers; their checks are right',
    framing: () =>
      skipUntil(
        checked(
          lengthField({ maxFrameLength: 4096, lengthFieldOffset: 22, lengthFieldLength: 2, lengthAdjustment: 1 }),
          checksum('XOR', { over: { from: 2 } }),
        ),
        '##',
      ),
    wire: [
      hex(
        '2323 01 fe 4c5a59545547455735473130353935343501 001e 12061610150f001f38393836303631363032303034363337393632390100 a8',
      ),
      hex(
        '2323 01 fe 4c46574144524a46303131303032333436 01 0028 1206050b2c1d00013833363035333337393831363035343930313837020531303030313130303032 c2',
      ),
    ],
    cut: [0, 1],
  },
  {
    protocol: 'PPP in HDLC-like framing',
    source:
      'composed: an LCP configure request (RFC 1661), escaped as senders do that know no map yet; its frame check is right',
    framing: () => hdlc({ maxLength: 1504 }),
    wire: [
      hex(
        '7e ff 7d23 c0 21 7d21 7d20 7d20 7d34 7d22 7d26 7d20 7d20 7d20 7d20 7d25 7d26 28 e5 4c 21 7d27 7d22 7d28 7d22 e1 93 7e',
      ),
    ],
    frames: [hex('ff 03 c021 01 00 0014 02 06 00000000 05 06 28e54c21 07 02 08 02 e193')],
    down: 'only 7E and 7D are escaped',
  },
  {
    protocol: 'ASTM E1381 / LIS01 (analysers)',
    source: 'headers of an Abbott ARCHITECT and of its host in comments of a public driver; their checks are right',
    framing: () =>
      choice([
        { match: '\x02', framing: delimited({ delimiter: '\r\n', maxLength: 64_000 }) },
        { match: ['\x04', '\x05', '\x06', '\x15'], framing: fixedLength({ length: 1 }) },
      ]),
    wire: [
      text('\x05'),
      text('\x021H|\\^&|||ARCHITECT^9.45^F3452180006^H1P1O1R1C1Q1L1|||||||P|1|20240213164722\r\x032E\r\n'),
      text('\x021H|\\^&||||||||||P|1|\r\x0336\r\n'),
      text('\x04'),
    ],
    frames: [
      text('\x05'),
      text('\x021H|\\^&|||ARCHITECT^9.45^F3452180006^H1P1O1R1C1Q1L1|||||||P|1|20240213164722\r\x032E'),
      text('\x021H|\\^&||||||||||P|1|\r\x0336'),
      text('\x04'),
    ],
  },
  {
    protocol: 'HL7 v2 over MLLP',
    source: 'python-hl7 tests/test_mllp.py',
    framing: () => idleBytes(between('\x0b', '\x1c\r', { restart: true, maxLength: 1_048_576 }), ' \r\n'),
    wire: [
      text(
        '\x0bMSH|^~\\&|LABADT|DH|EPICADT|DH|201301011228||ACK^A01^ACK|HL7ACK00001|P|2.3\rMSA|AA|HL7MSG00001\r\x1c\r',
      ),
    ],
    cut: [1, 2],
  },
  {
    protocol: 'NMEA 0183, AIS',
    source: 'go-nmea hdt_test.go and mtw_test.go; libais typeexamples.nmea line 13',
    framing: () => delimited({ delimiter: ['\r\n', '\n'], maxLength: 1024 }),
    wire: [
      text('$GPHDT,123.456,T*32\r\n'),
      text('$INMTW,17.9,C*1B\r\n'),
      text('!AIVDM,1,1,,B,>IgoUswo3Q6?Ah,4*22\r\n'),
    ],
    cut: [0, 2],
  },
  {
    protocol: 'ISO 8583 with TPDU',
    source: 'the 0800 of StackOverflow question 21282257; its length and TPDU composed',
    framing: () => lengthField({ maxFrameLength: 4096, lengthFieldLength: 2 }),
    wire: [hex('001d 6000050000 0800 2020000000800000 000000 000001 3239313130303031')],
    cut: [2, 0],
  },
]
