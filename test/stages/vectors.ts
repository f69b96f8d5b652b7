import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** A frame that a real device sent, or a manual prints. */
export interface Vector {
  readonly name: string
  readonly variant: string
  readonly hex: string
  readonly direction: 'device_to_server' | 'server_to_device'
  /** What the server must answer; absent: nothing. */
  readonly ack_hex?: string
  /** What it may answer. */
  readonly ack_optional_hex?: string
  readonly ack_if_sack_enabled_hex?: string
  /** The clock, platform serial or token that `ack_hex` was made with. */
  readonly ack_params?: Readonly<Record<string, string | number>>
  /** The poll that the frame answers. */
  readonly request_hex?: string
  readonly text?: string
  readonly expected: Readonly<Record<string, unknown>> & {
    readonly kind: string
    readonly error?: string
    readonly frames?: readonly Record<string, string>[] | readonly string[]
  }
}

/** The vectors of a protocol, which lie beside the project and not in it; where they do not, says so and gives none. */
export function vectorsOf(protocol: string): readonly Vector[] | undefined {
  const path = resolve('..', 'shared', 'vectors', `${protocol}.json`)
  if (existsSync(path)) return (JSON.parse(readFileSync(path, 'utf8')) as { vectors: Vector[] }).vectors
  process.stderr.write(`frames of real devices were left out: there is no ${path}\n`)
  return undefined
}
