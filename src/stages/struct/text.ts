import iconv from 'iconv-lite'
import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field } from './field.ts'
import type { Sampler } from './sampler.ts'
import { encodeSize, type Size, sizeInWords } from './size.ts'
import { refuse } from './source.ts'
import { decodeSpan, SpanField, sampleLength } from './span.ts'

/** Options of {@link text}. */
export interface TextOptions {
  /**
   * `ascii` (default) and `utf8` are strict; others, such as `gbk`, `utf-16be`, `utf-16le`, `latin1`, are iconv-lite's by its names, and
   * refused where the bytes would not come back as they were.
   */
  readonly encoding?: string
  /** What fills up a text shorter than its fixed size: this byte is cut off its end, and put there; such as 0 or 0x20. */
  readonly pad?: number
}

class TextField extends SpanField<string> {
  readonly type = 'text'
  readonly note: string
  readonly #encoding: string
  readonly #pad: number | undefined
  /** Bytes of the shortest character. */
  readonly #unit: number

  constructor(size: Size, { encoding = 'ascii', pad }: TextOptions) {
    super(size, 'text')
    const known = encoding === 'ascii' || encoding === 'utf8' || iconv.encodingExists(encoding)
    if (!known) refuse(`there is no encoding ${encoding}`)
    this.#unit = unitOf(encoding)
    if (pad !== undefined && typeof size !== 'number') refuse('a text is padded where its size is fixed')
    if (pad !== undefined && !(Number.isInteger(pad) && pad >= 0 && pad <= 255))
      refuse(`pad must be a byte, not ${pad}`)
    if (pad !== undefined && this.#unit > 1 && (pad !== 0 || Number(size) % this.#unit !== 0)) {
      refuse(`text in ${encoding} is filled up with 0, and has a multiple of ${this.#unit} bytes`)
    }
    this.#encoding = encoding
    this.#pad = pad
    const padded = pad === undefined ? '' : `, filled up with ${pad.toString(16).padStart(2, '0').toUpperCase()}`
    this.note = `${encoding}, ${sizeInWords(size, 'bytes')}${padded}`
  }

  read(source: DecodeSource, path: string): string {
    const { from, to } = decodeSpan(source, this.size, path)
    let end = to
    if (this.#pad !== undefined) {
      end = source.variable()
      source.line(`let ${end} = ${to}`)
      const padded = Array.from({ length: this.#unit }, (_, index) => `b[${end} - ${index + 1}] === ${this.#pad}`)
      source.line(`while (${end} > ${from} && ${padded.join(' && ')}) ${end} -= ${this.#unit}`)
    }
    const encoding = JSON.stringify(this.#encoding)
    const value = source.let(`run.decodeText(b, ${from}, ${end}, ${encoding}, \`${path}\`)`)
    source.leaf(path, from, to, value)
    return value
  }

  write(source: EncodeSource, value: string, path: string): void {
    const v = source.let(`run.encodeText(${value}, ${JSON.stringify(this.#encoding)}, \`${path}\`)`)
    if (this.#pad === undefined || typeof this.size !== 'number') {
      encodeSize(source, this.size, `${v}.length`, path)
      source.putVariable(`${v}.length`, () => source.line(`w.set(${v}, at)`))
      return
    }
    const size = this.size
    source.line(`if (${v}.length > ${size}) throw run.range(\`${path}.length\`, ${v}.length, 0, ${size})`)
    const last = Array.from({ length: this.#unit }, (_, index) => `${v}[${v}.length - ${index + 1}] === ${this.#pad}`)
    const unlike = `${v}.length > 0 && ${last.join(' && ')}`
    source.line(`if (${unlike}) throw run.type(\`${path}\`, ${value}, 'a text that does not end in its padding')`)
    source.putVariable(String(size), () => {
      source.line(`w.set(${v}, at)`)
      source.line(`w.fill(${this.#pad}, at + ${v}.length, at + ${size})`)
    })
  }

  make(sampler: Sampler): string {
    const wanted = sampleLength(sampler, this.size)
    const padding = this.#pad === undefined ? undefined : String.fromCharCode(this.#pad)
    const alphabet = [...'Aa09-', ...'中粤ñ€'].filter((each) => this.#holds(each) && each !== padding)
    const bytesOf = (text: string) => iconv.encode(text, this.#encoding).length
    const most = this.#pad === undefined ? wanted : this.#unit * sampler.length(Math.floor(wanted / this.#unit))
    let text = ''
    for (let left = most; left >= this.#unit; ) {
      const next = sampler.pick(alphabet.filter((each) => bytesOf(each) <= left))
      text += next
      left -= bytesOf(next)
    }
    return text
  }

  #holds(character: string): boolean {
    if (this.#encoding === 'ascii') return character < '\x7f'
    return (
      this.#encoding === 'utf8' || iconv.decode(iconv.encode(character, this.#encoding), this.#encoding) === character
    )
  }
}

function unitOf(encoding: string): number {
  const bytes = iconv.encode('A', encoding)
  // What is written with a mark in front, or is no text at all, could not be put together from parts.
  if (iconv.decode(bytes, encoding) !== 'A' || iconv.encode('AA', encoding).length !== 2 * bytes.length) {
    refuse(`${encoding} is no encoding of text in which characters stand side by side`)
  }
  return bytes.length
}

/** Text of a size in bytes. `BAD_CONTENT` for what is none in its encoding, either way. */
export function text(size: Size, options: TextOptions = {}): Field<string, 'value'> {
  return new TextField(size, options)
}
