import type { Fault } from '../emulator/index.ts'

/** Options of {@link hubFault}. */
export interface HubFaultOptions {
  /** Longest latency, 1 to 600000; default 100. */
  readonly maxLatencyMs?: number
}

/**
 * A fault of the emulator that passes by itself, at random: latency, a hang, a connection cut before or after the operation took effect, 429
 * with or without Retry-After, 500, 503, locks that run out. It holds for all devices until it is cleared.
 *
 * @param random Gives numbers from 0 up to but not including 1.
 */
export function hubFault(random: () => number, { maxLatencyMs = 100 }: HubFaultOptions = {}): Fault {
  const operation = (['send', 'receive', 'settle', 'all'] as const)[Math.floor(random() * 4)] as 'all'
  const chance = { operation, probability: 0.3 + Math.floor(random() * 8) / 10, seed: 1 + Math.floor(random() * 1e6) }
  const pick = Math.floor(random() * 8)
  if (pick === 0) return { ...chance, latencyMs: 1 + Math.floor(random() * maxLatencyMs) }
  if (pick === 1) return { ...chance, hang: true }
  if (pick === 2) return { ...chance, reset: 'before' }
  if (pick === 3) return { ...chance, reset: 'after' }
  if (pick === 4) return { ...chance, status: 429 }
  if (pick === 5) return { ...chance, status: 500 }
  if (pick === 6) return { ...chance, status: 503 }
  return { operation: 'settle', expireLocks: true }
}
