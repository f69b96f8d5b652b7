import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Connection } from '../../src/core/connection.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { command, type Receipt, receipt, type Telemetry, telemetry } from '../../src/core/items.ts'
import { jsonPayload } from '../../src/stages/json-payload.ts'
import { keyValuePayload } from '../../src/stages/key-value-payload.ts'
import { payload } from '../../src/stages/payload.ts'
import type { PayloadFormat } from '../../src/stages/payload-format.ts'
import type { PayloadOptions } from '../../src/stages/payload-options.ts'
import { feed, stepOf } from '../../src/testing.ts'
import { thrownBy } from './refusals.ts'

interface Said {
  readonly hello?: string
  readonly id?: string
  readonly n?: number
  readonly t?: number
  readonly answers?: string
  readonly outcome?: 'reject'
  readonly at?: string
  readonly p?: Record<string, string>
}

const said = jsonPayload<Said>()
const frames = (...values: unknown[]) => values.map((each) => Buffer.from(JSON.stringify(each)))

/** Feeds values up and items down; shows what came out, short. */
async function run(options: PayloadOptions<Said>, values: readonly unknown[], down: Parameters<typeof feed>[2] = []) {
  const fed = await feed(payload(said, options), frames(...values), down as [])
  return { ...fed, shown: fed.up.emitted.map(shown) }
}

function shown(item: unknown): string {
  const { kind, deviceId, body, tag, of, outcome } = item as Record<string, unknown>
  if (kind === 'hello') return `hello ${deviceId} tag ${String(tag)}`
  if (kind === 'telemetry') return `telemetry ${body} tag ${String(tag)}`
  return `${kind} ${(of as { id: string }).id} ${outcome}`
}

/** What one frame is refused with, and the reading that keeps its receipt. */
function refused(options: PayloadOptions<Said>, value: unknown): { error: GatewayError; item: unknown } {
  const half = stepOf(payload(said, options).open(new Connection({ id: 'c', pipeline: 'p' })).up)
  const found: { error: GatewayError; item: unknown }[] = []
  const never = () => assert.fail('nothing was to come out')
  const fail = (error: GatewayError, item: unknown) => found.push({ error, item })
  const [frame] = frames(value) as [Buffer]
  try {
    half(frame, { emit: never, reply: never, fail })
  } catch (thrown) {
    fail(GatewayError.from(thrown), frame)
  }
  assert.equal(found.length, 1)
  return found[0] as { error: GatewayError; item: unknown }
}

const hello: PayloadOptions<Said> = {
  hello: ({ hello }) => (hello === undefined ? undefined : { deviceId: hello }),
  tag: ({ n }) => n,
}
const eachNamed: PayloadOptions<Said> = { deviceId: ({ id }) => id, tag: ({ n }) => n }

