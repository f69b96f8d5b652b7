import assert from 'node:assert/strict'
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { type AnyOutlet, type AnyStep, latch, loneRun } from './slots.ts'

const pass: AnyStep = (item, out) => out.emit(item)
const bad = new GatewayError('BAD_CONTENT', 'bad')

/** Splits text into its characters. */
const characters: AnyStep = (item, out) => {
  for (const character of String(item)) out.emit(character)
}

/** Notes what it sees before it passes it on. */
function noting(name: string, seen: string[]): AnyStep {
  return (item, out) => {
    seen.push(`${name}${item}`)
    out.emit(item)
  }
}

test('once the device is known, all items of a chunk pass the first step, then all the second', () => {
  const seen: string[] = []
  const { run, out } = loneRun([characters, noting('a', seen), noting('b', seen)])
  run.stream.write('12')
  assert.deepEqual(seen, ['a1', 'a2', 'b1', 'b2'])
  assert.deepEqual(out, ['1', '2'])
})

test('until the device is known, each item goes all the way before the next begins', async () => {
  const seen: string[] = []
  const { run, out } = loneRun([characters, noting('a', seen), noting('b', seen)], {
    context: { identified: () => false },
  })
  run.stream.write('12')
  run.stream.end()
  await finished(run.stream)
  assert.deepEqual(seen, ['a1', 'b1', 'a2', 'b2'])
  assert.deepEqual(out, ['1', '2'])
})

test('from the item on that makes the device known, the rest of the chunk goes level by level', async () => {
  const seen: string[] = []
  let known = false
  const hello: AnyStep = (item, out) => {
    if (item === '2') known = true
    out.emit(item)
  }
  const steps = [characters, noting('a', seen), hello, noting('b', seen)]
  const { run, out } = loneRun(steps, { context: { identified: () => known } })
  run.stream.write('1234')
  run.stream.end()
  await finished(run.stream)
  assert.deepEqual(seen, ['a1', 'b1', 'a2', 'b2', 'a3', 'a4', 'b3', 'b4'])
  assert.deepEqual(out, ['1', '2', '3', '4'])
})

test('an asynchronous step holds back what comes after, and the order stays', async () => {
  const seen: string[] = []
  const gate = latch()
  const slow: AnyStep = async (item, out) => {
    seen.push(`slow${item}`)
    if (item === '1') await gate.opened
    out.emit(item)
  }
  const { run, out } = loneRun([characters, slow, noting('b', seen)])
  run.stream.write('12')
  run.stream.write('3')
  await new Promise(setImmediate)
  assert.deepEqual(seen, ['slow1'])
  gate.open()
  run.stream.end()
  await finished(run.stream)
  assert.deepEqual(out, ['1', '2', '3'])
})

test('an asynchronous step is charged for the time it holds, and no other', async (t) => {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const gate = latch()
  const { run, meter } = loneRun([pass, (_, out) => gate.opened.then(() => out.emit(1)), pass])
  run.stream.write('1')
  now = 40
  const blocked = () => meter.stages.map((each) => each.blocked.read(now))
  assert.deepEqual(blocked(), [0, 40, 0])
  gate.open()
  run.stream.end()
  await finished(run.stream)
  now = 90
  assert.deepEqual(blocked(), [0, 40, 0])
})

test('a throw refuses one item; those before and after it pass', () => {
  const picky: AnyStep = (item, out) => {
    if (item === '2') throw bad
    out.emit(item)
  }
  const { run, out, failed } = loneRun([characters, picky, pass])
  run.stream.write('123')
  assert.deepEqual(out, ['1', '3'])
  assert.deepEqual(failed, [{ error: bad, item: '2', slot: 's1.up' }])
})

test('a rejection is a throw', async () => {
  const { run, out, failed } = loneRun([
    async (item, out) => {
      await undefined
      if (item === '2') throw bad
      out.emit(item)
    },
  ])
  for (const item of '123') run.stream.write(item)
  run.stream.end()
  await finished(run.stream)
  assert.deepEqual(out, ['1', '3'])
  assert.deepEqual(failed, [{ error: bad, item: '2', slot: 's0.up' }])
})

/** Emits its characters and refuses the capital ones, in their place. */
const refusesCapitals: AnyStep = (item, out) => {
  for (const character of String(item)) {
    if (character < 'a') out.fail(bad, character)
    else out.emit(character)
  }
}

/** A ring's context in which what was refused goes on as such. */
const goesOn = { failed: (_: unknown, item: unknown) => ({ goesOn: `(${item})`, held: undefined }) }

