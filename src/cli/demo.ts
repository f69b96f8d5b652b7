import { createLog } from '../gateway/log.ts'
import { type Gateway, serve } from '../gateway/serve.ts'
import { jsonLines } from '../pipelines/json-lines.ts'
import { peerAddress } from '../stages/enrich.ts'
import { announcementOf } from './announcement.ts'
import { connectHub } from './connect-hub.ts'
import { type EmulatorWithFile, startEmulatorWithFile } from './embedded-emulator.ts'
import type { Settings } from './environment.ts'
import { Fleet } from './fleet.ts'
import { terminationSignal } from './shutdown.ts'
import { SimulatedDevice } from './simulated-device.ts'

/** What the demo is told besides the settings. */
export interface DemoOptions {
  /** Simulated devices; 0 for none. */
  readonly devices: number
  readonly json: boolean
}

const forPeople = ['demo-1', 'demo-2', 'demo-3']

/** `headgate demo`: emulator, gateway and simulated devices in one process, until a signal drains it. */
export async function demo(settings: Settings, options: DemoOptions): Promise<void> {
  const terminated = terminationSignal()
  const simulated = settings.hub === undefined ? options.devices : 0
  const simulatedIds = Array.from({ length: simulated }, (_, index) => `sim-${index + 1}`)
  const embedded = settings.hub === undefined ? await startHub(settings, simulatedIds) : undefined
  const hub = connectHub(settings, embedded)
  let gateway: Gateway | undefined
  let traffic: NodeJS.Timeout | undefined
  try {
    gateway = await serve(jsonLines(hub, { enrichments: { gateway: 'demo', peer: peerAddress } }), {
      port: settings.port,
      adminPort: settings.adminPort,
      adminHost: settings.adminHost,
      log: createLog(settings.logLevel),
    })
    const { port } = gateway.address
    const devices = simulatedIds.map(
      (deviceId) => new SimulatedDevice({ host: 'localhost', port, deviceId, ...keyOf(embedded, deviceId) }),
    )
    const fleet = new Fleet({ devices, rate: 1 })
    if (options.json) announceJson(gateway, embedded)
    else announce(gateway, embedded, simulated)
    const started = await fleet.startUnless(terminated)
    if (started && !options.json && simulated > 0) traffic = showTraffic(fleet, embedded)
    await terminated
    clearInterval(traffic)
    if (!options.json) process.stdout.write('\ndraining\n')
    await fleet.stop()
    await gateway.drain({ deadlineMs: settings.drainMs })
    if (!options.json && simulated > 0) process.stdout.write(`${summary(fleet)}\n`)
  } finally {
    clearInterval(traffic)
    await gateway?.close()
    await hub.close?.()
    await embedded?.close()
  }
}

function startHub(settings: Settings, simulated: readonly string[]): Promise<EmulatorWithFile> {
  const devices = [...forPeople, ...simulated].map((deviceId) => ({ deviceId }))
  return startEmulatorWithFile({ port: settings.emulatorPort, devices })
}

function keyOf(embedded: EmulatorWithFile | undefined, deviceId: string): { key?: string } {
  const key = embedded?.emulator.hub.getDevice(deviceId)?.authentication.symmetricKey.primaryKey
  return key === undefined ? {} : { key }
}

function announceJson(gateway: Gateway, embedded: EmulatorWithFile | undefined): void {
  const announcement = {
    ...announcementOf(gateway, embedded),
    ...(embedded !== undefined && {
      devices: forPeople.map((deviceId) => ({ deviceId, ...keyOf(embedded, deviceId) })),
    }),
  }
  process.stdout.write(`${JSON.stringify(announcement)}\n`)
}

function announce(gateway: Gateway, embedded: EmulatorWithFile | undefined, simulated: number): void {
  const { port } = gateway.address
  process.stdout.write(`Headgate demo. Ctrl-C drains and ends.

  devices    localhost:${port}, one JSON object a line
  metrics    http://localhost:${gateway.adminAddress?.port}/metrics
`)
  if (embedded === undefined) {
    process.stdout.write('  IoT Hub    that of HEADGATE_HUB; no devices are simulated\n')
    return
  }
  const { emulator, caFile } = embedded
  const url = `https://localhost:${emulator.port}/emulator`
  const hello = JSON.stringify({ $hello: { deviceId: 'demo-1', ...keyOf(embedded, 'demo-1') } })
  process.stdout.write(`  IoT Hub    https://localhost:${emulator.port}, an emulator; trust ${caFile}
  service    ${emulator.connectionString}

Be a device (paste these lines; the gateway answers $welcome, then $ack once the hub has the reading):

nc localhost ${port}
${hello}
{"$seq":1,"temperature":21.5}

Send it a command from another terminal:

curl --cacert ${caFile} ${url}/devices/demo-1/messages \\
  -d '{"body":{"open":true},"properties":{"name":"valve"}}'

The device gets {"$command":{"id":"…",…}}; answer it in nc with that id, and look what became of it:

{"$answer":"…","outcome":"complete"}
curl --cacert ${caFile} ${url}/devices/demo-1/messages

Watch what the hub accepts:

curl --cacert ${caFile} -N ${url}/events

${simulated > 0 ? `${simulated} simulated devices report once a second:\n` : ''}`)
}

/** The first readings one by one, so that something is seen at once; then a line every five seconds. */
function showTraffic(fleet: Fleet, embedded: EmulatorWithFile | undefined): NodeJS.Timeout {
  let shown = 0
  const unsubscribe = embedded?.emulator.hub.subscribe(({ deviceId, body }) => {
    if (shown < 5) process.stdout.write(`  the hub has ${Buffer.from(body).toString()} from ${deviceId}\n`)
    shown++
    if (shown === 5) unsubscribe?.()
  })
  return setInterval(() => process.stdout.write(`  ${summary(fleet)}\n`), 5000)
}

function summary(fleet: Fleet): string {
  const { sent, acked, commands, latencyMs } = fleet.report
  return `${sent} sent, ${acked} acknowledged (p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms), ${commands} commands answered`
}
