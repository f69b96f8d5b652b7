import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Duplex, Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ActivePart } from '../../src/core/active-slot.ts'
import { activeStream } from '../../src/core/active-stream.ts'
import { BackpressureWatch } from '../../src/core/backpressure.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { FusedStream, type FusedStreamOptions } from '../../src/core/fused-stream.ts'
import { PipelineMeter } from '../../src/core/meter.ts'
import type { RunPart } from '../../src/core/run.ts'
import { ScriptedHalf, turnOver } from './scripted-half.ts'
import { type AnyBody, latch, passingContext } from './slots.ts'

/** Fuses runs (lists of steps) and active halves, in flow order. */
function fused(parts: readonly (readonly AnyBody[] | ScriptedHalf)[], options: Partial<FusedStreamOptions> = {}) {
  const meter = new PipelineMeter('lone')
  const watch = new BackpressureWatch()
  const placed = parts.map((part, stage): RunPart | ActivePart => {
    const boundary = watch.boundary(meter.stage(`p${stage}`, 'up'))
    if (part instanceof ScriptedHalf) return { half: part, stage, direction: 'up', boundary }
    const slots = part.map(() => ({ stage, meter: meter.stage(`p${stage}`, 'up') }))
    return {
      slots,
      steps: part,
      direction: 'up',
      context: passingContext,
      boundary: stage === 0 ? undefined : boundary,
    }
  })
  const whole = new FusedStream(placed, { bytesIn: false, bytesOut: false, ...options })
  return { whole, stream: whole.stream, watch }
}

/** A step that writes a name on all that passes. */
function mark(name: string): AnyBody {
  return (item, out) => out.emit(`${item}${name}`)
}

/** Resolves when the stream has closed, in order or not. */
async function closed(stream: Readable): Promise<void> {
  if (!stream.closed) await new Promise((resolve) => stream.on('close', resolve))
}

/** Collects what a stream gives. */
function read(stream: Readable): unknown[] {
  const out: unknown[] = []
  stream.on('data', (item) => out.push(item))
  return out
}

test('runs and active halves pass items on in flow order, whichever stands first, last or between', async () => {
  const forms: readonly { readonly parts: () => (AnyBody[] | ScriptedHalf)[]; readonly expected: string }[] = [
    { parts: () => [[mark('>a'), mark('>b')]], expected: 'x>a>b' },
    { parts: () => [new ScriptedHalf()], expected: 'x' },
    { parts: () => [new ScriptedHalf(), [mark('>a')]], expected: 'x>a' },
    { parts: () => [[mark('>a')], new ScriptedHalf()], expected: 'x>a' },
    { parts: () => [[mark('>a')], new ScriptedHalf(), [mark('>b')]], expected: 'x>a>b' },
    { parts: () => [new ScriptedHalf(), new ScriptedHalf(), [mark('>b')], new ScriptedHalf()], expected: 'x>b' },
    { parts: () => [[]], expected: 'x' },
  ]
  for (const { parts, expected } of forms) {
    const { stream } = fused(parts())
    const out = read(stream)
    stream.write('x')
    stream.end('x')
    await finished(stream)
    assert.deepEqual(out, [expected, expected])
  }
})

test('bytes that one turn produces are joined into one write, also where an active half gives what makes them', async () => {
  const half = new ScriptedHalf()
  const toBytes: AnyBody = (item, out) => {
    for (const character of String(item)) out.emit(Buffer.from(character))
  }
  const { stream } = fused([half, [toBytes]], { bytesOut: true })
  const out = read(stream)
  stream.write('abc')
  half.context.give('de')
  stream.end('f')
  await finished(stream)
  assert.deepEqual(out.map(String), ['abc', 'de', 'f'])
})

