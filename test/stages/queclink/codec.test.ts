import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Connection } from '../../../src/core/connection.ts'
import { GatewayError } from '../../../src/core/errors.ts'
import { type Command, command, type Hello, type Receipt, receipt, type Telemetry } from '../../../src/core/items.ts'
import type { Messages } from '../../../src/core/levels.ts'
import { Secret } from '../../../src/core/secret.ts'
import type { Step } from '../../../src/core/stage.ts'
import { type QueclinkCodecOptions, queclinkCodec } from '../../../src/stages/queclink/codec.ts'
import { stepOf } from '../../../src/testing.ts'
import { imei, message, position } from './own-messages.ts'

const heartbeat = message({ prefix: 'ACK', report: 'GTHBD' })

/** One connection of the codec, and what it gave. */
class Opened {
  readonly connection = new Connection({ id: 'c', pipeline: 'queclink' })
  readonly ups: Messages['up'][] = []
  readonly said: string[] = []
  readonly failures: { readonly error: GatewayError; readonly item: unknown }[] = []
  readonly #up: Step<Buffer, Messages['up'], Buffer>
  readonly #down: Step<Messages['down'], Buffer, Messages['up']>

  constructor(options: QueclinkCodecOptions = {}) {
    const halves = queclinkCodec(options).open(this.connection)
    this.#up = stepOf(halves.up)
    this.#down = stepOf(halves.down)
  }

  /** What a frame becomes: the kinds of items, or the code of what it throws. */
  hear(frame: Buffer | string): string[] {
    const before = this.ups.length
    try {
      this.#up(Buffer.from(frame), {
        emit: (item) => this.ups.push(item),
        reply: (bytes) => this.said.push(bytes.toString()),
        fail: (error, item) => this.failures.push({ error, item }),
      })
    } catch (error) {
      assert.ok(error instanceof GatewayError, String(error))
      return [error.code]
    }
    return this.ups.slice(before).map(({ kind }) => kind)
  }

  send(item: Messages['down']): void {
    this.#down(item, { emit: (bytes) => this.said.push(bytes.toString()), reply: () => {}, fail: () => {} })
  }

  settle(outcome: 'complete' | 'abandon' | 'reject', at = this.ups.length - 1): void {
    this.send(receipt(this.ups[at] as Telemetry, outcome))
  }
}

test('the first message names the device, and so no later one has to', () => {
  const opened = new Opened()
  assert.deepEqual(opened.hear(message({ fields: position })), ['hello', 'telemetry'])
  assert.deepEqual(opened.hear(message()), ['telemetry'])
  const { deviceId, value } = opened.ups[0] as Hello
  assert.deepEqual([deviceId, value], [imei, { imei, protocol_version: '1A0800', device_name: '' }])
})

test('a message of another device is refused, and not answered', () => {
  const opened = new Opened({ sack: true })
  opened.hear(message())
  for (const each of [{}, { prefix: 'ACK' as const }, { prefix: 'ACK' as const, report: 'GTHBD' }]) {
    assert.deepEqual(opened.hear(message({ ...each, imei: '350000000000025' })), ['IDENTITY_CHANGED'])
  }
  assert.deepEqual(opened.said, [])
})

test('a connection that is identified already takes the first device for that one', async () => {
  const opened = new Opened()
  await opened.connection.identify({ deviceId: 'van', credentials: { type: 'policy' } })
  assert.deepEqual(opened.hear(message()), ['telemetry'])
  assert.deepEqual(opened.hear(message({ imei: '350000000000025' })), ['IDENTITY_CHANGED'])
})

test('a heartbeat is answered at once by version and count, and goes up only where that is wanted', () => {
  const [silent, told] = [new Opened(), new Opened({ heartbeats: true })]
  assert.deepEqual(silent.hear(heartbeat), ['hello'])
  assert.deepEqual(told.hear(heartbeat), ['hello', 'telemetry'])
  assert.deepEqual([silent.said, told.said], [['+SACK:GTHBD,1A0800,00A1$'], ['+SACK:GTHBD,1A0800,00A1$']])
  told.settle('complete')
  assert.equal(told.said.length, 1, 'once')
})

test('without the option sack reports and answers are not acknowledged', () => {
  const opened = new Opened()
  opened.hear(message({ fields: position }))
  opened.settle('complete')
  opened.hear(message({ prefix: 'ACK', report: 'GTRTO', fields: ['0001'] }))
  opened.settle('complete')
  assert.deepEqual(opened.said, [])
})

