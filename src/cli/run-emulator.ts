import { startEmulatorWithFile } from './embedded-emulator.ts'
import { terminationSignal } from './shutdown.ts'

/** What `headgate emulator` is told. */
export interface RunEmulatorOptions {
  readonly port: number
  readonly host: string
  /** Names for the certificate besides localhost and 127.0.0.1. */
  readonly hostNames: readonly string[]
  /** Devices to create at start. */
  readonly devices: readonly string[]
  readonly controlToken: string | undefined
  readonly json: boolean
}

/** `headgate emulator`: a local IoT Hub until a signal ends it. */
export async function runEmulator(options: RunEmulatorOptions): Promise<void> {
  const terminated = terminationSignal()
  const { emulator, caFile, announcement, close } = await startEmulatorWithFile({
    port: options.port,
    host: options.host,
    hostNames: options.hostNames,
    devices: options.devices.map((deviceId) => ({ deviceId })),
    ...(options.controlToken !== undefined && { controlToken: options.controlToken }),
  })
  const devices = options.devices.map((deviceId) => ({
    deviceId,
    key: emulator.hub.getDevice(deviceId)?.authentication.symmetricKey.primaryKey,
  }))
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ emulator: announcement, devices })}\n`)
  } else {
    process.stdout.write(`IoT Hub emulator on https://localhost:${emulator.port}; Ctrl-C ends it.\n`)
    process.stdout.write(`  trust        ${caFile}\n  service      ${emulator.connectionString}\n`)
    for (const { deviceId, key } of devices) process.stdout.write(`  device       ${deviceId} ${key}\n`)
  }
  await terminated
  await close()
}
