import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseConnectionString } from '../../src/hub/connection-string.ts'
import { batchRequestOf } from '../parts/device-token.ts'
import { freePort } from '../parts/free-port.ts'
import { Program, type ProgramUsage } from '../parts/program.ts'
import { scratchDirectory } from '../parts/scratch-directory.ts'
import { type SyslogNgPlan, syslogNgConfig } from '../parts/syslog-ng-config.ts'
import { answer } from './answer.ts'
import type { HubPlace } from './emulator.ts'

const askEveryMs = 100

let program: Program | undefined
let controlProgram = ''
let controlSocket = ''

/** syslog-ng with its HTTP destination. It is no gateway: what it sends is all one device's, and devices hear nothing. */
const syslogNgProcess = {
  /** Starts it by its path; resolves with the port. */
  async listen({ connectionString, ca, claims }: HubPlace, path: string, plan: SyslogNgPlan): Promise<number> {
    const { host, port: hubPort } = parseConnectionString(connectionString)
    const { deviceId, key = '' } = claims[0] ?? { deviceId: '' }
    const request = batchRequestOf(host, deviceId, key)
    const directory = scratchDirectory('syslog-ng')
    const port = await freePort()
    const file = (name: string) => join(directory, name)
    const url = `https://${host}:${hubPort}${request.path}`
    const place = { port, url, headers: request.headers, caFile: file('ca.pem') }
    writeFileSync(place.caFile, ca)
    writeFileSync(file('syslog-ng.conf'), syslogNgConfig(plan, place))
    controlSocket = file('control')
    controlProgram = join(dirname(path), 'syslog-ng-ctl')
    const files = ['-f', file('syslog-ng.conf'), '-R', file('persist'), '-p', file('pid'), '-c', controlSocket]
    program = new Program(path, ['--foreground', '--no-caps', '--stderr', '--verbose', ...files])
    await program.printed(/syslog-ng starting up/)
    return port
  },

  start: (): void => program?.start(),

  stop: (): ProgramUsage | undefined => program?.stop(),

  /** Messages that the hub has taken, when so many lines have come since the beginning and what became of them is known. */
  async delivered(lines: number): Promise<number> {
    for (;;) {
      const [written, dropped] = counted('written', 'dropped')
      if (written + dropped >= lines) return written
      await delay(askEveryMs)
    }
  },
}

/** What the syslog-ng process answers. */
export type SyslogNgProcess = typeof syslogNgProcess

/** Counts of its destination, as its control program prints them. */
function counted(one: string, other: string): [number, number] {
  const stats = execFileSync(controlProgram, ['stats', '-c', controlSocket], { encoding: 'utf8' })
  const count = (name: string) => {
    const found = new RegExp(`^dst\\.http;.*;${name};(\\d+)$`, 'm').exec(stats)?.[1]
    if (found === undefined) throw new Error(`syslog-ng does not say what its destination has ${name}: ${stats}`)
    return Number(found)
  }
  return [count(one), count(other)]
}

answer(syslogNgProcess)
