import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Duplex, PassThrough, Transform, type TransformCallback } from 'node:stream'
import { test } from 'node:test'
import Pumpify from 'pumpify'
import { BackpressureWatch } from '../../src/core/backpressure.ts'
import { type CompositionParts, compose, type Placed } from '../../src/core/composition.ts'
import type { GatewayError } from '../../src/core/errors.ts'
import { type Direction, PipelineMeter } from '../../src/core/meter.ts'
import { Run } from '../../src/core/run.ts'
import { SlotTable } from '../../src/core/slot.ts'
import { ScriptedHalf, turnOver } from './scripted-half.ts'
import { latch, passingContext } from './slots.ts'

/** What a half is made as. */
type Form = 'step' | 'active' | 'stream'

const forms: readonly Form[] = ['step', 'active', 'stream']

/** A half that writes a name on all that passes. */
function mark(form: Form, name: string): Placed['half'] {
  const marked = (item: unknown) => `${item}${name}`
  if (form === 'step') return (item, out) => out.emit(marked(item))
  if (form === 'stream') {
    return new Transform({
      objectMode: true,
      transform: (item, _encoding, done: TransformCallback) => done(null, marked(item)),
    })
  }
  const half: ScriptedHalf = new ScriptedHalf({ push: (item) => half.context.give(marked(item)) })
  return half
}

interface Place {
  readonly stage: number
  readonly direction: Direction
  readonly half: Placed['half']
}

/** Composes places of stages `s0`, `s1` …, the outermost taking bytes. What the last stream gives is collected. */
function composed(places: readonly Place[], options: Partial<CompositionParts> = {}) {
  const meter = new PipelineMeter('lone')
  const watch = new BackpressureWatch()
  const contexts: [Direction, boolean][] = []
  const broken: [string, string | undefined][] = []
  const placed = places.map((place): Placed => ({ ...place, name: `s${place.stage}`, waiting: 16 }))
  const composition = compose({
    placed,
    fuse: true,
    ahead: -1,
    meter,
    slots: new SlotTable(),
    watch,
    contextOf(direction, readsAhead) {
      contexts.push([direction, readsAhead])
      return passingContext
    },
    broken: (error, name) => broken.push([error.message, name ?? (error as GatewayError).stage]),
    ...options,
  })
  const { chain } = composition
  const stream: Duplex = chain.length === 1 ? (chain[0] as Duplex) : new Pumpify([...chain])
  let text = ''
  stream.on('data', (chunk) => {
    text += chunk
  })
  return { composition, stream, meter, watch, contexts, broken, text: () => text }
}

/** The halves of a ring of that many stages with two halves each, in flow order, around an endpoint, which is never a step. */
function halves(stages: number, formOf: (stage: number, direction: Direction) => Form): Place[] {
  const numbers = Array.from({ length: stages }, (_, stage) => stage)
  const place =
    (direction: Direction) =>
    (stage: number): Place => {
      const form = formOf(stage, direction)
      if (stage === stages) return { stage, direction, half: mark(form === 'step' ? 'active' : form, '>hub') }
      return { stage, direction, half: mark(form, `${direction === 'up' ? '>' : '<'}${stage}`) }
    }
  return [...[...numbers, stages].map(place('up')), ...numbers.reverse().map(place('down'))]
}

/** Which streams of a chain are the halves themselves, by their index among them. */
function ownStreams(chain: readonly Duplex[], places: readonly Place[]): number[] {
  return chain.map((stream) => places.findIndex(({ half }) => half === stream))
}

test('halves of which none is a Node stream share a single one, in order', async () => {
  for (const form of ['step', 'active'] as const) {
    const { composition, stream, text } = composed(halves(2, () => form))
    assert.equal(composition.chain.length, 1)
    stream.end('x')
    await once(stream, 'close')
    assert.equal(text(), 'x>0>1>hub<1<0')
  }
})

test('whichever halves are steps, active or streams, fused or not, items pass them in flow order and are counted once at each', async () => {
  for (let mask = 0; mask < 3 ** 5; mask++) {
    const all = (fuse: boolean) => {
      let at = 0
      const places = halves(2, () => forms[Math.floor(mask / 3 ** at++) % 3] as Form)
      return composed(places, { fuse })
    }
    for (const fuse of [true, false]) {
      const { stream, meter, text } = all(fuse)
      stream.write('x')
      while (text() === '') await turnOver()
      assert.equal(text(), 'x>0>1>hub<1<0', `mask ${mask}`)
      assert.deepEqual(
        meter.stages.map(({ items }) => items),
        [1, 1, 1, 1, 1],
        `mask ${mask}`,
      )
      stream.destroy()
    }
  }
})

