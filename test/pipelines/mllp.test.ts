import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Log } from '../../src/core/connection.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { type Hub, PartialSendError } from '../../src/hub/port.ts'
import { mllp } from '../../src/pipelines/mllp.ts'
import { block, message, patient, pulse } from '../stages/hl7/messages.ts'
import { nextAck, nextMsas } from './mllp-answers.ts'
import { served } from './served.ts'

const sent = (id: string, ...segments: (readonly string[])[]) => block(message({ 10: id }, patient, ...segments))
const from = (sender: string, id: string) => block(message({ 3: sender, 10: id }))

describe('what mllp acknowledges, and when', () => {
  test('messages sent in one go are answered each for itself, in order, as the hub took them', async (t) => {
    const to = (hub: Hub): Hub => ({
      ...hub,
      can: hub.can,
      async open(device, context) {
        const session = await hub.open(device, context)
        return {
          ...session,
          async send(messages) {
            const [, second, third] = messages
            if (second === undefined || third === undefined) return session.send(messages)
            throw new PartialSendError(
              new Map([
                [second, new GatewayError('HUB_THROTTLED', 'zebra')],
                [third, new GatewayError('HUB_REJECTED', 'zebra')],
              ]),
            )
          },
        }
      },
    })
    const gateway = await served(t, (hub) => mllp(to(hub), { batch: { maxCount: 4, lingerMs: 60_000 } }))
    const device = await gateway.device()
    await device.write(Buffer.concat(['A', 'B', 'C', 'D'].map((id) => sent(id))))
    assert.deepEqual(await nextMsas(device, 4), [
      'MSA|AA|A',
      'MSA|AE|B|not stored now, to be sent again (HUB_THROTTLED)',
      'MSA|AR|C|refused (HUB_REJECTED)',
      'MSA|AA|D',
    ])
  })

  test('a message that is refused among others keeps its turn', async (t) => {
    const gateway = await served(t, mllp, { memory: { hold: true } })
    const device = await gateway.device()
    await device.write(Buffer.concat([sent('A'), block(message({ 10: 'B', 12: '3' })), sent('C')]))
    await gateway.hub.until(() => gateway.hub.sessions.size === 1)
    for (let turns = 0; turns < 50; turns++) await turn()
    assert.equal(device.pending().length, 0)
    gateway.hub.release()
    assert.deepEqual(await nextMsas(device, 3), [
      'MSA|AA|A',
      'MSA|AR|B|MSH-12 (version) is not one of HL7 2',
      'MSA|AA|C',
    ])
  })

  test('a hub that cannot be reached when the sender first speaks: AE, then the connection ends', async (t) => {
    const unreachable = (hub: Hub): Hub => ({
      can: hub.can,
      open: () => Promise.reject(new GatewayError('HUB_UNAVAILABLE', 'zebra')),
    })
    const gateway = await served(t, (hub) => mllp(unreachable(hub)))
    const device = await gateway.device()
    await device.write(sent('A'))
    assert.deepEqual(await nextMsas(device, 1), ['MSA|AE|A|not stored now, to be sent again (HUB_UNAVAILABLE)'])
    assert.equal((await device.rest()).length, 0)
  })

  test('a message that only its JSON makes too large: AR that names both sizes; as hl7 it is taken', async (t) => {
    const large = sent('A', ['OBX', '1', 'ED', 'PDF', '', 'x'.repeat(200_000)])
    const gateway = await served(t, mllp)
    const device = await gateway.device()
    await device.write(Buffer.concat([large, sent('B')]))
    const [refused, taken] = await nextMsas(device, 2)
    assert.match(refused ?? '', /^MSA\|AR\|A\|a message of \d{6} bytes exceeds the hub's limit of 261119$/)
    assert.equal(taken, 'MSA|AA|B')

    const other = await served(t, (hub) => mllp(hub, { body: 'hl7' }))
    const sender = await other.device()
    await sender.write(large)
    assert.deepEqual(await nextMsas(sender, 1), ['MSA|AA|A'])
    assert.deepEqual(other.hub.accepted[0]?.message.body, large.subarray(1, -2))
  })

  test('a sender that waits for each acknowledgement does not wait for a batch to fill', async (t) => {
    const gateway = await served(t, mllp)
    const device = await gateway.device()
    const startedAt = performance.now()
    for (let n = 0; n < 20; n++) {
      await device.write(sent(`M${n}`))
      await nextAck(device)
    }
    assert.ok(performance.now() - startedAt < 20 * 50, 'less than the 50 ms that batches linger elsewhere')
  })

  test('an acknowledgement from the device goes up and is not answered', async (t) => {
    const gateway = await served(t, mllp)
    const device = await gateway.device()
    await device.write(Buffer.concat([block(message({ 9: 'ACK', 10: 'K' }, ['MSA', 'AA', 'M7'])), sent('A')]))
    assert.deepEqual(await nextMsas(device, 1), ['MSA|AA|A'])
    assert.deepEqual(
      gateway.bodies().map(({ kind }) => kind),
      ['ack', 'message'],
    )
  })

  test('in enhanced mode what MSH-15 asks for is answered, and nothing else', async (t) => {
    const gateway = await served(t, (hub) => mllp(hub, { acknowledgement: 'enhanced', batch: { maxCount: 1 } }))
    gateway.hub.fail(new GatewayError('HUB_REJECTED', 'no'))
    const device = await gateway.device()
    const asking = (id: string, accept: string) => block(message({ 10: id, 15: accept, 16: 'NE' }))
    await device.write(
      Buffer.concat([asking('A', 'ER'), asking('B', 'ER'), asking('C', 'NE'), asking('D', 'AL'), sent('E')]),
    )
    assert.deepEqual(await nextMsas(device, 3), ['MSA|CR|A|refused (HUB_REJECTED)', 'MSA|CA|D', 'MSA|AA|E'])
    assert.equal(gateway.hub.accepted.length, 4)
  })

  test('there are no commands: one is rejected at the hub, and the connection goes on', async (t) => {
    const gateway = await served(t, mllp)
    const device = await gateway.device()
    await device.write(sent('A'))
    await nextAck(device)
    gateway.hub.queueCommand('MONITOR-7:ICU', 'x')
    await gateway.hub.until(() => gateway.hub.settled.length === 1)
    assert.equal(gateway.hub.settled[0]?.outcome, 'reject')
    await device.write(sent('B'))
    assert.deepEqual(await nextMsas(device, 1), ['MSA|AA|B'])
  })
})

describe('whom mllp believes', () => {
  test('an authenticator that does not know the sender: AR, then the connection ends', async (t) => {
    const authenticator = () => {
      throw new GatewayError('UNAUTHORIZED', 'zebra')
    }
    const gateway = await served(t, (hub) => mllp(hub, { authenticator }))
    const device = await gateway.device()
    await device.write(sent('A'))
    assert.deepEqual(await nextMsas(device, 1), ['MSA|AR|A|the sender is not known (UNAUTHORIZED)'])
    assert.equal((await device.rest()).length, 0)
  })

  test('a sender without a name: AR, then the connection ends', async (t) => {
    const gateway = await served(t, mllp)
    const device = await gateway.device()
    await device.write(block(message({ 3: '', 4: '' })))
    assert.match(await nextAck(device), /\rMSA\|AR\|M1\|MSH-3 and MSH-4/)
    assert.equal((await device.rest()).length, 0)
    assert.deepEqual(await gateway.errors(), { BAD_HELLO: 1 })
  })

  test('another sender on the same connection: AR in its turn, then the connection ends', async (t) => {
    const gateway = await served(t, mllp)
    const device = await gateway.device()
    await device.write(Buffer.concat([from('ONE', 'A'), from('ONE', 'B'), from('TWO', 'C'), from('ONE', 'D')]))
    const why = 'another sender than the first on this connection'
    assert.deepEqual(await nextMsas(device, 3), ['MSA|AA|A', 'MSA|AA|B', `MSA|AR|C|${why}`])
    assert.equal((await device.rest()).length, 0)
    assert.deepEqual(await gateway.errors(), { IDENTITY_CHANGED: 1 })
  })

  test('an engine that sends for many is one device, where the option says so', async (t) => {
    const gateway = await served(t, (hub) => mllp(hub, { deviceId: 'engine-1' }))
    const device = await gateway.device()
    await device.write(Buffer.concat([from('ONE', 'A'), from('TWO', 'B')]))
    assert.deepEqual(await nextMsas(device, 2), ['MSA|AA|A', 'MSA|AA|B'])
    assert.deepEqual(
      gateway.hub.accepted.map(({ deviceId }) => deviceId),
      ['engine-1', 'engine-1'],
    )
    assert.deepEqual(
      gateway.bodies().map(({ sending_application }) => sending_application),
      ['ONE', 'TWO'],
    )
  })
})

test('what mllp sends to the hub can be enriched', async (t) => {
  const gateway = await served(t, (hub) => mllp(hub, { enrichments: { site: 'turin' }, envelope: true }))
  const device = await gateway.device()
  await device.write(sent('A', pulse))
  await nextAck(device)
  const properties = gateway.hub.accepted[0]?.message.properties
  assert.deepEqual(properties, { protocol: 'hl7', type: 'ORU^R01', processing_id: 'P', site: 'turin' })
  assert.equal(gateway.bodies()[0].payload_bytes, sent('A', pulse).length - 3)
})

test('nothing of a message stands in a log or in MSA-3, whatever is wrong with it', async (t) => {
  const lines: string[] = []
  const note = (fields: object, text: string) => lines.push(JSON.stringify(fields) + text)
  const log: Log = { debug: note, info: note, warn: note, error: note }
  const gateway = await served(t, mllp, { log })
  const zebras = [
    message({ 10: '' }, patient),
    message({ 12: 'ZEBRA' }, patient),
    message({ 2: 'ZEBRA' }, patient),
    message({ 9: '' }, patient),
    message({ 3: 'ZEBRA '.repeat(60) }, patient),
    Buffer.from('ZEBRA'),
  ]
  for (const each of zebras) {
    const device = await gateway.device()
    await device.write(block(each))
    device.end()
    const [, msa = ''] = (await device.rest()).toString().split('\r')
    assert.doesNotMatch(msa, /ZEBRA/)
  }
  assert.ok(lines.some((line) => line.includes('BAD_CONTENT')))
  assert.doesNotMatch(lines.join(), /ZEBRA|QUAGGA/)
})
