import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Connection } from '../../src/core/connection.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { command, hello, type Identity, receipt, report, telemetry } from '../../src/core/items.ts'
import { pipeline } from '../../src/core/pipeline.ts'
import { type Authenticator, authenticate } from '../../src/stages/authenticate.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { hub } from '../../src/stages/hub.ts'
import { json } from '../../src/stages/json.ts'
import { lines } from '../../src/stages/lines.ts'
import { embed, feed, memoryHub, stepOf } from '../../src/testing.ts'
import { turn } from './turn.ts'

const d1 = hello({ deviceId: 'd1' }, 'first')
const reading = telemetry(Buffer.from('{}'))
const fresh = () => new Connection({ id: 'c', pipeline: 'p' })

describe('authenticate', () => {
  test('nothing but a hello passes before the device is known', async () => {
    const answer = receipt(command('c', Buffer.of()), 'complete')
    const { up } = await feed(authenticate(byPolicy()), [reading, report({}), answer])
    assert.deepEqual([up.emitted, up.replied], [[], []])
    assert.deepEqual(
      up.errors.map(({ code }) => code),
      ['NOT_IDENTIFIED', 'NOT_IDENTIFIED', 'NOT_IDENTIFIED'],
    )
  })

  test('a hello is answered and not passed on; from then on everything passes', async () => {
    const connection = fresh()
    const { up } = await feed(authenticate(byPolicy()), [d1, reading, report({})], [], connection)
    assert.deepEqual(up.replied, [receipt(d1, 'complete')])
    assert.deepEqual(
      up.emitted.map(({ kind }) => kind),
      ['telemetry', 'report'],
    )
    assert.equal(connection.identity?.deviceId, 'd1')
    assert.equal(connection.meter.receipts.get('hello')?.complete, 1)
  })

  test('the hub session is opened in that name before the hello is answered', async () => {
    const connection = fresh()
    const order: string[] = []
    connection.onIdentify(async ({ deviceId }) => {
      order.push(`opened for ${deviceId}`)
    })
    const stage = authenticate((claim) => {
      order.push('asked')
      return byPolicy()(claim, connection)
    })
    const { up } = stage.open(connection)
    await stepOf(up)(d1, { emit: assert.ifError, reply: () => order.push('answered'), fail: assert.ifError })
    assert.deepEqual(order, ['asked', 'opened for d1', 'answered'])
  })

  test('a second hello in the same name is answered again without asking, one in another name ends the connection', async () => {
    let asked = 0
    const counting: Authenticator = (claim, connection) => {
      asked++
      return byPolicy()(claim, connection)
    }
    const again = hello({ deviceId: 'd1', key: 'another' }, 'again')
    const connection = fresh()
    const { up } = await feed(authenticate(counting), [d1, again, hello({ deviceId: 'd2' })], [], connection)
    assert.deepEqual(up.replied, [receipt(d1, 'complete'), receipt(again, 'complete')])
    assert.deepEqual(
      up.errors.map(({ code }) => code),
      ['IDENTITY_CHANGED'],
    )
    assert.equal(asked, 1)
    assert.equal(connection.identity?.deviceId, 'd1')
  })

  test("of several items of a turn a known device's pass at once up to a hello, an unknown one's one by one", async () => {
    const connection = fresh()
    const { up } = authenticate(byPolicy()).open(connection)
    assert.equal(turn(up, [reading, reading]).taken, 0)
    await connection.identify({ deviceId: 'd1', credentials: { type: 'policy' } })
    const again = hello({ deviceId: 'd1' }, 'again')
    assert.deepEqual(turn(up, [reading, report({}), again, reading]), {
      deeds: [
        ['emit', reading],
        ['emit', report({})],
        ['reply', receipt(again, 'complete')],
        ['emit', reading],
      ],
      taken: 2,
    })
  })

  test('what the authenticator or the hub refuses leaves the device unknown', async () => {
    const no = new GatewayError('UNAUTHORIZED', 'no')
    const refusing: [Authenticator, (identity: Identity) => Promise<void>][] = [
      [() => Promise.reject(no), async () => {}],
      [byPolicy(), () => Promise.reject(no)],
    ]
    for (const [authenticator, opener] of refusing) {
      const connection = fresh()
      connection.onIdentify(opener)
      const { up } = await feed(authenticate(authenticator), [d1, reading], [], connection)
      assert.deepEqual([up.emitted, up.replied, connection.identity], [[], [], undefined])
      assert.deepEqual(
        up.errors.map(({ code }) => code),
        ['UNAUTHORIZED', 'NOT_IDENTIFIED'],
      )
    }
  })

  test('what a device sends behind its hello waits for the answer, then passes in order', async () => {
    const to = memoryHub()
    let admit: ((identity: Identity) => void) | undefined
    const slow: Authenticator = () =>
      new Promise((identified) => {
        admit = identified
      })
    const device = embed(pipeline('slow', lines(), json(), authenticate(slow), batch({ lingerMs: 0 }), hub(to)))
    device.write('{"$hello":{"deviceId":"d1"}}\n{"$seq":1}\n{"$seq":2}\n')
    while (admit === undefined) await setImmediate()
    assert.deepEqual([to.accepted.length, device.pending().length], [0, 0])
    admit({ deviceId: 'd1', credentials: { type: 'policy' } })
    const said = [await device.next(), await device.next(), await device.next()]
    assert.deepEqual(said, ['{"$welcome":"d1"}\n', '{"$ack":1}\n', '{"$ack":2}\n'])
    device.end()
    await device.ended()
  })
})
