import { setImmediate as turn } from 'node:timers/promises'
import { type ErrorCode, GatewayError } from '../../../src/core/errors.ts'
import type { Credentials, Identity, Telemetry } from '../../../src/core/items.ts'
import { unmeteredHub } from '../../../src/core/meter.ts'
import { Secret } from '../../../src/core/secret.ts'
import { type MemoryHub, memoryHub } from '../../../src/hub/memory.ts'
import type { Hub, HubSession, HubSessionContext } from '../../../src/hub/port.ts'
import { MemoryStore } from '../../../src/hub/spool/memory-store.ts'
import { text } from '../rig.ts'

export const failed = (code: ErrorCode, retryAfterMs?: number): GatewayError =>
  new GatewayError(code, 'words', retryAfterMs === undefined ? {} : { retryAfterMs })

export const underPolicy = (deviceId: string): Identity => ({ deviceId, credentials: { type: 'policy' } })
export const withKey = (deviceId: string, key: string): Identity => ({
  deviceId,
  credentials: { type: 'key', key: new Secret(key) },
})
export const withSas = (deviceId: string, sas: string): Identity => ({
  deviceId,
  credentials: { type: 'sas', sas: new Secret(sas) },
})
export const context = (signal = new AbortController().signal): HubSessionContext => ({ signal, meter: unmeteredHub })

/** Lets everything that needs no timer happen. */
export async function settled(): Promise<void> {
  for (let round = 0; round < 20; round++) await turn()
}

interface Sending {
  readonly deviceId: string
  readonly messages: readonly Telemetry[]
}

/** A memory hub that says what was opened and sent, and whose answers a test can replace. */
export class ToldHub implements Hub {
  readonly memory: MemoryHub = memoryHub()
  readonly can = this.memory.can
  readonly opened: { readonly deviceId: string; readonly credentials: Credentials; readonly sendOnly: boolean }[] = []
  readonly sends: Sending[] = []
  /** Sessions that are open, by device and whether they only send. */
  readonly live = new Set<string>()
  prepared = 0
  closed = 0
  /** What opening leads to; resolves to let it through. */
  onOpen: (device: Identity, context: HubSessionContext) => Promise<void> = async () => undefined
  /** What a send leads to before the memory hub has it. */
  onSend: (sending: Sending) => Promise<void> = async () => undefined

  async prepare(): Promise<void> {
    this.prepared++
  }

  async open(device: Identity, given: HubSessionContext): Promise<HubSession> {
    const { deviceId, credentials } = device
    const sendOnly = given.sendOnly === true
    this.opened.push({ deviceId, credentials, sendOnly })
    await this.onOpen(device, given)
    const session = await this.memory.open(device, given)
    const name = `${deviceId}${sendOnly ? ' sendOnly' : ''}`
    this.live.add(name)
    return {
      ...session,
      send: async (messages) => {
        this.sends.push({ deviceId, messages })
        await this.onSend({ deviceId, messages })
        await session.send(messages)
      },
      close: async () => {
        this.live.delete(name)
        await session.close()
      },
    }
  }

  async close(): Promise<void> {
    this.closed++
  }

  /** Bodies that the hub has of a device, in order. */
  bodies(deviceId: string): string[] {
    return this.memory.accepted.filter((each) => each.deviceId === deviceId).map(({ message }) => text(message))
  }
}

/** A memory store whose appends a test can hold or fail. */
export class ToldStore extends MemoryStore {
  opened = 0
  closed = 0
  onAppend: () => Promise<void> = async () => undefined

  override async open(): Promise<void> {
    this.opened++
  }

  override async close(): Promise<void> {
    this.closed++
  }

  override async append(...given: Parameters<MemoryStore['append']>): Promise<void> {
    await this.onAppend()
    await super.append(...given)
  }
}

/** A promise to be settled by hand. */
export class Gate {
  readonly passed: Promise<void>
  #open!: () => void
  #fail!: (error: Error) => void

  constructor() {
    this.passed = new Promise((resolve, reject) => {
      this.#open = resolve
      this.#fail = reject
    })
  }

  open(): void {
    this.#open()
  }

  fail(error: Error): void {
    this.#fail(error)
  }
}
