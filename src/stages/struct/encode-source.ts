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

  protected room(size: number): string {
    return `if (at + ${size} > w.length) w = run.grow(w, at + ${size})`
  }
}
