import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel, type Iterator } from 'classic-level'
import type { Log } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import { checkTable } from './table.ts'

/** A LevelDB of bytes to bytes. */
export type Level = ClassicLevel<Buffer, Buffer>

/** One change of a database. */
export type LevelChange =
  | { readonly type: 'put'; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: 'del'; readonly key: Buffer }

/** What opening a database led to. */
export interface OpenedLevel {
  readonly level: Level
  /** Places at which LevelDB left something out because it was damaged. */
  readonly damaged: number
}

/** The code of a LevelDB error, `LEVEL_IO_ERROR` or `LEVEL_CORRUPTION` for what a disk does. */
export function levelCode(thrown: unknown): string | undefined {
  const { code, cause } = thrown as { code?: string; cause?: { code?: string } }
  return code === 'LEVEL_DATABASE_NOT_OPEN' ? (cause?.code ?? code) : code
}

/** What LevelDB said, without the layers around it. */
export function levelWords(thrown: unknown): string {
  const { message, cause } = thrown as Error & { cause?: Error }
  return cause?.message ?? message
}

/**
 * Opens a database in a directory, which is made if there is none. What is damaged is repaired once, and that is said. Rejects with
 * `CONFIGURATION` where it is another process's or cannot be opened, `SPOOL_FAILED` where the disk fails.
 */
export async function openLevel(dir: string, writeBufferSize: number, log: Log): Promise<OpenedLevel> {
  // Values are telemetry, most of it small: compressing saves little of a block, and checkTable reads what is not compressed.
  const options = { keyEncoding: 'buffer', valueEncoding: 'buffer', compression: false, writeBufferSize } as const
  const attempt = async (createIfMissing: boolean): Promise<Level> => {
    const level: Level = new ClassicLevel<Buffer, Buffer>(dir, { ...options, createIfMissing })
    await level.open()
    return level
  }
  let damaged = 0
  let saved: LevelChange[] = []
  const tell = (words: string) =>
    log.error(
      { dir, error: words },
      'the database of the spool is damaged; it is repaired, and what cannot be read is lost',
    )
  try {
    // Readings are nobody else's business.
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const isNew = !(await hasFiles(dir))
    if (!isNew) {
      await assertFree(dir)
      ;({ damaged, saved } = await takeDamagedTables(dir, tell))
    }
    let level: Level
    try {
      if (damaged > 0) await repair(dir)
      // With tables and no CURRENT, LevelDB would begin anew and delete them.
      level = await attempt(isNew)
    } catch (thrown) {
      if (!isRepairable(thrown)) throw thrown
      tell(levelWords(thrown))
      damaged++
      await repair(dir)
      level = await attempt(true)
    }
    await putBack(level, saved)
    return { level, damaged: damaged + (await leftOut(dir)) }
  } catch (thrown) {
    throw refusal(dir, thrown)
  }
}

/** Rejects where another process has the directory open. LevelDB takes its lock before it looks whether there is a database. */
async function assertFree(dir: string): Promise<void> {
  const probe = new ClassicLevel(dir, { createIfMissing: false, errorIfExists: true })
  try {
    await probe.open()
    await probe.close()
  } catch (thrown) {
    if (!/error_if_exists is true|create_if_missing is false/.test(levelWords(thrown))) throw thrown
  }
}

/** Takes away tables that have damaged blocks, which LevelDB would compact unseen, and saves what is in their sound ones. */
async function takeDamagedTables(
  dir: string,
  tell: (words: string) => void,
): Promise<{ damaged: number; saved: LevelChange[] }> {
  let damaged = 0
  const saved: LevelChange[] = []
  for (const name of await readdir(dir)) {
    // One that was taken away before, by a process that ended before it had put back what is in it.
    const wasTaken = name.endsWith(takenAway)
    if (!wasTaken && !isTable.test(name)) continue
    const path = join(dir, name)
    const { damagedBlocks, entries } = checkTable(await readFile(path))
    if (damagedBlocks === 0) continue
    tell(`${damagedBlocks} blocks of ${name}`)
    damaged += damagedBlocks
    for (const { key, value } of entries) saved.push({ type: 'put', key, value })
    if (!wasTaken) await rename(path, `${path}${takenAway}`)
  }
  return { damaged, saved }
}

