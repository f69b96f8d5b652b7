import { GatewayError } from '../../core/errors.ts'
import { type Job, Poll } from './request-queue.ts'
import type { DecodedResponse } from './rtu-response.ts'

/** A unit refused a request: `BAD_CONTENT`, since there is something wrong with what it was asked. */
export function exceptionError(job: Job, response: DecodedResponse): GatewayError {
  const { unit, function: code, exception_code, exception } = response
  const message = `${nameOf(job)}: unit ${unit} answers function ${code} with exception ${exception_code}, ${exception}`
  return new GatewayError('BAD_CONTENT', message)
}

/** A unit was asked `tries` times and did not reply: `COMMAND_TIMEOUT`. */
export function silenceError(job: Job, tries: number, replyTimeoutMs: number): GatewayError {
  const { unit } = job.exchange.asked
  const asked = tries === 1 ? '' : `, asked ${tries} times`
  const message = `${nameOf(job)}${asked}: no reply of unit ${unit} within ${replyTimeoutMs} ms`
  return new GatewayError('COMMAND_TIMEOUT', message)
}

function nameOf(job: Job): string {
  return job instanceof Poll ? `poll '${job.planned.name}'` : 'a command'
}