test('a socket chunk goes in as it came, also where an active half takes it', async () => {
  const chunk = Buffer.alloc(40_000)
  const half = new ScriptedHalf()
  const { stream } = fused([half], { bytesIn: true })
  const out = read(stream)
  stream.end(chunk)
  await finished(stream)
  assert.deepEqual(out, [chunk])
})

test('as many items wait to enter as it is said, sixteen else', async () => {
  for (const maxWaiting of [undefined, 1, 3]) {
    const gate = latch()
    const { stream } = fused([[() => gate.opened]], { maxWaiting })
    let written = 1
    while (stream.write(written)) written++
    assert.equal(written, maxWaiting ?? 16)
    stream.destroy()
  }
})

test('there is room until sixteen items, or sixteen kibibytes, wait to be read', async () => {
  const items = fused([[]])
  for (let count = 0; count < 16; count++) {
    assert.equal(items.whole.room(), undefined, `${count} items`)
    items.whole.take(count)
  }
  assert.ok(items.whole.room() instanceof Promise)
  const bytes = fused([[]], { bytesOut: true })
  bytes.whole.takeBytes([Buffer.alloc(16_383)])
  assert.equal(bytes.whole.room(), undefined)
  bytes.whole.takeBytes([Buffer.alloc(1)])
  assert.ok(bytes.whole.room() instanceof Promise)
  for (const { stream } of [items, bytes]) stream.destroy()
})

test('who waits for room is let go when the stream is read, and when it is destroyed', async () => {
  for (const release of ['read', 'destroy'] as const) {
    const { whole, stream } = fused([[]])
    for (let count = 0; count < 16; count++) whole.take(count)
    const rooms = [whole.room(), whole.room()]
    let resolved = false
    void rooms[0]?.then(() => {
      resolved = true
    })
    await turnOver()
    assert.equal(resolved, false)
    if (release === 'read') stream.resume()
    else stream.destroy()
    await Promise.all(rooms)
    assert.equal(whole.room(), undefined)
    stream.destroy()
  }
})

test('an active half that is the last waits for room, one before a run for what that finds', async () => {
  for (const behind of [[], [[mark('')]]]) {
    const half = new ScriptedHalf()
    const { stream } = fused([half, ...behind])
    const rooms = Array.from({ length: 16 }, (_, index) => half.context.give(index))
    assert.deepEqual(
      rooms.map((room) => room === undefined),
      [...Array(15).fill(true), false],
    )
    stream.resume()
    await rooms.at(-1)
    stream.destroy()
  }
})

test('a half between runs is told to wait while the run behind it is held, and the run before it while the half waits', async () => {
  const gate = latch()
  const seen: string[] = []
  const half = new ScriptedHalf()
  const notes: AnyBody = (item, out) => {
    seen.push(String(item))
    out.emit(item)
  }
  const { stream, watch } = fused([[notes], half, [(item, out) => gate.opened.then(() => out.emit(item))]])
  const out = read(stream)
  stream.write('a')
  stream.write('b')
  await turnOver()
  assert.deepEqual(seen, ['a'])
  assert.equal(watch.blocked, true)
  gate.open()
  stream.end()
  await finished(stream)
  assert.deepEqual(out, ['a', 'b'])
  assert.equal(watch.blocked, false)
})

test('the end goes through the parts in flow order: each has given out all before the next ends', async () => {
  const calls: string[] = []
  const gates = { first: latch(), second: latch() }
  const ending = (name: 'first' | 'second'): ScriptedHalf => {
    const half: ScriptedHalf = new ScriptedHalf(
      {
        async end() {
          await gates[name].opened
          void half.context.give(`rest of ${name}`)
        },
      },
      name,
      calls,
    )
    return half
  }
  const step: AnyBody = {
    push(item, out) {
      calls.push(`step ${item}`)
      out.emit(item)
    },
    end(out) {
      calls.push('step end')
      out.emit('rest of step')
    },
  }
  const { stream } = fused([ending('first'), [step], ending('second')])
  const out = read(stream)
  calls.length = 0
  stream.end('a')
  await turnOver()
  assert.deepEqual(calls.splice(0), ['first push a', 'step a', 'second push a', 'first end'])
  gates.first.open()
  await turnOver()
  assert.deepEqual(calls.splice(0), [
    'step rest of first',
    'second push rest of first',
    'step end',
    'second push rest of step',
    'second end',
  ])
  assert.equal(stream.readableEnded, false)
  gates.second.open()
  await finished(stream)
  assert.deepEqual(out, ['a', 'rest of first', 'rest of step', 'rest of second'])
})

