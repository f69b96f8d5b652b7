import type { TestContext } from 'node:test'

/** A monotonic clock that stands still until it is told to go on, in place of `performance.now` for the length of a test. */
export function standingClock(t: TestContext): { now: number } {
  const clock = { now: 1000 }
  t.mock.method(performance, 'now', () => clock.now)
  return clock
}
