import fc from 'fast-check'

const key = fc.oneof(
  fc.string({ maxLength: 12, unit: 'grapheme' }),
  fc.constantFrom('__proto__', 'constructor', '1', ''),
)

/** What CBOR and MessagePack can both say and give back the same: a Date to the second, since CBOR says fractions as floats. */
export const anyValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    fc.integer(),
    // Minus zero comes back as 0.
    fc.double().map((number) => number + 0),
    fc.string({ unit: 'grapheme', maxLength: 80 }),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.bigInt(2n ** 53n, 2n ** 63n - 1n),
    fc.bigInt(-(2n ** 63n), -(2n ** 53n)),
    fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((seconds) => new Date(seconds * 1000)),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 20 }).map((members) => Object.fromEntries(members)),
  ),
})).value

/** What a call gives, in a wrapper since that may be undefined; undefined where it throws. */
export function attempt(call: () => unknown): { readonly value: unknown } | undefined {
  try {
    return { value: call() }
  } catch {
    return undefined
  }
}
