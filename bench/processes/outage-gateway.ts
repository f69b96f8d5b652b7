import { mkdtempSync, rmSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '../../src/gateway/serve.ts'
import { azureHttp } from '../../src/hub/azure-http.ts'
import { pace } from '../../src/hub/pace.ts'
import { retry } from '../../src/hub/retry.ts'
import { disk } from '../../src/hub/spool/disk.ts'
import { type Spool, spool } from '../../src/hub/spool/spool.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { answer } from './answer.ts'
import type { HubPlace } from './emulator.ts'

/** What a gateway with a spool saw of itself, a value a sample. */
export interface Spooled {
  /** Milliseconds of `Date.now()`. */
  readonly at: number[]
  readonly messages: number[]
  /** Live bytes as the store counts them. */
  readonly storeMiB: number[]
  /** All files of the directory. */
  readonly diskMiB: number[]
  readonly rssMiB: number[]
  readonly forwarded: number[]
}

const seen: Spooled = { at: [], messages: [], storeMiB: [], diskMiB: [], rssMiB: [], forwarded: [] }
const mebibyte = 2 ** 20
const dir = mkdtempSync(join(tmpdir(), 'headgate-outage-'))
process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
let spooled: Spool | undefined

const outageGateway = {
  /** Serves jsonLines through a spool of so many bytes, forwarded at the pace of an S1. Resolves with the port. */
  async listen({ connectionString, ca }: HubPlace, maxBytes: number): Promise<number> {
    const to = pace(azureHttp(connectionString, { ca, requestTimeoutMs: 5000 }), { tier: 'S1' })
    spooled = spool(retry(to, { deadlineMs: 2000 }), disk({ dir, maxBytes }), {
      whenFull: 'refuse',
      unknownDevices: 'accept',
      helloTimeoutMs: 500,
      maxDelayMs: 5000,
    })
    const plant = jsonLines(spooled, { authenticator: byPolicy(), batch: { maxCount: 100, lingerMs: 20 } })
    const { address } = await serve(plant, { port: 0, host: '127.0.0.1', idleTimeoutMs: 3_600_000 })
    return address.port
  },

  /** Samples itself from now on. */
  record(everyMs: number): void {
    setInterval(() => void sample(), everyMs)
  },

  /** What it saw so far. */
  recorded: (): Spooled => seen,

  /** Messages in the spool now. */
  backlog: (): number => gaugeOf('spool_messages'),
}

/** What this gateway process answers. */
export type OutageGateway = typeof outageGateway

function gaugeOf(gauge: string): number {
  return spooled?.gauges.find(({ name }) => name === gauge)?.read() ?? 0
}

async function sample(): Promise<void> {
  const bytes = await directoryBytes()
  seen.at.push(Date.now())
  seen.messages.push(gaugeOf('spool_messages'))
  seen.storeMiB.push(gaugeOf('spool_bytes') / mebibyte)
  seen.diskMiB.push(bytes / mebibyte)
  seen.rssMiB.push(process.memoryUsage.rss() / mebibyte)
  seen.forwarded.push(gaugeOf('spool_forwarded_total'))
}

async function directoryBytes(): Promise<number> {
  let bytes = 0
  for (const name of await readdir(dir)) {
    // LevelDB deletes files while we look.
    bytes += (await stat(join(dir, name)).catch(() => ({ size: 0 }))).size
  }
  return bytes
}

answer(outageGateway)