test('a Node stream stands as it is between what is fused before and behind it', () => {
  const places = halves(2, (stage, direction) => (stage === 1 && direction === 'up' ? 'stream' : 'step'))
  const { composition } = composed(places)
  assert.deepEqual(ownStreams(composition.chain, places), [-1, 1, -1], 'fused, the stream, fused')
})

test("what takes the device's bytes is known where that is a step, not where it is a stream or active", () => {
  for (const fuse of [true, false]) {
    for (const form of forms) {
      const { composition } = composed([{ stage: 0, direction: 'up', half: mark(form, 'a') }], { fuse })
      assert.equal(composition.entry instanceof Run, form === 'step', `${form}, fuse ${fuse}`)
    }
  }
})

test('neighbouring streams have nothing between them, but the last is always one of ours, where replies have a way in', () => {
  const places = halves(1, () => 'stream')
  const { composition } = composed(places)
  assert.deepEqual(ownStreams(composition.chain, places), [0, 1, 2, -1])
})

test('an endpoint that is a stream keeps the lanes apart, one that is active does not', () => {
  for (const [form, expected] of [
    ['stream', 3],
    ['active', 1],
  ] as const) {
    const { composition } = composed(halves(2, (stage) => (stage === 2 ? form : 'step')))
    assert.equal(composition.chain.length, expected, form)
  }
})

test('without fusing every half has a stream of its own', () => {
  for (const form of forms) {
    const places = halves(2, () => form)
    const { composition } = composed(places, { fuse: false })
    assert.equal(composition.chain.length, form === 'step' ? places.length : places.length + 1, form)
  }
})

test('behind a stage that reads ahead a new stream begins, with room for sixteen items', () => {
  const gate = latch()
  const places = halves(2, () => 'step').map((place): Place => {
    const waits = place.stage === 1 && place.direction === 'up'
    return waits ? { ...place, half: () => gate.opened } : place
  })
  const { composition, contexts } = composed(places, { ahead: 0 })
  assert.equal(composition.chain.length, 2)
  assert.deepEqual(contexts[0], ['up', true], 'the first reads ahead')
  assert.deepEqual(contexts[1], ['up', false])
  const behind = composition.chain[1] as Duplex
  let written = 1
  while (behind.write('x')) written++
  assert.equal(written, 16)
})

test('what reads ahead and what does not never share a run, on the way down nothing reads ahead', () => {
  for (const fuse of [true, false]) {
    const { contexts } = composed(
      halves(3, (stage) => (stage === 3 ? 'active' : 'step')),
      { ahead: 1, fuse },
    )
    const ups = contexts.filter(([direction]) => direction === 'up').map(([, ahead]) => ahead)
    const downs = contexts.filter(([direction]) => direction === 'down').map(([, ahead]) => ahead)
    assert.deepEqual(ups, fuse ? [true, false] : [true, true, false])
    assert.ok(downs.length > 0 && downs.every((ahead) => !ahead))
  }
})

test('the first stream takes bytes, the last gives bytes, those between them items', () => {
  const places = halves(2, (_, direction) => (direction === 'up' ? 'stream' : 'step')).slice(1)
  const { composition } = composed([{ stage: 0, direction: 'up', half: mark('step', '>0') }, ...places])
  assert.deepEqual(
    composition.chain.map(({ writableObjectMode, readableObjectMode }) => [writableObjectMode, readableObjectMode]),
    [
      [false, true],
      [true, true],
      [true, true],
      [true, false],
    ],
  )
})

test('behind an endpoint that is a stream one item waits: it may keep a whole batch alive', () => {
  const gate = latch()
  const places = halves(1, (stage) => (stage === 1 ? 'stream' : 'step'))
  const held = places.map(
    (place): Place => (place.direction === 'down' ? { ...place, half: () => gate.opened } : place),
  )
  const { composition } = composed(held)
  assert.equal(composition.chain[2]?.write('x'), false)
})

test('an item that enters outside of a stage goes through the down halves outside of it, whatever they are', async () => {
  const expected = ['x', 'x<0', 'x<1<0', 'x<2<1<0']
  for (const form of forms) {
    for (const other of forms) {
      for (const fuse of [true, false]) {
        for (const [stage, wanted] of expected.entries()) {
          const places = halves(3, (of) => (of % 2 === 0 ? form : other))
          const { composition, stream, text } = composed(places, { fuse })
          composition.enterOutside(stage, 'x')
          while (text() === '') await turnOver()
          assert.equal(text(), wanted, `${form}, ${other}, fused: ${fuse}`)
          stream.destroy()
        }
      }
    }
  }
})

