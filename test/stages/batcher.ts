import type { TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { activeStream } from '../../src/core/active-stream.ts'
import { Connection } from '../../src/core/connection.ts'
import { type BatchOptions, batch } from '../../src/stages/batch.ts'

/** The collecting half alone, under mocked timers: what was written and taken, what comes out when it is read. */
export function batcher(context: TestContext, options: BatchOptions) {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const connection = new Connection({ id: 'c', pipeline: 'p' })
  const refused: [string, readonly unknown[]][] = []
  connection.onRefused((error, items) => refused.push([error.code, items]))
  const up = activeStream(batch(options).open(connection).up as never)
  const taken: unknown[] = []
  return {
    up,
    refused,
    taken,
    write: async (...items: { tag: unknown }[]) => {
      for (const item of items) up.write(item, (error) => error ?? taken.push(item.tag))
      await turn()
    },
    read: async () => {
      const item: unknown = up.read()
      await turn()
      return item
    },
    tick: async (milliseconds: number) => {
      context.mock.timers.tick(milliseconds)
      await turn()
    },
  }
}
