import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pushOf, pushOfObject, StepRow } from '../../src/core/step-row.ts'

const step = () => ({ push() {} })
const aFunction = () => {}

describe('a row of steps', () => {
  for (const count of [0, 1, 5, 6, 7, 20]) {
    it(`gives back each of ${count} steps at its index`, () => {
      const steps = Array.from({ length: count }, step)
      const row = new StepRow(steps)
      assert.deepEqual(
        steps.map((_, index) => row.stepAt(index) === steps[index]),
        steps.map(() => true),
      )
    })
  }

  it('keeps its steps when the list that it was made of is changed', () => {
    const steps = Array.from({ length: 8 }, step)
    const [first, last] = [steps[0], steps[7]]
    const row = new StepRow(steps)
    steps.reverse()
    assert.equal(row.stepAt(0), first)
    assert.equal(row.stepAt(7), last)
  })

  it('knows that all of its steps are objects', () => {
    assert.equal(new StepRow([]).areObjects, true)
    assert.equal(new StepRow(Array.from({ length: 6 }, step)).areObjects, true)
  })

  for (let at = 0; at < 6; at++) {
    it(`sees a function at index ${at}`, () => {
      const steps = Array.from({ length: 6 }, (_, index) => (index === at ? aFunction : step()))
      assert.equal(new StepRow(steps).areObjects, false)
    })
  }

  it('does not say that of more steps than it looks at', () => {
    assert.equal(new StepRow(Array.from({ length: 7 }, step)).areObjects, false)
  })
})

describe('what is called of a step', () => {
  it('is the step itself where it is a function, else its push', () => {
    const object = step()
    assert.equal(pushOf(aFunction), aFunction)
    assert.equal(pushOf(object), object.push)
    assert.equal(pushOfObject(object), object.push)
  })
})
