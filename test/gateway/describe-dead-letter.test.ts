import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Connection } from '../../src/core/connection.ts'
import { command, hello, receipt, report, telemetry } from '../../src/core/items.ts'
import { type DescribeOptions, describeDeadLetter } from '../../src/gateway/describe-dead-letter.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { teltonika } from '../../src/pipelines/teltonika.ts'
import { embed, memoryHub } from '../../src/testing.ts'
import { knownConnection, letterOf } from './letters.ts'

const described = async (item: unknown, options: DescribeOptions = {}) =>
  describeDeadLetter(letterOf(item), await knownConnection(), options)

describe('describeDeadLetter', () => {
  test('says when, where, whose and why', async () => {
    const { time, ...line } = await described(Buffer.of(1, 2, 0xff))
    assert.equal(new Date(time).toISOString(), time)
    assert.deepEqual(line, {
      pipeline: 'p',
      stage: 'codec.up',
      code: 'BAD_CONTENT',
      message: 'it means nothing',
      deviceId: 'd1',
      connection: 'p-1',
      kind: 'frame',
      frameHex: '0102ff',
      frameBytes: 3,
    })
  })

  test('a frame is cut, and says how long it was; a line is the hexadecimal of its UTF-8', async () => {
    const cut = await described(Buffer.alloc(10, 7), { maxFrameBytes: 4 })
    assert.deepEqual([cut.frameHex, cut.frameBytes, cut.redacted], ['07070707', 10, undefined])
    const line = await described('é=1')
    assert.deepEqual([line.kind, line.frameHex], ['line', Buffer.from('é=1').toString('hex')])
  })

  test('a reading keeps all that the hub would have had, so that it can be sent again', async () => {
    const message = telemetry(Buffer.from([0, 255]), {
      value: { secret: 1 },
      properties: { alert: 'true' },
      messageId: 'm1',
      correlationId: 'c1',
      contentType: 'application/octet-stream',
      contentEncoding: 'utf-8',
      creationTimeUtc: '2024-01-01T00:00:00.000Z',
    })
    const line = await described(message)
    const { body, bodyBytes, properties, messageId, correlationId, contentType, contentEncoding, creationTimeUtc } =
      line
    assert.deepEqual(
      [body, bodyBytes, properties, messageId, correlationId, contentType, contentEncoding, creationTimeUtc],
      ['AP8=', 2, { alert: 'true' }, 'm1', 'c1', 'application/octet-stream', 'utf-8', '2024-01-01T00:00:00.000Z'],
    )
    assert.equal(line.redacted, undefined)
    assert.ok(!JSON.stringify(line).includes('secret'), 'the decoded value is not the hub’s')
  })

  test('a body that holds a credential says that it is not what the device sent', async () => {
    const line = await described(telemetry(Buffer.from('{"key":"abcdef"}')))
    assert.equal(Buffer.from(line.body as string, 'base64').toString(), '{"key":"******"}')
    assert.equal(line.redacted, true)
    const kept = await described(telemetry(Buffer.from('{"key":"abcdef"}')), { redact: (bytes) => bytes })
    assert.deepEqual(
      [Buffer.from(kept.body as string, 'base64').toString(), kept.redacted],
      ['{"key":"abcdef"}', undefined],
    )
  })

  test('hellos, reports, commands, receipts and items of other levels are described too, and no hello brings its secret', async () => {
    const nobody = new Connection({ id: 'p-2', pipeline: 'p' })
    const greeting = describeDeadLetter(letterOf(hello({ deviceId: 'd7', key: 'abcdef' })), nobody)
    assert.deepEqual([greeting.kind, greeting.deviceId], ['hello', 'd7'])
    assert.ok(!JSON.stringify(greeting).includes('abcdef'))
    assert.equal((await described(report({ a: { b: 1 } }))).patch, '{"a":{"b":1}}')
    const asked = command('c1', Buffer.from('on'), { name: 'switch' })
    const line = await described(asked)
    assert.deepEqual([line.kind, line.commandId, line.commandName, line.body], ['command', 'c1', 'switch', 'b24='])
    const answer = await described(receipt(asked, 'reject'))
    assert.deepEqual([answer.kind, answer.commandId, answer.outcome], ['receipt', 'c1', 'reject'])
    for (const other of [{ some: 'thing' }, undefined, 7, { kind: 'unheard of' }]) {
      assert.equal((await described(other)).kind, 'other')
    }
  })

  test('a patch that nests deeper than can be written is left out, not thrown', async () => {
    let patch: Record<string, unknown> = {}
    for (let depth = 0; depth < 20_000; depth++) patch = { patch }
    const line = await described(report(patch))
    assert.deepEqual([line.kind, line.patch], ['report', undefined])
  })

  test('what a defect says is masked and cut like what a device says', async () => {
    const letter = letterOf(Buffer.of(), 'BUG', `cannot read {"key":"abcdef"} ${'x'.repeat(9000)}`)
    const { message } = describeDeadLetter(letter, await knownConnection())
    assert.ok(message.startsWith('cannot read {"key":"******"}'))
    assert.equal(message.length, 4096)
  })

  test('a key never appears, in whatever place the frame is cut, by the network or by maxFrameBytes', async () => {
    const connection = await knownConnection()
    const isShown = (shown: string, key: string) => {
      for (let from = 0; from + 4 <= key.length; from += 4) if (shown.includes(key.slice(from, from + 4))) return true
      return false
    }
    const head = '{"$hello":{"deviceId":"d1","key":"'
    fc.assert(
      fc.property(fc.base64String({ minLength: 12, maxLength: 88 }), fc.nat(200), fc.nat(200), (key, arrived, max) => {
        const line = Buffer.from(`${head}${key}"},"t":1}`)
        for (const item of [line.subarray(0, arrived), line.toString().slice(0, arrived)]) {
          const { frameHex = '' } = describeDeadLetter(letterOf(item), connection, { maxFrameBytes: max })
          const shown = Buffer.from(frameHex, 'hex').toString()
          assert.ok(shown.length <= max && !isShown(shown.slice(head.length), key), shown)
        }
      }),
      { numRuns: 500 },
    )
    // A key with nothing around it that names it is known by its length alone: masked before it is cut.
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(60), (bytes, max) => {
        const key = Buffer.from(bytes).toString('base64')
        const { frameHex = '' } = describeDeadLetter(letterOf(`#1;${key};7`), connection, { maxFrameBytes: max })
        assert.ok(!isShown(Buffer.from(frameHex, 'hex').toString(), key))
      }),
    )
  })

  test('a key of a real hello that jsonLines refuses appears in no letter', async () => {
    const texts: string[] = []
    const device = embed(jsonLines(memoryHub()).with({ policy: () => 'dead-letter' }), {
      onDeadLetter: (letter, connection) => texts.push(JSON.stringify(describeDeadLetter(letter, connection))),
    })
    const key = Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')
    device.write(`{"$hello":{"deviceId":"zebra/1","key":"${key}"}}\n{"$hello":{"deviceId":"d1","key":"${key}","x":\n`)
    device.end()
    await device.ended()
    assert.ok(texts.length >= 1)
    const shown = texts.join() + texts.map((text) => Buffer.from(JSON.parse(text).frameHex ?? '', 'hex')).join()
    assert.match(shown, /frameHex/)
    assert.ok(!shown.includes(key) && !shown.includes(Buffer.from(key).toString('hex')))
  })

  test('the hexadecimal of a frame that a ready pipeline refused is what its device sent', async () => {
    const lines: string[] = []
    const device = embed(teltonika(memoryHub()), {
      onDeadLetter: (letter, connection) => lines.push(describeDeadLetter(letter, connection).frameHex ?? ''),
    })
    // A packet of codec 8 whose check is wrong.
    const frame = Buffer.from('000f333536333037303432343431303133000000000000000a08010000000000000001deadbeef', 'hex')
    device.write(frame)
    device.end()
    await device.ended()
    assert.deepEqual(lines, [frame.subarray(17).toString('hex')])
  })

  test('options out of range are CONFIGURATION, and so is a redact that gives no bytes', async () => {
    for (const [options, name] of [
      [{ maxFrameBytes: -1 }, 'maxFrameBytes'],
      [{ maxBodyBytes: 300_000 }, 'maxBodyBytes'],
      [{ redact: 'no' as never }, 'redact'],
      [{ redact: (() => 'no') as never }, 'redact'],
    ] as const) {
      await assert.rejects(described(Buffer.of(1), options), { code: 'CONFIGURATION', message: new RegExp(name) })
    }
  })
})
