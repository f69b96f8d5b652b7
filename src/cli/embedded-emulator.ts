import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Emulator, type EmulatorOptions, startEmulator } from '../emulator/index.ts'

/** An emulator with its certificate in a file that clients can be pointed at. */
export interface EmulatorWithFile {
  readonly emulator: Emulator
  /** The PEM file; removed by {@link EmulatorWithFile.close}. */
  readonly caFile: string
  /** What `--json` says of it. */
  readonly announcement: { readonly port: number; readonly ca: string; readonly connectionString: string }
  close(): Promise<void>
}

/** Starts an emulator and writes its certificate into a new folder of the system's temporary one. */
export async function startEmulatorWithFile(options: EmulatorOptions): Promise<EmulatorWithFile> {
  const emulator = await startEmulator(options)
  const folder = mkdtempSync(join(tmpdir(), 'headgate-'))
  const caFile = join(folder, 'emulator-ca.pem')
  writeFileSync(caFile, emulator.ca)
  return {
    emulator,
    caFile,
    announcement: { port: emulator.port, ca: caFile, connectionString: emulator.connectionString },
    async close() {
      await emulator.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
