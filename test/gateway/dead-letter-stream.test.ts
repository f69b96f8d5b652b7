import assert from 'node:assert/strict'
import { PassThrough, Writable } from 'node:stream'
import { describe, test } from 'node:test'
import { deadLetterStream } from '../../src/gateway/dead-letter-stream.ts'
import { turns } from './gate.ts'
import { knownConnection, numberOf, readingLetter } from './letters.ts'

describe('deadLetterStream', () => {
  test('writes lines of JSON, and leaves the stream open', async () => {
    const stream = new PassThrough()
    const sink = deadLetterStream(stream)
    const connection = await knownConnection()
    for (const number of [1, 2]) sink(readingLetter(number), connection)
    await sink.close()
    assert.deepEqual((stream.read() as Buffer).toString().trimEnd().split('\n').map(numberOf), [1, 2])
    assert.equal(stream.writableEnded, false)
    stream.destroy()
  })

  test('writes objects where the stream takes them', async () => {
    const stream = new PassThrough({ objectMode: true })
    const sink = deadLetterStream(stream)
    sink(readingLetter(7), await knownConnection())
    await sink.close()
    assert.equal(stream.read().messageId, 'm7')
    stream.destroy()
  })

  test('a stream that takes nothing holds what is bounded; the rest is dropped and counted', async () => {
    const held: (() => void)[] = []
    const chunks: string[] = []
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk.toString())
        held.push(done)
      },
    })
    const sink = deadLetterStream(stream, { maxWaitingBytes: 4096 })
    const [dropped, waiting] = sink.gauges
    const connection = await knownConnection()
    for (let number = 0; number < 100; number++) {
      sink(readingLetter(number), connection)
      await turns(1)
    }
    assert.equal(chunks.length, 1)
    assert.ok((waiting?.read() ?? 0) <= 4096)
    assert.ok((dropped?.read() ?? 0) > 80)
    const closing = sink.close()
    while (held.length > 0) {
      held.shift()?.()
      await turns(3)
    }
    await closing
    const kept = chunks.join('').trimEnd().split('\n').map(numberOf)
    assert.deepEqual(
      kept,
      kept.map((_, index) => index),
      'the first ones, in order',
    )
    assert.equal(kept.length + (dropped?.read() ?? 0), 100)
  })

  test('a stream that breaks, or is closed while it writes, costs its letters and nothing else', async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('broken')) })
    const connection = await knownConnection()
    const sink = deadLetterStream(broken)
    for (let number = 0; number < 3; number++) {
      sink(readingLetter(number), connection)
      await turns(3)
    }
    await sink.close()
    assert.equal(sink.gauges[0]?.read(), 3)

    const silent = new Writable({ objectMode: true, write() {} })
    const other = deadLetterStream(silent)
    for (let number = 0; number < 3; number++) other(readingLetter(number), connection)
    await turns(2)
    silent.destroy()
    await other.close()
    assert.equal(other.gauges[0]?.read(), 3)
  })
})
