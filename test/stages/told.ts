import assert from 'node:assert/strict'
import type { Framing } from '../../src/core/framing.ts'
import { deframe, singly } from './cutting.ts'

/** A frame in hex, or the code of an error, what it says and the bytes that it shows. */
export function told(framing: Framing, chunks: readonly Buffer[]): string[] {
  return deframe(framing, chunks).events.map((each) =>
    'frame' in each
      ? each.frame.toString('hex')
      : `${each.error.code}: ${each.error.message} [${(each.item as Buffer).toString('hex')}]`,
  )
}

/** What a framing tells of bytes, which must be the same for every one of `cuttings`, and where they come one by one. */
export function toldAlike(framing: Framing, bytes: Buffer, cuttings: Iterable<readonly Buffer[]> = []): string[] {
  const whole = told(framing, [bytes])
  assert.deepEqual(told(framing, singly(bytes)), whole)
  for (const chunks of cuttings) assert.deepEqual(told(framing, chunks), whole)
  return whole
}

/** What a framing tells without what it says: frames in hex, and codes. */
export function codesOf(told: readonly string[]): string[] {
  return told.map((each) => each.replace(/: .*/, ''))
}

/** Bytes that are written in hex, with anything else between them. */
export function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(/[^0-9a-f]/gi, ''), 'hex')
}

/** Text in hex, as it comes from {@link toldAlike}. */
export function hex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex')
}
