/** A way to frame, the protocols of Traccar that have it, and how it is said here. */
export interface Shape {
  readonly protocols: string
  /** As Traccar's own decoder has it. */
  readonly traccar: string
  readonly expression: string
  /** A frame of it, for the way down; default `a`. */
  readonly sample?: string
}

/** Every list of delimiters. One that may follow a shorter one is idle here: the first delimiter to end ends the frame. */
export const delimiters: readonly Shape[] = [
  ends('#', 'EnvoTech, GoSafe, Gotop, SuperMate, TRV, Upro, Visiontek'),
  ends('\\r', 'Arknav, Box, Carcell, FlexTrack, GPSMarker, HunterPro'),
  ends('##', 'CarTrack, V680, Xirgo'),
  ends(';', 'ArknavX8, IVT401, ManPower'),
  ends(')', 'AutoGrade, PreTrace, TopFlyTech'),
  ends('$', 'ENNFU, S168, SmartSole'),
  ends('\\0', 'GL100, TLV'),
  ends(']', 'M2C, Mobilogix'),
  ends('!', 'Net'),
  ends('*', 'Haicom'),
  ends('<', 'TAIP'),
  ends('^', 'Carscop'),
  ends('}', 'OKO'),
  ends('d', 'PT3000'),
  ends('$$', 'TT8850'),
  ends('\\n\\r', 'GNX'),
  ends('##\\r\\n', 'TLT-2H'),
  ends('</fox>', 'Fox'),
  {
    protocols: 'PT60',
    traccar: '`@R#@`, `@E#@`',
    expression: "delimited({ delimiter: ['@R#@', '@E#@'], maxLength: 1024 })",
  },
  {
    protocols: 'GPSGate',
    traccar: '`\\0`, `\\n`, `\\r\\n`',
    expression: "delimited({ delimiter: ['\\0', '\\n', '\\r\\n'], maxLength: 1024 })",
  },
  {
    protocols: 'GPS103',
    traccar: '`\\r\\n`, `\\n`, `;`, `*`, kept',
    expression: "delimited({ delimiter: ['\\r\\n', '\\n', ';', '*'], keep: true, maxLength: 2048 })",
    sample: 'a;',
  },
  {
    protocols: 'C2STEK',
    traccar: '`$AP`, kept',
    expression: "delimited({ delimiter: '$AP', keep: true, maxLength: 1024 })",
    sample: 'a$AP',
  },
  {
    protocols: 'GlobalSat',
    traccar: '`!\\r\\n`, `!`',
    expression: "idleBytes(delimited({ delimiter: '!', maxLength: 1024 }), '\\r\\n')",
  },
  {
    protocols: 'EasyTrack',
    traccar: '`#\\r\\n`, `#`, `\\r\\n`',
    expression: "idleBytes(delimited({ delimiter: ['#', '\\r\\n'], maxLength: 1024 }), '\\r\\n')",
  },
  {
    protocols: 'MiniFinder',
    traccar: '`;\\0`, `;`',
    expression: "idleBytes(delimited({ delimiter: ';', maxLength: 1024 }), '\\0')",
  },
  {
    protocols: 'Armoli',
    traccar: '`;;`, `;\\r`, `;`',
    expression: "idleBytes(delimited({ delimiter: ';', maxLength: 1024 }), ';\\r')",
  },
]

