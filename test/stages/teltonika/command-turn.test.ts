import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type Command, command } from '../../../src/core/items.ts'
import { speakCommand } from '../../../src/stages/teltonika/command-frame.ts'
import { CommandTurn } from '../../../src/stages/teltonika/command-turn.ts'
import { imei } from './frames.ts'

const timeoutMs = 50_000
const speak = (each: Command) => speakCommand(each, imei)
const frameOf = (each: Command) => speak(each).frame

function given(id: string, codec = '12'): Command {
  const made = command(id, Buffer.from(id), { properties: { codec }, writeBefore: Date.now() + timeoutMs })
  made.answerBefore = made.writeBefore
  return made
}

/** A turn of a device that has had its first packet answered. */
function ready(t: TestContext) {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 })
  const turn = new CommandTurn(speak)
  turn.packetAnswered(0, assert.fail)
  return {
    turn,
    give: (...ids: readonly string[]) => ids.map((id) => turn.give(given(id), 0)),
    giveUp: () => t.mock.timers.tick(timeoutMs),
    /** Which command an answer of codec 12 settles. */
    settled() {
      const answered = turn.answered(12)
      return answered?.isAwaited ? answered.command.id : undefined
    },
  }
}

describe('whose turn it is', () => {
  test('a command goes at once, and the next answer settles it, once', (t) => {
    const { give, settled } = ready(t)
    assert.deepEqual(give('a'), [frameOf(given('a'))])
    assert.deepEqual([settled(), settled()], ['a', undefined])
  })

  test('a command waits for the first answered packet, and for the answer to every one that came', () => {
    const turn = new CommandTurn(speak)
    const a = given('a')
    assert.equal(turn.give(a, 0), undefined)
    assert.deepEqual(turn.packetAnswered(1, assert.fail), [])
    assert.deepEqual(turn.packetAnswered(0, assert.fail), [frameOf(a)])
    assert.equal(turn.give(a, 1), undefined)
    assert.equal(turn.answered(12)?.command, a)
  })

  test('an answer of another codec settles nothing', (t) => {
    const { turn, settled } = ready(t)
    turn.give(given('e', '14'), 0)
    assert.equal(settled(), undefined)
    assert.equal(turn.answered(14)?.command.id, 'e')
  })

  test('a command that cannot be said is refused when it is given', () => {
    assert.throws(() => new CommandTurn(speak).give(given('a', '13'), 1), { code: 'NOT_SUPPORTED' })
  })

  test('a command that was held until its time was over is not sent', (t) => {
    const { turn, giveUp } = ready(t)
    turn.give(given('a'), 1)
    giveUp()
    turn.give(given('b'), 1)
    assert.deepEqual(turn.packetAnswered(0, assert.fail), [frameOf(given('b'))])
  })

  test('one that the endpoint has not given up by then is refused', (t) => {
    const { turn, giveUp } = ready(t)
    turn.give(Object.assign(given('a'), { answerBefore: Number.POSITIVE_INFINITY }), 1)
    giveUp()
    const refused: unknown[] = []
    assert.deepEqual(
      turn.packetAnswered(0, ({ code }, { id }) => refused.push(code, id)),
      [],
    )
    assert.deepEqual(refused, ['COMMAND_EXPIRED', 'a'])
  })

  test('the late answer of a command that was given up never settles the next one', (t) => {
    const { give, giveUp, settled } = ready(t)
    give('a')
    giveUp()
    give('b')
    assert.deepEqual([settled(), settled()], [undefined, 'b'])
  })

  test('what was given up by codec 14 owes no answer of codec 12', (t) => {
    const { turn, give, giveUp, settled } = ready(t)
    turn.give(given('e', '14'), 0)
    giveUp()
    give('a')
    assert.equal(settled(), 'a')
    assert.equal(turn.answered(14)?.isAwaited, false)
  })

  test('one that was never answered puts one other off, not all', (t) => {
    const { give, giveUp, settled } = ready(t)
    give('a')
    giveUp()
    give('b')
    assert.equal(settled(), undefined, "b's, taken for a's")
    giveUp()
    for (const id of ['c', 'd']) {
      give(id)
      assert.equal(settled(), id)
    }
  })

  test('a command that the hub gives once more is settled by either answer, and the other one settles nothing', (t) => {
    const { give, giveUp, settled } = ready(t)
    give('a')
    giveUp()
    give('a')
    assert.equal(settled(), 'a')
    give('b')
    assert.deepEqual([settled(), settled()], [undefined, 'b'])
  })
})