describe('payload, from the device', () => {
  test('without options every frame is a reading, whose body is its JSON', async () => {
    const { up } = await run({}, [{ t: 20.5 }, 7])
    const [first] = up.emitted
    assert.ok(first?.kind === 'telemetry')
    assert.deepEqual([first.body.toString(), first.value], ['{"t":20.5}', { t: 20.5 }])
    assert.deepEqual([first.contentType, first.contentEncoding], ['application/json', 'utf-8'])
    assert.deepEqual(
      [first.properties, first.messageId, first.creationTimeUtc, first.tag],
      [{}, undefined, undefined, undefined],
    )
  })

  test('the stage has the name of its format', () => {
    assert.equal(payload(keyValuePayload()).name, 'keyValue')
  })

  test('a frame that says who the device is is a hello, all others are readings', async () => {
    const { shown } = await run(hello, [
      { hello: 'd1', n: 0 },
      { n: 1, t: 2 },
    ])
    assert.deepEqual(shown, ['hello d1 tag 0', 'telemetry {"n":1,"t":2} tag 1'])
  })

  test('a hello may bring a key or a token', async () => {
    for (const credentials of [{ key: 'c2VjcmV0' }, { sas: 'SharedAccessSignature sr=x' }]) {
      const { up } = await run({ hello: () => ({ deviceId: 'd1', ...credentials }) }, [{}])
      const [item] = up.emitted
      assert.ok(item?.kind === 'hello')
      assert.equal(item.credentials?.type, Object.keys(credentials)[0])
    }
  })

  for (const claim of [
    {},
    { deviceId: 7 },
    { deviceId: 'zebra/1' },
    { deviceId: 'd', key: 7 },
    { deviceId: 'd', key: 'zebra', sas: 'zebra' },
  ]) {
    test(`a hello that claims nothing that IoT Hub could know is refused without being quoted: ${JSON.stringify(claim)}`, () => {
      const { error } = refused({ hello: () => claim as never }, {})
      assert.equal(error.code, 'BAD_HELLO')
      assert.doesNotMatch(error.message, /zebra/)
    })
  }

  test('where every frame has the id, the first gives a hello and a reading, those after it a reading', async () => {
    const { shown } = await run(eachNamed, [{ id: 'd1', n: 1 }, { id: 'd1', n: 2 }, { n: 3 }])
    assert.deepEqual(shown, [
      'hello d1 tag 1',
      'telemetry {"id":"d1","n":1} tag 1',
      'telemetry {"id":"d1","n":2} tag 2',
      'telemetry {"n":3} tag 3',
    ])
  })

  test('a later frame in another name refuses its reading, under its own tag', async () => {
    const { up } = await run(eachNamed, [{ id: 'd1' }, { id: 'd2', n: 7 }])
    assert.deepEqual([up.emitted.length, up.errors[0]?.code], [2, 'IDENTITY_CHANGED'])
  })

  test('a first id that IoT Hub does not take is a bad hello; a later one refuses its reading, under its own tag', async () => {
    assert.equal(refused(eachNamed, { id: 'zebra/1' }).error.code, 'BAD_HELLO')
    const { up } = await run(eachNamed, [{ id: 'd1' }, { id: 'zebra/1', n: 7 }, { id: 'd1', n: 8 }])
    assert.deepEqual(
      up.errors.map(({ code }) => code),
      ['BAD_CONTENT'],
    )
    assert.deepEqual(up.emitted.map(shown).slice(2), ['telemetry {"id":"d1","n":8} tag 8'])
  })

  test('the device may be known by where it connects from', async () => {
    const stage = payload(said, { deviceId: (_, { peer }) => `press-${peer.port}` })
    const connection = new Connection({ id: 'c', pipeline: 'p', peer: { address: '10.0.0.7', port: 17 } })
    const { up } = await feed(stage, frames({ t: 1 }), [], connection)
    assert.deepEqual(up.emitted.map(shown), ['hello press-17 tag undefined', 'telemetry {"t":1} tag undefined'])
  })

  test('the body is the frame with the content type of its format, or what a function gives, a Buffer being just that', async () => {
    const format: PayloadFormat<Said> = { ...said, contentType: 'application/x-said' }
    const bodies = []
    for (const body of ['frame', ({ t }: Said) => ({ temperature: t }), () => Buffer.of(1, 2)] as const) {
      const [item] = (await feed(payload(format, { body }), [Buffer.from(' {"t":1}')])).up.emitted
      assert.ok(item?.kind === 'telemetry')
      bodies.push([item.body.toString(), item.contentType, item.contentEncoding])
    }
    assert.deepEqual(bodies, [
      [' {"t":1}', 'application/x-said', undefined],
      ['{"temperature":1}', 'application/json', 'utf-8'],
      ['\x01\x02', undefined, undefined],
    ])
  })

  test('properties, message id and time go with the reading; properties that are undefined are left out', async () => {
    const options: PayloadOptions<Said> = {
      properties: ({ p }) => ({ ...p, none: undefined }),
      messageId: ({ n }) => `m-${n}`,
      time: ({ at }) => at,
    }
    const [item] = (await run(options, [{ p: { alert: 'true' }, n: 7, at: '2026-01-02T03:04:05+01:00' }])).up.emitted
    assert.ok(item?.kind === 'telemetry')
    assert.deepEqual([item.properties, item.messageId], [{ alert: 'true' }, 'm-7'])
    assert.equal(item.creationTimeUtc, '2026-01-02T02:04:05.000Z')
    const [dated] = (await run({ time: () => new Date(0) }, [{}])).up.emitted as Telemetry[]
    assert.equal(dated?.creationTimeUtc, '1970-01-01T00:00:00.000Z')
  })

  const wrong: readonly [string, PayloadOptions<Said>, unknown, RegExp][] = [
    [
      'a property that is no text',
      { properties: ({ p }) => p ?? {} },
      { n: 7, p: { a: 'x', zebra: 1 } },
      /value 2 of the prop/,
    ],
    [
      'a property whose name IoT Hub does not take',
      { properties: ({ p }) => p ?? {} },
      { n: 7, p: { 'ze bra': 'x' } },
      /name 1 of/,
    ],
    ['properties that are no object', { properties: ({ p }) => p ?? {} }, { n: 7, p: 'zebra' }, /no object/],
    ['a message id that IoT Hub does not take', { messageId: () => 'ze bra' }, { n: 7 }, /messageId/],
    ['a time that is none', { time: ({ at }) => at }, { n: 7, at: 'zebra' }, /time is neither/],
    ['a time that is a number', { time: ({ at }) => at }, { n: 7, at: 1_700_000_000 }, /time is neither/],
    ['a body that cannot be said', { body: () => new Date(Number.NaN) }, { n: 7 }, /a date is none/],
  ]
  for (const [name, options, value, message] of wrong) {
    test(`${name} refuses the reading under its own tag, without being quoted`, () => {
      const { error, item } = refused({ tag: ({ n }) => n, ...options }, value)
      assert.equal(error.code, 'BAD_CONTENT')
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /zebra|ze bra/)
      assert.deepEqual(item, telemetry(Buffer.alloc(0), { tag: 7 }))
    })
  }

  test('a frame that an option stumbles over is refused, not the connection, and not quoted', () => {
    for (const option of ['answer', 'tag', 'hello', 'deviceId', 'properties', 'messageId', 'time', 'body'] as const) {
      const thrower = () => {
        throw new TypeError('zebra')
      }
      const { error } = refused({ [option]: thrower }, {})
      assert.deepEqual([error.code, error.message], ['BAD_CONTENT', `the option ${option} throws`])
      assert.equal(
        refused({ [option]: ({ p }: Said) => (p as { a: string }).a.length }, null).error.code,
        'BAD_CONTENT',
      )
    }
  })

  test('what an option refuses by an error of its own keeps that', () => {
    const options: PayloadOptions<Said> = {
      hello: () => {
        throw new GatewayError('UNAUTHORIZED', 'not from here')
      },
    }
    assert.equal(refused(options, {}).error.code, 'UNAUTHORIZED')
  })

  test('a frame that is none of the format is refused as a frame', async () => {
    const { up } = await feed(payload(said), [Buffer.from('zebra')])
    assert.deepEqual(
      up.errors.map(({ code }) => code),
      ['BAD_CONTENT'],
    )
  })
})

