import assert from 'node:assert/strict'
import { Transform } from 'node:stream'
import { describe, test } from 'node:test'
import { Connection } from '../../src/core/connection.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { Level } from '../../src/core/levels.ts'
import { type Outlet, stage } from '../../src/core/stage.ts'
import { feed } from '../../src/testing.ts'

type Numbers = Level<number, number, 'numbers'>

describe('feed', () => {
  test('runs both halves and gives what each emitted and replied', async () => {
    const both = stage<Numbers, Numbers>('both', () => ({
      up(item, out) {
        out.emit(item + 1)
        out.reply(-item)
      },
      down: (item, out) => out.emit(item * 2),
    }))
    assert.deepEqual(await feed(both, [1, 2], [3]), {
      up: { emitted: [2, 3], replied: [-1, -2], errors: [] },
      down: { emitted: [6], replied: [], errors: [] },
    })
  })

  test('waits for a step that takes its time before the next item', async () => {
    const slow = stage<Numbers, Numbers>('slow', () => ({
      up: async (item, out) => {
        for (let turn = 0; turn < 10 - item; turn++) await undefined
        out.emit(item)
      },
    }))
    assert.deepEqual((await feed(slow, [1, 5, 9])).up.emitted, [1, 5, 9])
  })

  test('a throw, a rejection and a refusal are errors of their own items, and the others go on', async () => {
    const failing = stage<Numbers, Numbers>('failing', () => ({
      up(item, out) {
        if (item === 1) throw new GatewayError('BAD_CONTENT', 'no')
        if (item === 2) return Promise.reject(new Error('a defect'))
        if (item === 3) out.fail(new GatewayError('FRAME_TOO_LONG', 'long'), item)
        out.emit(item)
        return undefined
      },
    }))
    const { up } = await feed(failing, [1, 2, 3, 4])
    assert.deepEqual(up.emitted, [3, 4])
    assert.deepEqual(
      up.errors.map(({ code }) => code),
      ['BAD_CONTENT', 'BUG', 'FRAME_TOO_LONG'],
    )
  })

  test('a half that wants to hear the end hears it', async () => {
    const summing = stage<Numbers, Numbers>('summing', () => {
      let sum = 0
      return {
        up: {
          push(item: number) {
            sum += item
          },
          end: (out: Outlet<number, number>) => out.emit(sum),
        },
      }
    })
    assert.deepEqual((await feed(summing, [1, 2, 3])).up.emitted, [6])
  })

  test('a half that is a Node stream is written to and read to its end, and its failure is an error', async () => {
    const doubled = () =>
      new Transform({
        objectMode: true,
        transform: (item: number, _encoding, done) =>
          item < 3 ? done(null, item * 2) : done(new GatewayError('BAD_CONTENT', 'three')),
      })
    const streamed = stage<Numbers, Numbers>('streamed', () => ({ up: doubled(), down: doubled() }))
    const { up, down } = await feed(streamed, [1, 2], [3])
    assert.deepEqual([up.emitted, down.emitted], [[2, 4], []])
    assert.deepEqual(
      down.errors.map(({ code }) => code),
      ['BAD_CONTENT'],
    )
  })

  test('the connection is closed afterwards, so that nothing of the stage stays behind', async () => {
    const connection = new Connection({ id: 'c', pipeline: 'p' })
    await feed(
      stage<Numbers, Numbers>('nothing', () => ({})),
      [1],
      [],
      connection,
    )
    assert.equal(connection.signal.aborted, true)
  })
})
