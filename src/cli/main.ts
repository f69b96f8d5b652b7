#!/usr/bin/env -S node --max-semi-space-size=64
import { readFileSync } from 'node:fs'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { GatewayError } from '../core/errors.ts'
import { workerPlace } from '../core/worker-place.ts'
import { HubError } from '../emulator/index.ts'
import { type DecodeFlags, decode } from './decode.ts'
import { demo } from './demo.ts'
import { readSettings, type SettingFlags } from './environment.ts'
import { protocolNames, readyProtocol } from './ready-protocols.ts'
import { type ReplayFlags, replay } from './replay.ts'
import { runEmulator } from './run-emulator.ts'
import { serveModule } from './serve-module.ts'
import { terminationSignal } from './shutdown.ts'
import { simulate } from './simulate.ts'
import { drainSpool, exportSpool, showSpool } from './spool.ts'

interface PackageFile {
  readonly version: string
  readonly description: string
}

type Flags<T> = SettingFlags & T

const variables = `
Variables:
  HEADGATE_HUB            hub connection string; default: an embedded emulator
  HEADGATE_HUB_CA         PEM file of the authorities to trust for the hub
  HEADGATE_PORT           port for devices, default 9000; 0 picks a free one
  HEADGATE_ADMIN_PORT     port for /metrics, default 9100
  HEADGATE_EMULATOR_PORT  port of the emulator, default 8443
  HEADGATE_WORKERS        worker processes of serve, 1 to 256; default: one process, without workers
  HEADGATE_LOG_LEVEL      debug, info, warn, error or silent; default info
Exit code: 0 done, 1 failed, 2 wrong usage or configuration.`

function number(min: number, integer: boolean): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text !== '' && Number.isFinite(value) && value >= min && (!integer || Number.isInteger(value))) return value
    throw new InvalidArgumentError(`It must be ${integer ? 'a whole number' : 'a number'} of at least ${min}.`)
  }
}

const whole = (min: number) => number(min, true)

