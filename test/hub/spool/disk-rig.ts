import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { ClassicLevel } from 'classic-level'
import { type Log, silentLog } from '../../../src/core/connection.ts'
import { type DiskOptions, DiskStore } from '../../../src/hub/spool/disk.ts'
import { type Level, openLevel } from '../../../src/hub/spool/level.ts'
import type { SpoolStore } from '../../../src/hub/spool/store.ts'
import { text } from '../rig.ts'

/** Stores of a test, to be closed before its directory is removed. */
const opened = new WeakMap<TestContext, SpoolStore[]>()

/** A directory for the length of a test. */
export function directory(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-spool-'))
  const stores: SpoolStore[] = []
  opened.set(t, stores)
  t.after(async () => {
    for (const store of stores) await store.close()
    rmSync(dir, { recursive: true, force: true })
  })
  return dir
}

/** An open store on disk, in a directory of the test; `change` gets hold of each database that it opens. */
export async function openDisk(
  t: TestContext,
  options: DiskOptions,
  change: (level: Level) => void = () => undefined,
  log: Log = silentLog,
): Promise<DiskStore> {
  const store = new DiskStore(options, async (...given) => {
    const result = await openLevel(...given)
    change(result.level)
    return result
  })
  await store.open(log)
  opened.get(t)?.push(store)
  return store
}

/** Bodies of all that a store has of a device, in order. */
export async function bodies(store: SpoolStore, deviceId: string): Promise<string[]> {
  return (await store.oldest(deviceId, 1_000_000, Number.MAX_SAFE_INTEGER)).map(({ message }) => text(message))
}

/** A log that keeps the words of what was worth an error or a warning. */
export function keptLog(): Log & { readonly told: string[] } {
  const told: string[] = []
  const keep = (fields: object, message: string) => {
    told.push(`${message} ${JSON.stringify(fields)}`)
  }
  return { told, debug() {}, info() {}, warn: keep, error: keep }
}

/** Files of a directory whose names match. */
export function filesOf(dir: string, name: RegExp): string[] {
  return readdirSync(dir)
    .filter((file) => name.test(file))
    .sort()
    .map((file) => join(dir, file))
}

/** Changes the bytes of a file. */
export function spoil(file: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(file)
  change(bytes)
  writeFileSync(file, bytes)
}

/** Lets something change a database that no store has open, the way its records lie in it. */
export async function inLevel(dir: string, change: (level: Level) => Promise<void>): Promise<void> {
  const options = { keyEncoding: 'buffer', valueEncoding: 'buffer', compression: false } as const
  const level: Level = new ClassicLevel<Buffer, Buffer>(dir, options)
  await level.open()
  await change(level)
  await level.close()
}