test('what a step refuses keeps its place among what it emits, wherever the step stands', async () => {
  for (const steps of [
    [refusesCapitals],
    [refusesCapitals, pass],
    [pass, refusesCapitals],
    [refusesCapitals, pass, pass],
  ]) {
    for (const known of [true, false]) {
      const { run, out } = loneRun(steps, { context: { ...goesOn, identified: () => known } })
      run.stream.write('aBcDe')
      run.stream.end()
      await finished(run.stream)
      assert.deepEqual(out, ['a', '(B)', 'c', '(D)', 'e'], `${steps.length} steps, ${known ? 'known' : 'unknown'}`)
    }
  }
})

test('what was refused at one step is seen by none after it', () => {
  const seen: string[] = []
  const refused = (item: unknown) => String(item).startsWith('(')
  const { run, meter } = loneRun([refusesCapitals, noting('b', seen)], { context: { ...goesOn, refused } })
  run.stream.write('aB')
  run.stream.write('Cd')
  assert.deepEqual(seen, ['ba', 'bd'])
  assert.equal(meter.stage('s1', 'up').items, 2, 'nor counted there')
})

test('a refusal takes effect after the items before it have passed all other steps of the run that emitted it', () => {
  const seen: string[] = []
  const context = {
    failed: (_: unknown, item: unknown) => {
      seen.push(`refused ${item}`)
      return { goesOn: undefined, held: undefined }
    },
  }
  const { run } = loneRun([refusesCapitals, noting('b', seen)], { context })
  run.stream.write('aBc')
  assert.deepEqual(seen, ['ba', 'refused B', 'bc'])
})

test('each refusal waits until what was said to the device about the one before has room', async () => {
  for (const steps of [[refusesCapitals], [refusesCapitals, pass]]) {
    const gates = [latch(), latch(), latch()]
    let told = 0
    const context = { failed: () => ({ goesOn: undefined, held: gates[told++]?.opened }) }
    const { run } = loneRun(steps, { context })
    run.stream.write('ABC')
    for (let index = 0; index < gates.length; index++) {
      await new Promise(setImmediate)
      assert.equal(told, index + 1)
      gates[index]?.open()
    }
    run.stream.end()
    await finished(run.stream)
  }
})

test('a stage that is shut takes nothing more; those further in finish what they have', () => {
  let shut = -1
  const seen: string[] = []
  const closing: AnyStep = (item, out) => {
    if (item === '2') shut = 1
    else out.emit(item)
  }
  const { run, out } = loneRun([characters, closing, noting('b', seen)], {
    context: { shut: (stage) => stage <= shut },
  })
  run.stream.write('123')
  run.stream.write('4')
  assert.deepEqual(out, ['1'])
  assert.deepEqual(seen, ['b1'])
})

test('nothing behind a refusal that closes is taken, in any place of the run', async () => {
  for (const steps of [[refusesCapitals], [refusesCapitals, pass], [pass, refusesCapitals, pass]]) {
    for (const known of [true, false]) {
      let shut = -1
      const context = {
        failed: (_: unknown, _item: unknown, slot: { stage: number }) => {
          shut = Math.max(shut, slot.stage)
          return { goesOn: undefined, held: undefined }
        },
        shut: (stage: number) => stage <= shut,
        identified: () => known,
      }
      const { run, out } = loneRun(steps, { context })
      run.stream.write('aBcDe')
      run.stream.write('f')
      run.stream.end()
      await finished(run.stream)
      assert.deepEqual(out, ['a'], `${steps.length} steps, ${known ? 'known' : 'unknown'}`)
    }
  }
})

test('what a step refuses is not judged any more when an item before it has closed the connection further in', () => {
  let shut = false
  const { run, failed } = loneRun([refusesCapitals], { context: { shut: () => shut } })
  run.stream.on('data', () => {
    shut = true
  })
  run.stream.write('aBc')
  assert.deepEqual(failed, [])
})

test('until the device is known, an item has left the run before the next begins', async () => {
  const seen: string[] = []
  const { run } = loneRun([characters, noting('a', seen)], { context: { identified: () => false } })
  run.stream.on('data', (item) => seen.push(`out${item}`))
  run.stream.write('12')
  run.stream.end()
  await finished(run.stream)
  assert.deepEqual(seen, ['a1', 'out1', 'a2', 'out2'])
})

