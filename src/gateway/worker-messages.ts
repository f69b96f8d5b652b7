import type { AddressInfo } from 'node:net'
import { type ErrorCode, errorTable, GatewayError } from '../core/errors.ts'
import type { MetricSnapshot } from './process-metrics.ts'

/** Where one pipeline of a gateway listens. */
export interface ServedAddress {
  readonly pipeline: string
  readonly address: AddressInfo
}

/** A device's newest connection in one of the processes: its pipeline, its id, and when it was accepted (`acceptTime`). */
export type DeviceClaim = readonly [pipeline: string, deviceId: string, acceptedAt: number]

/** What the process that watches over the workers says to one of them. */
export type ToWorker =
  /** Finish within so many milliseconds, then end. Said again with less it is cut short. */
  | { readonly headgate: 'end'; readonly deadlineMs: number }
  | { readonly headgate: 'ask'; readonly id: number; readonly about: 'metrics' | 'unready' }
  /** Devices that have newer connections in other workers. */
  | { readonly headgate: 'claimed elsewhere'; readonly claims: readonly DeviceClaim[] }

/** What a worker says to the process that watches over it. */
export type FromWorker =
  | { readonly headgate: 'listening'; readonly addresses: readonly ServedAddress[] }
  | { readonly headgate: 'failed'; readonly failure: WorkerFailure }
  | { readonly headgate: 'answer'; readonly id: number; readonly value: unknown }
  | {
      readonly headgate: 'devices'
      readonly claimed: readonly DeviceClaim[]
      readonly released: readonly DeviceClaim[]
    }
  /** The last word: everything that the worker has counted. */
  | { readonly headgate: 'counted'; readonly metrics: readonly MetricSnapshot[] }

/** An error as it travels between processes. */
export interface WorkerFailure {
  readonly message: string
  readonly code?: string
  readonly port?: number
  readonly stack?: string
  readonly retryable?: boolean
}

/** True for what this package's other end said: a program may use the same channel for its own words. */
export function isWord(message: unknown): message is { readonly headgate: string } {
  return typeof message === 'object' && message !== null && 'headgate' in message
}

/** Packs an error for another process. */
export function packFailure(thrown: unknown): WorkerFailure {
  const { message, code, port, stack, retryable } = thrown as NodeJS.ErrnoException & {
    port?: number
    retryable?: boolean
  }
  return {
    message: thrown instanceof Error ? message : String(thrown),
    ...(code !== undefined && { code }),
    ...(port !== undefined && { port }),
    ...(stack !== undefined && { stack }),
    ...(retryable !== undefined && { retryable }),
  }
}

/** The error that another process packed: a GatewayError again, where it was one. */
export function unpackFailure({ message, code, port, stack, retryable }: WorkerFailure): Error {
  const error =
    code !== undefined && Object.hasOwn(errorTable, code)
      ? new GatewayError(code as ErrorCode, message, retryable === undefined ? {} : { retryable })
      : Object.assign(new Error(message), code !== undefined && { code }, port !== undefined && { port })
  // Where it was thrown is of use to whoever has to find the fault.
  if (stack !== undefined) error.stack = stack
  return error
}
