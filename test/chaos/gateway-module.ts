/** What `headgate serve` runs under chaos: jsonLines on the hub of HEADGATE_HUB, with pauses so short that a schedule takes a second or two. */
import type { Hub } from '../../src/hub/port.ts'
import { mutated } from './mutants.ts'

/** The library of the same build as the program that serves this. */
const { azureHttp, byPolicy, jsonLines, retry } = (await import(
  new URL('../../../dist/index.js', import.meta.url).href
)) as typeof import('../../src/index.ts')

const { HEADGATE_HUB: connectionString, CHAOS_CA: ca, CHAOS_MUTANT: mutant } = process.env

const remote = azureHttp(connectionString, {
  ...(ca !== undefined && { ca }),
  requestTimeoutMs: 1000,
  pollIntervalMs: 20,
  pollsPerSecond: 1000,
})

/** The hub with all that stands on it. Retrying goes on for as long as any schedule takes, so that nothing is refused for now. */
const hub: Hub = mutated(mutant, retry(remote, { minDelayMs: 10, maxDelayMs: 100, deadlineMs: 120_000 }))

// Devices bring their keys; the gateway's policy speaks for them, so that what a process leaves behind can be sent by the next.
export default jsonLines(hub, {
  authenticator: byPolicy(),
  batch: { lingerMs: 5, maxCount: 10 },
  hub: { answerTimeoutMs: 1000, maxInFlight: 2 },
})