test('an active half that gives when its lane has ended gives to nobody', async () => {
  for (const behind of [[], [[mark('')]], [new ScriptedHalf()]]) {
    const half = new ScriptedHalf()
    const { stream } = fused([half, ...behind])
    const out = read(stream)
    stream.end()
    await finished(stream)
    assert.equal(half.context.give('late'), undefined)
    await turnOver()
    assert.deepEqual(out, [])
    assert.equal(stream.errored, null)
  }
})

const failures: readonly { readonly name: string; readonly fail: (half: ScriptedHalf) => void }[] = [
  { name: 'fails on its own', fail: (half) => half.context.fail(new TypeError('broke')) },
  {
    name: 'throws',
    fail() {
      throw new TypeError('broke')
    },
  },
]

for (const { name, fail } of failures) {
  test(`a half that ${name} destroys the stream, with its name, and every other part`, async () => {
    const calls: string[] = []
    const broken: ScriptedHalf = new ScriptedHalf({ push: () => fail(broken) }, 'broken', calls)
    const [first, last] = [new ScriptedHalf({}, 'first', calls), new ScriptedHalf({}, 'last', calls)]
    const { stream } = fused([first, [mark('')], broken, last])
    const failed = once(stream, 'error')
    calls.length = 0
    stream.write('a')
    const [error] = (await failed) as [GatewayError]
    assert.ok(error instanceof GatewayError)
    assert.deepEqual([error.code, error.stage, error.message], ['BUG', 'p2.up', 'broke'])
    assert.deepEqual(calls, ['first push a', 'broken push a', 'first destroy', 'broken destroy', 'last destroy'])
  })
}

test('a half that fails while another waits leaves nobody waiting', async () => {
  const waits = new ScriptedHalf({ push: () => new Promise<void>(() => {}) })
  const first = new ScriptedHalf()
  const { stream, whole } = fused([first, waits])
  stream.write('a')
  stream.on('error', () => {})
  first.context.fail(new Error('broke'))
  await closed(stream)
  assert.equal(whole.gone, true)
  assert.equal(whole.room(), undefined)
  assert.equal(first.context.give('late'), undefined)
})

test('every part is closed once, at the end or when the stream is destroyed, however often', async () => {
  for (const end of ['end', 'destroy'] as const) {
    const calls: string[] = []
    const { stream, whole } = fused([new ScriptedHalf({}, 'a', calls), [], new ScriptedHalf({}, 'b', calls)])
    stream.resume()
    if (end === 'end') {
      stream.end()
      await finished(stream)
    }
    stream.destroy()
    stream.destroy()
    await closed(stream)
    assert.equal(whole.gone, true)
    assert.deepEqual(
      calls.filter((call) => call.endsWith('destroy')),
      ['a destroy', 'b destroy'],
    )
  }
})

test('a stream that is destroyed while its lane ends ends no half that has not begun to', async () => {
  const gate = latch()
  const calls: string[] = []
  const { stream } = fused([new ScriptedHalf({ end: () => gate.opened }, 'a', calls), new ScriptedHalf({}, 'b', calls)])
  stream.end()
  await turnOver()
  calls.length = 0
  stream.destroy()
  gate.open()
  await turnOver()
  assert.deepEqual(calls, ['a destroy', 'b destroy'])
})

