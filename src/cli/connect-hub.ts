import { thisWorker } from '../gateway/worker.ts'
import { azureHttp } from '../hub/azure-http.ts'
import type { Hub } from '../hub/port.ts'
import { retry } from '../hub/retry.ts'
import type { EmulatorWithFile } from './embedded-emulator.ts'
import type { Settings } from './environment.ts'

const usualPollsPerSecond = 16

/** The hub that a command works with, with retry: the embedded emulator where there is one, else that of HEADGATE_HUB. */
export function connectHub(settings: Settings, embedded: EmulatorWithFile | undefined): Hub {
  if (embedded === undefined) {
    const ca = settings.hubCa === undefined ? {} : { ca: settings.hubCa }
    // What one unit of the hub allows, shared out.
    return retry(azureHttp(settings.hub, { ...ca, pollsPerSecond: usualPollsPerSecond / thisWorker().of }))
  }
  // The emulator has no throttle unless told so, and a person who queues a command wants to see it arrive.
  const { connectionString, ca } = embedded.emulator
  return retry(azureHttp(connectionString, { ca, pollIntervalMs: 1000, pollsPerSecond: 200 }))
}
