/** What `headgate serve` runs under chaos: jsonLines on the hub of HEADGATE_HUB, with pauses so short that a schedule takes a second or two. */
import type { Pipeline } from '../../src/core/pipeline.ts'
import type { Hub } from '../../src/hub/port.ts'
import { acknowledgeAtRead, acknowledgeBeforeWritten, completeAtDelivery, resolveBeforeSent } from './mutants.ts'

/** The library of the same build as the program that serves this. */
const {
  authenticate,
  azureHttp,
  batch,
  byPolicy,
  hub: endpoint,
  json,
  jsonLines,
  lines,
  pipeline,
  retry,
} = (await import(new URL('../../../dist/index.js', import.meta.url).href)) as typeof import('../../src/index.ts')

// Of the same copy too: the errors that it throws are that copy's.
const library = (path: string) => import(new URL(`../../../dist/${path}`, import.meta.url).href)
const { spool } = (await library('hub/spool/spool.js')) as typeof import('../../src/hub/spool/spool.ts')
const { disk } = (await library('hub/spool/disk.js')) as typeof import('../../src/hub/spool/disk.ts')

const { faultyStore } = (await library('testing/faulty-store.js')) as typeof import('../../src/testing/faulty-store.ts')

const {
  HEADGATE_HUB: connectionString,
  CHAOS_CA: ca,
  CHAOS_MUTANT: mutant,
  CHAOS_SPOOL: dir,
  CHAOS_STORE_SEED: storeSeed,
} = process.env

const remote = azureHttp(connectionString, {
  ...(ca !== undefined && { ca }),
  requestTimeoutMs: 1000,
  pollIntervalMs: 20,
  pollsPerSecond: 1000,
})

/** Retrying goes on for as long as any schedule takes, so that nothing is refused for now. */
const retrying = retry(remote, { minDelayMs: 10, maxDelayMs: 100, deadlineMs: 120_000 })

/** The spool's own back-off takes the place of `retry`. */
function spooling(into: string): Hub {
  const store = faultyStore(disk({ dir: into }), { seed: Number(storeSeed ?? 1) })
  if (storeSeed !== undefined) {
    for (const kind of ['full', 'failed', 'failedAfter', 'unreadable'] as const)
      store.inflict({ kind, probability: 0.02 })
    store.inflict({ kind: 'slow', probability: 0.1, delayMs: 20 })
  }
  const kept = mutant === 'acknowledgeBeforeWritten' ? acknowledgeBeforeWritten(store) : store
  return spool(remote, kept, { helloTimeoutMs: 300, minDelayMs: 10, maxDelayMs: 100 })
}

const sound = dir === undefined ? retrying : spooling(dir)

// The gateway's policy speaks for its devices, so that what a process leaves behind can be sent by the next.
const options = {
  authenticator: byPolicy(),
  batch: { lingerMs: 5, maxCount: 10 },
  hub: { answerTimeoutMs: 1000, maxInFlight: 2 },
}

function acknowledgingAtRead(hub: Hub): Pipeline {
  const [up, down] = [authenticate(options.authenticator), endpoint(hub, options.hub)]
  return pipeline('jsonLines', lines(), json(), acknowledgeAtRead(), up, batch(options.batch), down)
}

const served: Readonly<Record<string, (hub: Hub) => Pipeline>> = {
  sound: (hub) => jsonLines(hub, options),
  acknowledgeAtRead: acknowledgingAtRead,
  acknowledgeBeforeWritten: (hub) => jsonLines(hub, options),
  resolveBeforeSent: (hub) => jsonLines(resolveBeforeSent(hub), options),
  completeAtDelivery: (hub) => jsonLines(completeAtDelivery(hub), options),
}

const make = served[mutant ?? 'sound']
if (make === undefined) throw new Error(`CHAOS_MUTANT is none of ${Object.keys(served).join(', ')}: ${mutant}`)

export default make(sound)
