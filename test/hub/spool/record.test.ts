import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { telemetry } from '../../../src/core/items.ts'
import { decodeNote, decodeRecord, encodeNote, encodeRecord, storedAtOf } from '../../../src/hub/spool/record.ts'

const key = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))
const text = fc.option(fc.string({ unit: 'grapheme', maxLength: 20 }), { nil: undefined })
const content = fc.record({
  storedAt: fc.nat(),
  trust: text,
  message: fc
    .record({
      body: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      properties: fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), fc.string({ unit: 'grapheme' })),
      fields: fc.record({
        messageId: text,
        correlationId: text,
        contentType: text,
        contentEncoding: text,
        creationTimeUtc: text,
      }),
    })
    .map(({ body, properties, fields }) => {
      const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
      return telemetry(body, { ...given, properties: Object.fromEntries(Object.entries(properties)) })
    }),
})

test('what is written is read: every field, the body byte for byte', () => {
  fc.assert(
    fc.property(key, content, (key, content) => {
      const record = encodeRecord(key, content)
      const read = decodeRecord(key, record)
      assert.ok(read !== undefined)
      assert.deepEqual({ ...read, message: { ...read.message } }, { ...content })
      assert.equal(storedAtOf(key, record), content.storedAt)
    }),
  )
})

test('a record with any bit flipped, any byte missing or added, or under another key, is damaged', () => {
  fc.assert(
    fc.property(
      key,
      content,
      fc.nat(),
      fc.nat(7),
      fc.constantFrom('flip', 'cut', 'add', 'key'),
      (key, content, at, bit, how) => {
        const record = encodeRecord(key, content)
        let damaged = Buffer.from(record)
        let under = key
        if (how === 'flip') damaged.writeUInt8((record[at % record.length] as number) ^ (1 << bit), at % record.length)
        else if (how === 'cut') damaged = damaged.subarray(0, at % record.length)
        else if (how === 'add') damaged = Buffer.concat([record, Buffer.of(bit)])
        else under = Buffer.concat([key, Buffer.of(bit)])
        assert.equal(decodeRecord(under, damaged), undefined)
        assert.equal(storedAtOf(under, damaged), undefined)
      },
    ),
  )
})

test('bytes at random are no record and no note', () => {
  fc.assert(
    fc.property(key, fc.uint8Array({ maxLength: 100 }), (key, bytes) => {
      assert.equal(decodeRecord(key, Buffer.from(bytes)), undefined)
      assert.equal(decodeNote(key, Buffer.from(bytes)), undefined)
    }),
  )
})

test('a note comes back, and not under another key', () => {
  const note = encodeNote(Buffer.from('a'), Buffer.from('words'))
  assert.equal(decodeNote(Buffer.from('a'), note)?.toString(), 'words')
  assert.equal(decodeNote(Buffer.from('b'), note), undefined)
})
