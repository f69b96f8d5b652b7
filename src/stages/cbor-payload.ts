import { scanCbor } from './cbor-scan.ts'
import { optionalPackage } from './optional-package.ts'
import { encoding, type PayloadFormat, refusing } from './payload-format.ts'
import { plainValue } from './plain-value.ts'

interface CborX {
  readonly Decoder: new (options: object) => { decode(bytes: Buffer): unknown }
  readonly Encoder: new (options: object) => { encode(value: unknown): Buffer }
}

/**
 * CBOR (RFC 8949), one item a frame; takes `npm install cbor-x`.
 *
 * ```
 * A2 62 69 64 62 64 31 61 74 FB 40 34 80 00 00 00 00 00  ↔  { id: 'd1', t: 20.5 }
 * integers over 2^53 - 1, tags 2, 3 ↔ BigInt      byte strings ↔ Buffer      tag 1 ↔ Date      tag 0 → Date
 * ```
 * Maps are objects, keys are texts or integers (as their digits). `T` is what you say that devices send; nothing checks it.
 *
 * Errors: `BAD_CONTENT` for anything else, with where it stands but not what it is: bytes behind the item, a length of more than
 * is there, strings of indefinite length, other tags, big numbers of more than 32 bytes, what nests deeper than 64, a key twice.
 * `CONFIGURATION` without cbor-x.
 */
export function cborPayload<T = unknown>(): PayloadFormat<T> {
  const { Decoder, Encoder } = optionalPackage<CborX>('cbor-x', 'cborPayload')
  // Maps, because of what an object would do with two equal keys and with __proto__.
  const decoder = new Decoder({ useRecords: false, mapsAsObjects: false })
  const encoder = new Encoder({ useRecords: false, mapsAsObjects: true, variableMapSize: true, tagUint8Array: false })
  return {
    name: 'cbor',
    contentType: 'application/cbor',
    decode: (frame) =>
      refusing(frame, 'CBOR that can be decoded', () => {
        const members = scanCbor(frame)
        // A view of its own: cbor-x leaves a property on what it decodes.
        return plainValue(decoder.decode(frame.subarray()), members) as T
      }),
    encode: (value) => encoding('CBOR', () => encoder.encode(value)),
  }
}
