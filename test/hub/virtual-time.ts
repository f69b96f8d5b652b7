import { syncBuiltinESMExports } from 'node:module'
import type { TestContext } from 'node:test'

/** Timers and `performance.now` that move only when told, for the length of a test. */
export interface VirtualTime {
  /** Milliseconds since the test began. */
  readonly now: number
  /** Lets so many milliseconds pass one by one, with all that follows from each. */
  pass(ms: number): Promise<void>
}

export function virtualTime(t: TestContext): VirtualTime {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  // Without this, what a module imported from node:timers/promises stays real.
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.timers.reset()
    syncBuiltinESMExports()
  })
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  return {
    get now() {
      return now
    },
    async pass(ms) {
      await settled()
      for (let passed = 0; passed < ms; passed++) {
        now++
        t.mock.timers.tick(1)
        await settled()
      }
    },
  }
}

/** How many timers keep this process alive. */
export function liveTimers(): number {
  return process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length
}
