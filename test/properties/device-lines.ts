import fc from 'fast-check'

/** One line of a device. */
export interface Said {
  readonly kind:
    | 'hello'
    | 'stranger'
    | 'telemetry'
    | 'report'
    | 'refused'
    | 'ping'
    | 'garbage'
    | 'binary'
    | 'long'
    | 'answer'
  readonly bytes: Buffer
  /** Set where a receipt comes back with it. */
  readonly tag?: number
}

/** The `maxLength` that {@link deviceLines} exceeds in lines of kind `long`. */
export const maxLength = 256

const text = (kind: Said['kind'], line: string, tag?: number): Said => ({
  kind,
  bytes: Buffer.from(`${line}\n`),
  ...(tag !== undefined && { tag }),
})

export const greeting = text('hello', '{"$hello":{"deviceId":"d1","key":"k"}}')

const kinds: fc.Arbitrary<Said['kind']> = fc.oneof(
  { weight: 1, arbitrary: fc.constant('hello' as const) },
  { weight: 12, arbitrary: fc.constant('telemetry' as const) },
  { weight: 3, arbitrary: fc.constantFrom('report' as const, 'refused' as const) },
  { weight: 3, arbitrary: fc.constantFrom('ping' as const, 'garbage' as const, 'binary' as const) },
  { weight: 1, arbitrary: fc.constantFrom('answer' as const) },
)

function line(kind: Said['kind'], tag: number, withTag: boolean): Said {
  switch (kind) {
    case 'hello':
      return greeting
    case 'stranger':
      return text(kind, '{"$hello":{"deviceId":"d2","key":"k"}}')
    case 'telemetry':
      return withTag ? text(kind, `{"$seq":${tag},"t":${tag}.5,"é":"°"}`, tag) : text(kind, `{"t":${tag}}`)
    case 'report':
      return text(kind, `{"$report":{"n":${tag}},"$seq":${tag}}`, tag)
    case 'refused':
      return text(kind, `{"$seq":${tag},"$properties":{"not":1},"t":1}`, tag)
    case 'ping':
      return text(kind, `{"$ping":${tag}}`)
    case 'garbage':
      return text(kind, ['', '[]', '{"$no":1}', 'hello?', '{"$answer":1}', '{'][tag % 6] as string)
    case 'binary':
      return { kind, bytes: Buffer.concat([Buffer.from(`{"t":"`), Buffer.from([0xff, 0xc3]), Buffer.from(`"}\n`)]) }
    case 'long':
      return text(kind, `{"long":"${'x'.repeat(maxLength)}"}`)
    case 'answer':
      return text(kind, `{"$answer":"nobody-asked-${tag}"}`)
  }
}

/** A device's lines: most begin with a hello, some end with what closes the connection. Tags count up from 1. */
export const deviceLines: fc.Arbitrary<readonly Said[]> = fc
  .record({
    greets: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    middle: fc.array(fc.tuple(kinds, fc.boolean()), { maxLength: 40 }),
    closing: fc.constantFrom(undefined, undefined, undefined, 'long' as const, 'stranger' as const),
    rest: fc.array(fc.tuple(kinds, fc.boolean()), { maxLength: 5 }),
  })
  .map(({ greets, middle, closing, rest }) => {
    const wanted: [Said['kind'], boolean][] = [...middle]
    // Without a hello before it the stranger would be no stranger.
    if (closing !== undefined && (greets || closing !== 'stranger')) wanted.push([closing, false], ...rest)
    const said = wanted.map(([kind, withTag], index) => line(kind, index + 1, withTag))
    return greets ? [greeting, ...said] : said
  })

/** The bytes of all lines, cut anywhere. `unfinished` leaves off the last line break. */
export function cutAnywhere(said: readonly Said[], cuts: readonly number[], unfinished: boolean): Buffer[] {
  const whole = Buffer.concat(said.map(({ bytes }) => bytes))
  const bytes = unfinished ? whole.subarray(0, Math.max(0, whole.length - 1)) : whole
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return at.slice(1).map((to, index) => bytes.subarray(at[index], to))
}

export const cuts: fc.Arbitrary<readonly number[]> = fc.array(fc.nat(10_000), { maxLength: 12 })
