import { timingSafeEqual } from 'node:crypto'
import type { Registration } from './registration.ts'

/** A registration, and whose it is. */
export interface Registering extends Registration {
  readonly terminal_id: string
}

/** The codes by which terminals authenticate themselves: given out with 0x8100, brought back with each 0x0102. */
export interface Tokens {
  /** A code for a terminal that the hub knows; 1 or more characters of ASCII. The terminal keeps it, also when it is switched off. */
  issue(registration: Registering): string
  /** Whether a code was issued to this terminal. */
  verify(terminalId: string, token: string): boolean
}

/**
 * The terminal's id is its code, as many platforms do. It proves nothing: whoever knows the id, which each message carries in the clear,
 * knows the code. For networks that are closed by other means.
 */
export const terminalIdTokens: Tokens = {
  issue: ({ terminal_id }) => terminal_id,
  verify: isSame,
}

/** Compares without telling by its time how much was right. */
export function isSame(expected: string, token: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(token)]
  return a.length === b.length && timingSafeEqual(a, b)
}