/** What lay in damaged tables is written anew, unless something newer is there; then the tables are of no use any more. */
async function putBack(level: Level, saved: readonly LevelChange[]): Promise<void> {
  for (let at = 0; at < saved.length; at += 1000) {
    const part = saved.slice(at, at + 1000)
    const there = await level.hasMany(part.map(({ key }) => key))
    await level.batch(
      part.filter((_, index) => there[index] === false),
      { sync: true },
    )
  }
  for (const name of await readdir(level.location)) {
    if (name.endsWith(takenAway)) await rm(join(level.location, name))
  }
}

/** Takes what LevelDB can read out of a directory that no process has open, and makes a sound database of it. */
export async function repair(dir: string): Promise<void> {
  await ClassicLevel.repair(dir)
  // The files as they were; what could be read of them is in the new ones, and they would take room for ever.
  await rm(join(dir, 'lost'), { recursive: true, force: true })
}

/** Bytes that the files of a directory take now. */
export async function measure(dir: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(dir, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    try {
      bytes += (await stat(join(entry.parentPath, entry.name))).size
    } catch (thrown) {
      // LevelDB deletes files while we look.
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown
    }
  }
  return bytes
}

/** What the names of damaged tables end in until what is in them is put back. */
const takenAway = '.damaged'

const isTable = /^\d+\.(ldb|sst)$/

async function hasFiles(dir: string): Promise<boolean> {
  return (await readdir(dir)).some((name) => isTable.test(name) || /^\d+\.log$|^MANIFEST-|^CURRENT$/.test(name))
}

function isRepairable(thrown: unknown): boolean {
  const code = levelCode(thrown)
  if (code === 'LEVEL_CORRUPTION') return true
  // No CURRENT, or a CURRENT that names a manifest which is gone.
  return code !== 'LEVEL_LOCKED' && /create_if_missing is false|No such file/.test(levelWords(thrown))
}

function refusal(dir: string, thrown: unknown): GatewayError {
  const cause = { cause: thrown, stage: 'spool' }
  if (levelCode(thrown) === 'LEVEL_LOCKED') {
    // It may be on its way out.
    const held = { ...cause, retryable: true }
    return new GatewayError('CONFIGURATION', `spool: another process has the directory ${dir} open`, held)
  }
  const words = levelWords(thrown)
  if (/No space left|Input\/output error/.test(words)) {
    return new GatewayError('SPOOL_FAILED', `spool: the disk of ${dir} fails: ${words}`, cause)
  }
  return new GatewayError('CONFIGURATION', `spool: the directory ${dir} cannot be opened: ${words}`, cause)
}

/** How often LevelDB wrote into its own log, which it begins anew at each opening, that it left something out. */
async function leftOut(dir: string): Promise<number> {
  const words = await readFile(join(dir, 'LOG'), 'latin1').catch(() => '')
  return words.match(/dropping \d+ bytes/g)?.length ?? 0
}

/**
 * Entries of a range in chunks. Blocks that LevelDB cannot read are left out; `onDamage` is told once, at the end. Rejects with
 * `SPOOL_FAILED` where the database is closed meanwhile.
 */
export async function* entriesOf(
  level: Level,
  range: { readonly gte: Buffer; readonly lt?: Buffer; readonly lte?: Buffer },
  chunkSize: number,
  onDamage: (words: string) => void,
): AsyncGenerator<[Buffer, Buffer][]> {
  let from: { gte: Buffer } | { gt: Buffer } = { gte: range.gte }
  const { gte: _gte, ...to } = range
  for (let size = chunkSize; ; size = 1) {
    const iterator: Iterator<Level, Buffer, Buffer> = level.iterator({
      ...from,
      ...to,
      fillCache: false,
      highWaterMarkBytes: 1 << 20,
    })
    try {
      for (;;) {
        const chunk = await iterator.nextv(size)
        const last = chunk.at(-1)
        if (last === undefined) return
        from = { gt: last[0] }
        yield chunk
      }
    } catch (thrown) {
      const code = levelCode(thrown)
      if (code !== 'LEVEL_CORRUPTION' && code !== 'LEVEL_IO_ERROR') {
        const words = `the spool was closed while it was read: ${levelWords(thrown)}`
        throw new GatewayError('SPOOL_FAILED', words, { cause: thrown, stage: 'spool' })
      }
      // LevelDB tells at the end of its iteration, and takes the last chunk with it: that is read again one by one.
      if (size === 1) {
        onDamage(levelWords(thrown))
        return
      }
    } finally {
      await iterator.close()
    }
  }
}
