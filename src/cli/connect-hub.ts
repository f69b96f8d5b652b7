import { azureHttp } from '../hub/azure-http.ts'
import type { Hub } from '../hub/port.ts'
import { retry } from '../hub/retry.ts'
import type { EmulatorWithFile } from './embedded-emulator.ts'
import type { Settings } from './environment.ts'

/** The hub that a command works with, with retry: the embedded emulator where there is one, else that of HEADGATE_HUB. */
export function connectHub(settings: Settings, embedded: EmulatorWithFile | undefined): Hub {
  if (embedded === undefined) {
    return retry(azureHttp(settings.hub, settings.hubCa === undefined ? {} : { ca: settings.hubCa }))
  }
  // The emulator has no throttle unless told so, and a person who queues a command wants to see it arrive.
  const { connectionString, ca } = embedded.emulator
  return retry(azureHttp(connectionString, { ca, pollIntervalMs: 1000, pollsPerSecond: 200 }))
}
