import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { Connection } from '../../src/core/connection.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { Bytes, Lines, Messages } from '../../src/core/levels.ts'
import { type Pipeline, pipeline } from '../../src/core/pipeline.ts'
import { type Endpoint, type Outlet, stage } from '../../src/core/stage.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { fromHello } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { hub } from '../../src/stages/hub.ts'
import { json } from '../../src/stages/json.ts'
import { lines } from '../../src/stages/lines.ts'
import { embed, memoryHub } from '../../src/testing.ts'
import { latch } from './slots.ts'
import { lineStage, marks, mirror } from './text-pipelines.ts'

type LinesOutlet = Outlet<string, string>

/** Everything that a device gets back for what it sends before its FIN. */
async function answers(plant: Pipeline, sent: string): Promise<string> {
  const device = embed(plant)
  device.write(sent)
  device.end()
  await device.ended()
  return device.pending().toString()
}

const ways = [
  { name: 'fused', of: (plant: Pipeline) => plant },
  { name: 'unfused', of: (plant: Pipeline) => plant.with({ fuse: false }) },
]

for (const { name, of } of ways) {
  test(`stages are passed in order going up and mirrored going down (${name})`, async () => {
    const plant = pipeline('p', lines(), marks('a'), marks('b'), marks('c'), mirror)
    assert.equal(await answers(of(plant), 'x\n'), 'x>a>b>c<c<b<a\n')
  })

  test(`steps and streams mix in any order (${name})`, async () => {
    for (let mask = 0; mask < 8; mask++) {
      const as = (bit: number) => (mask & (1 << bit) ? 'streams' : 'steps')
      const plant = pipeline('p', lines(), marks('a', as(0)), marks('b', as(1)), marks('c', as(2)), mirror)
      assert.equal(await answers(of(plant), 'x\ny\n'), 'x>a>b>c<c<b<a\ny>a>b>c<c<b<a\n', `streams: ${mask}`)
    }
  })

  test(`a reply goes down just outside the down half of the stage it came from (${name})`, async () => {
    const replies = lineStage('b', () => ({
      up: (line, out) => (line.startsWith('?') ? out.reply('pong') : out.emit(line)),
      down: (line, out) => out.emit(`${line}<b`),
    }))
    for (const as of ['steps', 'streams'] as const) {
      const plant = pipeline('p', lines(), marks('a', as), replies, marks('c', as), mirror)
      assert.equal(await answers(of(plant), '?\n'), 'pong<a\n', as)
    }
  })

  test(`a reply of a going-down half goes up just inside the up half of its stage (${name})`, async () => {
    const again = lineStage('b', () => ({
      up: (line, out) => out.emit(`${line}>b`),
      down: (line, out) => (line.includes('again') ? out.emit(`${line}<b`) : out.reply('again')),
    }))
    for (const as of ['steps', 'streams'] as const) {
      const device = embed(of(pipeline('p', lines(), marks('a', as), again, marks('c', as), mirror)))
      device.write('x\n')
      assert.equal(await device.next(), 'again>c<c<b<a\n', as)
      device.end()
      await device.ended()
    }
  })

  test(`the outermost stage can reply, behind its own down half (${name})`, async () => {
    const echo = stage<Bytes, Lines>('echo', () => ({
      up: (chunk, out) => out.reply(chunk),
      down: (_, out) => out.emit(Buffer.from('wrong way')),
    }))
    assert.equal(await answers(of(pipeline('p', echo, mirror)), 'x'), 'x')
    const through = stage<Bytes, Lines>('echo', () => ({
      up: (chunk, out) => out.reply(chunk),
      down: new PassThrough({ writableObjectMode: true }),
    }))
    assert.equal(await answers(of(pipeline('p', through, mirror)), 'x'), 'x')
  })

  test(`a half that is absent passes everything through (${name})`, async () => {
    const nothing = lineStage('nothing', () => ({}))
    assert.equal(await answers(of(pipeline('p', lines(), nothing, marks('a'), mirror)), 'x\n'), 'x>a<a\n')
    const bytes: Endpoint<Bytes> = { name: 'mirror', open: () => new PassThrough() }
    assert.equal(await answers(of(pipeline('p', bytes)), 'x'), 'x')
    assert.equal(
      await answers(
        of(
          pipeline(
            'p',
            stage<Bytes, Bytes>('nothing', () => ({})),
            bytes,
          ),
        ),
        'x',
      ),
      'x',
    )
  })

  test(`a stage that holds items gives them out at the device's FIN, and when this side halts (${name})`, async () => {
    const pairs = lineStage('pairs', () => {
      let held: string[] = []
      return {
        up: {
          push(line: string, out: LinesOutlet) {
            held.push(line)
            if (held.length < 2) return
            out.emit(held.join('+'))
            held = []
          },
          end: (out: LinesOutlet) => (held.length > 0 ? out.emit(held.join('+')) : undefined),
        },
      }
    })
    for (const end of ['end', 'halt'] as const) {
      const device = embed(of(pipeline('p', lines(), pairs, marks('a'), mirror)))
      device.write('1\n2\n3\n')
      assert.equal(await device.next(), '1+2>a<a\n')
      if (end === 'end') device.end()
      else device.ring.halt()
      await device.ended()
      assert.equal(device.pending().toString(), '3>a<a\n', end)
    }
  })

  test(`what halting cuts off is not the device's fault, what its own FIN cuts off is (${name})`, async () => {
    const refused: unknown[] = []
    const plant = of(pipeline('p', lines(), mirror))
    for (const end of ['halt', 'end'] as const) {
      const device = embed(plant, { onDeadLetter: ({ error }) => refused.push(end, error.code) })
      device.write('x\nunfinished')
      assert.equal(await device.next(), 'x\n')
      if (end === 'end') device.end()
      else device.ring.halt()
      await device.ended()
    }
    assert.deepEqual(refused, ['end', 'FRAME_UNTERMINATED'])
  })

  test(`behind an error that closes, no stage on its outside sees anything more (${name})`, async () => {
    const seen: string[] = []
    const watches = lineStage('watch', () => ({
      up(line, out) {
        seen.push(line)
        out.emit(line)
      },
    }))
    const closes = lineStage('closes', () => ({
      up(line, out) {
        if (line === 'bad') throw new GatewayError('UNAUTHORIZED', 'no more of you')
        out.emit(line)
      },
    }))
    assert.equal(await answers(of(pipeline('p', lines(), watches, closes, mirror)), 'a\nbad\nb\nc\n'), 'a\n')
    assert.deepEqual(seen, ['a', 'bad'])
  })

  test(`an error on the way down is told to the device, and the way down does not wait for itself (${name})`, async () => {
    const fails = lineStage('fails', () => ({
      down(line, out) {
        if (line === 'bad') throw new GatewayError('BAD_CONTENT', 'cannot be said')
        out.emit(line)
      },
      refuse: ({ code }) => `sorry ${code}`,
    }))
    const device = embed(of(pipeline('p', lines(), fails, mirror)))
    device.write('a\nbad\nb\n')
    device.end()
    await device.ended()
    const said = device.pending().toString().split('\n').filter(Boolean)
    assert.deepEqual(said.toSorted(), ['a', 'b', 'sorry BAD_CONTENT'])
    assert.ok(said.indexOf('a') < said.indexOf('b'))
  })

  test(`an error on the way down that closes lets everything else down first (${name})`, async () => {
    const fails = lineStage('fails', () => ({
      down(line, out) {
        if (line === 'bad') throw new TypeError('a bug')
        out.emit(line)
      },
    }))
    const device = embed(of(pipeline('p', lines(), fails, mirror)))
    device.write('a\nbad\nb\n')
    await device.ended()
    assert.equal(device.pending().toString(), 'a\nb\n')
    assert.equal(device.ring.failure?.stage, 'fails.down')
  })
}

