import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Command, command } from '../../../src/core/items.ts'
import { CommandSide } from '../../../src/stages/jt808/command-side.ts'
import { Platform } from '../../../src/stages/jt808/platform.ts'

const terminal = { version2019: true, protocolVersion: 1, terminalIdHex: '00000000013800000001' }

function given(id: string, body: string, writeBefore: number, answerBefore = writeBefore): Command {
  return Object.assign(command(id, Buffer.from(body), { writeBefore }), { answerBefore })
}

function side() {
  const made = new CommandSide(new Platform())
  const refused: string[] = []
  const release = () => made.release(terminal, (error, { id }) => refused.push(`${id} ${error.code}`)).length
  return { made, refused, release }
}

describe('commands to a terminal that has not authenticated itself', () => {
  test('are not sent when their time is over, but refused, where the endpoint has not given them up', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 0 })
    const { made, refused, release } = side()
    made.encode(given('a', 'x', 50, 200), undefined)
    made.encode(given('b', 'x', 100), undefined)
    made.encode(given('c', 'x', 101), undefined)
    t.mock.timers.setTime(100)
    assert.equal(release(), 1)
    assert.deepEqual(refused, ['a COMMAND_EXPIRED'])
  })

  test('are rejected where they turn out to be too long for it', () => {
    const { made, refused, release } = side()
    const longest = 'x'.repeat(1022)
    made.encode(given('a', longest, Number.POSITIVE_INFINITY), undefined)
    assert.equal(release(), 0)
    assert.deepEqual(refused, ['a MESSAGE_TOO_LARGE'])
    const before = { version2019: false, protocolVersion: undefined, terminalIdHex: '013800000001' }
    assert.equal(made.encode(given('a', longest, Number.POSITIVE_INFINITY), before).length, 1)
  })
})

describe('replies of a terminal', () => {
  const query = JSON.stringify({ id: '0x8107' })
  const attributes = 0x0107

  test('say when the command has been given up, so that what they bring is not lost', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 0 })
    const { made } = side()
    made.encode(given('a', 'x', 100), terminal)
    made.encode(given('b', query, 100), terminal)
    t.mock.timers.setTime(100)
    const text = made.answered(0x0001, { reply_serial: 0, result: 0 } as never)
    assert.deepEqual([text?.receipt.of.id, text?.isAwaited], ['a', false])
    const asked = made.answered(attributes, {} as never)
    assert.deepEqual([asked?.receipt.of.id, asked?.isAwaited], ['b', false])
  })

  test('without a serial are to the oldest command of their kind', () => {
    const { made } = side()
    made.encode(given('a', 'x', Number.POSITIVE_INFINITY), terminal)
    for (const id of ['b', 'c']) made.encode(given(id, query, Number.POSITIVE_INFINITY), terminal)
    const answered = () => made.answered(attributes, {} as never)?.receipt.of.id
    assert.deepEqual([answered(), answered(), answered()], ['b', 'c', undefined])
  })
})
