import fc from 'fast-check'

const space = fc.constantFrom('', '', '', ' ', '\t', '\r', '\n', '  ')

/** JSON in all its forms of writing. */
export const { json: jsonText } = fc.letrec<{
  json: string
  value: string
  object: string
  array: string
  string: string
}>((tie) => ({
  string: fc
    .array(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 3 }).map((text) => JSON.stringify(text).slice(1, -1)),
        fc.constantFrom(
          '\\"',
          '\\\\',
          '\\/',
          '\\b',
          '\\f',
          '\\n',
          '\\r',
          '\\t',
          '\\u0024',
          '\\uD83D\\ude00',
          '$',
          'é',
          '\u{1f600}',
        ),
      ),
      { maxLength: 3 },
    )
    .map((parts) => `"${parts.join('')}"`),
  object: fc
    .array(fc.tuple(space, tie('string'), space, tie('value'), space), { maxLength: 4 })
    .map((members) => `{${members.map(([a, key, b, value, c]) => `${a}${key}${b}:${value}${c}`).join(',')}}`),
  array: fc.array(tie('value'), { maxLength: 3 }).map((values) => `[${values.join(',')}]`),
  value: fc
    .oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('true', 'false', 'null', '0', '-0', '1.5', '-12e+3', '1E-7', '0.00', '10', '9007199254740993'),
      tie('string'),
      tie('array'),
      tie('object'),
    )
    .chain((value) => fc.tuple(space, space).map(([before, after]) => `${before}${value}${after}`)),
  json: fc
    .tuple(space, fc.oneof({ weight: 5, arbitrary: tie('object') }, tie('value')), space)
    .map((parts) => parts.join('')),
}))

/** The same with something put in, taken out or changed. */
export const damagedJson = fc
  .tuple(
    jsonText,
    fc.nat(),
    fc.nat(2),
    fc.constantFrom(
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '0',
      '-',
      '.',
      'e',
      '+',
      't',
      'u',
      '\u0000',
      '\u001f',
      ' ',
      '$',
    ),
  )
  .map(([text, place, cut, put]) => {
    const at = place % (text.length + 1)
    return text.slice(0, at) + put + text.slice(at + cut)
  })

/** Any text: of any characters, half a surrogate pair among them, or of those that JSON is made of. */
export const anyText = fc.oneof(
  fc.string({ unit: fc.oneof(fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), fc.constant('\ud83d')) }),
  fc.string({ unit: fc.constantFrom(...'{}[]",:\\0-.eE+ tfn$u') }),
)

/** Objects without spaces, as most devices write them; of their values some are no JSON. */
export const compactObject = fc.letrec<{ object: string; value: string }>((tie) => ({
  object: fc
    .array(
      fc.tuple(fc.constantFrom('"a"', '"a"', '""', '"é"', '"a$"', '"$a"', '"$seq"', '"\\u0061"', '"\t"'), tie('value')),
      { maxLength: 3 },
    )
    .map((members) => `{${members.map(([key, value]) => `${key}:${value}`).join(',')}}`),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    {
      weight: 6,
      arbitrary: fc.constantFrom(
        '0',
        '-0',
        '7',
        '10.50',
        '-1e5',
        '1E+05',
        '0.0e-0',
        'true',
        'false',
        'null',
        '""',
        '"é$}]"',
      ),
    },
    fc.constantFrom(
      '01',
      '-',
      '-01',
      '+1',
      '1.',
      '.5',
      '1e',
      '1e+',
      '0x1',
      'tru',
      'nulll',
      '"',
      '"\\x"',
      '"\t"',
      '',
      '7,',
      ',7',
    ),
    tie('object'),
    fc.array(tie('value'), { maxLength: 3 }).map((values) => `[${values.join(',')}]`),
  ),
})).object