/** Every set of offset, length, adjustment and byte order. */
export const lengths: readonly Shape[] = [
  says(1024, 0, 2, -2, 'Enfora'),
  says(1024, 0, 2, 2, 'Ruptela'),
  says(1024, 1, 2, -3, 'Astra'),
  says(1024, 1, 2, -2, 'Blue'),
  says(256, 2, 1, -3, 'AVL301'),
  says(1024, 2, 1, -1, 'PT215'),
  says(256, 2, 1, 2, 'GT02'),
  says(1024, 2, 2, -4, 'CityEasy, Continental, Thuraya'),
  says(1024, 2, 2, 2, 'ThinkPower, TZone'),
  says(1024, 3, 1, 0, 'UUX'),
  says(1024, 3, 2, -5, 'T800X (TopFlyTech)'),
  says(1024, 3, 2, 0, 'Eelink, Gator, KHD, NIOT'),
  says(1024, 3, 2, 3, 'Wristband'),
  says(1024, 12, 1, 1, 'TK102'),
  says(1024, 12, 2, -14, 'Radar'),
  says(1024, 16, 2, 2, 'ThinkRace'),
  says(1099, 20, 2, 3, 'OBD dongle'),
  saysLittle(1024, 2, 2, -4, 'Castel, NyiTech'),
  saysLittle(1024, 2, 2, 2, 'AnyTrek'),
  saysLittle(1200, 2, 2, 4, 'Apel, MiniFinder 2, Progress'),
  saysLittle(1024, 3, 2, 0, 'DMT, Sanul'),
  saysLittle(1500, 4, 2, 12, 'VNET'),
  saysLittle(1024, 4, 4, -8, 'Recoda'),
  saysLittle(1024, 5, 2, 2, 'AutoTrack'),
  saysLittle(1400, 8, 2, 0, 'Satsol'),
  saysLittle(1024, 12, 4, 9, 'Snapper'),
  saysLittle(4096, 20, 4, 4, 'Dolphin'),
  saysLittle(1024, 105, 2, 3, 'Riti'),
]

/** What is left that is not written by hand. */
export const others: readonly Shape[] = [
  {
    protocols:
      'Appello, Aquila, Ardi01, Auro, Cautela, CGuard, Disha, DWay, E-Seal, Freedom, GT30, IDPL, Kenji, Laipac, MilesMate, MTX, SiWi, StarLink, StarTek, T55, TR20, TR900, TrackBox, Wialon IPS, XRB28, XT013, YWT',
    traccar: 'line',
    expression: "delimited({ delimiter: ['\\r\\n', '\\n'], maxLength: 1024 })",
  },
  { protocols: 'M2M', traccar: 'fixed, 23', expression: 'fixedLength({ length: 23 })' },
  { protocols: 'Pricol', traccar: 'fixed, 64', expression: 'fixedLength({ length: 64 })' },
  { protocols: 'FlexComm', traccar: 'fixed, 110', expression: 'fixedLength({ length: 110 })' },
  { protocols: 'Maestro', traccar: 'fixed, 160', expression: 'fixedLength({ length: 160 })' },
  { protocols: 'STB', traccar: 'JSON', expression: 'jsonObjects({ maxLength: 16_384 })' },
]

/** `delimiter` as it is written between quotes. */
function ends(delimiter: string, protocols: string): Shape {
  return {
    protocols,
    traccar: `\`${delimiter}\``,
    expression: `delimited({ delimiter: '${delimiter}', maxLength: 1024 })`,
  }
}

function says(max: number, offset: number, bytes: number, adjustment: number, protocols: string, order = ''): Shape {
  const strip = offset === 0 ? ', initialBytesToStrip: 0' : ''
  const options = [
    ...(order === '' ? [] : ["byteOrder: 'little-endian'"]),
    `maxFrameLength: ${max}`,
    ...(offset === 0 ? [] : [`lengthFieldOffset: ${offset}`]),
    `lengthFieldLength: ${bytes}`,
    ...(adjustment === 0 ? [] : [`lengthAdjustment: ${adjustment}`]),
  ]
  return {
    protocols,
    traccar: `${offset}, ${bytes}, ${adjustment}${order}`,
    expression: `lengthField({ ${options.join(', ')}${strip} })`,
  }
}

function saysLittle(max: number, offset: number, bytes: number, adjustment: number, protocols: string): Shape {
  return says(max, offset, bytes, adjustment, protocols, ', little-endian')
}
