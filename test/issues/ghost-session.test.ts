import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hub } from '../../src/hub/port.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { type EmbeddedDevice, embed, memoryHub } from '../../src/testing.ts'

const greeting = '{"$hello":{"deviceId":"d1","key":"k"}}\n'

async function welcomed(to: Hub): Promise<EmbeddedDevice> {
  const device = embed(jsonLines(to))
  device.write(greeting)
  await device.next()
  return device
}

test('a connection that ends takes no more commands, even while the hub does not answer its settlements', async () => {
  const to = memoryHub()
  const unsettled: Hub = {
    can: to.can,
    open: async (device, context) => {
      const session = await to.open(device, context)
      return {
        send: (messages) => session.send(messages),
        report: (report) => session.report(report),
        commands: (stopped) => session.commands(stopped),
        settle: () => new Promise(() => {}),
        close: () => session.close(),
      }
    },
  }
  const first = await welcomed(unsettled)
  to.queueCommand('d1', '{}')
  await first.next()
  first.end()
  await new Promise((resolve) => setImmediate(resolve))
  const second = await welcomed(to)
  const id = to.queueCommand('d1', '{}')
  assert.match(await second.next(), new RegExp(id))
  first.ring.destroy()
  second.write(`{"$answer":"${id}"}\n`)
  second.end()
  await second.ended()
})
