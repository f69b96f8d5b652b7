import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { command } from '../../src/core/items.ts'
import { endpoint } from '../stages/held-hub.ts'

test('a command that waits for its device to read is given back before the hub session is closed', async () => {
  const { connection, stream, to } = await endpoint()
  const looked = new Promise<void>((resolve) => {
    connection.onUnread(() => {
      resolve()
      return { bytes: 10, noneAt: 0 }
    })
  })
  to.command(command('c1', Buffer.of()))
  await looked
  stream.destroy()
  while (!to.closed) await turn()
  assert.deepEqual(to.events.slice(-2), ['settle c1', 'close'])
  assert.deepEqual(
    to.settled.map(({ outcome, error }) => [outcome, error?.code]),
    [['abandon', 'DEVICE_GONE']],
  )
})