describe('payload, to the device', () => {
  const reading = telemetry(Buffer.alloc(0), { tag: 7 })

  test('nothing is said of receipts and errors unless options do', async () => {
    const { down } = await run({}, [], [receipt(reading, 'complete')])
    assert.deepEqual(down.emitted, [])
    assert.equal(payload(said).open(new Connection({ id: 'c', pipeline: 'p' })).refuse, undefined)
  })

  test('a receipt is said in the format, or by a Buffer as it is, or not at all', async () => {
    const acknowledge = ({ of, outcome }: Receipt<{ tag: unknown }>) =>
      outcome === 'complete' ? { n: of.tag as number } : outcome === 'reject' ? Buffer.of(0x15) : undefined
    const receipts = (['complete', 'reject', 'abandon'] as const).map((outcome) => receipt(reading, outcome))
    const { down } = await run({ acknowledge }, [], receipts)
    assert.deepEqual(down.emitted.map(String), ['{"n":7}', '\x15'])
  })

  test('an error that answers no reading is said as refuse has it', () => {
    const stage = payload(said, { refuse: () => ({ n: -1 }) })
    const halves = stage.open(new Connection({ id: 'c', pipeline: 'p' }))
    assert.equal(halves.refuse?.(new GatewayError('BAD_CONTENT', 'x'))?.toString(), '{"n":-1}')
  })

  test('a hello that went in front of a reading is not acknowledged when it is accepted, only when it is refused', async () => {
    const item = { kind: 'hello', deviceId: 'd1', credentials: undefined, tag: 7 } as const
    const acknowledge = ({ of, outcome }: Receipt<{ tag: unknown }>) => ({ n: of.tag as number, hello: outcome })
    const { down } = await run({ ...eachNamed, acknowledge }, [], [receipt(item, 'complete'), receipt(item, 'reject')])
    assert.deepEqual(down.emitted.map(String), ['{"n":7,"hello":"reject"}'])
    const own = await run({ ...hello, acknowledge }, [], [receipt(item, 'complete')])
    assert.deepEqual(own.down.emitted.map(String), ['{"n":7,"hello":"complete"}'])
  })

  test('a receipt that acknowledge stumbles over concerns that receipt alone', async () => {
    const ring: unknown[] = []
    ring.push(ring)
    const options = { acknowledge: () => ring as unknown as Said }
    const { down } = await run(options, [], [receipt(reading, 'complete')])
    assert.deepEqual(
      down.errors.map(({ code }) => code),
      ['BAD_CONTENT'],
    )
  })

  test('without answer a command goes down as it is, and is complete by that', async () => {
    const { down } = await run({}, [], [command('c1', Buffer.of(1, 2))])
    assert.deepEqual(down.emitted, [Buffer.of(1, 2)])
    assert.deepEqual(down.replied.map(shown), ['receipt c1 complete'])
  })

  test('a command is said by its option; one that this knows no frame for is refused', async () => {
    const options: PayloadOptions<Said> = { command: ({ name }) => (name === 'valve' ? { n: 1 } : undefined) }
    const { down } = await run(
      options,
      [],
      [command('c1', Buffer.alloc(0), { name: 'valve' }), command('c2', Buffer.alloc(0))],
    )
    assert.deepEqual(down.emitted.map(String), ['{"n":1}'])
    assert.deepEqual(
      down.errors.map(({ code }) => code),
      ['NOT_SUPPORTED'],
    )
    assert.deepEqual(down.replied.map(shown), ['receipt c1 complete'])
  })

  test('a command that its option stumbles over, or that the format cannot say, is refused alone', async () => {
    const ring: unknown[] = []
    ring.push(ring)
    for (const say of [() => JSON.parse('zebra'), () => ring as unknown as Said]) {
      const { down } = await run({ command: say }, [], [command('c1', Buffer.alloc(0))])
      assert.deepEqual([down.emitted, down.replied], [[], []])
      assert.deepEqual(
        down.errors.map(({ code }) => code),
        ['BAD_CONTENT'],
      )
      assert.doesNotMatch(down.errors[0]?.message ?? '', /zebra/)
    }
  })
})

