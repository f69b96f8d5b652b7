import { Source } from './source.ts'

/** Code that encodes. It has `w` (what is written to, replaced when it is too small) and `at` (the next byte). */
export class EncodeSource extends Source {
  /** Copies `size` (an expression) bytes that `write` puts at `at`. */
  putVariable(size: string, write: () => void): void {
    this.endRun()
    this.line(`if (at + ${size} > w.length) w = run.grow(w, at + ${size})`)
    write()
    this.line(`at += ${size}`)
  }

  /** Declares a variable that holds a value which must be an object. */
  object(value: string, path: string): string {
    const o = this.let(value)
    this.line(`if (typeof ${o} !== 'object' || ${o} === null) throw run.type(\`${path}\`, ${o}, 'an object')`)
    return o
  }

  /** Makes sure of the type of a value, an expression; `words` say what it must be. */
  ofType(value: string, type: 'boolean' | 'number', path: string, words: string): void {
    this.line(`if (typeof ${value} !== '${type}') throw run.type(\`${path}\`, ${value}, '${words}')`)
  }

  /** Makes sure that a value, an expression, is a whole number of this range. */
  wholeNumber(value: string, path: string, min: number, max: number): void {
    const outside = `!Number.isInteger(${value}) || ${value} < ${min} || ${value} > ${max}`
    this.line(`if (${outside}) throw run.range(\`${path}\`, ${value}, ${min}, ${max})`)
  }

  protected room(size: number): string {
    return `if (at + ${size} > w.length) w = run.grow(w, at + ${size})`
  }
}
