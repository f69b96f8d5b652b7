// Over 250 lines: what a schema is used for, a few lines each, on one list of fields; apart, each would need the others' insides.
import { GatewayError } from '../../core/errors.ts'
import { type Annotation, annotationText } from './annotation.ts'
import { isCheck, startOf } from './check.ts'
import { isConstant } from './constant.ts'
import { DecodeSource, type Trace } from './decode-source.ts'
import { isDerived } from './derived.ts'
import { EncodeSource } from './encode-source.ts'
import type { Decoded, Field, Fields, Need } from './field.ts'
import { objectOf } from './object.ts'
import { PageWriter } from './page.ts'
import { checkEnd, checkNames, checkReferences } from './references.ts'
import { type Random, Sampler } from './sampler.ts'
import { refuse, type Source } from './source.ts'
import { isUnion } from './union.ts'

type DecodeFunction = (b: Buffer, at: number, end: number, trace?: Trace) => unknown
type EncodeFunction = (value: unknown) => Buffer

/** How often a value is made up that turns out not to be one, before it is given up. */
const mostTries = 200

/** Options of {@link Struct.page}. */
export interface PageOptions {
  /** What the frame is and who defines it, for the head of the page. */
  readonly about?: string
  /** A frame that is shown with the meaning of each byte. */
  readonly example?: Buffer
}

/**
 * A binary schema that was made by {@link struct}: decoder, encoder, value generator, protocol page and annotated dump of one
 * frame format. Also a field, for structs in structs.
 */
export class Struct<T> implements Field<T, 'value'> {
  readonly name: string
  readonly role = 'value'
  readonly type = 'struct'
  readonly unit = undefined
  readonly note = undefined
  readonly minSize: number
  readonly fixedSize: number | undefined
  readonly needs: readonly Need[]
  readonly toEnd: boolean
  readonly #fields: readonly (readonly [string, Field<unknown>])[]
  #decode: DecodeFunction | undefined
  #decodePrefix: DecodeFunction | undefined
  #traced: DecodeFunction | undefined
  #encode: EncodeFunction | undefined