describe('payload, answers to commands', () => {
  /** Gives commands to the device, then feeds its values up. */
  async function answered(values: readonly Said[], ...ids: string[]) {
    const options: PayloadOptions<Said> = {
      answer: ({ answers, outcome, n, p }) =>
        answers === undefined ? undefined : { id: answers === '' ? undefined : answers, outcome, status: n, body: p },
    }
    const halves = payload(said, options).open(new Connection({ id: 'c', pipeline: 'p' }))
    const [up, down] = [stepOf(halves.up), stepOf(halves.down)]
    const emitted: unknown[] = []
    const errors: GatewayError[] = []
    const out = { emit: (item: unknown) => emitted.push(item), reply: () => assert.fail('no reply'), fail: assert.fail }
    for (const id of ids) await down(command(id, Buffer.alloc(0)), { ...out, emit: () => {} })
    for (const frame of frames(...values)) {
      try {
        await up(frame, out)
      } catch (thrown) {
        errors.push(GatewayError.from(thrown))
      }
    }
    return { emitted, errors: errors.map(({ code }) => code) }
  }

  test('with answer a command waits for it, by its id, and is answered once', async () => {
    const { emitted, errors } = await answered(
      [{ answers: 'c2' }, { answers: 'c1', outcome: 'reject' }, { answers: 'c2' }],
      'c1',
      'c2',
    )
    assert.deepEqual(emitted.map(shown), ['receipt c2 complete', 'receipt c1 reject'])
    assert.deepEqual(errors, ['UNKNOWN_COMMAND'])
  })

  test('an answer without an id is to the oldest command that was written, and one that was written twice owes two', async () => {
    const { emitted, errors } = await answered(Array(4).fill({ answers: '' }), 'c1', 'c2', 'c1')
    // The endpoint counts and ignores the last.
    assert.deepEqual(emitted.map(shown), ['receipt c1 complete', 'receipt c2 complete', 'receipt c1 complete'])
    assert.deepEqual(errors, ['UNKNOWN_COMMAND'])
  })

  test('an answer may carry the result of a method', async () => {
    const { emitted } = await answered(
      [
        { answers: 'c1', n: 404, p: {} },
        { answers: 'c2', p: { a: 'b' } },
      ],
      'c1',
      'c2',
    )
    const responses = emitted.map((each) => (each as Receipt<unknown>).response)
    assert.deepEqual(responses, [
      { status: 404, body: {} },
      { status: 200, body: { a: 'b' } },
    ])
  })

  test('an answer that says nothing is refused, and the command waits on', async () => {
    const nonsense = [
      { answers: 'c1', outcome: 'zebra' },
      { answers: 'c1', n: 1.5 },
    ] as unknown as Said[]
    const { emitted, errors } = await answered([...nonsense, { answers: 'c1' }], 'c1')
    assert.deepEqual(errors, ['BAD_CONTENT', 'BAD_CONTENT'])
    assert.deepEqual(emitted.map(shown), ['receipt c1 complete'])
  })

  test('a device that never answers makes the gateway remember 256 commands, not more', async () => {
    const ids = Array.from({ length: 257 }, (_, index) => `c${index}`)
    const { emitted, errors } = await answered([{ answers: 'c0' }, { answers: 'c1' }], ...ids)
    assert.deepEqual(emitted.map(shown), ['receipt c1 complete'])
    assert.deepEqual(errors, ['UNKNOWN_COMMAND'])
  })
})