test('a step that uses its outlet after its turn gets an error', async () => {
  let kept: AnyOutlet | undefined
  const keeps: AnyStep = (item, out) => {
    kept = out
    out.emit(item)
  }
  const { run } = loneRun([keeps])
  run.stream.write('1')
  assert.throws(() => kept?.emit('late'), /after its turn/)
  assert.throws(() => kept?.reply('late'), /after its turn/)
  assert.throws(() => kept?.fail(bad, 'late'), /after its turn/)
  const { run: slow } = loneRun([(_, out) => Promise.resolve().then(() => keeps('x', out))])
  slow.stream.write('1')
  await once(slow.stream, 'data')
  await new Promise(setImmediate)
  assert.throws(() => kept?.emit('late'), /after its turn/)
})

test('a chunk of a whole socket read is worked off in slices: a reader that takes nothing bounds what is buffered', async () => {
  const bytes: AnyStep = (chunk, out) => {
    for (const byte of chunk as Buffer) out.emit(byte)
  }
  const { run, meter } = loneRun([bytes, pass], { bytesIn: true, read: false })
  run.stream.write(Buffer.alloc(65_536))
  await new Promise(setImmediate)
  assert.equal(run.stream.readableLength, 16_384, 'one slice of the shortest items')
  assert.equal(meter.stage('s1', 'up').items, 16_384)
  let taken = 0
  run.stream.on('data', () => taken++)
  run.stream.end()
  await finished(run.stream)
  assert.equal(taken, 65_536)
})

test('what one turn produces on the way down is one write', () => {
  const { run, out } = loneRun([characters, (item, outlet) => outlet.emit(Buffer.from(`${item}\n`))], {
    bytesOut: true,
  })
  run.stream.write('abc')
  run.stream.write('d')
  assert.deepEqual(out.map(String), ['a\nb\nc\n', 'd\n'])
})

test('a reply holds the lane until it has room', async () => {
  const gate = latch()
  const seen: unknown[] = []
  const answers: AnyStep = (item, out) => {
    seen.push(item)
    out.reply(item)
  }
  const { run, replied } = loneRun([characters, answers], { reply: (item) => (item === '2' ? gate.opened : undefined) })
  run.stream.write('1234')
  await new Promise(setImmediate)
  assert.deepEqual(replied, ['1', '2'])
  gate.open()
  run.stream.end()
  await finished(run.stream)
  assert.deepEqual(seen, ['1', '2', '3', '4'])
})

test('what is injected enters before its slot', () => {
  const seen: string[] = []
  const { run, out } = loneRun([noting('a', seen), noting('b', seen)])
  run.inject(1, 'x')
  run.inject(2, 'y')
  run.inject(0, 'z')
  assert.deepEqual(seen, ['bx', 'az', 'bz'])
  assert.deepEqual(out, ['x', 'y', 'z'])
})

test('what is injected while the run works waits for the item at hand, and keeps its order', async () => {
  const gate = latch()
  const slow: AnyStep = (item, out) => (item === '1' ? gate.opened.then(() => out.emit(item)) : out.emit(item))
  const { run, out } = loneRun([slow])
  run.stream.write('1')
  run.stream.write('2')
  const injected = ['x', 'y', 'z'].map((item) => run.inject(1, item))
  assert.deepEqual(out, [])
  gate.open()
  await Promise.all(injected)
  run.stream.end()
  await finished(run.stream)
  assert.deepEqual(out, ['1', 'x', 'y', 'z', '2'])
})

test('a run that injects into itself while it works does not wait for itself', async () => {
  const { run, out } = loneRun([
    (item, outlet) => {
      if (item === '1') void run.inject(1, 'x')
      outlet.emit(item)
    },
  ])
  run.stream.write('1')
  run.stream.end()
  await finished(run.stream)
  assert.deepEqual(out, ['1', 'x'])
})

test('an injection into a full run resolves when the run is read, whatever way the item went', async () => {
  const steps: { readonly name: string; readonly step: AnyStep }[] = [
    { name: 'synchronous', step: pass },
    { name: 'asynchronous', step: async (item, out) => out.emit(item) },
  ]
  for (const { name, step } of steps) {
    const { run } = loneRun([step], { read: false })
    const room: (Promise<void> | undefined)[] = []
    for (let index = 0; index < 16; index++) {
      room.push(run.inject(0, index))
      await new Promise(setImmediate)
    }
    let resolved = false
    void room.at(-1)?.then(() => {
      resolved = true
    })
    await new Promise(setImmediate)
    assert.equal(resolved, false, name)
    run.stream.resume()
    await Promise.all(room)
    run.stream.destroy()
  }
})

test('an injection that leaves nothing behind waits for no room, the next that does waits', async () => {
  const { run } = loneRun([(item, out) => (item === 'quiet' ? undefined : out.emit(item))], { read: false })
  while (run.inject(0, 'a') === undefined);
  assert.equal(run.inject(0, 'quiet'), undefined)
  const room = run.inject(0, 'b')
  assert.ok(room instanceof Promise)
  assert.equal(run.inject(0, 'quiet'), undefined)
  run.stream.destroy()
  await room
})

