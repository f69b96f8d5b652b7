import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pipeline } from '../../src/core/pipeline.ts'
import { type DeviceHolder, DeviceRegister } from '../../src/gateway/device-register.ts'
import { memoryHub } from '../../src/hub/memory.ts'
import type { Hub } from '../../src/hub/port.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { hub as hubEndpoint } from '../../src/stages/hub.ts'
import { json } from '../../src/stages/json.ts'
import { lines } from '../../src/stages/lines.ts'
import { atOnce, openGate, turns } from './gate.ts'
import { helloLine, readingLine } from './raw-device.ts'

const keys = { d1: 'k' }

class Holder implements DeviceHolder {
  readonly acceptedAt: number
  ends = 0

  constructor(acceptedAt: number) {
    this.acceptedAt = acceptedAt
  }

  takenOver(): void {
    this.ends++
  }
}

test('the newest connection of a device ends the older one in an orderly way: what it took is at the hub and acknowledged', async (t) => {
  const hub = memoryHub({ keys, hold: true })
  const { device, log } = await openGate(t, { hub })
  const older = await device(helloLine())
  await older.line()
  older.write(readingLine(1))
  // The hub is asked before the newer one comes.
  while (hub.sessions.size === 0) await turns(1)
  const newer = await device(helloLine())
  assert.equal(await newer.line(), '{"$welcome":"d1"}')
  hub.release()
  assert.equal(await older.rest(), '{"$ack":1}\n')
  older.end()
  assert.deepEqual(await log.ended(1), ['TAKEN_OVER'])
  newer.write(readingLine(2))
  assert.equal(await newer.line(), '{"$ack":2}')
  assert.equal(hub.accepted.length, 2)
  assert.equal(hub.sessions.size, 1)
})

test('who only claims the name of a device does not cut it off', async (t) => {
  const { device, log } = await openGate(t, { hub: memoryHub({ keys }) })
  const d1 = await device(helloLine())
  await d1.line()
  const other = await device(helloLine('d1', 'wrong'))
  await other.until(() => other.ended)
  other.end()
  await log.ended(1)
  d1.write(readingLine(1))
  assert.equal(await d1.line(), '{"$ack":1}')
  assert.ok(!log.outcomes.includes('TAKEN_OVER'))
})

test('a hello that is answered late does not end the connection that the device opened after it', async (t) => {
  const hub = memoryHub()
  let answer: () => void = () => undefined
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  let opened = 0
  const hesitant: Hub = {
    can: hub.can,
    async open(identity, context) {
      if (++opened === 1) await answered
      return hub.open(identity, context)
    },
  }
  const { device, log } = await openGate(t, { pipeline: jsonLines(hesitant, atOnce) })
  const older = await device(helloLine())
  while (opened === 0) await turns(1)
  const newer = await device(helloLine())
  await newer.line()
  answer()
  await older.until(() => older.ended)
  older.end()
  assert.deepEqual(await log.ended(1), ['TAKEN_OVER'])
  newer.write(readingLine(1))
  assert.equal(await newer.line(), '{"$ack":1}')
})

test('a command that waits is given to the newest connection only, once, even while the older one waits for the hub', async (t) => {
  const hub = memoryHub({ hold: true })
  const { device, log } = await openGate(t, { hub })
  const older = await device(helloLine())
  await older.line()
  older.write(readingLine(1))
  const newer = await device(helloLine())
  await newer.line()
  // The older one cannot end yet: its reading is still on its way.
  await turns(20)
  const id = hub.queueCommand('d1', '{}')
  assert.match(await newer.line(), new RegExp(id))
  newer.write(`{"$answer":"${id}"}\n`)
  await hub.until(() => hub.settled.length === 1)
  hub.release()
  assert.equal(await older.rest(), '{"$ack":1}\n')
  older.end()
  await log.ended(1)
  assert.deepEqual(
    hub.settled.map(({ outcome }) => outcome),
    ['complete'],
  )
})

test('an older connection that cannot finish is cut ten seconds later', async (t) => {
  const hub = memoryHub({ hold: true })
  const { device, log } = await openGate(t, { hub })
  const older = await device(helloLine())
  await older.line()
  older.write(readingLine(1))
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const newer = await device(helloLine())
  await newer.line()
  t.mock.timers.tick(9999)
  await turns(20)
  assert.deepEqual(log.outcomes, [])
  t.mock.timers.tick(1)
  assert.deepEqual(await log.ended(1), ['TAKEN_OVER'])
  await older.until(() => older.closed || older.ended)
  assert.equal(await older.rest(), '')
})

test('senders that may have several connections keep them', async (t) => {
  const several = pipeline(
    'several',
    lines({ maxLength: 1000 }),
    json(),
    authenticate(byPolicy(), { takeover: false }),
    batch({ maxCount: 1 }),
    hubEndpoint(memoryHub()),
  )
  const { device } = await openGate(t, { pipeline: several })
  const both = [await device(helloLine()), await device(helloLine())]
  for (const each of both) assert.equal(await each.line(), '{"$welcome":"d1"}')
  for (const each of both) {
    each.write(readingLine(1))
    assert.equal(await each.line(), '{"$ack":1}')
  }
})

test('a connection that was identified earlier and accepted later keeps its device', () => {
  const register = new DeviceRegister()
  const [older, newer] = [new Holder(1), new Holder(2)]
  register.claim('d1', newer)
  register.claim('d1', older)
  assert.deepEqual([older.ends, newer.ends], [1, 0])
})

test('what others hear is who holds each device, and nothing of connections that hold none any more', () => {
  const told: unknown[] = []
  const register = new DeviceRegister({
    claimed: (deviceId, at) => told.push(['claimed', deviceId, at]),
    released: (deviceId, at) => told.push(['released', deviceId, at]),
  })
  const [first, second, third] = [new Holder(1), new Holder(2), new Holder(3)]
  register.claim('d1', first)
  register.claim('d1', second)
  register.release('d1', first)
  register.claim('d2', third)
  register.release('d1', second)
  assert.deepEqual(told, [
    ['claimed', 'd1', 1],
    ['claimed', 'd1', 2],
    ['claimed', 'd2', 3],
    ['released', 'd1', 2],
  ])
})

test('a newer connection elsewhere ends the one that is here, an older one does not', () => {
  const register = new DeviceRegister()
  const holder = new Holder(5)
  register.claim('d1', holder)
  register.claimedElsewhere('d1', 4)
  register.claimedElsewhere('d2', 9)
  assert.equal(holder.ends, 0)
  register.claimedElsewhere('d1', 6)
  register.claimedElsewhere('d1', 7)
  assert.equal(holder.ends, 1)
})
