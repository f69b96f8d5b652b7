import assert from 'node:assert/strict'
import { type ErrorCode, GatewayError } from '../../src/core/errors.ts'
import type { Identity, Telemetry } from '../../src/core/items.ts'
import { unmeteredHub } from '../../src/core/meter.ts'
import { Secret } from '../../src/core/secret.ts'
import { type MemoryHub, memoryHub } from '../../src/hub/memory.ts'
import type { Hub, HubSession, HubSessionContext } from '../../src/hub/port.ts'
import { reading } from './rig.ts'

/** What a {@link scriptedHub} answers: nothing where all is well. */
export interface Script {
  send?(messages: readonly Telemetry[]): Error | undefined
  open?(identity: Identity, context: HubSessionContext): Promise<Error | undefined>
}

/** A hub over memory that answers what a test says. */
export interface ScriptedHub {
  readonly hub: Hub
  readonly memory: MemoryHub
  /** Sends that reached it. */
  readonly asked: Telemetry[][]
  /** What its sessions were opened with. */
  readonly contexts: HubSessionContext[]
}

export function scriptedHub(script: Script = {}): ScriptedHub {
  const memory = memoryHub()
  const asked: Telemetry[][] = []
  const contexts: HubSessionContext[] = []
  const open: Hub['open'] = async (identity, context) => {
    contexts.push(context)
    const refusal = await script.open?.(identity, context)
    if (refusal !== undefined) throw refusal
    const session = await memory.open(identity, context)
    return {
      ...session,
      async send(messages) {
        asked.push([...messages])
        const error = script.send?.(messages)
        if (error !== undefined) throw error
        await session.send(messages)
      },
    }
  }
  return { hub: { can: memory.can, open }, memory, asked, contexts }
}

/** A device of the gateway's policy, or with a key of its own. */
export function device(deviceId: string, key?: string): Identity {
  return { deviceId, credentials: key === undefined ? { type: 'policy' } : { type: 'key', key: new Secret(key) } }
}

export function context(more: Partial<HubSessionContext> = {}): HubSessionContext {
  return { signal: new AbortController().signal, meter: unmeteredHub, ...more }
}

export function failed(code: ErrorCode, retryAfterMs?: number): GatewayError {
  return new GatewayError(code, 'words', retryAfterMs === undefined ? {} : { retryAfterMs })
}

/** What a hub's gauge says now. */
export function gauge(hub: Hub, name: string): number {
  const found = hub.gauges?.find((each) => each.name === name)
  assert.ok(found, name)
  return found.read()
}

/** Sends from a device, one after the other, until its session is closed; returns what became of each, `ok` or a code. */
export function sender(session: HubSession, messages = 1): string[] {
  const outcomes: string[] = []
  const run = async () => {
    while (outcomes.at(-1) !== 'HUB_SESSION_CLOSED') {
      const part = Array.from({ length: messages }, () => reading('x'))
      outcomes.push(
        await session.send(part).then(
          () => 'ok',
          (error) => (error as GatewayError).code ?? (error as Error).name,
        ),
      )
    }
  }
  void run()
  return outcomes
}
