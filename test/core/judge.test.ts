import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { command, hello, type Receipt, report, telemetry } from '../../src/core/items.ts'
import { Judge } from '../../src/core/judge.ts'
import { LoneRing, type LoneRingOptions } from './judged-ring.ts'
import { latch } from './slots.ts'

function judged(options: LoneRingOptions = {}) {
  const ring = new LoneRing(options)
  return { ring, judge: new Judge(ring) }
}

const bad = () => new GatewayError('BAD_CONTENT', 'bad')
const reading = () => telemetry(Buffer.from('1'))
const nextTick = () => new Promise<void>((resolve) => process.nextTick(resolve))

test('an error is given the stage half that it happened at, and counted there', () => {
  const { ring, judge } = judged()
  const error = bad()
  judge.failed(error, 'frame', ring.slot(2, 'up'))
  assert.equal(error.stage, 's2.up')
  assert.deepEqual([...ring.slot(2, 'up').meter.errors], [['BAD_CONTENT', 1]])
})

test('a refused reading of a known device goes on, marked, whatever the policy says', async () => {
  for (const verdict of ['drop', 'dead-letter', 'close'] as const) {
    for (const item of [reading(), report({})]) {
      const { ring, judge } = judged({ policy: () => verdict })
      await ring.identify()
      assert.equal(judge.refusals, false)
      const error = bad()
      assert.deepEqual(judge.failed(error, item, ring.slot(1, 'up')), { goesOn: item, held: undefined })
      assert.equal(item.refused, error)
      assert.equal(judge.refusals, true)
      assert.deepEqual(ring.entered, [], 'its receipt says it')
    }
  }
})

test('a reading that is refused before its device is known came first of all too early, and goes nowhere', () => {
  for (const item of [reading(), report({})]) {
    const codes: string[] = []
    const letters: { readonly code: string; readonly cause: unknown }[] = []
    const { ring, judge } = judged({
      policy(error) {
        codes.push(`${error.code} ${error.stage}`)
        return 'dead-letter'
      },
      onDeadLetter: ({ error }) => letters.push({ code: error.code, cause: error.cause }),
    })
    const error = bad()
    assert.equal(judge.failed(error, item, ring.slot(1, 'up')).goesOn, undefined)
    assert.deepEqual(codes, ['NOT_IDENTIFIED s1.up'])
    assert.deepEqual(letters, [{ code: 'NOT_IDENTIFIED', cause: error }])
    assert.equal(item.refused, undefined)
    assert.equal(judge.refusals, false)
  }
})

test('what a stage that reads ahead refuses waits behind its hello with its own error; a stage further in knows that it is too early', () => {
  const { ring, judge } = judged({ ahead: 1 })
  for (const stage of [0, 1]) {
    const item = reading()
    assert.equal(judge.failed(bad(), item, ring.slot(stage, 'up')).goesOn, item)
    assert.equal(item.refused?.code, 'BAD_CONTENT')
  }
  assert.equal(judge.failed(bad(), reading(), ring.slot(2, 'up')).goesOn, undefined)
  assert.deepEqual([...ring.slot(2, 'up').meter.errors], [['NOT_IDENTIFIED', 1]])
})

test('what is not a reading keeps its error before the device is known', () => {
  const { ring, judge } = judged()
  for (const item of ['line', undefined, { kind: 'receipt' }]) judge.failed(bad(), item, ring.slot(0, 'up'))
  assert.deepEqual([...ring.slot(0, 'up').meter.errors], [['BAD_CONTENT', 3]])
})

