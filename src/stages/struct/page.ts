import type { Field } from './field.ts'

interface Row {
  readonly offset: string
  readonly bytes: string
  readonly name: string
  readonly type: string
  readonly note: string
}

interface Section {
  readonly title: string
  readonly rows: Row[]
}

/** Writes the byte tables of a protocol page: called by the fields of a schema, in their order on the wire. */
export class PageWriter {
  readonly #sections: Section[]
  #section: Section
  /** Where the next field begins; undefined behind one whose size depends on the value. */
  #offset: number | undefined = 0
  /** Offsets count from the beginning of an item, not of the frame. */
  #relative = false
  #pendingNote: string | undefined

  constructor(title: string) {
    this.#section = { title, rows: [] }
    this.#sections = [this.#section]
  }

  /** The row of a field. */
  row(name: string, field: Pick<Field<unknown>, 'type' | 'unit' | 'note' | 'fixedSize'>): void {
    const { type, unit, fixedSize } = field
    const note = [unit, field.note, this.#pendingNote].filter((each) => each !== undefined).join('; ')
    this.#pendingNote = undefined
    const bytes = fixedSize === undefined ? '…' : String(fixedSize)
    this.#section.rows.push({ offset: this.#offsetText(), bytes, name, type, note })
    this.#offset = fixedSize === undefined || this.#offset === undefined ? undefined : this.#offset + fixedSize
  }

  /** A row for some bits of the field before. */
  part(name: string, place: string, note: string): void {
    this.#section.rows.push({ offset: '', bytes: '', name, type: place, note })
  }

  /** Lets the first row that `body` writes say `note` too, and takes `size` bytes for all of them. */
  noted(note: string, size: number | undefined, body: () => void): void {
    const from = this.#offset
    this.#pendingNote = this.#pendingNote === undefined ? note : `${note}; ${this.#pendingNote}`
    body()
    this.#pendingNote = undefined
    this.#offset = size === undefined || from === undefined ? undefined : from + size
  }

  /** Rows of which only one can be there, each from the same place on; `size`: bytes of any of them, where they are alike. */
  instead(size: number | undefined, bodies: readonly (() => void)[]): void {
    const from = this.#offset
    for (const body of bodies) {
      this.#offset = from
      body()
    }
    this.#offset = size === undefined || from === undefined ? undefined : from + size
  }

  /** Rows of what is inside of the field before: their offsets count from its beginning. */
  within(body: () => void): void {
    const [offset, relative] = [this.#offset, this.#relative]
    this.#offset = 0
    this.#relative = true
    body()
    this.#offset = offset
    this.#relative = relative
  }

  /** A table of its own, behind those that have begun. */
  section(title: string, body: () => void): void {
    const outer = this.#section
    this.#section = { title, rows: [] }
    this.#sections.push(this.#section)
    this.within(body)
    this.#section = outer
  }

  /** The page in Markdown. */
  toString(): string {
    return this.#sections.map(({ title, rows }) => `${title}\n\n${table(rows)}`).join('\n\n')
  }

  #offsetText(): string {
    if (this.#offset === undefined) return '…'
    return `${this.#relative ? '+' : ''}${this.#offset}`
  }
}

function table(rows: readonly Row[]): string {
  if (rows.length === 0) return 'Nothing.'
  const cells = rows.map(({ offset, bytes, name, type, note }) => {
    return [offset, bytes, `\`${name}\``, type, note.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')]
  })
  const lines = [['offset', 'bytes', 'field', 'type', 'meaning'], ['--:', '--:', '---', '---', '---'], ...cells]
  return lines.map((each) => `| ${each.join(' | ')} |`).join('\n')
}
