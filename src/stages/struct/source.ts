import { GatewayError } from '../../core/errors.ts'
import * as runtime from './runtime.ts'

/** The fields of the structs around the one that is written, by name. */
export class Scope {
  readonly #parent: Scope | undefined
  readonly #names = new Map<string, string>()

  constructor(parent: Scope | undefined) {
    this.#parent = parent
  }

  /** From now on a name stands for an expression. */
  bind(name: string, to: string): void {
    this.#names.set(name, to)
  }

  /** What a name stands for in the innermost struct. */
  own(name: string): string | undefined {
    return this.#names.get(name)
  }

  /** The expression of a field by its name, with dots into nested structs; undefined where there is none yet. */
  find(path: string): string | undefined {
    const [first = '', ...rest] = path.split('.')
    const found = this.#names.get(first) ?? this.#parent?.find(first)
    return found === undefined || rest.length === 0 ? found : `${found}?.${rest.join('?.')}`
  }
}

/**
 * JavaScript that is being written for a schema: its lines, its variables, the values that it uses. Bytes of neighbouring fields
 * whose size is known are a run: one check of the bounds for all of them, and offsets that are constants.
 */
export abstract class Source {
  readonly #lines: string[] = []
  readonly #constants: unknown[] = []
  #variables = 0
  #run: { readonly line: number; readonly parts: [path: string, size: number][]; size: number } | undefined
  scope = new Scope(undefined)

  line(code: string): void {
    this.#lines.push(code)
  }

  /** A new variable's name. */
  variable(): string {
    return `v${++this.#variables}`
  }

  /** Declares a variable that holds an expression's value. */
  let(expression: string): string {
    const name = this.variable()
    this.line(`const ${name} = ${expression}`)
    return name
  }

  /** A name for a value that the code uses. */
  constant(value: unknown): string {
    this.#constants.push(value)
    return `k[${this.#constants.length - 1}]`
  }

  /** Takes the next `size` bytes and gives the expression of where they begin; valid until the run ends. */
  take(size: number, path: string): string {
    if (this.#run === undefined) {
      this.#run = { line: this.#lines.length, parts: [], size: 0 }
      this.line('')
    }
    const run = this.#run
    const offset = run.size
    run.parts.push([path, size])
    run.size += size
    return offset === 0 ? 'at' : `at + ${offset}`
  }

  /** The expression of where the next field begins; valid until the run ends. */
  peek(): string {
    return behind('at', this.#run?.size ?? 0)
  }

  /** Ends the run: `at` is where the next field begins. Whatever branches, loops or has a size of its own calls it first. */
  endRun(): void {
    const run = this.#run
    if (run === undefined) return
    this.#run = undefined
    this.#lines[run.line] = this.room(
      run.size,
      run.parts.map(([path, size]) => `[\`${path}\`, ${size}]`),
    )
    if (run.size > 0) this.line(`at += ${run.size}`)
  }

  /** Writes a block of code. */
  block(head: string, body: () => void): void {
    this.endRun()
    this.line(`${head} {`)
    body()
    this.endRun()
    this.line('}')
  }

  /** Calls `body` in a scope of its own. */
  nested<T>(body: () => T): T {
    const { scope } = this
    this.scope = new Scope(scope)
    try {
      return body()
    } finally {
      this.scope = scope
    }
  }

  /** Compiles it: a function of the parameters named. */
  compile<F>(parameters: string, head: string, foot: string): F {
    this.endRun()
    const code = `'use strict'\nreturn function (${parameters}) {\n${head}\n${this.#lines.join('\n')}\n${foot}\n}`
    return new Function('k', 'run', code)(this.#constants, runtime) as F
  }

  /** The statement that makes sure of `size` bytes from `at` on; `parts` are the fields that share them, for the error. */
  protected abstract room(size: number, parts: readonly string[]): string
}

/** The expression of the place so many bytes behind an offset that {@link Source.take} gave. */
export function behind(offset: string, bytes: number): string {
  const ahead = offset === 'at' ? 0 : Number(offset.slice('at + '.length))
  return ahead + bytes === 0 ? 'at' : `at + ${ahead + bytes}`
}

/** Refuses a name that could not be in the code, or in an object: a name that is a number would change its order there. */
export function checkName(name: string, of: string): void {
  if (!/^[A-Za-z_]\w*$/.test(name) || name === '__proto__') refuse(`${of} cannot be named '${name}'`)
}

/** The same for a name with dots. */
export function checkPath(path: string, of: string): string {
  for (const name of path.split('.')) checkName(name, of)
  return path
}

/** Refuses options of a field. */
export function refuse(message: string): never {
  throw new GatewayError('CONFIGURATION', `struct: ${message}`)
}
