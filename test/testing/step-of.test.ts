import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import type { ActiveHalf, EndingStep, Outlet, Step, StepObject } from '../../src/core/stage.ts'
import { stepOf } from '../../src/testing.ts'

const calledWith = (step: Step<number, number, number>, item: number): number[] => {
  const emitted: number[] = []
  void step(item, { emit: (each) => emitted.push(each), reply: assert.ifError, fail: assert.ifError })
  return emitted
}

class Adding implements StepObject<number, number, number> {
  readonly #by = 2

  push(item: number, out: Outlet<number, number>): void {
    out.emit(item + this.#by)
  }
}

describe('stepOf', () => {
  test('gives each form of a step as a function', () => {
    const ending: EndingStep<number, number, number> = { push: (item, out) => out.emit(item + 3), end() {} }
    assert.deepEqual(
      calledWith(
        stepOf<number, number, number>((item, out) => out.emit(item + 1)),
        10,
      ),
      [11],
    )
    assert.deepEqual(calledWith(stepOf<number, number, number>(new Adding()), 10), [12])
    assert.deepEqual(calledWith(stepOf<number, number, number>(ending), 10), [13])
  })

  test('a step that waits is waited for', async () => {
    let passed = false
    const waiting = stepOf<number, number, number>({
      async push() {
        await Promise.resolve()
        passed = true
      },
    })
    await waiting(1, { emit: assert.ifError, reply: assert.ifError, fail: assert.ifError })
    assert.ok(passed)
  })

  test('a half that is no step, or is not there, is named as such', () => {
    const active: ActiveHalf<number, number> = { start() {}, push() {}, end() {}, destroy() {} }
    for (const half of [active, new PassThrough()]) {
      assert.throws(() => stepOf<number, number, number>(half), { code: 'CONFIGURATION', message: /is no step/ })
    }
    assert.throws(() => stepOf<number, number, number>(undefined), { code: 'CONFIGURATION', message: /is not there/ })
  })
})
