import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseConnectionString } from '../../src/hub/connection-string.ts'
import { batchRequestOf } from '../parts/device-token.ts'
import { freePort } from '../parts/free-port.ts'
import { nodeRedFlow, nodeRedSettings } from '../parts/node-red-flow.ts'
import { Program, type ProgramUsage } from '../parts/program.ts'
import { scratchDirectory } from '../parts/scratch-directory.ts'
import { answer } from './answer.ts'
import type { HubPlace } from './emulator.ts'

let program: Program | undefined

/** Node-RED with a flow that batches. It is no gateway: what it sends is all one device's, and devices hear nothing. */
const nodeRedProcess = {
  /** Starts it by its start file; resolves with the port. */
  async listen({ connectionString, ca, claims }: HubPlace, startFile: string): Promise<number> {
    const { host, port: hubPort } = parseConnectionString(connectionString)
    const { deviceId, key = '' } = claims[0] ?? { deviceId: '' }
    const { path, headers } = batchRequestOf(host, deviceId, key)
    const directory = scratchDirectory('node-red')
    const port = await freePort()
    const caFile = join(directory, 'ca.pem')
    const url = `https://${host}:${hubPort}${path}`
    writeFileSync(caFile, ca)
    writeFileSync(join(directory, 'settings.js'), nodeRedSettings)
    writeFileSync(join(directory, 'flows.json'), nodeRedFlow({ port, url, headers }))
    const args = [startFile, '--userDir', directory, '--settings', join(directory, 'settings.js'), 'flows.json']
    program = new Program(process.execPath, args, { NODE_EXTRA_CA_CERTS: caFile })
    await program.printed(/listening on port/)
    return port
  },

  start: (): void => program?.start(),

  stop: (): ProgramUsage | undefined => program?.stop(),
}

/** What the Node-RED process answers. */
export type NodeRedProcess = typeof nodeRedProcess

answer(nodeRedProcess)