  constructor(name: string, fields: Fields) {
    this.name = name
    this.#fields = Object.entries(fields)
    checkNames(name, this.#fields)
    for (const [own, of] of this.#fields) checkReferences(own, of, this.#fields)
    checkEnd(this.#fields)
    this.toEnd = this.#fields.some(([, of]) => of.toEnd === true)
    const sizes = this.#fields.map(([, each]) => each.fixedSize)
    this.fixedSize = sizes.reduce<number | undefined>(
      (sum, each) => (sum === undefined || each === undefined ? undefined : sum + each),
      0,
    )
    this.minSize = this.#fields.reduce((sum, [, each]) => sum + each.minSize, 0)
    // What the fields need of those around the struct.
    this.needs = this.#ownNeeds().filter(({ of }) => !this.#has(of.split('.')[0] as string))
  }

  /**
   * Decodes a frame, all of which must be the struct's. Rejects with `BAD_CONTENT`, naming the field, its place, the value and what
   * is possible, or `CHECKSUM_MISMATCH`. Bytes in the value are views of the frame.
   */
  decode(frame: Buffer): T {
    this.#decode ??= this.#compileDecoder(false, (value) => [this.#nothingLeft, `return ${value}`])
    return this.#decode(frame, 0, frame.length) as T
  }

  /** Decodes the beginning of a frame; also gives how many bytes it took. Errors as {@link Struct.decode}. */
  decodePrefix(frame: Buffer): { value: T; length: number } {
    this.#decodePrefix ??= this.#compileDecoder(false, (value) => [`return { value: ${value}, length: at }`])
    return this.#decodePrefix(frame, 0, frame.length) as { value: T; length: number }
  }

  /** Encodes a value. Throws `BAD_CONTENT` for what the format cannot say, naming the field, the value and what is possible. */
  encode(value: T): Buffer {
    this.#encode ??= this.#compileEncoder()
    return this.#encode(value)
  }

  /**
   * Makes up a valid value: `decode(encode(value))` gives it back. `random`: a generator with a seed repeats itself. `CONFIGURATION`
   * for a schema of which no value was found.
   */
  sample(random: Random = Math.random): T {
    for (let tries = 0; tries < mostTries; tries++) {
      const value = this.make(new Sampler(random))
      if (this.#says(value)) return value
    }
    return refuse(`no valid value of ${this.name} was found in ${mostTries} tries`)
  }

  /** The protocol page in Markdown: a table of bytes, one more for each kind of a union, and an annotated example if one is given. */
  page({ about, example }: PageOptions = {}): string {
    const page = new PageWriter(about === undefined ? `# ${this.name}` : `# ${this.name}\n\n${about}`)
    this.document(page, '')
    const dump = example === undefined ? '' : `\nAn example:\n\n\`\`\`\n${this.describe(example)}\`\`\`\n`
    return `${page}\n${dump}`
  }

  /**
   * What each byte of a frame means, in order. Where the frame is wrong, as far as it could be read, and the error; nothing is
   * thrown.
   */
  annotate(frame: Buffer): { readonly fields: readonly Annotation[]; readonly error: GatewayError | undefined } {
    this.#traced ??= this.#compileDecoder(true, () => [this.#nothingLeft])
    const fields: Annotation[] = []
    try {
      this.#traced(frame, 0, frame.length, (path, from, to, value, unit) => {
        fields.push({
          offset: from,
          bytes: frame.subarray(from, to),
          path: path.slice(this.name.length + 1),
          value,
          unit,
        })
      })
    } catch (thrown) {
      return { fields, error: GatewayError.from(thrown) }
    }
    return { fields, error: undefined }
  }

  /** An annotated dump of a frame for people: offset, bytes, field, value with its unit; then what is wrong, if anything. */
  describe(frame: Buffer): string {
    const { fields, error } = this.annotate(frame)
    return annotationText(frame, fields, error)
  }

  read(source: DecodeSource, path: string): string {
    return source.nested(() => {
      const values = this.#fields.map(([name, of], index) => {
        this.#bindStart(source, name)
        const own = `${path}.${name}`
        const behind = of.fixedSize === undefined ? this.#fixedBehind(index) : 0
        const next = `${path}.${this.#fields[index + 1]?.[0]}`
        const value = behind === 0 ? of.read(source, own) : source.reserving(behind, next, () => of.read(source, own))
        source.scope.bind(name, value)
        return { name, role: of.role, value }
      })
      return objectOf(source, values)
    })
  }

  write(source: EncodeSource, value: string, path: string): void {
    const o = source.object(value, path)
    source.nested(() => {
      for (const [name, of] of this.#fields) {
        const own = `${path}.${name}`
        const written = this.#expressionOf(source, of, `${o}.${name}`, o, own)
        this.#bindStart(source, name)
        of.write(source, written, own)
        // What is compared with it later may be no value, but it is known.
        if (of.role !== 'hidden' || isDerived(of) || isConstant(of)) source.scope.bind(name, written)
      }
    })
  }

