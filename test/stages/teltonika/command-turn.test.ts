import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { command } from '../../../src/core/items.ts'
import { speakCommand } from '../../../src/stages/teltonika/command-frame.ts'
import { CommandTurn } from '../../../src/stages/teltonika/command-turn.ts'
import { imei } from './frames.ts'

const spoken = (id: string, codec = '12') => speakCommand(command(id, Buffer.from(id), { properties: { codec } }), imei)
const [a, b, c, d] = [spoken('a'), spoken('b'), spoken('c'), spoken('d')] as const

/** Which command an answer of codec 12 settles. */
const settled = (turn: CommandTurn) => turn.answered(12)?.command

/** A turn of a device that has had its first packet answered. */
function ready(answerTimeoutMs = 50_000): CommandTurn {
  const turn = new CommandTurn(answerTimeoutMs)
  turn.packetCame()
  turn.packetAnswered()
  return turn
}

describe('whose turn it is', () => {
  test('a command goes at once, and the next answer settles it, once', () => {
    const turn = ready()
    assert.equal(turn.give(a), a.frame)
    assert.equal(settled(turn), a.command)
    assert.equal(settled(turn), undefined)
  })

  test('a command waits for the first answered packet, and for the answer to every one that came', () => {
    const turn = new CommandTurn(50_000)
    assert.equal(turn.give(a), undefined)
    turn.packetCame()
    turn.packetCame()
    assert.equal(turn.packetAnswered(), undefined)
    assert.equal(turn.packetAnswered(), a.frame)
    assert.equal(settled(turn), a.command)
  })

  test('an answer of another codec settles nothing', () => {
    const turn = ready()
    turn.give(spoken('e', '14'))
    assert.equal(settled(turn), undefined)
    assert.equal(turn.answered(14)?.command.id, 'e')
  })

  test('a command that was held too long is not sent: it has been given up, or will be', (t) => {
    let now = 0
    t.mock.method(performance, 'now', () => now)
    const turn = new CommandTurn(1000)
    turn.packetCame()
    assert.equal(turn.give(a), undefined)
    now = 501
    assert.equal(turn.packetAnswered(), undefined)
    turn.packetCame()
    assert.equal(turn.give(b), undefined)
    now = 1001
    assert.equal(turn.packetAnswered(), b.frame)
  })

  test('an answer is late when the endpoint may have given the command up', (t) => {
    let now = 0
    t.mock.method(performance, 'now', () => now)
    for (const [after, isLate] of [
      [899, false],
      [900, true],
    ] as const) {
      const turn = ready(1000)
      now = 0
      turn.give(a)
      now = after
      assert.deepEqual(turn.answered(12), { command: a.command, isLate })
    }
  })

  test('of two that are held the first has been given up', () => {
    const turn = new CommandTurn(50_000)
    turn.packetCame()
    turn.give(a)
    turn.give(b)
    assert.equal(turn.packetAnswered(), b.frame)
    assert.equal(settled(turn), b.command)
  })

  test('the late answer of a command that was given up never settles the next one', () => {
    const turn = ready()
    turn.give(a)
    assert.equal(turn.give(b), b.frame)
    assert.equal(settled(turn), undefined, "a's")
    assert.equal(settled(turn), b.command)
  })

  test('what was given up by codec 14 owes no answer of codec 12', () => {
    const turn = ready()
    turn.give(spoken('e', '14'))
    turn.give(a)
    assert.equal(settled(turn), a.command)
    assert.equal(turn.answered(14), undefined)
  })

  test('one that was never answered puts one other off, not all', () => {
    const turn = ready()
    turn.give(a)
    turn.give(b)
    assert.equal(settled(turn), undefined, "b's, taken for a's")
    turn.give(c)
    assert.equal(settled(turn), c.command)
    turn.give(d)
    assert.equal(settled(turn), d.command)
  })

  test('several that were given up owe several answers', () => {
    const turn = ready()
    turn.give(a)
    turn.give(b)
    turn.give(c)
    assert.deepEqual([settled(turn), settled(turn)], [undefined, undefined])
    assert.equal(settled(turn), c.command)
  })

  test('a command that the hub gives once more is settled by either answer, and the other one settles nothing', () => {
    const turn = ready()
    turn.give(a)
    turn.give(a)
    assert.equal(settled(turn), a.command)
    turn.give(b)
    assert.equal(settled(turn), undefined)
    assert.equal(settled(turn), b.command)
  })

  test('a device that answers nothing makes it remember a bounded number', () => {
    const turn = ready()
    for (let count = 0; count < 1000; count++) turn.give(spoken(`x${count}`))
    let owed = 0
    while (settled(turn) === undefined) owed++
    assert.equal(owed, 16)
  })
})
