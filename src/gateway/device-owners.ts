import type { DeviceClaim } from './worker-messages.ts'

/**
 * Which of several processes has the newest connection of each device. `Owner` is whatever stands for a process. It holds an entry for each device that is
 * connected.
 */
export class DeviceOwners<Owner> {
  readonly #owners = new Map<string, { readonly owner: Owner; readonly acceptedAt: number }>()

  /** Devices that are known. */
  get size(): number {
    return this.#owners.size
  }

  /** Takes note of what a process has told of its connections; returns who must be told of which newer connection elsewhere. */
  changed(
    from: Owner,
    claimed: readonly DeviceClaim[],
    released: readonly DeviceClaim[],
  ): ReadonlyMap<Owner, readonly DeviceClaim[]> {
    const notices = new Map<Owner, DeviceClaim[]>()
    const tell = (owner: Owner, claim: DeviceClaim) => {
      const claims = notices.get(owner)
      if (claims === undefined) notices.set(owner, [claim])
      else claims.push(claim)
    }
    for (const claim of claimed) {
      const [pipeline, deviceId, acceptedAt] = claim
      const key = keyOf(claim)
      const before = this.#owners.get(key)
      if (before !== undefined && before.owner !== from && before.acceptedAt > acceptedAt) {
        tell(from, [pipeline, deviceId, before.acceptedAt])
        continue
      }
      this.#owners.set(key, { owner: from, acceptedAt })
      if (before !== undefined && before.owner !== from) tell(before.owner, claim)
    }
    for (const claim of released) {
      const known = this.#owners.get(keyOf(claim))
      if (known?.owner === from && known.acceptedAt === claim[2]) this.#owners.delete(keyOf(claim))
    }
    return notices
  }

  /** The process has ended, and its connections with it. */
  forget(owner: Owner): void {
    for (const [key, known] of this.#owners) if (known.owner === owner) this.#owners.delete(key)
  }
}

/** Names of pipelines have no line breaks. */
function keyOf([pipeline, deviceId]: DeviceClaim): string {
  return `${pipeline}\n${deviceId}`
}