describe('payload, heartbeats', () => {
  const beating: PayloadOptions<Said> = {
    heartbeat: ({ at }) => (at === 'beat' ? { at: 'pong' } : at === 'mute' ? true : undefined),
    tag: ({ n }) => n,
  }

  test('a heartbeat is answered at once, by a value, a Buffer or nothing, and nothing goes up', async () => {
    const { up, shown } = await run(beating, [{ at: 'beat' }, { at: 'mute' }, { n: 1 }])
    assert.deepEqual(up.replied.map(String), ['{"at":"pong"}'])
    assert.deepEqual(shown, ['telemetry {"n":1} tag 1'])
    const raw = await run({ heartbeat: () => Buffer.of(0x06) }, [{}])
    assert.deepEqual([raw.up.replied, raw.shown], [[Buffer.of(6)], []])
  })

  test('a frame is looked at for an answer first, then for a heartbeat, then for a hello', async () => {
    const both = { ...beating, hello: () => ({ deviceId: 'd1' }) }
    assert.deepEqual((await run(both, [{ at: 'beat' }, {}])).shown, ['hello d1 tag undefined'])
    const { up } = await run({ ...beating, answer: () => ({ id: 'c1' }) }, [{ at: 'beat' }])
    assert.deepEqual([up.replied.length, up.errors[0]?.code], [0, 'UNKNOWN_COMMAND'])
  })

  test('where deviceId knows whose a heartbeat is, it introduces the device, whose hello nobody acknowledges', async () => {
    const options: PayloadOptions<Said> = { ...beating, ...eachNamed, acknowledge: () => ({ n: -1 }) }
    const { up, shown } = await run(options, [{ at: 'beat', id: 'd1' }, { at: 'beat', id: 'd1' }, { id: 'd1' }])
    assert.equal(up.replied.length, 2)
    assert.deepEqual(shown, ['hello d1 tag Symbol(answered already)', 'telemetry {"id":"d1"} tag undefined'])
    const introduced = up.emitted[0] as never
    const { down } = await run(options, [], [receipt(introduced, 'complete'), receipt(introduced, 'reject')])
    assert.deepEqual(down.emitted, [])
  })

  test('a heartbeat in another name is refused as a reading would be', async () => {
    const options: PayloadOptions<Said> = { ...beating, ...eachNamed }
    const { up } = await run(options, [
      { at: 'beat', id: 'd1' },
      { at: 'beat', id: 'd2' },
    ])
    assert.equal(up.errors[0]?.code, 'IDENTITY_CHANGED')
    assert.equal((await run(options, [{ at: 'beat', id: 'zebra/1' }])).up.errors[0]?.code, 'BAD_HELLO')
  })

  test('heartbeats of a device that is known go up where that is asked for, and are acknowledged by nobody', async () => {
    const options: PayloadOptions<Said> = { ...hello, ...beating, heartbeats: true, acknowledge: () => ({ n: -1 }) }
    const { up, shown } = await run(options, [{ at: 'beat' }, { hello: 'd1' }, { at: 'beat', n: 7 }])
    assert.equal(up.replied.length, 2)
    assert.deepEqual(shown, ['hello d1 tag undefined', 'telemetry {"at":"beat","n":7} tag Symbol(answered already)'])
    const { down } = await run(options, [], [receipt(up.emitted[1] as Telemetry, 'complete')])
    assert.deepEqual(down.emitted, [])
  })

  test('a heartbeat that its option stumbles over, or whose answer cannot be said, is refused alone', async () => {
    const ring: unknown[] = []
    ring.push(ring)
    for (const heartbeat of [() => JSON.parse('zebra'), () => ring as unknown as Said]) {
      const { error } = refused({ heartbeat }, {})
      assert.equal(error.code, 'BAD_CONTENT')
      assert.match(error.message, /^the option heartbeat /)
      assert.doesNotMatch(error.message, /zebra/)
    }
  })
})

test('a message id may be made of the frame as well', async () => {
  const { up } = await run({ messageId: ({ n }, frame) => `${n}-${frame.length}` }, [{ n: 7 }])
  assert.equal((up.emitted[0] as Telemetry).messageId, '7-7')
})

describe('payload, options', () => {
  const options: readonly [string, unknown, RegExp][] = [
    ['an option that is no function', { tag: 'n' }, /json: tag must be a function, not string/],
    ['a body of no kind', { body: 'text' }, /json: body must be 'json', 'frame' or a function, not text/],
    ['heartbeats that are neither', { heartbeats: 'yes' }, /json: heartbeats must be true or false, not string/],
    ['hello beside deviceId', { hello: () => undefined, deviceId: () => 'd1' }, /hello and deviceId/],
  ]
  for (const [name, each, message] of options) {
    test(`${name} is named`, () => {
      const error = thrownBy(() => payload(said, each as PayloadOptions<Said>))
      assert.equal(error.code, 'CONFIGURATION')
      assert.match(error.message, message)
    })
  }
})