test('with it a report is acknowledged by its count when the hub has it, and never when the hub does not', () => {
  const opened = new Opened({ sack: true })
  opened.hear(message({ fields: position }))
  assert.deepEqual(opened.said, [])
  opened.settle('complete')
  assert.deepEqual(opened.said, ['+SACK:00A1$'])
  for (const outcome of ['abandon', 'reject'] as const) {
    opened.hear(message({ count: '00A2' }))
    opened.settle(outcome)
  }
  assert.deepEqual(opened.said, ['+SACK:00A1$'])
})

test('with it a report that was split is acknowledged once, when the hub has all of it', () => {
  const opened = new Opened({ sack: true, positions: 'split' })
  opened.hear(message({ fields: [...position, ...position] }))
  opened.settle('complete', 1)
  assert.deepEqual(opened.said, [])
  opened.settle('complete', 2)
  assert.deepEqual(opened.said, ['+SACK:00A1$'])
  opened.hear(message({ fields: [...position, ...position] }))
  opened.settle('reject', 3)
  opened.settle('complete', 4)
  assert.equal(opened.said.length, 1, 'a part is not all of it')
})

test('with it the answer to a command is acknowledged at once', () => {
  const opened = new Opened({ sack: true, password: 'pass' })
  opened.send(command('c1', Buffer.from('{"command":"GTRTO"}')))
  const serial = serialOf(opened.said.pop())
  opened.hear(message({ prefix: 'ACK', report: 'GTRTO', fields: [serial] }))
  assert.deepEqual(opened.said, ['+SACK:00A1$'])
})

test('with it an answer that nobody waits for is acknowledged as a report is: once the hub has it', () => {
  const opened = new Opened({ sack: true })
  opened.hear(message({ prefix: 'ACK', report: 'GTRTO', fields: ['0001'] }))
  assert.deepEqual(opened.said, [])
  opened.settle('complete', 1)
  assert.deepEqual(opened.said, ['+SACK:00A1$'])
})

test('an answer to a command that has been given up is a reading too, and acknowledged once: when the hub has that', () => {
  const opened = new Opened({ sack: true, password: 'pass' })
  opened.hear(message())
  opened.ups.length = 0
  opened.send(Object.assign(command('c1', Buffer.from('{"command":"GTRTO"}')), { answerBefore: Date.now() }))
  const serial = serialOf(opened.said.pop())
  assert.deepEqual(opened.hear(message({ prefix: 'ACK', report: 'GTRTO', fields: [serial] })), ['telemetry', 'receipt'])
  assert.deepEqual(opened.said, [])
  opened.settle('complete', 0)
  assert.deepEqual(opened.said, ['+SACK:00A1$'])
})

test('an answer settles the command with its name and serial, and shows what it says', () => {
  const opened = new Opened({ password: 'pass' })
  const given = command('c1', Buffer.from('{"command":"GTRTO","parameters":["0"]}'))
  opened.send(given)
  const serial = serialOf(opened.said[0])
  assert.deepEqual(opened.said, [`AT+GTRTO=pass,0,${serial}$`])
  const another = serial === '0002' ? '0003' : '0002'
  assert.deepEqual(opened.hear(message({ prefix: 'ACK', report: 'GTRTO', fields: ['IOS', another] })), [
    'hello',
    'telemetry',
  ])
  assert.deepEqual(opened.hear(message({ prefix: 'ACK', report: 'GTRTO', fields: ['IOS', serial] })), ['receipt'])
  const { of, outcome, response } = opened.ups.at(-1) as Receipt<Command>
  assert.deepEqual([of, outcome, response?.status], [given, 'complete', 200])
  const { kind, report, command_serial, fields, ...others } = (response as { body: Record<string, unknown> }).body
  assert.ok(!('field_count' in others), 'as bodies are')
  assert.deepEqual(
    { kind, report, command_serial, fields },
    { kind: 'command_ack', report: 'GTRTO', command_serial: serial, fields: ['IOS'] },
  )
  assert.deepEqual(
    opened.hear(message({ prefix: 'ACK', report: 'GTRTO', fields: ['IOS', serial] })),
    ['telemetry'],
    'once',
  )
})