function build(): Command {
  const { version, description } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as PackageFile
  const program = new Command('headgate').version(version).description(description).exitOverride()
  program.addHelpText('after', variables)
  const subcommand = (name: string, description: string) =>
    program.command(name).description(description).exitOverride().addHelpText('after', variables)
  const listening = (command: Command) =>
    command
      .option('--port <port>', 'port for devices')
      .option('--admin-port <port>', 'port of the admin endpoint')
      .option('--admin-host <address>', 'address of the admin endpoint, default 127.0.0.1')
      .option('--emulator-port <port>', 'port of the embedded emulator')
      .option('--log-level <level>', 'how much is logged on standard error')
      .option('--drain-ms <n>', 'how long draining may take at SIGTERM', whole(0), 10_000)
      .option('--json', 'announce in one line of JSON, for scripts', false)

  listening(subcommand('demo', 'run emulator, gateway and simulated devices, to try things out'))
    .option('--devices <n>', 'simulated devices, 0 for none', whole(0), 10)
    .action(async (flags: Flags<{ devices: number; json: boolean }>) => {
      await demo(readSettings(flags, process.env), flags)
    })

  listening(
    subcommand(
      'serve',
      'serve the default export of a module: a pipeline, a list of services, or a function of the hub',
    ),
  )
    .argument('<module>', 'path of a JavaScript module')
    .option('--dead-letters <file>', 'append what is set aside for good; headgate replay reads it')
    .option('--workers <n>', 'serve in so many processes, one a core; SIGHUP replaces them one at a time')
    .action(async (module: string, flags: Flags<{ json: boolean; deadLetters?: string }>) => {
      await serveModule(module, readSettings(flags, process.env), flags.json, flags.deadLetters)
    })

  const list = (text: string, previous: string[]) => [...previous, text]
  subcommand('emulator', 'run a local IoT Hub')
    .option('--emulator-port <port>', 'port to listen on')
    .option('--host <address>', 'address to bind', '127.0.0.1')
    .option('--hostname <name>', 'another name for the certificate; may be repeated', list, [])
    .option('--device <id>', 'a device to create; may be repeated', list, [])
    .option('--control-token <token>', 'opens the control API to peers beyond loopback that bring this bearer token')
    .option('--json', 'announce in one line of JSON, for scripts', false)
    .action(
      async (
        flags: Flags<{ host: string; hostname: string[]; device: string[]; controlToken?: string; json: boolean }>,
      ) => {
        const { emulatorPort } = readSettings(flags, process.env)
        const { host, hostname, device, controlToken, json } = flags
        await runEmulator({ port: emulatorPort, host, hostNames: hostname, devices: device, controlToken, json })
      },
    )

  subcommand('simulate', 'simulate devices of a protocol and check every acknowledgement')
    .argument('[protocol]', `jsonLines, ${protocolNames()}`, 'jsonLines')
    .option('--host <name>', 'host of the gateway', 'localhost')
    .option('--port <port>', 'port of the gateway')
    .option('--devices <n>', 'how many', whole(1), 10)
    .option('--rate <n>', 'readings a second, of each device', number(0.001, false), 1)
    .option('--count <n>', 'readings of each device; 0 goes on until a signal', whole(0), 0)
    .option('--prefix <text>', 'device ids are this and a number, where they are not digits', 'sim-')
    .option('--first <n>', 'number of the first device', whole(1), 1)
    .option(
      '--ack-timeout-ms <n>',
      'how long a device waits before it sends again; jsonLines never does',
      whole(1),
      10_000,
    )
    .option('--key-file <file>', 'lines of "deviceId key", instead of numbered devices')
    .option('--provision', 'create the devices in the registry of HEADGATE_HUB', false)
    .option('--json', 'print the report as JSON', false)
    .action(async (name: string, flags: Flags<SimulateFlags>) => {
      const protocol = name === 'jsonLines' ? undefined : readyProtocol(name)
      const settings = readSettings(flags, process.env)
      await simulate({ ...flags, protocol, port: settings.port, keyFile: flags.keyFile }, settings)
    })

  subcommand('decode', 'show what frames mean: hexadecimal on standard input, a frame or a chunk a line')
    .argument('<pipeline>', protocolNames())
    .option('--chunks', 'lines are chunks of one stream, cut anywhere, rather than a frame each', false)
    .addOption(
      new Option('--hub <answer>', 'what the hub does').choices(['accept', 'reject', 'hold']).default('accept'),
    )
    .option('--hello <id>', 'start identified, where the protocol logs in once')
    .option('--annotate', 'print the table of the bytes instead', false)
    .action(async (name: string, flags: DecodeFlags) => {
      await decode(readyProtocol(name), flags, process.stdin, process.stdout)
    })

  const spool = subcommand('spool', 'look into the directory of a spool, which no gateway may have open meanwhile')
  const spoolCommand = (name: string, description: string) =>
    spool.command(name).description(description).exitOverride().argument('<dir>', 'the directory')
  spoolCommand('show', 'list devices, messages, bytes and the oldest')
    .option('--json', 'print one line of JSON', false)
    .action(async (dir: string, { json }: { json: boolean }) => {
      await showSpool(dir, json, process.stdout)
    })
  spoolCommand('export', 'print every message as a line of JSON, its body in base64; removes nothing').action(
    async (dir: string) => {
      await exportSpool(dir, process.stdout)
    },
  )
  spoolCommand('drain', 'forward everything to HEADGATE_HUB under its policy, whatever credentials the devices have')
    .option('--log-level <level>', 'how much is logged on standard error')
    .addHelpText(
      'after',
      '\nWhat the hub refuses for good is taken out, printed as by export, and makes the exit code 1.',
    )
    .action(async (dir: string, flags: SettingFlags) => {
      const settings = readSettings(flags, process.env)
      await drainSpool(dir, settings, terminationSignal(), process.stdout, process.stderr)
    })

  subcommand('replay', 'send readings among dead letters again, to the hub of HEADGATE_HUB')
    .argument('<file...>', 'dead-letter files, the oldest first; - is standard input')
    .option('--code <code>', 'only letters of this code')
    .option('--dry-run', 'send nothing, only count', false)
    .option('--frames', 'print frames for headgate decode; the report goes to standard error', false)
    .option('--from <line>', 'line of the first file to begin with', whole(1))
    .option('--json', 'print the report as JSON', false)
    .action(async (files: string[], flags: ReplayFlags) => {
      const ending = new AbortController()
      void terminationSignal().then(() => ending.abort())
      const streams = { input: process.stdin, output: process.stdout, errors: process.stderr }
      await replay(files, flags, readSettings({}, process.env), streams, ending.signal)
    })
  return program
}

interface SimulateFlags {
  readonly host: string
  readonly devices: number
  readonly rate: number
  readonly count: number
  readonly prefix: string
  readonly first: number
  readonly ackTimeoutMs: number
  readonly keyFile?: string
  readonly provision: boolean
  readonly json: boolean
}

function explain(error: unknown): { text: string; exitCode: number } {
  if (error instanceof CommanderError) {
    // Commander has printed its own words; asking for help or the version is no fault.
    return { text: '', exitCode: error.exitCode === 0 ? 0 : 2 }
  }
  if (error instanceof HubError) return { text: error.message, exitCode: 2 }
  if (error instanceof GatewayError) return { text: error.message, exitCode: error.code === 'CONFIGURATION' ? 2 : 1 }
  // Node tries every address of a name and gathers what each answered.
  const first = error instanceof AggregateError ? error.errors[0] : error
  const { code, message, port } = first as NodeJS.ErrnoException & { port?: number }
  const hint =
    code === 'EADDRINUSE' ? `port ${port} is in use; choose another by flag or variable, 0 picks a free one` : message
  return { text: hint, exitCode: 1 }
}

// Whoever reads the output may leave, as `| head` does; the program goes on.
process.stdout.on('error', () => undefined)

try {
  await build().parseAsync()
} catch (error) {
  const { text, exitCode } = explain(error)
  // What ends a worker, the process that watches over it says.
  if (text !== '' && workerPlace() === undefined) process.stderr.write(`headgate: ${text}\n`)
  process.exitCode = exitCode
}