test('an item that enters inside of a stage goes through the up halves inside of it, the endpoint and all of the way down', async () => {
  const expected = ['x>1>2>hub', 'x>2>hub', 'x>hub']
  for (const form of forms) {
    for (const other of forms) {
      for (const fuse of [true, false]) {
        for (const [stage, wanted] of expected.entries()) {
          const places = halves(3, (of) => (of % 2 === 0 ? form : other))
          const { composition, stream, text } = composed(places, { fuse })
          composition.enterInside(stage, 'x')
          while (text() === '') await turnOver()
          assert.equal(text(), `${wanted}<2<1<0`, `${form}, ${other}, fused: ${fuse}`)
          stream.destroy()
        }
      }
    }
  }
})

test('without any half on its way an item that enters outside goes to the device as it is', async () => {
  const places: Place[] = [{ stage: 1, direction: 'up', half: mark('active', '') }]
  const { composition, text } = composed(places)
  composition.enterOutside(0, 'x')
  await turnOver()
  assert.equal(text(), 'x')
})

test('an item that enters waits while the way it goes has no room', async () => {
  const gate = latch()
  for (const form of forms) {
    const slow: Record<Form, () => Placed['half']> = {
      step: () => () => gate.opened,
      active: () => new ScriptedHalf({ push: () => gate.opened }),
      stream: () => new Transform({ objectMode: true, highWaterMark: 1, transform() {} }),
    }
    const places: Place[] = [
      { stage: 1, direction: 'up', half: mark('active', '') },
      { stage: 0, direction: 'down', half: slow[form]() },
    ]
    const { composition, stream } = composed(places)
    let resolved = false
    const room = composition.enterOutside(1, 'x')
    void room?.then(() => {
      resolved = true
    })
    await turnOver()
    assert.ok(room instanceof Promise, form)
    assert.equal(resolved, false, form)
    stream.destroy()
  }
})

test('a stream or an active half that breaks is told of by its name, fused or not', async () => {
  for (const form of ['stream', 'active'] as const) {
    for (const fuse of [true, false]) {
      const fails: Record<typeof form, () => Placed['half']> = {
        stream: () => new Transform({ objectMode: true, transform: (_, __, done) => done(new Error('broke')) }),
        active: () => new ScriptedHalf({ push: () => Promise.reject(new Error('broke')) }),
      }
      const places = halves(2, (stage) => (stage === 2 ? 'active' : 'step')).map((place) =>
        place.stage === 1 && place.direction === 'up' ? { ...place, half: fails[form]() } : place,
      )
      const { stream, broken } = composed(places, { fuse })
      stream.on('error', () => {})
      stream.write('x')
      await new Promise((resolve) => stream.on('close', resolve))
      assert.deepEqual(broken[0], ['broke', 's1.up'], `${form}, fused: ${fuse}`)
    }
  }
})

test("a user's stream that throws breaks its ring and not its writer", async () => {
  const throws = new Transform({
    objectMode: true,
    transform() {
      throw new Error('broke')
    },
  })
  const { stream, broken } = composed([
    { stage: 0, direction: 'up', half: throws },
    { stage: 1, direction: 'up', half: new PassThrough({ objectMode: true }) },
  ])
  stream.on('error', () => {})
  assert.doesNotThrow(() => stream.write('x'))
  await new Promise((resolve) => stream.on('close', resolve))
  assert.deepEqual(broken[0], ['broke', 's0.up'])
})

test('what holds is charged in flow order: the innermost that holds, and no other', async () => {
  const never = new Promise<void>(() => {})
  for (const fuse of [true, false]) {
    const places = halves(2, (stage) => (stage === 0 ? 'step' : 'active')).map((place): Place => {
      const holds = place.stage === 2
      return holds ? { ...place, half: new ScriptedHalf({ push: () => never }) } : place
    })
    const { stream, meter, watch } = composed(places, { fuse })
    for (const character of 'abcdefgh'.repeat(8)) {
      stream.write(character)
      await turnOver()
    }
    const before = performance.now()
    const now = before + 1000
    const charged = meter.stages.filter(({ blocked }) => blocked.read(now) - blocked.read(before) > 0)
    assert.deepEqual(
      charged.map(({ stage, direction }) => `${stage}.${direction}`),
      ['s2.up'],
      `fused: ${fuse}`,
    )
    assert.equal(watch.blocked, true)
    stream.destroy()
    watch.close()
  }
})
