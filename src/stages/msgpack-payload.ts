import { scanMsgpack } from './msgpack-scan.ts'
import { optionalPackage } from './optional-package.ts'
import { encoding, type PayloadFormat, refusing } from './payload-format.ts'
import { plainValue } from './plain-value.ts'

interface Msgpackr {
  readonly Unpackr: new (options: object) => { unpack(bytes: Buffer): unknown }
  readonly Packr: new (options: object) => { pack(value: unknown): Buffer }
}

/**
 * MessagePack, one value a frame; takes `npm install msgpackr`.
 *
 * ```
 * 82 A2 69 64 A2 64 31 A1 74 CB 40 34 80 00 00 00 00 00  ↔  { id: 'd1', t: 20.5 }
 * integers over 2^53 - 1 ↔ BigInt      bin ↔ Buffer      timestamp ↔ Date (to the millisecond)
 * ```
 * Maps are objects, keys are texts or integers (as their digits). `T` is what you say that devices send; nothing checks it.
 *
 * Errors: `BAD_CONTENT` for anything else, with where it stands but not what it is: bytes behind the value, a length of more
 * than is there, other extensions, what nests deeper than 64, a key twice. `CONFIGURATION` without msgpackr.
 */
export function msgpackPayload<T = unknown>(): PayloadFormat<T> {
  const { Unpackr, Packr } = optionalPackage<Msgpackr>('msgpackr', 'msgpackPayload')
  // Maps, because of what an object would do with two equal keys and with __proto__.
  const decoder = new Unpackr({ useRecords: false, mapsAsObjects: false, int64AsType: 'bigint' })
  const encoder = new Packr({ useRecords: false, variableMapSize: true, encodeUndefinedAsNil: true })
  return {
    name: 'msgpack',
    contentType: 'application/msgpack',
    decode: (frame) =>
      refusing(frame, 'MessagePack that can be decoded', () => {
        const members = scanMsgpack(frame)
        // A view of its own: msgpackr leaves a property on what it decodes.
        return plainValue(decoder.unpack(frame.subarray()), members) as T
      }),
    encode: (value) => encoding('MessagePack', () => encoder.pack(value)),
  }
}
