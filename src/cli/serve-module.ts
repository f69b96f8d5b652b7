import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { GatewayError } from '../core/errors.ts'
import { isPipeline, type Pipeline } from '../core/pipeline.ts'
import { workerPlace } from '../core/worker-place.ts'
import { deadLetterFile } from '../gateway/dead-letter-file.ts'
import { createLog } from '../gateway/log.ts'
import { type Gateway, type Service, serve } from '../gateway/serve.ts'
import { tellFailure } from '../gateway/worker.ts'
import { watchWorkers } from '../gateway/workers.ts'
import type { Hub } from '../hub/port.ts'
import { announcementOf } from './announcement.ts'
import { connectHub } from './connect-hub.ts'
import { type EmulatorWithFile, startEmulatorWithFile } from './embedded-emulator.ts'
import type { Settings } from './environment.ts'
import { terminationSignal } from './shutdown.ts'

type Servable = Pipeline | readonly Service[]

/** What a served module may export as its default: a pipeline, services, or a function of the hub that gives either. */
export type Served = Servable | ((hub: Hub) => Servable | Promise<Servable>)

/**
 * `headgate serve MODULE`: runs the module's default export until a signal drains it. A function gets the hub of HEADGATE_HUB
 * with retry; without that variable, the embedded emulator. `deadLetters` is a file for them, see `deadLetterFile`. With workers each of them
 * loads the module, and this process watches over them.
 */
export async function serveModule(
  module: string,
  settings: Settings,
  json: boolean,
  deadLetters?: string,
): Promise<void> {
  if (settings.workers !== undefined) {
    await (workerPlace() === undefined
      ? watchModule(settings, settings.workers, json)
      : serveInWorker(module, settings, settings.workers, deadLetters))
    return
  }
  const terminated = terminationSignal()
  const served = await load(module)
  const log = createLog(settings.logLevel)
  const sink = deadLetters === undefined ? undefined : deadLetterFile({ path: deadLetters, log })
  // A module that brings its own hub needs none of ours.
  const wantsHub = typeof served === 'function'
  const embedded =
    wantsHub && settings.hub === undefined ? await startEmulatorWithFile({ port: settings.emulatorPort }) : undefined
  const hub = wantsHub ? connectHub(settings, embedded) : undefined
  let gateway: Gateway | undefined
  let pipelines: readonly Pipeline[] = []
  try {
    const what = typeof served === 'function' ? servable(await served(hub as Hub), module) : served
    pipelines = (isPipeline(what) ? [what] : what.map(({ pipeline }) => pipeline)).filter(isPipeline)
    const options = {
      adminPort: settings.adminPort,
      adminHost: settings.adminHost,
      log,
      ...(sink !== undefined && { onDeadLetter: sink }),
    }
    gateway = isPipeline(what) ? await serve(what, { ...options, port: settings.port }) : await serve(what, options)
    announce(gateway, embedded, json)
    await terminated
    await gateway.drain({ deadlineMs: settings.drainMs })
  } finally {
    await gateway?.close()
    // Also what the module put around our hub, or brought itself: a spool ends its writes and gives its directory free.
    await Promise.all(pipelines.map((pipeline) => pipeline.close()))
    await sink?.close()
    await hub?.close?.()
    await embedded?.close()
  }
}

/** Watches over the workers until a signal drains them; SIGHUP replaces them. */
async function watchModule(settings: Settings, workers: number, json: boolean): Promise<void> {
  const terminated = terminationSignal()
  const log = createLog(settings.logLevel)
  const { adminPort, adminHost, drainMs: deadlineMs } = settings
  const gateway = await watchWorkers({ workers, adminPort, adminHost, log })
  const reload = () => {
    gateway
      .reload({ deadlineMs })
      .catch((error: Error) => log.error({ error: error.message }, 'the workers were not replaced'))
  }
  process.on('SIGHUP', reload)
  try {
    announce(gateway, undefined, json)
    await terminated
    await gateway.drain({ deadlineMs })
  } finally {
    await gateway.close()
    process.off('SIGHUP', reload)
  }
}

/** The worker lives on: it ends when it is told to, and closes what it has. */
async function serveInWorker(module: string, settings: Settings, workers: number, deadLetters?: string): Promise<void> {
  try {
    const served = await load(module)
    const log = createLog(settings.logLevel)
    if (typeof served === 'function' && settings.hub === undefined) {
      throw new GatewayError(
        'CONFIGURATION',
        'with workers HEADGATE_HUB must be set; headgate emulator runs a hub to try things with',
      )
    }
    const what = typeof served === 'function' ? servable(await served(connectHub(settings, undefined)), module) : served
    const sink = deadLetters === undefined ? undefined : deadLetterFile({ path: deadLetters, log })
    const options = { workers, log, ...(sink !== undefined && { onDeadLetter: sink }) }
    await (isPipeline(what) ? serve(what, { ...options, port: settings.port }) : serve(what, options))
  } catch (thrown) {
    await tellFailure(thrown)
    throw thrown
  }
}

async function load(module: string): Promise<Served> {
  let loaded: { default?: unknown }
  try {
    loaded = await import(pathToFileURL(resolve(module)).href)
  } catch (cause) {
    // With its stack: the fault is in the user's own file, and they want the line.
    throw new GatewayError('CONFIGURATION', `cannot load ${module}: ${(cause as Error).stack}`, { cause })
  }
  const { default: served } = loaded
  return typeof served === 'function' ? (served as Served) : servable(served, module)
}

function servable(served: unknown, module: string): Servable {
  if (isPipeline(served) || Array.isArray(served)) return served as Servable
  throw new GatewayError(
    'CONFIGURATION',
    `the default export of ${module} is no pipeline, list of services, or function`,
  )
}

function announce(gateway: Gateway, embedded: EmulatorWithFile | undefined, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(announcementOf(gateway, embedded))}\n`)
    return
  }
  for (const { pipeline, address } of gateway.addresses) {
    process.stdout.write(`${pipeline} listens on port ${address.port}\n`)
  }
  process.stdout.write(`metrics on http://localhost:${gateway.adminAddress?.port}/metrics\n`)
  if (embedded === undefined) return
  process.stdout.write(`HEADGATE_HUB is not set: using an emulator on port ${embedded.emulator.port}\n`)
  process.stdout.write(`  trust ${embedded.caFile}\n  service ${embedded.emulator.connectionString}\n`)
}
