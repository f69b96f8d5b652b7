/** Calls back after a time, unless it is told not to with `clearTimeout`. */
export interface Timers {
  after(timeMs: number, call: () => void): NodeJS.Timeout
}

/** Timers whose calls cannot take the process down: what one throws is given to `failed`. */
export function guardedTimers(failed: (thrown: unknown) => void): Timers {
  return {
    after: (timeMs, call) =>
      setTimeout(() => {
        try {
          call()
        } catch (thrown) {
          failed(thrown)
        }
      }, timeMs),
  }
}
