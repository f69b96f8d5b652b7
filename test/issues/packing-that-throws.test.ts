import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Batch } from '../../src/core/items.ts'
import { telemetry } from '../../src/core/items.ts'
import { packing } from '../../src/stages/packing.ts'
import { batcher } from '../stages/batcher.ts'

test('readings that a packing fails to join are refused in their place, and end no process', async (context) => {
  for (const [join, words] of [
    [(): Buffer => JSON.parse('{'), /JSON/],
    [() => 'text' as unknown as Buffer, /join must give a Buffer, not string/],
  ] as const) {
    const { refused, tick, up, write, read } = batcher(context, { pack: packing(join) })
    await read()
    await write(telemetry(Buffer.from('a'), { tag: 1 }), telemetry(Buffer.from('b'), { tag: 2 }))
    await tick(50)
    const { messages } = (await read()) as Batch
    assert.deepEqual(
      messages.map(({ tag, refused }) => [tag, refused?.code]),
      [
        [1, 'BUG'],
        [2, 'BUG'],
      ],
    )
    assert.match(messages[0]?.refused?.message ?? '', words)
    assert.deepEqual(
      refused.map(([code, items]) => [code, items.length]),
      [['BUG', 2]],
    )
    up.destroy()
    context.mock.timers.reset()
  }
})