test('what a half gives as soon as it is started passes on', async () => {
  const { stream } = fused([new ScriptedHalf({ start: (context) => void context.give('hello') }), [mark('>a')]])
  const [first] = await once(stream, 'data')
  assert.equal(first, 'hello>a')
  stream.destroy()
})

/** What a half does with its items, in turn: how many turns it takes for one, and how often it passes it on; 0 keeps it for the end. */
const randomHalf = fc.record({
  turns: fc.array(fc.nat(2), { minLength: 1, maxLength: 4 }),
  copies: fc.array(fc.nat(2), { minLength: 1, maxLength: 4 }),
})

function halfOf({ turns, copies }: { readonly turns: readonly number[]; readonly copies: readonly number[] }) {
  let taken = 0
  const kept: unknown[] = []
  const give = async (item: unknown, after: number, times: number) => {
    for (let turn = 0; turn < after; turn++) await turnOver()
    for (let copy = 0; copy < times; copy++) await half.context.give(`${item}.${copy}`)
  }
  const half: ScriptedHalf = new ScriptedHalf({
    push(item) {
      const index = taken++
      const [after, times] = [turns[index % turns.length] as number, copies[index % copies.length] as number]
      if (times === 0) kept.push(item)
      return after === 0 && times === 0 ? undefined : give(item, after, times)
    },
    end: () => give(kept.join(), 0, 1),
  })
  return half
}

test('active halves that are fused give what as many Node streams give, in the same order, whenever they act', async () => {
  const property = fc.asyncProperty(
    fc.array(randomHalf, { minLength: 1, maxLength: 3 }),
    fc.array(fc.nat(9), { maxLength: 12 }),
    async (halves, items) => {
      const { stream } = fused(halves.map(halfOf))
      const [first, ...others] = halves.map((each) => activeStream(halfOf(each)))
      const last = others.reduce((before, next) => before.pipe(next), first as Duplex)
      const outs = [read(stream), read(last)]
      for (const item of items) {
        stream.write(item)
        first?.write(item)
      }
      stream.end()
      first?.end()
      await Promise.all([finished(stream), finished(last)])
      assert.deepEqual(outs[0], outs[1])
    },
  )
  await fc.assert(property)
})

test('a half that fails as it is started ends the connection with its name, and is destroyed', async () => {
  const half = new ScriptedHalf({ start: (context) => context.fail(new TypeError('broke')) })
  const { stream } = fused([half])
  const [error] = (await once(stream, 'error')) as [GatewayError]
  assert.deepEqual([error.stage, error.message], ['p0.up', 'broke'])
  assert.deepEqual(half.calls, ['start', 'destroy'])
})

test('a half that throws as it is destroyed keeps no other from being destroyed', async () => {
  const bad = new ScriptedHalf({
    destroy() {
      throw new TypeError('broke')
    },
  })
  const last = new ScriptedHalf()
  const { stream } = fused([bad, last])
  stream.on('error', () => {})
  stream.destroy()
  await closed(stream)
  assert.deepEqual(last.calls, ['start', 'destroy'])
})

test('no step hears of the end once the stream is destroyed', async () => {
  const gate = latch()
  const seen: string[] = []
  const step: AnyBody = { push: () => {}, end: () => void seen.push('end') }
  const { stream } = fused([new ScriptedHalf({ end: () => gate.opened }), [step]])
  stream.end()
  await turnOver()
  stream.destroy()
  gate.open()
  await turnOver()
  assert.deepEqual(seen, [])
})

test('a step that gives the device what are no bytes ends the connection, and no writer sees it', async () => {
  const wrong: AnyBody = (_, out) => {
    out.emit('no')
    out.emit('bytes')
  }
  const half = new ScriptedHalf()
  const { stream } = fused([half, [wrong]], { bytesOut: true })
  const failed = once(stream, 'error')
  assert.doesNotThrow(() => half.context.give('a'))
  await failed
})
