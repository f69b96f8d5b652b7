import { type Framing, framing } from '../core/framing.ts'
import { bodyBytes, type Enclosure, enclose, takeFrom } from './enclosed.ts'
import { FlagFinder } from './flag-finder.ts'

/** What a framing by flags is made of. */
export interface FlaggedParts {
  /** Start and end are the same flag, and nothing trails; no escape has a byte of the flag. */
  readonly enclosure: Enclosure
  /** Longest frame in bytes, after its escapes were taken out. */
  readonly maxLength: number
  /** True: the first frame of a connection may begin without a flag. */
  readonly begun: boolean
  /** What is written in front of a frame in place of the flag. */
  readonly lead?: Buffer
}

/** Frames between flags, with escapes, of which the stage is called `name`; for the framings of that kind. */
export function flagged(name: string, { enclosure, maxLength, begun, lead }: FlaggedParts): Framing {
  const flag = enclosure.end
  const finder = (longest: number) => {
    const maxBody = bodyBytes(enclosure, longest)
    return new FlagFinder({ flag, begun, maxLength: longest, maxBody, take: takeFrom(enclosure, longest) })
  }
  return framing(name, {
    maxBytes: flag.length + bodyBytes(enclosure, maxLength) + flag.length,
    finder: () => finder(maxLength),
    frame: (frame) => enclose(frame, enclosure, finder(frame.length), lead),
  })
}
