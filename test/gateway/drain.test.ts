import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryHub } from '../../src/hub/memory.ts'
import type { Hub } from '../../src/hub/port.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { atOnce, openGate, turns } from './gate.ts'
import { helloLine, RawDevice, readingLine } from './raw-device.ts'

/** A hub that answers no opening until it is told to. */
function hesitantHub(): { hub: Hub; asked: Promise<void>; answer: () => void } {
  const memory = memoryHub()
  let ask = () => {}
  let answer = () => {}
  const asked = new Promise<void>((resolve) => {
    ask = resolve
  })
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const open: Hub['open'] = async (identity, context) => {
    ask()
    await answered
    return memory.open(identity, context)
  }
  return { hub: { can: memory.can, open }, asked, answer }
}

test('drain finishes what is in flight, gives the receipts, then sends its FIN', async (t) => {
  const hub = memoryHub({ hold: true })
  const { gateway, device, log } = await openGate(t, { hub })
  const d1 = await device(helloLine())
  await d1.line()
  d1.write(readingLine(1) + readingLine(2))
  await d1.until(() => true)
  await readUp(() => gateway.metrics.expose(), 'headgate_in_flight_messages{pipeline="jsonLines"} 2')
  const drained = gateway.drain()
  hub.release()
  assert.deepEqual(await d1.lines(2), ['{"$ack":1}', '{"$ack":2}'])
  assert.equal(await d1.rest(), '')
  d1.end()
  await drained
  assert.deepEqual(log.outcomes, ['ok'])
  assert.equal(hub.sessions.size, 0)
})

/** Scrapes until a line is there: what the gateway has read shows nowhere else. */
async function readUp(expose: () => Promise<{ text: string }>, line: string): Promise<void> {
  while (!(await expose()).text.split('\n').includes(line)) await turns(1)
}

test('a batch that still lingers is flushed by drain', async (t) => {
  const { gateway, hub, device } = await openGate(t, { lines: { batch: { lingerMs: 60_000 } } })
  const d1 = await device(helloLine())
  await d1.line()
  d1.write(readingLine(1))
  await readUp(
    () => gateway.metrics.expose(),
    'headgate_stage_items_total{pipeline="jsonLines",stage="batch",direction="up"} 1',
  )
  const drained = gateway.drain()
  assert.equal(await d1.line(), '{"$ack":1}')
  d1.end()
  await drained
  assert.equal(hub.accepted.length, 1)
})

test('drain ends silent sockets and idle devices at once', async (t) => {
  const { gateway, device } = await openGate(t)
  const silent = await device()
  const idle = await device(helloLine())
  await idle.line()
  const drained = gateway.drain()
  await idle.until(() => idle.ended)
  idle.end()
  await drained
  await silent.until(() => silent.closed || silent.ended)
})

test('while draining nobody new is let in', async (t) => {
  const hub = memoryHub({ hold: true })
  const { gateway, device, port } = await openGate(t, { hub })
  const d1 = await device(helloLine())
  await d1.line()
  const drained = gateway.drain()
  await assert.rejects(RawDevice.connect(port), { code: 'ECONNREFUSED' })
  d1.end()
  await drained
})

test('what is not done by the deadline is cut, and gets no receipt', async (t) => {
  const hub = memoryHub({ hold: true })
  const { gateway, device, log } = await openGate(t, { hub })
  const d1 = await device(helloLine())
  await d1.line()
  d1.write(readingLine(1))
  await readUp(() => gateway.metrics.expose(), 'headgate_in_flight_messages{pipeline="jsonLines"} 1')
  await gateway.drain({ deadlineMs: 20 })
  assert.deepEqual(log.outcomes, ['GATEWAY_CLOSED'])
  await d1.until(() => d1.closed || d1.ended)
  assert.equal(await d1.rest(), '')
  assert.equal(hub.sessions.size, 0)
  hub.release()
  assert.deepEqual(hub.accepted, [])
})

test('a hello that waits for the hub is answered within the drain', async (t) => {
  const { hub, asked, answer } = hesitantHub()
  const { gateway, device } = await openGate(t, { pipeline: jsonLines(hub, atOnce) })
  const d1 = await device(helloLine() + readingLine(1))
  await asked
  const drained = gateway.drain()
  answer()
  assert.equal(await d1.line(), '{"$welcome":"d1"}')
  d1.end()
  await drained
})

test('a hello that the hub never answers is cut by the deadline of the drain', async (t) => {
  const { hub, asked } = hesitantHub()
  const { gateway, device } = await openGate(t, { pipeline: jsonLines(hub, atOnce) })
  const d1 = await device(helloLine())
  await asked
  await gateway.drain({ deadlineMs: 20 })
  await d1.until(() => d1.closed || d1.ended)
  assert.equal(await d1.rest(), '')
})

test('a device that goes on sending while its gateway drains still gets its receipts', async (t) => {
  const hub = memoryHub({ hold: true })
  const { gateway, device } = await openGate(t, { hub })
  const d1 = await device(helloLine())
  await d1.line()
  d1.write(readingLine(1))
  await readUp(() => gateway.metrics.expose(), 'headgate_in_flight_messages{pipeline="jsonLines"} 1')
  const drained = gateway.drain()
  // More than the kernel keeps for a gateway that does not read.
  const written = d1.flushed(readingLine(2).repeat(1_000_000))
  hub.release()
  assert.equal(await d1.line(), '{"$ack":1}')
  await d1.until(() => d1.ended)
  await written
  d1.end()
  await drained
  assert.equal(d1.error, undefined)
})

test('a second drain joins the first, and close after it or during it ends the same', async (t) => {
  const hub = memoryHub({ hold: true })
  const { gateway, device } = await openGate(t, { hub })
  const d1 = await device(helloLine() + readingLine(1))
  await d1.line()
  const drains = [gateway.drain({ deadlineMs: 60_000 }), gateway.drain({ deadlineMs: 60_000 })]
  await gateway.close()
  await Promise.all(drains)
  await gateway.close()
  await d1.until(() => d1.closed || d1.ended)
})
