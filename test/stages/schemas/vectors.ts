import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** A frame of a real device, with what it says. */
export interface Vector {
  readonly name: string
  readonly variant: string
  readonly hex: string
  readonly expected: Readonly<Record<string, unknown>> & { readonly kind: string }
}

const folder = resolve('..', 'shared', 'vectors')

/** The vectors of a protocol; undefined, said aloud, where the folder beside the project is absent. */
export function vectorsOf(protocol: string): readonly Vector[] | undefined {
  const path = resolve(folder, `${protocol}.json`)
  if (!existsSync(path)) {
    process.stderr.write(`device vectors of ${protocol} are absent: they are not part of the project\n`)
    return undefined
  }
  return (JSON.parse(readFileSync(path, 'utf8')) as { vectors: readonly Vector[] }).vectors
}