test('a bug in a step ends the connection with the stage named', async () => {
  const buggy = lineStage('buggy', () => ({
    up() {
      throw new TypeError('x is undefined')
    },
  }))
  const device = embed(pipeline('p', lines(), buggy, mirror))
  device.write('a\n')
  await device.ended()
  assert.equal(device.ring.failure?.code, 'BUG')
  assert.equal(device.ring.failure?.stage, 'buggy.up')
  assert.equal(device.ring.halted, true)
})

test('error handlers of the operator that throw themselves end at most their own connection', async () => {
  const boom = () => {
    throw new Error('boom')
  }
  const errors: object[] = []
  const log = { debug() {}, info() {}, warn() {}, error: (fields: object) => void errors.push(fields) }
  const refuses = lineStage('refuses', () => ({
    up() {
      throw new GatewayError('BAD_CONTENT', 'bad')
    },
    refuse: boom,
  }))

  const judged = embed(pipeline('p', lines(), refuses, mirror).with({ policy: boom }), { log })
  judged.write('a\n')
  await judged.ended()
  assert.equal(judged.ring.failure?.code, 'BAD_CONTENT', 'a policy that cannot decide closes')

  const told = embed(pipeline('p', lines(), refuses, mirror), { log, onDeadLetter: boom })
  told.write('a\n')
  told.end()
  await told.ended()
  assert.equal(told.ring.failure, undefined)
  assert.deepEqual(
    errors.map((fields) => (fields as { handler?: string }).handler),
    ['policy', 'refuse', 'onDeadLetter', 'refuse'],
  )
})

