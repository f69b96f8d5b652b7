import type { ChildProcess } from 'node:child_process'
import type { Answer, Question } from './processes/answer.ts'

type ArgumentsOf<F> = F extends (...args: infer A) => unknown ? A : never
type ResultOf<F> = F extends (...args: never) => infer R ? Awaited<R> : never

/** Another process, asked over IPC; `Methods` is what it answers. */
export class Remote<Methods> {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()
  #asked = 0

  constructor(name: string, child: ChildProcess) {
    this.#child = child
    child.on('message', (message) => this.#hear(message as Answer))
    child.once('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) {
        reject(new Error(`the process ${name} ended (${signal ?? code}) before it answered`))
      }
    })
  }

  /** Rejects with what the method threw over there, or when the process ends first. */
  call<K extends keyof Methods & string>(method: K, ...args: ArgumentsOf<Methods[K]>): Promise<ResultOf<Methods[K]>> {
    const id = ++this.#asked
    const question: Question = { id, method, args }
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: (result) => resolve(result as ResultOf<Methods[K]>), reject })
      this.#child.send(question, (error) => {
        if (error) reject(error)
      })
    })
  }

  #hear({ id, result, error }: Answer): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(error))
  }
}
