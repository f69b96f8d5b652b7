import { setTimeout as delay } from 'node:timers/promises'
import { GatewayError } from '../core/errors.ts'
import type { SpoolStore } from '../hub/spool/store.ts'
import { seeded } from './cuts.ts'
import { wholeInRange } from './option-range.ts'

/**
 * What can go wrong with a store.
 *
 * - `full`: appends reject with `SPOOL_FULL`, and nothing is stored.
 * - `failed`: appends reject with `SPOOL_FAILED`, and nothing is stored.
 * - `failedAfter`: appends reject with `SPOOL_FAILED` though all is stored, as where the disk answered too late.
 * - `slow`: appends, reads and removals take `delayMs` more.
 * - `unreadable`: reads reject with `SPOOL_FAILED`.
 */
export type StoreFault = {
  readonly kind: 'full' | 'failed' | 'failedAfter' | 'slow' | 'unreadable'
  /** How likely it strikes a call, above 0 to 1; default 1. */
  readonly probability?: number
  /** Of `slow`, 1 to 60000; default 10. */
  readonly delayMs?: number
}

/** The kinds of {@link StoreFault}. */
export const storeFaultKinds = ['full', 'failed', 'failedAfter', 'slow', 'unreadable'] as const

/** A {@link SpoolStore} in which things go wrong as it is told. */
export interface FaultyStore extends SpoolStore {
  /** Does harm until what it returns is called. Throws `CONFIGURATION` for what is no fault. */
  inflict(fault: StoreFault): () => void
}

/** Options of {@link faultyStore}. */
export interface FaultyStoreOptions {
  /** Decides whom faults of some probability strike; default 1. */
  readonly seed?: number
}

/** Puts faults in front of a store; without any it is the store within. */
export function faultyStore(store: SpoolStore, { seed = 1 }: FaultyStoreOptions = {}): FaultyStore {
  const faults = new Set<StoreFault>()
  const random = seeded(seed)
  const struckBy = (kind: StoreFault['kind']): StoreFault | undefined => {
    for (const fault of faults) if (fault.kind === kind && random() < (fault.probability ?? 1)) return fault
    return undefined
  }
  const slowly = async () => {
    const slow = struckBy('slow')
    if (slow !== undefined) await delay(slow.delayMs ?? 10)
  }
  return {
    get maxAgeMs() {
      return store.maxAgeMs
    },
    open: (log) => store.open(log),
    close: () => store.close(),
    salt: () => store.salt(),
    async append(deviceId, messages, trust) {
      await slowly()
      if (struckBy('full')) throw new GatewayError('SPOOL_FULL', 'a fault has filled the store')
      if (struckBy('failed')) throw new GatewayError('SPOOL_FAILED', 'a fault kept the store from writing')
      await store.append(deviceId, messages, trust)
      if (struckBy('failedAfter')) throw new GatewayError('SPOOL_FAILED', 'a fault struck after the store had written')
    },
    async oldest(deviceId, maxMessages, maxBytes) {
      await slowly()
      if (struckBy('unreadable')) throw new GatewayError('SPOOL_FAILED', 'a fault kept the store from reading')
      return store.oldest(deviceId, maxMessages, maxBytes)
    },
    async remove(deviceId, messages) {
      await slowly()
      await store.remove(deviceId, messages)
    },
    backlogs: () => store.backlogs(),
    totals: () => store.totals(),
    known: (deviceId) => store.known(deviceId),
    remember: (deviceId, known) => store.remember(deviceId, known),
    inflict(fault) {
      check(fault)
      faults.add(fault)
      return () => faults.delete(fault)
    },
  }
}

function check({ kind, probability = 1, delayMs = 10 }: StoreFault): void {
  if (!storeFaultKinds.includes(kind)) {
    throw new GatewayError('CONFIGURATION', `faultyStore: kind is none of ${storeFaultKinds.join(', ')}: ${kind}`)
  }
  if (!(probability > 0 && probability <= 1)) {
    throw new GatewayError('CONFIGURATION', `faultyStore: probability must be above 0 to 1, not ${probability}`)
  }
  wholeInRange('faultyStore', 'delayMs', delayMs, 1, 60_000)
}
