import {
  between,
  choice,
  delimited,
  idleBytes,
  jsonObjects,
  lengthBetween,
  lengthField,
  skipUntil,
  tail,
} from '../../../src/index.ts'
import { type FieldProtocol, hex, text } from './protocol.ts'

/** Trackers whose frames are text. */
export const trackersText: readonly FieldProtocol[] = [
  {
    protocol: 'Queclink @Track (GL, GV, GB)',
    source: 'GL300 @Track, TRACGL300AN001, pages 14 and 85',
    framing: () => delimited({ delimiter: '$', maxLength: 2048 }),
    wire: [
      text('+ACK:GTHBD,1A0102,135790246811220,,20100214093254,11F0$'),
      text('+ACK:GTQSS,1A0102,135790246811220,,0001,20100310172830,11F0$'),
    ],
    cut: [0, 1],
  },
  {
    protocol: 'Meitrack (MVT, T)',
    source: 'traccar MeitrackFrameDecoderTest',
    framing: () => lengthBetween({ start: '$$', skip: 1, lengthEnd: ',', lengthAdjustment: -1, maxLength: 2048 }),
    wire: [
      text(
        '$$N127,863071013830066,AAA,35,-1.302680,36.852135,150409211026,A,9,0,0.1,0,5,1653,4096,32648,639|02|1004|90C,0000,0|0|0|3FF|300,*7C\r\n',
      ),
    ],
  },
  {
    protocol: 'TK103',
    source: 'traccar Tk103FrameDecoderTest',
    framing: () => skipUntil(between('(', ')', { keep: true, maxLength: 1024 }), '('),
    wire: [
      text('(864755555555555,DW3B,131117,A,5562.02870N,01348.08194E,1.597,223707,291.65,-0.10,4)'),
      text('(864755555555555,ZC20,131117,223706,6,394,65535,255)'),
    ],
  },
  {
    protocol: 'Watch (3G, SG, CS; SeTracker)',
    source: 'traccar WatchFrameDecoderTest',
    framing: () =>
      lengthBetween({
        start: '[',
        lengthAfter: { mark: '*', occurrence: 2 },
        lengthEnd: '*',
        lengthEncoding: 'hex',
        lengthDigits: 4,
        lengthAdjustment: 1,
        maxLength: 2048,
      }),
    wire: [
      text('[3G*9705141740*0009*LK,0,0,53]'),
      text('[3G*9705141740*0003*TKQ]'),
      text(
        '[3G*9705141740*005A*UD,190723,190707,A,36.815109,N,10.1792312,E,8.24,127.9,21.0,5,100,53,0,0,00000000,0,0,58.0]',
      ),
    ],
  },
  {
    protocol: 'Watch, voice in escapes',
    source: 'traccar WatchFrameDecoderTest; its length counts the bytes before they are escaped',
    framing: () =>
      between('[', ']', {
        escapes: [
          ['}\x01', '}'],
          ['}\x02', '['],
          ['}\x03', ']'],
          ['}\x04', ',', 'up'],
          ['}\x05', '*', 'up'],
        ],
        maxLength: 8192,
      }),
    wire: [Buffer.concat([text('[CS*1234567890*000e*TK,#!AMR'), hex('7d017d027d037d047d05ff'), text(']')])],
    frames: [Buffer.concat([text('CS*1234567890*000e*TK,#!AMR'), hex('7d5b5d2c2aff')])],
    down: 'a comma and an asterisk need no escape outside of voice',
  },
  {
    protocol: 'GPS103 (TK102, Coban)',
    source: 'many public logs of imei:359587010124900; 359586015829802 is the heartbeat of the same',
    framing: () => delimited({ delimiter: [';', '\r\n', '\n', '*'], keep: true, maxLength: 2048 }),
    wire: [
      text('imei:359587010124900,tracker,0809231929,13554900601,F,112909.397,A,2234.4669,N,11354.3287,E,0.11,;'),
      text('359586015829802;'),
    ],
  },
  {
    protocol: 'Xexun (TK102-2)',
    source: 'traccar XexunFrameDecoderTest',
    framing: () => delimited({ delimiter: ['\n\r', '\r\n'], maxLength: 1024 }),
    wire: [
      text(
        '150615123731,+33647484611,GPRMC,103731.636,A,4545.5266,N,00448.8259,E,21.12,276.01,150615,,,A*57,L,, imei:013949002026675,04,3522.9,F:3.72V,0,142,12744,208,01,0702,9C8C\n\r',
      ),
    ],
    cut: [0, 2],
  },
  {
    protocol: 'GoSafe (G3S, G6S, G79)',
    source: 'traccar GoSafeProtocolDecoderTest',
    framing: () => delimited({ delimiter: '#', maxLength: 4096 }),
    wire: [
      text(
        '*GS06,351535058659335,081234310719,,SYS:G6S;V3.37;V1.1.8,GPS:A;10;N23.169758;E113.450640;0;323;47;0.82,COT:18539;,ADC:10.81;4.07,DTT:4000;E0;0;0;0;1,IWD:0;1;9f00000655705d28;22.5#',
      ),
      text('*GS02,358696043774648#'),
    ],
    cut: [0, 1],
  },
  {
    protocol: 'Wialon IPS',
    source: 'composed from the field table: #type#fields CR LF',
    framing: () => delimited({ delimiter: '\r\n', maxLength: 4096 }),
    wire: [text('#L#123456789012345;test\r\n'), text('#P#\r\n')],
    cut: [0, 2],
  },
  {
    protocol: 'Fifotrack',
    source: 'traccar FifotrackFrameDecoderTest',
    framing: () => tail(lengthBetween({ start: '$$', lengthEnd: ',', lengthAdjustment: 4, maxLength: 2048 }), '\r\n'),
    wire: [
      text(
        '$$126,869467049290787,2A8C,A01,,190413153254,A,-15.127868,39.262506,0,162,415,80972243,0,0000,00,0,643|3|51AF|BF2F,1A3|4F6|832|0,1,*54\r\n',
      ),
    ],
    cut: [0, 2],
  },
  {
    protocol: 'Totem (AT07, AT09)',
    source: 'traccar TotemFrameDecoderTest',
    framing: () =>
      idleBytes(
        skipUntil(
          choice([
            {
              match: '$$0',
              framing: lengthField({
                maxFrameLength: 1024,
                lengthFieldOffset: 2,
                lengthFieldLength: 4,
                lengthEncoding: 'decimal',
                lengthAdjustment: -6,
              }),
            },
            {
              framing: lengthField({
                maxFrameLength: 255,
                lengthFieldOffset: 2,
                lengthFieldLength: 2,
                lengthEncoding: 'hex',
                lengthAdjustment: -4,
              }),
            },
          ]),
          '$$',
        ),
        '\r\n',
      ),
    wire: [
      text('$$0025BB8620100372948613E'),
      text(
        '$$B9356895037578518|AA$GPRMC,061708.000,A,3740.2033,N,02128.8121,E,38.85,272.36,121113,,,A*52|02.3|01.3|01.9|000000000000|20131112061708|14041402|00000000|002E2171|0000|0.2172|8902|4F9E\r\n',
      ),
    ],
    frames: [
      text('$$0025BB8620100372948613E'),
      text(
        '$$B9356895037578518|AA$GPRMC,061708.000,A,3740.2033,N,02128.8121,E,38.85,272.36,121113,,,A*52|02.3|01.3|01.9|000000000000|20131112061708|14041402|00000000|002E2171|0000|0.2172|8902|4F9E',
      ),
    ],
    down: 'CR LF, which not all of them send, is not put back',
  },
  {
    protocol: 'Fox',
    source: 'traccar FoxProtocolDecoderTest',
    framing: () => delimited({ delimiter: '</fox>', keep: true, maxLength: 1024 }),
    wire: [
      text(
        '<fox><gps id="90" data="0,A,110316,131834,4448.8355,N,02028.2021,E,0,217,,1111111111111111 123 0 0 0 0 0 00000000 50020,50020 0"/></fox>',
      ),
    ],
  },
  {
    protocol: 'MiniFinder',
    source: 'traccar MiniFinderProtocolDecoderTest, where the ; is cut off and put back here',
    framing: () => idleBytes(delimited({ delimiter: ';', maxLength: 1024 }), '\0'),
    wire: [text('!1,860719027585011;\0'), text('!D,22/2/14,13:40:58,56.899601,14.811541,0,0,1,176.0,98,5,16,0;')],
    frames: [text('!1,860719027585011'), text('!D,22/2/14,13:40:58,56.899601,14.811541,0,0,1,176.0,98,5,16,0')],
    down: 'NUL, which not all of them send, is not put back',
  },
  {
    protocol: 'STB battery swap (JSON, nothing between)',
    source: 'traccar StbProtocolDecoderTest',
    framing: () => jsonObjects({ maxLength: 16_384 }),
    wire: [
      text(
        '{"devId":"CHZD08KPD0210425046","devType":2,"hardVersion":"HDTTVA19","msgType":110,"protocolVersion":"V1","softVersion":"3.1.8","switchCabStatus":"1","txnNo":"1625212741537"}',
      ),
      text(
        '{"msgType":310,"attrList":[{"id":"01106001","value":31},{"id":"01101001","value":1},{"id":"01102001","value":113.826355},{"id":"01103001","value":22.846399}],"devId":"BT106001020JPZZ210718001","txnNo":"1626940074000"}',
      ),
    ],
  },
]