test('an answer that nobody waits for, or without a serial, is a reading', () => {
  const opened = new Opened({ password: 'pass' })
  opened.send(command('c1', Buffer.from('{"command":"GTRTO"}')))
  assert.deepEqual(opened.hear(message({ prefix: 'ACK', report: 'GTFRI', fields: ['0001'] })), ['hello', 'telemetry'])
  assert.deepEqual(opened.hear(message({ prefix: 'ACK', report: 'GTRTO' })), ['telemetry'])
  assert.equal((opened.ups.at(-1) as Telemetry).properties.type, 'command_ack')
})

test('a command that cannot be written does not wait', () => {
  const opened = new Opened()
  assert.throws(() => opened.send(command('c1', Buffer.from('reboot'))), { code: 'BAD_CONTENT' })
  assert.deepEqual(opened.said, [])
})

test('a message that another cuts short is refused alone, with as much as there was of it', () => {
  const opened = new Opened()
  const cut = message({ fields: position }).subarray(0, 50)
  assert.deepEqual(opened.hear(Buffer.concat([cut, cut, heartbeat])), ['hello'])
  assert.deepEqual(
    opened.failures.map(({ error, item }) => [error.code, item]),
    [['BAD_CONTENT', Buffer.concat([cut, cut])]],
  )
  assert.match(opened.failures[0]?.error.message as string, /after 100 bytes/)
  assert.deepEqual(opened.said, ['+SACK:GTHBD,1A0800,00A1$'])
})

test('what is no message is refused', () => {
  for (const text of [
    '+$',
    '+++ATH$',
    '+RESP:GTFRI,$',
    '+SACK:$',
    'AT+GTRTO=$',
    '+RESP:GTFRI,1A0800,350000000000017,,x$',
  ]) {
    const opened = new Opened()
    assert.deepEqual([opened.hear(text), opened.said], [['BAD_CONTENT'], []], text)
  }
})

test('what only servers say is a reading of the device that is known, or of one that the option names', () => {
  const opened = new Opened({ unnamed: 'someone' })
  assert.deepEqual(opened.hear('+SACK:11F0$'), ['hello', 'telemetry'])
  assert.equal((opened.ups[0] as Hello).deviceId, 'someone')
  assert.deepEqual(opened.hear('AT+GTRTO=secret,0,0014$'), ['telemetry'])
  assert.doesNotMatch((opened.ups.at(-1) as Telemetry).body.toString(), /secret/)
  assert.deepEqual(opened.hear(heartbeat), ['IDENTITY_CHANGED'], 'that was another one')
  assert.deepEqual(new Opened().hear('+SACK:11F0$'), ['telemetry'], 'for authenticate to refuse')
  const known = new Opened({ unnamed: 'someone' })
  known.hear(heartbeat)
  assert.deepEqual(known.hear('+SACK:11F0$'), ['telemetry'])
})

test('a password that a device would read as something else is no configuration, and is not quoted', () => {
  for (const password of ['', 'a,b', 'a$', 'a\n', new Secret('a,b')]) {
    assert.throws(() => queclinkCodec({ password }), {
      code: 'CONFIGURATION',
      message: /^[^a]*queclink: the password is/,
    })
  }
  queclinkCodec({ password: new Secret('gl300') })
})

test('any frame is taken or refused by a code', () => {
  const any = fc
    .uint8Array({ maxLength: 300 })
    .map((bytes) => Buffer.concat([Buffer.from('+'), bytes, Buffer.from('$')]))
  const good = message({ fields: position })
  const mutated = fc.tuple(fc.nat(good.length - 2), fc.integer({ min: 0, max: 255 })).map(([at, byte]) => {
    const changed = Buffer.from(good)
    changed[at] = byte
    return changed
  })
  fc.assert(
    fc.property(fc.oneof(any, mutated), (frame) => {
      for (const each of new Opened({ unnamed: 'x', sack: true, heartbeats: true }).hear(frame)) {
        assert.match(each, /^(hello|telemetry|BAD_CONTENT)$/)
      }
    }),
    { numRuns: 500 },
  )
})

/** The serial of a command: where it begins is chance, so that a late answer is not that of another connection's. */
function serialOf(said: string | undefined): string {
  return /,([\dA-F]{4})\$$/.exec(said ?? '')?.[1] ?? assert.fail(`no serial in ${said}`)
}
