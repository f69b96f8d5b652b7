import type { Gateway } from '../gateway/serve.ts'
import type { EmulatorWithFile } from './embedded-emulator.ts'

/** What `--json` says once everything listens; a command may add to it. */
export function announcementOf(gateway: Gateway, embedded: EmulatorWithFile | undefined): object {
  return {
    gateway: gateway.addresses.map(({ pipeline, address }) => ({ pipeline, port: address.port })),
    admin: { port: gateway.adminAddress?.port },
    ...(embedded !== undefined && { emulator: embedded.announcement }),
  }
}
