import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Connection } from '../../src/core/connection.ts'
import { GatewayError } from '../../src/core/errors.ts'
import {
  type Batch,
  type BatchReceipt,
  command,
  receipt,
  report,
  type Telemetry,
  telemetry,
} from '../../src/core/items.ts'
import { PipelineMeter } from '../../src/core/meter.ts'
import { batch } from '../../src/stages/batch.ts'
import { sharedUnfolding, unfolding } from '../../src/stages/unfolding.ts'
import { feed } from '../../src/testing.ts'
import { turn } from './turn.ts'

describe('batch, unfolding', () => {
  const messages = [telemetry(Buffer.of(), { tag: 1 }), report({}, 2), telemetry(Buffer.of(), { tag: 3 })]
  const of: Batch = { kind: 'batch', messages, bytes: 0 }
  const unfolded = async (answer: Omit<BatchReceipt, 'kind' | 'of' | 'response'>) => {
    const connection = new Connection({ id: 'c', pipeline: 'p' })
    const whole: BatchReceipt = { kind: 'receipt', of, response: undefined, ...answer }
    const { down } = await feed(batch(), [], [whole], connection)
    const each = down.emitted.map((one) =>
      one.kind === 'receipt' ? [(one.of as { tag: unknown }).tag, one.outcome] : one,
    )
    return { each, counts: Object.fromEntries(connection.meter.receipts) }
  }

  test('every message gets the batch’s outcome, in order, and is counted', async () => {
    const { each, counts } = await unfolded({ outcome: 'complete', error: undefined, exceptions: new Map() })
    assert.deepEqual(each, [
      [1, 'complete'],
      [2, 'complete'],
      [3, 'complete'],
    ])
    assert.deepEqual(counts, {
      telemetry: { complete: 2, abandon: 0, reject: 0 },
      report: { complete: 1, abandon: 0, reject: 0 },
    })
  })

  test('a message with an error of its own gets its own outcome, in its place', async () => {
    const exceptions = new Map([
      [messages[1] as (typeof messages)[0], new GatewayError('HUB_THROTTLED', 'later')],
      [messages[2] as (typeof messages)[0], new GatewayError('HUB_REJECTED', 'never')],
    ])
    const { each, counts } = await unfolded({ outcome: 'complete', error: undefined, exceptions })
    assert.deepEqual(each, [
      [1, 'complete'],
      [2, 'abandon'],
      [3, 'reject'],
    ])
    assert.deepEqual(counts, {
      telemetry: { complete: 1, abandon: 0, reject: 1 },
      report: { complete: 0, abandon: 1, reject: 0 },
    })
  })

  test('an error of the whole batch is that of each message', async () => {
    const error = new GatewayError('HUB_UNAVAILABLE', 'down')
    const { each } = await unfolded({ outcome: 'abandon', error, exceptions: new Map() })
    assert.deepEqual(each, [
      [1, 'abandon'],
      [2, 'abandon'],
      [3, 'abandon'],
    ])
  })

  test('commands pass', async () => {
    const item = command('c', Buffer.of())
    assert.deepEqual((await feed(batch(), [], [item])).down.emitted, [item])
  })

  test('the receipt of a packed message is that of each of its readings, which are then let go', () => {
    const meter = new PipelineMeter('p')
    const [packed, one, two] = [0, 1, 2].map((tag) => telemetry(Buffer.of(), { tag })) as [
      Telemetry,
      Telemetry,
      Telemetry,
    ]
    const packs = new Map<Telemetry, readonly Telemetry[]>([[packed, [one, two]]])
    const batch: Batch = { kind: 'batch', messages: [packed], bytes: 0 }
    const { deeds } = turn(unfolding(packs, meter), [{ ...receipt(batch, 'complete'), exceptions: new Map() }])
    assert.deepEqual(
      deeds.map(([, made]) => made),
      [receipt(one, 'complete'), receipt(two, 'complete')],
    )
    assert.equal(packs.size, 0)
    assert.equal(meter.receipts.get('telemetry')?.complete, 2)
  })

  test('is one step for all connections of a pipeline, and another for those of another', () => {
    const [meter, other] = [new PipelineMeter('p'), new PipelineMeter('p')]
    assert.equal(sharedUnfolding(meter), sharedUnfolding(meter))
    assert.notEqual(sharedUnfolding(meter), sharedUnfolding(other))
  })
})