test('an injection that leaves several behind waits for room', async () => {
  const twice: AnyStep = (item, out) => {
    out.emit(item)
    out.emit(item)
  }
  const { run } = loneRun([twice], { read: false })
  let room: Promise<void> | undefined
  for (let items = 0; items < 16 && room === undefined; items += 2) room = run.inject(0, 'a')
  assert.ok(room instanceof Promise)
  run.stream.destroy()
  await room
})

test('an injection that leaves nothing behind waits where the item before it was given out and told nobody', async () => {
  const { run } = loneRun([(item, out) => (item === 'quiet' ? undefined : out.emit(item))], { read: false })
  while (run.inject(0, 'a') === undefined);
  run.stream.write('b')
  const room = run.inject(0, 'quiet')
  assert.ok(room instanceof Promise)
  run.stream.destroy()
  await room
})

test('an injection that waited in line waits for room as well', async () => {
  const gate = latch()
  const { run } = loneRun([(item, out) => (item === 'slow' ? gate.opened : out.emit(item))], { read: false })
  run.stream.write('slow')
  const room = Array.from({ length: 20 }, (_, index) => run.inject(0, index))
  gate.open()
  let resolved = false
  void room.at(-1)?.then(() => {
    resolved = true
  })
  await new Promise(setImmediate)
  assert.equal(resolved, false)
  run.stream.destroy()
  await room.at(-1)
})

test('an injection into a run that is gone is forgotten, and nobody waits', async () => {
  const { run, out } = loneRun([pass])
  run.stream.end()
  await finished(run.stream)
  assert.equal(run.inject(0, 'x'), undefined)
  const { run: broken } = loneRun([pass])
  broken.stream.destroy()
  assert.equal(broken.inject(0, 'x'), undefined)
  assert.deepEqual(out, [])
})

test('when the lane ends, every slot gives out what it holds, outermost first, through those further in', async () => {
  const holding = (name: string) => {
    const held: unknown[] = []
    return {
      push: (item: unknown) => void held.push(item),
      end: (out: AnyOutlet) => out.emit(`${name}(${held.join()})`),
    }
  }
  const { run, out } = loneRun([holding('a'), pass, holding('b')])
  run.stream.write('1')
  run.stream.write('2')
  run.stream.end()
  await finished(run.stream)
  assert.deepEqual(out, ['b(a(1,2))'])
})

test('at the end a slot may take its time, reply, and fail without keeping the others from theirs', async () => {
  const { run, out, replied, failed } = loneRun([
    { push: pass, end: () => Promise.reject(bad) },
    {
      push: pass,
      end: async (outlet) => {
        await undefined
        outlet.reply('answer')
        outlet.fail(bad, 'rest')
        outlet.emit('last')
      },
    },
    { push: pass, end: (outlet) => outlet.emit('innermost') },
  ])
  run.stream.end()
  await finished(run.stream)
  assert.deepEqual(out, ['last', 'innermost'])
  assert.deepEqual(replied, ['answer'])
  assert.deepEqual(
    failed.map(({ item, slot }) => [slot, item]),
    [
      ['s0.up', undefined],
      ['s1.up', 'rest'],
    ],
  )
})

test('what is injected while the lane ends is still worked off before it has ended', async () => {
  const gate = latch()
  const { run, out } = loneRun([{ push: pass, end: () => gate.opened }])
  run.stream.end()
  await new Promise(setImmediate)
  const room = run.inject(0, 'x')
  gate.open()
  await room
  await finished(run.stream)
  assert.deepEqual(out, ['x'])
})

test('no step is called once the stream is destroyed', async () => {
  const gate = latch()
  const seen: unknown[] = []
  const { run } = loneRun([
    characters,
    (item) => {
      seen.push(item)
      return item === '1' ? gate.opened : undefined
    },
  ])
  run.stream.write('123')
  run.stream.destroy()
  gate.open()
  await new Promise(setImmediate)
  assert.deepEqual(seen, ['1'])
})

test('every item that a step sees is counted there, once', async () => {
  const { run, meter } = loneRun([characters, async (item, out) => out.emit(item), refusesCapitals, pass])
  run.stream.write('aBc')
  run.stream.write('d')
  run.stream.end()
  await finished(run.stream)
  assert.deepEqual(
    meter.stages.map(({ items }) => items),
    [2, 4, 4, 3],
  )
})
