import type { Framing } from '../../../src/core/framing.ts'

/** A protocol of the field, frames of it as somebody published them, and the framing that takes them apart. */
export interface FieldProtocol {
  /** As its users call it. */
  readonly protocol: string
  /** Where its frames are from. */
  readonly source: string
  /** One expression; the document shows it as it is written. */
  readonly framing: () => Framing
  /** What devices send: one frame each, with all that goes with it. */
  readonly wire: readonly Buffer[]
  /** So many bytes at the beginning and at the end of each are no part of the frame; default none. */
  readonly cut?: readonly [number, number]
  /** What is given up, where `cut` cannot say it. */
  readonly frames?: readonly Buffer[]
  /** Why the same frames go down as other bytes than `wire`, where they do. */
  readonly down?: string
}

/** Bytes written in hex; spaces are for the reader. */
export function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(' ', ''), 'hex')
}

/** Bytes written as text, one a character. */
export function text(characters: string): Buffer {
  return Buffer.from(characters, 'latin1')
}

/** What is given up of the wire of a protocol. */
export function framesOf({ wire, cut: [front, back] = [0, 0], frames }: FieldProtocol): readonly Buffer[] {
  return frames ?? wire.map((each) => each.subarray(front, each.length - back))
}

/** The expressions of a file of protocols, as they are written there, by protocol. */
export function expressionsIn(source: string): ReadonlyMap<string, string> {
  const entry = /^ {4}protocol: '(.*)',$[\s\S]*?^ {4}framing: \(\) =>([\s\S]*?),\n {4}wire:/gm
  return new Map(
    [...source.matchAll(entry)].map(([, protocol, written]) => [protocol as string, leftOf(written as string)]),
  )
}

/** The text moved to the left as far as it goes. */
function leftOf(written: string): string {
  const lines = written.replace(/^\n/, '').split('\n')
  const [first = '', ...others] = lines
  const indent = (written.startsWith('\n') ? lines : others).map((line) => line.search(/\S/)).filter((at) => at >= 0)
  const least = Math.min(...indent)
  const moved = others.map((line) => line.slice(least))
  return [first.trim(), ...moved].join('\n')
}
