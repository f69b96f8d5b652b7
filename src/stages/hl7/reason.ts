import type { GatewayError } from '../../core/errors.ts'

/**
 * What MSA-3 says of an error. Words of our own only: those of hubs, authenticators and other stages may quote anything, and a sender's log is no
 * place for that.
 */
export function reasonOf(error: GatewayError): string {
  const { code, stage = '', retryable, message } = error
  if (stage === 'hl7.up' || (stage === 'batch.up' && code === 'MESSAGE_TOO_LARGE')) return message
  if (code === 'UNAUTHORIZED' || code === 'DEVICE_NOT_FOUND') return `the sender is not known (${code})`
  return retryable ? `not stored now, to be sent again (${code})` : `refused (${code})`
}