  make(sampler: Sampler): T {
    const { exact } = sampler
    const outer = sampler.needs
    const around: Record<string, unknown> = {}
    // Names that are not made up yet hide those of the structs around.
    for (const [name, of] of this.#fields) around[name] = isConstant(of) ? of.value : undefined
    sampler.around.push(around)
    sampler.needs = [...this.#ownNeeds(), ...outer]
    const value: Record<string, unknown> = {}
    for (const [name, of] of this.#fields) {
      if (of.role === 'hidden') continue
      const room = exact === undefined || of.fixedSize !== undefined ? undefined : exact - this.#fixedBeside(name)
      const made = sampler.member(name, () => of.make(sampler), room)
      around[name] = made
      if (made !== undefined) value[name] = made
    }
    sampler.around.pop()
    sampler.needs = outer
    return value as T
  }

  document(page: PageWriter, name: string): void {
    for (const [own, of] of this.#fields) of.document(page, name === '' ? own : `${name}.${own}`)
  }

  #expressionOf(source: EncodeSource, of: Field<unknown>, value: string, o: string, path: string): string {
    if (isConstant(of)) return String(of.value)
    if (!isDerived(of)) return value
    const target = this.#fields.find(([each]) => each === of.target)?.[1]
    const from = `${o}.${of.target}`
    const isTag = target !== undefined && isUnion(target)
    return source.let(isTag ? target.tagExpression(from) : `run.count(${from}, \`${path}\`)`)
  }

  /** Checks need to know where the first field that they cover begins. */
  #bindStart(source: Source, name: string): void {
    const first = this.#fields[0]?.[0] === name
    const checks = this.#fields.map(([, of]) => of).filter(isCheck)
    if (first && checks.some(({ from }) => from === undefined)) source.scope.bind(startOf(), source.let(source.peek()))
    if (checks.some(({ from }) => from === name)) source.scope.bind(startOf(name), source.let(source.peek()))
  }

  #says(value: T): boolean {
    try {
      this.decode(this.encode(value))
      return true
    } catch (thrown) {
      if (thrown instanceof GatewayError && thrown.code === 'BAD_CONTENT') return false
      throw thrown
    }
  }

  /** Bytes of the fields behind one, where those have a fixed size: what goes to the end leaves them out. */
  #fixedBehind(index: number): number {
    const sizes = this.#fields.slice(index + 1).map(([, each]) => each.fixedSize)
    return sizes.every((each) => each !== undefined) ? sizes.reduce((sum, each) => sum + each, 0) : 0
  }

  /** Bytes of all other fields of a fixed size. */
  #fixedBeside(name: string): number {
    return this.#fields.reduce((sum, [each, of]) => sum + (each === name ? 0 : (of.fixedSize ?? 0)), 0)
  }

  /** The statement that refuses bytes behind the last field. */
  get #nothingLeft(): string {
    return `if (at !== end) throw run.leftOver(\`${this.name}\`, end - at, at)`
  }

  #ownNeeds(): Need[] {
    return this.#fields.flatMap(([, of]) => of.needs ?? [])
  }

  #has(name: string): boolean {
    return this.#fields.some(([each]) => each === name)
  }

  #compileDecoder(traced: boolean, foot: (value: string) => readonly string[]): DecodeFunction {
    const source = new DecodeSource(traced)
    const value = this.read(source, this.name)
    return source.compile<DecodeFunction>('b, at, end, trace', '', foot(value).join('\n'))
  }

  #compileEncoder(): EncodeFunction {
    const source = new EncodeSource()
    this.write(source, 'value', this.name)
    const room = this.fixedSize ?? Math.max(64, 2 * this.minSize)
    const head = `let w = Buffer.allocUnsafe(${room}), at = 0`
    return source.compile<EncodeFunction>('value', head, 'return w.subarray(0, at)')
  }
}

/**
 * Makes a binary schema from its fields, in their order on the wire. TypeScript infers what it decodes to. It is compiled at first use;
 * `CONFIGURATION` for fields that cannot be, then or at once.
 *
 * ```ts
 * const position = struct('position', {
 *   time: unixSeconds(u32),
 *   latitude_deg: scaled(i32, { divideBy: 1e7, unit: 'deg' }),
 *   state: flags(u8, { fix: 0, moving: 1 }),
 *   name: text(u8),
 * })
 * position.decode(frame).latitude_deg // a number
 * ```
 */
export function struct<const F extends Fields>(name: string, fields: F): Struct<Decoded<F>> {
  return new Struct<Decoded<F>>(name, fields)
}
