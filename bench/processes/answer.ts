/** A call of a method over IPC. */
export interface Question {
  readonly id: number
  readonly method: string
  readonly args: readonly unknown[]
}

/** What became of it. */
export interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

/** Answers the questions of the runner by calling these methods; ends the process when the runner cuts the channel. */
export function answer(methods: object): void {
  process.on('message', (question) => void reply(methods, question as Question))
  // Also when the runner was killed: nothing is left behind.
  process.once('disconnect', () => process.exit())
}

async function reply(methods: object, { id, method, args }: Question): Promise<void> {
  let said: Answer
  try {
    const perform = (methods as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>)[method]
    said = { id, result: await perform?.(...args) }
  } catch (thrown) {
    said = { id, error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) }
  }
  if (process.connected) process.send?.(said)
}