test('a hello that failed is answered by a receipt that is turned round, whoever waits for it is told, and the connection ends', async () => {
  for (const code of ['HUB_UNAVAILABLE', 'UNAUTHORIZED'] as const) {
    const gate = latch()
    const { ring, judge } = judged({ policy: () => 'drop', held: gate.opened })
    const answered = ring.connection.helloAnswered()
    const item = hello({ deviceId: 'd1' })
    const { goesOn, held } = judge.failed(new GatewayError(code, 'no'), item, ring.slot(1, 'up'))
    assert.equal(goesOn, undefined)
    assert.equal(held, gate.opened, 'the lane waits until the receipt has room')
    await answered
    const [[from, receipt]] = ring.turned as [[string, Receipt<unknown>]]
    const outcome = code === 'UNAUTHORIZED' ? 'reject' : 'abandon'
    assert.deepEqual([from, receipt.of, receipt.outcome, receipt.error?.code], ['s1.up', item, outcome, code])
    const counts = { complete: 0, abandon: 0, reject: 0, [outcome]: 1 }
    assert.deepEqual([...ring.connection.meter.receipts], [['hello', counts]])
    assert.equal(judge.failure?.code, code)
    assert.equal(judge.isShut(1), true)
    await nextTick()
    assert.equal(ring.halted, true)
  }
})

test('a command that failed on its way down is answered by a receipt that is turned round, and never holds its lane', () => {
  const { ring, judge } = judged({ held: new Promise(() => {}) })
  const item = command('c1', Buffer.of())
  const failed = judge.failed(bad(), item, ring.slot(0, 'down'))
  assert.deepEqual(failed, { goesOn: undefined, held: undefined })
  const [[from, receipt]] = ring.turned as [[string, Receipt<unknown>]]
  assert.deepEqual([from, receipt.of, receipt.outcome], ['s0.down', item, 'reject'])
})

test('an error that answers no item is told by the outermost stage that has words for it, outside of it', () => {
  const refuse = (name: string) => (error: GatewayError) => `${name} ${error.code}` as never
  const halves = [{}, { refuse: refuse('a') }, { refuse: refuse('b') }]
  const gate = latch()
  const { ring, judge } = judged({ halves, held: gate.opened })
  assert.deepEqual(judge.failed(bad(), 'line', ring.slot(2, 'up')), { goesOn: undefined, held: gate.opened })
  assert.deepEqual(ring.entered, [[1, 'a BAD_CONTENT']])
})

test('on the way down it is told as well, but the way down does not wait for room in itself', () => {
  const { ring, judge } = judged({ halves: [{ refuse: () => 'sorry' as never }], held: new Promise(() => {}) })
  assert.deepEqual(judge.failed(bad(), 'line', ring.slot(0, 'down')), { goesOn: undefined, held: undefined })
  assert.deepEqual(ring.entered, [[0, 'sorry']])
})

test('nothing is told of an error that the policy drops, nor where no stage has words', () => {
  const silent = { refuse: () => undefined }
  for (const { halves, verdict } of [
    { halves: [{ refuse: () => 'sorry' as never }], verdict: 'drop' as const },
    { halves: [silent], verdict: 'dead-letter' as const },
    { halves: [{}], verdict: 'close' as const },
  ]) {
    const { ring, judge } = judged({ halves, policy: () => verdict })
    assert.deepEqual(judge.failed(bad(), 'line', ring.slot(0, 'up')), { goesOn: undefined, held: undefined })
    assert.deepEqual(ring.entered, [])
  }
})

test('an error that closes shuts its stage and those outside of it, on the way up only, and halts when the step has returned', async () => {
  for (const direction of ['up', 'down'] as const) {
    const { ring, judge } = judged({ policy: () => 'close' })
    judge.failed(bad(), 'line', ring.slot(1, direction))
    assert.deepEqual(
      [0, 1, 2].map((stage) => judge.isShut(stage)),
      direction === 'up' ? [true, true, false] : [false, false, false],
    )
    assert.equal(ring.halted, false)
    await nextTick()
    assert.equal(ring.halted, true)
    assert.equal(judge.failure?.stage, `s1.${direction}`)
  }
})

test('an error further out does not open again what one further in has shut', () => {
  const { ring, judge } = judged({ policy: () => 'close' })
  judge.failed(bad(), 'a', ring.slot(2, 'up'))
  judge.failed(bad(), 'b', ring.slot(0, 'up'))
  assert.deepEqual(
    [0, 1, 2, 3].map((stage) => judge.isShut(stage)),
    [true, true, true, false],
  )
})

