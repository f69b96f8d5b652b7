/** A decoder that Traccar has written by hand, and what takes its place. */
export interface ByHand {
  readonly protocols: string
  /** Which of the five shapes it has; none where it is of its own. */
  readonly shapes: readonly ShapeNumber[]
  readonly does: string
  /** The protocol of the document that has the expression. */
  readonly here?: string
  /** What is not done here, or otherwise. */
  readonly but?: string
}

type ShapeNumber = 1 | 2 | 3 | 4 | 5

/** The decoders that were read. */
export const byHand: readonly ByHand[] = [
  {
    protocols: 'ADM',
    shapes: [1],
    does: 'a digit first: an IMEI of 15 and a length of one byte behind it; else the length is byte 2',
    here: 'ADM (ADM50, ADM100)',
  },
  {
    protocols: 'Arnavi',
    shapes: [1],
    does: '`$` to CR LF; the first packet has 10 bytes; then packages of records, each with its length, to `5D`',
    here: 'Arnavi',
    but: 'told apart by the first byte, not by being the first',
  },
  {
    protocols: 'ATrack',
    shapes: [1, 3, 5],
    does: '`FE02` and 10 bytes; `@P,` with a decimal length behind the second comma; `@P` and a u16; else a line',
    here: 'ATrack (AK, AT)',
  },
  {
    protocols: 'BCE',
    shapes: [],
    does: 'a greeting, then blocks with lengths that are chained until a sum of all of them happens to fit',
    but: 'not done: where a frame ends is a guess',
  },
  {
    protocols: 'EGTS',
    shapes: [],
    does: 'the sum of two lengths in the header, and a CRC if the second is not 0',
    here: 'EGTS (GOST R 54619)',
  },
  {
    protocols: 'Fifotrack',
    shapes: [3, 5],
    does: '`$$`, a decimal length up to the comma, CR LF',
    here: 'Fifotrack',
  },
  {
    protocols: 'Galileosky, BlackKite',
    shapes: [],
    does: 'a little-endian length whose top bit is a flag',
    here: 'Galileosky',
    but: 'frames with a big-endian length (compressed, over satellite) need a second alternative',
  },
  {
    protocols: 'GL200 (Queclink)',
    shapes: [1],
    does: 'nine binary headers with their lengths in four places; else text to `$` or NUL',
    here: 'Queclink @Track, binary events among text',
    but: '`+INF`, `+BNF` (7, 2, -9), `+HBD` (5, 1, -6), `+CRD`, `+BRD` (6, 2, -8) are more alternatives of that kind',
  },
  {
    protocols: 'GT06',
    shapes: [1, 5],
    does: '`7878` and one byte, `7979` and two; where no CR LF follows, 2 bytes on or at the next CR LF',
    here: 'GT06 (Concox, Jimi)',
    but: 'the check decides, not the next CR LF: a frame with a wrong length is noise',
  },
  {
    protocols: 'H02',
    shapes: [1, 2],
    does: '`*` to `#`, `$` and 32 or 45 bytes, `X` and 32',
    here: 'H02 (Sinotrack, ST-901)',
    but: 'Traccar takes 45 if just 45 have come, which depends on the network; here the model says it',
  },
  {
    protocols: 'HuaSheng',
    shapes: [4],
    does: 'SLIP',
    here: 'HuaSheng (SLIP)',
  },
  {
    protocols: 'Huabao (JT/T 808), SolarPowered',
    shapes: [4],
    does: '`7E` to `7E`, escapes of `7D`',
    here: 'JT/T 808',
  },
  {
    protocols: 'JT600',
    shapes: [1],
    does: '`(` to `)`; `$` and a length at byte 7, or at byte 8 where byte 1 is 70 or more',
    but: '`choice` of `between` and `measuredBy`, as for ADM and EGTS; no frame of it was at hand to show it with',
  },
  {
    protocols: 'Meiligao',
    shapes: [2],
    does: 'skips to `$`; the length of all is bytes 2 and 3',
    here: 'Meiligao (VT300)',
  },
  {
    protocols: 'Meitrack',
    shapes: [3],
    does: '`$$`, a flag, a decimal length up to the comma',
    here: 'Meitrack (MVT, T)',
  },
  {
    protocols: 'Navtelecom',
    shapes: [1],
    does: '`@NTC` and a length at byte 12; `~A` with as many items as the login has agreed on',
    here: 'Navtelecom (NTCB)',
    but: '`~A` (FLEX) is not done: its length is known to the decoder, not to the framing',
  },
  {
    protocols: 'Omnicomm',
    shapes: [],
    does: '`C0`, a length that counts bytes before they are escaped, SLIP escapes',
    but: 'not done: no framing here counts unescaped bytes of an escaped frame; `framing()` makes one',
  },
  {
    protocols: 'PT502',
    shapes: [1],
    does: '`BF` with `$PHD` at byte 5 and a little-endian length; else text to CR or LF, perhaps behind 5 bytes of `BF`',
    but: 'not done: the alternatives differ in byte 5, and `choice` looks at what frames begin with',
  },
  {
    protocols: 'Suntech',
    shapes: [1],
    does: 'byte 1 is 0: a length of two bytes; else text to a CR that no LF follows',
    here: 'Suntech (ST300, ST600, ST4000)',
    but: 'serial text with CR LF in it (UEX) is cut there; a CR at the end of what has come ends a frame in Traccar',
  },
  {
    protocols: 'Telic',
    shapes: [1],
    does: 'a little-endian u32 below 1024 is a length; else text to NUL',
    but: 'not done in one expression: text and length cannot be told apart by the first byte',
  },
  {
    protocols: 'Teltonika',
    shapes: [1],
    does: '`FF` alone; two bytes that are not 0: a login; else a u32 at byte 4',
    here: 'Teltonika (codecs 8, 8E, 16, 12–15)',
  },
  {
    protocols: 'TK103',
    shapes: [2],
    does: 'skips to `(`; to `)` outside of `$…$` (by its test: the decoder is not in the index)',
    here: 'TK103',
    but: 'text between `$` that holds brackets (ZC03 notices) is cut at the first of them',
  },
  {
    protocols: 'Totem',
    shapes: [2, 3],
    does: 'skips to `$$`; four decimal digits if the first is 0, else two in hex, which count all',
    here: 'Totem (AT07, AT09)',
    but: 'down, frames bring their own length: by what they begin with it is not told apart before it is written',
  },
  {
    protocols: 'VT200',
    shapes: [4],
    does: '`(` to `)`, `=` before a byte that is exclusive-ored with `3D`',
    here: 'VT200',
  },
  {
    protocols: 'Watch',
    shapes: [3, 4],
    does: '`[` to `]`, escapes of `7D`; a hex length between asterisks',
    here: 'Watch (3G, SG, CS; SeTracker)',
    but: 'the length counts bytes before they are escaped, so devices that send voice have an expression of their own',
  },
  {
    protocols: 'Xexun',
    shapes: [2],
    does: 'skips to `GPRMC`; to the comma behind `imei:`',
    here: 'Xexun (TK102-2)',
    but: 'by its line ends, as Traccar does with `extended`; those that send none are not done',
  },
  {
    protocols: 'Xexun 2',
    shapes: [4],
    does: '`FAAF` to `FAAF`, escapes of `FBBF`',
    here: 'Xexun 2',
  },
]
