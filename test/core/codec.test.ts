import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codec } from '../../src/core/codec.ts'
import { Connection } from '../../src/core/connection.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { hello, receipt, telemetry } from '../../src/core/items.ts'
import type { Frames, Lines } from '../../src/core/levels.ts'
import { feed } from '../../src/testing.ts'

const said = (text: string) => telemetry(Buffer.from(text))

test('a codec turns one frame into one item, several, or none', async () => {
  const words = codec<Lines>('words', () => ({
    decode: (line) => (line === '' ? undefined : line.includes(' ') ? line.split(' ').map(said) : said(line)),
    encode: () => undefined,
  }))
  const { up } = await feed(words, ['one', '', 'two three'])
  assert.deepEqual(
    up.emitted.map((item) => item.kind === 'telemetry' && item.body.toString()),
    ['one', 'two', 'three'],
  )
})

test('a codec turns one item into one frame, several, or none', async () => {
  const words = codec<Lines>('words', () => ({
    decode: () => undefined,
    encode: (item) => (item.kind === 'command' ? undefined : item.outcome === 'complete' ? 'ok' : ['no', 'why']),
  }))
  const item = hello({ deviceId: 'd1' })
  const { down } = await feed(words, [], [receipt(item, 'complete'), receipt(item, 'reject')])
  assert.deepEqual(down.emitted, ['ok', 'no', 'why'])
})

test('a frame that is a Buffer is one frame, not a list', async () => {
  const raw = codec<Frames>('raw', () => ({
    decode: (frame) => telemetry(frame),
    encode: () => Buffer.from([1, 2, 3]),
  }))
  const { up, down } = await feed(raw, [Buffer.from([9])], [receipt(hello({ deviceId: 'd1' }), 'complete')])
  assert.equal(up.emitted.length, 1)
  assert.deepEqual(down.emitted, [Buffer.from([1, 2, 3])])
})

test('a heartbeat is answered on the frame level', async () => {
  const beat = codec<Lines>('beat', () => ({
    decode(line, out) {
      out.reply(`${line}!`)
      return undefined
    },
    encode: () => undefined,
  }))
  const { up } = await feed(beat, ['ping'])
  assert.deepEqual(up.replied, ['ping!'])
  assert.deepEqual(up.emitted, [])
})

test('a throw refuses the frame and leaves the next one alone', async () => {
  const picky = codec<Lines>('picky', () => ({
    decode(line) {
      if (line === 'bad') throw new GatewayError('BAD_CONTENT', 'no such word')
      return said(line)
    },
    encode: () => undefined,
  }))
  const { up } = await feed(picky, ['bad', 'good'])
  assert.deepEqual(
    up.errors.map((error) => error.code),
    ['BAD_CONTENT'],
  )
  assert.equal(up.emitted.length, 1)
})

test('state between frames belongs to one connection', async () => {
  const counting = codec<Lines>('counting', () => {
    let count = 0
    return { decode: () => said(`${++count}`), encode: () => undefined }
  })
  for (let connection = 0; connection < 2; connection++) {
    const { up } = await feed(counting, ['a', 'b'])
    assert.deepEqual(
      up.emitted.map((item) => item.kind === 'telemetry' && item.body.toString()),
      ['1', '2'],
    )
  }
})

test('a codec without words for errors says nothing', () => {
  const open = (refuse?: (error: GatewayError) => string) =>
    codec<Lines>('c', () => ({ decode: () => undefined, encode: () => undefined, ...(refuse && { refuse }) })).open(
      new Connection({ id: '1', pipeline: 'plant' }),
    )
  const error = new GatewayError('BAD_CONTENT', 'x')
  assert.equal(open().refuse?.(error), undefined)
  assert.equal(open(({ code }) => code).refuse?.(error), 'BAD_CONTENT')
})