test('what fails when the ring is gone concerns nobody: it is neither counted nor judged nor told', async () => {
  const { ring, judge } = judged({
    halves: [{ refuse: () => 'sorry' as never }],
    policy: () => assert.fail('the policy was asked'),
  })
  await ring.identify()
  ring.gone = true
  assert.deepEqual(judge.failed(bad(), reading(), ring.slot(0, 'up')), { goesOn: undefined, held: undefined })
  assert.equal(ring.slot(0, 'up').meter.errors.size, 0)
  assert.deepEqual(ring.entered, [])
})

test('a frame that this side cut off is not the fault of the device, one that its own FIN cut off is', () => {
  const cutOff = () => new GatewayError('FRAME_UNTERMINATED', 'cut off')
  const halted = judged()
  halted.ring.halted = true
  const shut = judged({ policy: ({ code }) => (code === 'BUG' ? 'close' : 'drop') })
  shut.judge.failed(new TypeError('broke'), 'line', shut.ring.slot(1, 'up'))
  for (const { ring, judge } of [halted, shut]) {
    judge.failed(cutOff(), 'rest', ring.slot(0, 'up'))
    assert.equal(ring.slot(0, 'up').meter.errors.size, 0)
  }
  const { ring, judge } = judged()
  judge.failed(cutOff(), 'rest', ring.slot(0, 'up'))
  assert.deepEqual([...ring.slot(0, 'up').meter.errors], [['FRAME_UNTERMINATED', 1]])
})

test('an error about several items is one error, and a dead letter for each', () => {
  const letters: unknown[] = []
  const { ring, judge } = judged({ onDeadLetter: ({ item }) => letters.push(item) })
  const { meter } = ring.slot(0, 'up')
  assert.equal(judge.judge(bad(), ['a', 'b', 'c'], meter), 'dead-letter')
  assert.deepEqual(letters, ['a', 'b', 'c'])
  assert.deepEqual([...meter.errors], [['BAD_CONTENT', 1]])
  assert.deepEqual([...ring.connection.meter.deadLetters], [['BAD_CONTENT', 3]])
  assert.equal(judge.judge(bad(), [], meter), 'dead-letter', 'one about none as well')
})

test('only the first reason counts, be it an error that closes or a break', () => {
  for (const broken of [false, true]) {
    const { ring, judge } = judged({ policy: () => 'close' })
    const [first, second] = [bad(), bad()]
    if (broken) judge.fail(first)
    else judge.failed(first, 'line', ring.slot(0, 'up'))
    judge.fail(second)
    judge.failed(second, 'line', ring.slot(0, 'up'))
    assert.equal(judge.failure, first)
  }
})

test('of refusals without end the log tells the first, second, fourth, eighth …; bugs are counted for themselves, and told with their stack', () => {
  const { ring, judge } = judged({ policy: () => 'drop' })
  for (let count = 0; count < 10; count++) judge.failed(bad(), 'line', ring.slot(0, 'up'))
  for (let count = 0; count < 3; count++) judge.failed(new TypeError('broke'), 'line', ring.slot(0, 'up'))
  assert.deepEqual(
    ring.logged.map(({ level, fields }) => `${level} ${fields.code} ${fields.count}`),
    [
      'warn BAD_CONTENT 1',
      'warn BAD_CONTENT 2',
      'warn BAD_CONTENT 4',
      'warn BAD_CONTENT 8',
      'error BUG 1',
      'error BUG 2',
    ],
  )
  assert.match(String(ring.logged.at(-1)?.fields.stack), /TypeError|broke/)
})

test('a policy that throws closes; it, refuse and onDeadLetter that throw are told ever more seldom, and nothing of it gets out', async () => {
  const boom = () => {
    throw new Error('boom')
  }
  const { ring, judge } = judged({ policy: boom })
  judge.failed(bad(), 'line', ring.slot(0, 'up'))
  await nextTick()
  assert.equal(ring.halted, true)
  const told = judged({ halves: [{ refuse: boom }], onDeadLetter: boom })
  for (let count = 0; count < 4; count++) told.judge.failed(bad(), 'line', told.ring.slot(0, 'up'))
  assert.deepEqual(
    told.ring.logged.filter(({ level }) => level === 'error').map(({ fields }) => `${fields.handler} ${fields.count}`),
    ['onDeadLetter 1', 'refuse 2', 'refuse 4', 'refuse 8'],
  )
})
