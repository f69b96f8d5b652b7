import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field, Need } from './field.ts'
import type { PageWriter } from './page.ts'
import type { Sampler } from './sampler.ts'
import { checkSize, decodeSize, FieldReference, needsOf, prefixSize, rest, type Size } from './size.ts'

/** How long a sample of this size is. */
export function sampleLength(sampler: Sampler, size: Size): number {
  if (typeof size === 'number') return size
  if (size === rest) return sampler.exact ?? sampler.length()
  if (!(size instanceof FieldReference)) return sampler.length(size.max)
  const said = sampler.valueOf(size.path)
  if (typeof said === 'number') return Math.max(0, Math.floor(said))
  const length = sampler.length()
  // A count that is no value follows from this; what else it sizes must be as long.
  sampler.settle(size.path, length)
  return length
}

/** Reads as many bytes as `size` says: the expressions of where they begin and end. */
export function decodeSpan(source: DecodeSource, size: Size, path: string): { from: string; to: string } {
  if (typeof size === 'number') {
    const from = source.let(source.take(size, path))
    return { from, to: `${from} + ${size}` }
  }
  const length = decodeSize(source, size, path)
  source.endRun()
  const from = source.let('at')
  const to = source.let(length === undefined ? source.end : `at + ${length}`)
  if (length !== undefined)
    source.line(`if (${to} > ${source.end}) throw run.short(at, ${source.end}, [[\`${path}\`, ${length}]])`)
  source.line(`at = ${to}`)
  return { from, to }
}

/** What fields have in common that are a span of bytes of some size. */
export abstract class SpanField<T> implements Field<T, 'value'> {
  readonly role = 'value'
  readonly unit = undefined
  readonly minSize: number
  readonly fixedSize: number | undefined
  readonly needs: readonly Need[]
  readonly toEnd: boolean
  abstract readonly type: string
  abstract readonly note: string
  protected readonly size: Size

  constructor(size: Size, of: string) {
    this.size = checkSize(size, of)
    this.fixedSize = typeof size === 'number' ? size : undefined
    this.minSize = this.fixedSize ?? prefixSize(size)
    this.needs = needsOf(size)
    this.toEnd = size === rest
  }

  abstract read(source: DecodeSource, path: string): string
  abstract write(source: EncodeSource, value: string, path: string): void
  abstract make(sampler: Sampler): T

  document(page: PageWriter, name: string): void {
    page.row(name, this)
  }
}