test('the policy is asked once for every error, with the connection', async () => {
  const asked: string[] = []
  const picky = lineStage('picky', () => ({
    up(line, out) {
      if (line.startsWith('!')) throw new GatewayError('BAD_CONTENT', line)
      out.emit(line)
    },
  }))
  const policy = (error: GatewayError, connection: Connection) => {
    asked.push(`${connection.id} ${error.message} ${error.stage}`)
    return 'drop' as const
  }
  assert.equal(await answers(pipeline('p', lines(), picky, mirror).with({ policy }), '!1\na\n!2\n'), 'a\n')
  assert.deepEqual(asked, ['embedded !1 picky.up', 'embedded !2 picky.up'])
})

test('a ring that was taken down on purpose names no failure but the one it was given', async () => {
  const plant = pipeline('p', lines(), marks('a', 'streams'), mirror)
  const first = pipeline(
    'p',
    stage<Bytes, Bytes>('first', () => ({ up: new PassThrough() })),
    lines(),
    mirror,
  )
  for (const each of [plant, first]) {
    const bare = embed(each)
    bare.write('x\n')
    await bare.next()
    bare.ring.destroy()
    await bare.ended()
    assert.equal(bare.ring.failure, undefined)
    const given = embed(each)
    given.ring.destroy(new GatewayError('STALLED', 'does not read'))
    await given.ended()
    assert.equal(given.ring.failure?.code, 'STALLED')
  }
})

test('halting, ending and destroying twice, in any order, is the same as once', async () => {
  const device = embed(pipeline('p', lines(), marks('a'), mirror))
  device.write('x\n')
  device.ring.halt()
  device.ring.halt()
  device.end()
  await device.ended()
  assert.equal(device.pending().toString(), 'x>a<a\n')
  device.ring.destroy()
  device.ring.destroy()
  device.ring.halt()
  assert.equal(device.ring.failure, undefined)
  assert.equal(device.write('y\n'), false)
})

test('the connection is closed when its ring is: its signal aborts, and a step that still waits is forgotten', async () => {
  const gate = latch()
  const seen: string[] = []
  const waits = lineStage('waits', () => ({ up: () => gate.opened }))
  const after = lineStage('after', () => ({ up: (line) => void seen.push(line) }))
  const device = embed(pipeline('p', lines(), waits, after, mirror))
  const { signal } = device.ring.connection
  device.write('x\ny\n')
  device.ring.destroy()
  await device.ended()
  assert.equal(signal.aborted, true)
  gate.open()
  await new Promise(setImmediate)
  assert.deepEqual(seen, [])
})

test('an open ring keeps no process alive', () => {
  const before = process.getActiveResourcesInfo().length
  const rings = Array.from({ length: 10 }, () =>
    pipeline('p', lines(), marks('a'), mirror).open(new Connection({ id: '1', pipeline: 'p' })),
  )
  assert.equal(process.getActiveResourcesInfo().length, before)
  for (const ring of rings) ring.destroy()
})

test('a command whose time runs out in a slow stage goes no further, and is abandoned', async () => {
  const to = memoryHub()
  const gate = latch()
  const slow = stage<Messages, Messages>('slow', () => ({
    down: async (item, out) => {
      if (item.kind === 'command' && item.deliveryCount === 0) {
        await gate.opened
        item.writeBefore = Date.now()
      }
      out.emit(item)
    },
  }))
  const plant = pipeline('p', lines(), json(), authenticate(fromHello()), slow, batch(), hub(to))
  const device = embed(plant)
  device.write('{"$hello":{"deviceId":"d1","key":"a2V5"}}\n')
  await device.next()
  const id = to.queueCommand('d1', '1')
  const settled = to.until(() => to.settled.length === 1)
  gate.open()
  await settled
  assert.deepEqual(
    to.settled.map(({ command, outcome }) => [command.id, outcome]),
    [[id, 'abandon']],
  )
  assert.equal(device.ring.connection.meter.stage('json', 'down').errors.get('COMMAND_EXPIRED'), 1)
  assert.match(await device.next(), /command-1/, 'the hub gives it again, with a new lock')
  assert.equal(device.pending().length, 0)
  device.ring.destroy()
})
