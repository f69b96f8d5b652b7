import type { Hub, HubSession } from '../../src/hub/port.ts'
import type { CommandSupply } from './command-supply.ts'

/** A hub that has commands for every device, as fast as they are taken, and takes everything. */
export function commandingHub(supply: CommandSupply): Hub {
  return {
    can: { batch: true, outcomes: ['complete', 'abandon', 'reject'], methods: false, twin: false },
    open: async ({ deviceId }) => commandingSession(deviceId, supply),
  }
}

function commandingSession(deviceId: string, supply: CommandSupply): HubSession {
  return {
    async send() {},
    async report() {},
    async *commands(stopped) {
      for (let had = 0; stopped?.aborted !== true; ) {
        const next = supply.take(deviceId, had)
        if (next === undefined) {
          await moreOrStopped(supply, stopped)
        } else {
          had++
          yield next
        }
      }
    },
    async settle({ outcome }) {
      // Anything else is not counted, and the row fails: it waits for as many as were given.
      if (outcome === 'complete') supply.complete()
    },
    async close() {},
  }
}

function moreOrStopped(supply: CommandSupply, stopped: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      callOff()
      resolve()
    }
    const callOff = supply.whenMore(() => {
      stopped?.removeEventListener('abort', end)
      resolve()
    })
    stopped?.addEventListener('abort', end, { once: true })
  })
}
