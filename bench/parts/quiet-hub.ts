import type { Hub, HubSession } from '../../src/hub/port.ts'

/**
 * A hub that believes every device, takes everything and never has a command. The memory hub will not do here: each of its
 * changes wakes every session that waits for commands, which costs the square of the number of devices.
 */
export function quietHub(): Hub {
  return {
    can: { batch: true, outcomes: ['complete', 'abandon', 'reject'], methods: false, twin: false },
    async open() {
      return quietSession()
    },
  }
}

function quietSession(): HubSession {
  let end: (() => void) | undefined
  const closed = new Promise<IteratorReturnResult<undefined>>((resolve) => {
    end = () => resolve({ done: true, value: undefined })
  })
  return {
    async send() {},
    async report() {},
    commands: () => ({ [Symbol.asyncIterator]: () => ({ next: () => closed }) }),
    async settle() {},
    async close() {
      end?.()
    },
  }
}
