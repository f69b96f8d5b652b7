import { GatewayError } from '../core/errors.ts'
import { wholeInRange } from './option-range.ts'

/** `up` is device → gateway. */
export type LinkDirection = 'up' | 'down'

/**
 * What can go wrong between device and gateway.
 *
 * - `cut`: FIN to both ends, once what was read is written. At once.
 * - `reset`: RST to both ends when `afterBytes` more (default 0: at once, on what is connected) have gone in `direction`; so a frame can be
 *   cut anywhere.
 * - `stall`: nothing goes on in `direction`, and when 64 KiB are held nothing more is read.
 * - `split`: every byte is written alone.
 * - `delay`: what comes is held for `delayMs`.
 * - `vanish`: the device is gone and the gateway is not told; it comes back over a new connection while the old one still stands.
 * - `swallow`: what goes in `direction` goes nowhere; both ends believe in their connection.
 * - `refuse`: new connections are reset.
 */
export type LinkFault =
  | { readonly kind: 'cut' }
  | { readonly kind: 'reset'; readonly direction: LinkDirection; readonly afterBytes?: number }
  | { readonly kind: 'stall'; readonly direction: LinkDirection }
  | { readonly kind: 'split'; readonly direction: LinkDirection }
  | { readonly kind: 'delay'; readonly direction: LinkDirection; readonly delayMs: number }
  | { readonly kind: 'vanish' }
  | { readonly kind: 'swallow'; readonly direction: LinkDirection }
  | { readonly kind: 'refuse' }

/** The kinds of {@link LinkFault}. */
export const linkFaultKinds = ['cut', 'reset', 'stall', 'split', 'delay', 'vanish', 'swallow', 'refuse'] as const

/** Throws `CONFIGURATION` for a fault of no kind, of no direction where it needs one, or with a number out of range. */
export function checkLinkFault(fault: LinkFault): void {
  if (!linkFaultKinds.includes(fault.kind)) {
    throw new GatewayError('CONFIGURATION', `faultyLink: kind is none of ${linkFaultKinds.join(', ')}: ${fault.kind}`)
  }
  if ('direction' in fault && fault.direction !== 'up' && fault.direction !== 'down') {
    throw new GatewayError('CONFIGURATION', `faultyLink: direction must be up or down, not ${fault.direction}`)
  }
  if (fault.kind === 'delay') wholeInRange('faultyLink', 'delayMs', fault.delayMs, 1, 600_000)
  if (fault.kind === 'reset') wholeInRange('faultyLink', 'afterBytes', fault.afterBytes ?? 0, 0, 2 ** 31)
}
