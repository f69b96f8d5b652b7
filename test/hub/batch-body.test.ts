import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Telemetry, telemetry } from '../../src/core/items.ts'
import { billableBlocks } from '../../src/core/message-size.ts'
import { encodedBatch as encodedIn } from '../../src/hub/batch-body.ts'
import { BodyPool } from '../../src/hub/body-pool.ts'

interface Entry {
  readonly body: string
  readonly base64Encoded: boolean
  readonly properties: Readonly<Record<string, string>>
}

const pool = new BodyPool()

/** In memory that holds what was encoded before, as it does in a gateway. */
function encodedBatch(messages: readonly Telemetry[]): { body: Buffer; billable: number } {
  const { body, billable } = encodedIn(messages, pool)
  const copy = Buffer.from(body)
  pool.giveBack(body)
  return { body: copy, billable }
}

const parsed = (...messages: Telemetry[]): Entry[] => JSON.parse(encodedBatch(messages).body.toString())

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('"', '\\', '\ud800', '__proto__', '\u2028'),
)
const anyMessage = fc
  .record({
    body: fc.uint8Array(),
    properties: fc.dictionary(anyText, anyText),
    messageId: fc.option(anyText, { nil: undefined }),
    correlationId: fc.option(anyText, { nil: undefined }),
    contentType: fc.option(anyText, { nil: undefined }),
    contentEncoding: fc.option(anyText, { nil: undefined }),
    creationTimeUtc: fc.option(anyText, { nil: undefined }),
  })
  .map(({ body, ...options }) => telemetry(Buffer.from(body), options))

/** What the hub must find in an entry, from the message that was put in. */
function expected(message: Telemetry): Entry {
  const system: [string, string | undefined][] = [
    ['iothub-messageid', message.messageId],
    ['iothub-correlationid', message.correlationId],
    ['iothub-contenttype', message.contentType],
    ['iothub-contentencoding', message.contentEncoding],
    ['iothub-creationtimeutc', message.creationTimeUtc],
  ]
  const user = Object.entries(message.properties).map(([name, value]) => [`iothub-app-${name}`, value])
  const properties = Object.fromEntries([...system.filter(([, value]) => value !== undefined), ...user])
  return { body: message.body.toString('base64'), base64Encoded: true, properties }
}

test('whatever bytes and properties messages hold, the batch is JSON that reads back as they are', () => {
  fc.assert(
    fc.property(fc.array(anyMessage, { minLength: 1, maxLength: 4 }), (messages) => {
      assert.deepEqual(parsed(...messages), messages.map(expected))
    }),
  )
})

test('bodies of every length stay apart, whatever was in the batch before, also where there are more bytes than one send takes', () => {
  const ofLengths = (lengths: readonly number[], byte: number) =>
    lengths.map((length, index) => telemetry(Buffer.alloc(length, byte), { messageId: `${index}` }))
  const short = ofLengths(
    Array.from({ length: 100 }, (_, length) => length),
    0xff,
  )
  const long = ofLengths([100_000, 100_001, 100_002], 0xaa)
  for (const messages of [short, long, ofLengths([1, 2, 3, 4], 0x00), short]) {
    assert.deepEqual(parsed(...messages), messages.map(expected))
  }
})

test('system properties go unprefixed and only where they are set', () => {
  const [bare, full] = parsed(
    telemetry(Buffer.from('a')),
    telemetry(Buffer.from('b'), {
      messageId: 'm',
      correlationId: 'c',
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      creationTimeUtc: '2026-01-01T00:00:00Z',
      properties: { alert: 'true' },
    }),
  )
  assert.deepEqual(bare, { body: 'YQ==', base64Encoded: true, properties: {} })
  assert.deepEqual(full?.properties, {
    'iothub-messageid': 'm',
    'iothub-correlationid': 'c',
    'iothub-contenttype': 'application/json',
    'iothub-contentencoding': 'utf-8',
    'iothub-creationtimeutc': '2026-01-01T00:00:00Z',
    'iothub-app-alert': 'true',
  })
})

test('a user property with the name of a system property stays a user property', () => {
  const [entry] = parsed(telemetry(Buffer.alloc(0), { properties: { 'iothub-messageid': 'spoofed' } }))
  assert.deepEqual(entry?.properties, { 'iothub-app-iothub-messageid': 'spoofed' })
})

test('what messages have in common is not given to one that differs, in the same batch or in the next', () => {
  const properties = Object.freeze({ site: 'turin' })
  const messages = [
    telemetry(Buffer.from('a'), { properties, messageId: 'm1', contentType: 'text/plain' }),
    telemetry(Buffer.from('b'), { properties, messageId: 'm2', contentType: 'text/plain' }),
    telemetry(Buffer.from('c'), { properties, contentType: 'text/plain' }),
    telemetry(Buffer.from('d'), { properties, messageId: 'm4' }),
    telemetry(Buffer.from('e'), { properties, messageId: 'm5', correlationId: 'c5' }),
    telemetry(Buffer.from('f'), { properties: { ...properties }, contentEncoding: 'utf-8' }),
    telemetry(Buffer.from('g'), { properties, creationTimeUtc: '2026-01-01T00:00:00Z' }),
  ]
  assert.deepEqual(parsed(...messages), messages.map(expected))
  for (const message of messages.toReversed()) assert.deepEqual(parsed(message), [expected(message)])
})

test('properties that were changed between two batches arrive changed', () => {
  const properties = { site: 'turin' }
  const message = telemetry(Buffer.from('a'), { properties })
  assert.deepEqual(parsed(message)[0]?.properties, { 'iothub-app-site': 'turin' })
  properties.site = 'genoa'
  assert.deepEqual(parsed(message)[0]?.properties, { 'iothub-app-site': 'genoa' })
})

test('what the quota counts is the sum of what it counts of each, whatever they hold and however long they are', () => {
  const long = fc
    .tuple(anyMessage, fc.integer({ min: 2900, max: 9000 }), fc.boolean())
    .map(([message, bytes, named]) => {
      const text = 'é'.repeat(bytes / 8)
      return telemetry(Buffer.alloc(bytes), {
        ...message,
        ...(named && { messageId: text, properties: { name: text } }),
      })
    })
  fc.assert(
    fc.property(fc.array(fc.oneof(anyMessage, long), { maxLength: 4 }), (messages) => {
      const sum = messages.reduce((blocks, message) => blocks + billableBlocks(message), 0)
      assert.equal(encodedBatch(messages).billable, sum)
    }),
  )
})

test('no messages are an empty array', () => {
  assert.deepEqual(parsed(), [])
})
