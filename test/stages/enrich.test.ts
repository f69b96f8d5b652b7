import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Connection } from '../../src/core/connection.ts'
import { report, type Telemetry, telemetry } from '../../src/core/items.ts'
import { type Enrichment, enrich, peerAddress } from '../../src/stages/enrich.ts'
import { feed, stepOf } from '../../src/testing.ts'
import { turn } from './turn.ts'

const connection = () => new Connection({ id: 'c', pipeline: 'p', peer: { address: '192.0.2.7', port: 1 } })

async function enriched(enrichments: Record<string, Enrichment>, item: Telemetry): Promise<Telemetry> {
  const { up } = await feed(enrich(enrichments), [item], [], connection())
  assert.deepEqual(up.errors, [])
  return up.emitted[0] as Telemetry
}

describe('enrich', () => {
  test('adds fixed and computed properties to those that the device set', async () => {
    const item = telemetry(Buffer.from('{"t":20}'), { value: { t: 20 }, properties: { own: 'x' } })
    const { properties } = await enriched(
      { site: 'turin', address: peerAddress, t: ({ value }) => String((value as { t: number }).t) },
      item,
    )
    assert.deepEqual(properties, { own: 'x', site: 'turin', address: '192.0.2.7', t: '20' })
  })

  test('what the gateway says overrides what the device says, in whatever order it is listed', async () => {
    const item = telemetry(Buffer.of(), { properties: { site: 'forged', address: 'forged' } })
    assert.deepEqual((await enriched({ address: peerAddress, site: 'turin' }, item)).properties, {
      site: 'turin',
      address: '192.0.2.7',
    })
  })

  test('a value that is undefined leaves the property as the device set it', async () => {
    const item = telemetry(Buffer.of(), { properties: { a: 'own' } })
    const { properties } = await enriched({ a: () => undefined, b: () => undefined }, item)
    assert.deepEqual(properties, { a: 'own' })
  })

  test('everything else of the message stays, and the message that came is not changed', async () => {
    const item = telemetry(Buffer.from('1'), { tag: 7, messageId: 'm', contentType: 'text/plain' })
    const result = await enriched({ site: 'turin' }, item)
    assert.deepEqual(result, { ...item, properties: { site: 'turin' } })
    assert.deepEqual(item.properties, {})
  })

  test('of several messages of a turn each is enriched as it is alone, and reports pass', () => {
    const items = [telemetry(Buffer.from('1')), report({}), telemetry(Buffer.from('2'), { properties: { own: 'x' } })]
    const { up } = enrich({ site: 'turin' }).open(connection())
    assert.deepEqual(turn(up, items), { deeds: turn(stepOf(up), items).deeds, taken: 3 })
  })

  test('where a computed property throws for one message of a turn, the others are enriched', async () => {
    const computed = ({ body }: Telemetry) => {
      if (body.length === 0) throw new Error('empty')
      return 'y'
    }
    const items = [Buffer.of(1), Buffer.of(), Buffer.of(2)].map((body) => telemetry(body))
    const { deeds } = turn(enrich({ x: computed }).open(connection()).up, items)
    assert.deepEqual(
      deeds.map(([deed]) => deed),
      ['emit', 'fail', 'emit'],
    )
  })

  test('only telemetry is enriched', async () => {
    const item = report({ fan: 'on' })
    const { up } = await feed(enrich({ site: 'turin' }), [item])
    assert.equal(up.emitted[0], item)
  })
})
