import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Fleet, type FleetReport } from '../../src/cli/fleet.ts'
import { ProtocolDevice } from '../../src/cli/protocol-device.ts'
import { readyProtocols } from '../../src/cli/ready-protocols.ts'
import { provisionDevice } from '../../src/cli/registry.ts'
import { type HubEvent, hubEvents } from './hub-events.ts'
import { Program } from './program.ts'

/**
 * `HEADGATE_SOAK_SECONDS=300 HEADGATE_SOAK_DEVICES=20 npm test` goes on for that long with so many devices of each protocol, and
 * prints what it saw.
 */
const { HEADGATE_SOAK_SECONDS: soakSeconds = '2', HEADGATE_SOAK_DEVICES: devicesEach = '2' } = process.env

/** Resident memory of a served program, as its metrics tell it. */
async function residentMegabytes(port: number): Promise<number> {
  const body = await new Promise<string>((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: '/metrics' }, (response) => resolve(text(response))).on('error', reject)
  })
  const [, bytes] = /^process_resident_memory_bytes (\S+)$/m.exec(body) ?? []
  return Math.round(Number(bytes) / 1e6)
}

test(`all ready pipelines at once, ${devicesEach} devices each for ${soakSeconds} s: every reading is acknowledged, and at the hub once`, async (t) => {
  const module = fileURLToPath(new URL('ready-pipelines-module.js', import.meta.url))
  const program = new Program(['serve', module, '--json'], { HEADGATE_LOG_LEVEL: 'warn' })
  t.after(() => program.end())
  const { gateway, admin, emulator } = await program.announcement()
  const ca = readFileSync(emulator.ca, 'utf8')
  const events: HubEvent[] = []
  t.after(await hubEvents(emulator.port, ca, (event) => events.push(event)))

  const fleets = new Map<string, Fleet>()
  const deviceIds = new Map<string, Set<string>>()
  for (const [at, protocol] of readyProtocols.entries()) {
    const devices = Array.from({ length: Number(devicesEach) }, (_, index) => {
      const number = at * 1000 + index + 1
      const speech = protocol.device({ deviceId: `${protocol.name}-${number}`, index: number })
      return new ProtocolDevice(speech, { host: '127.0.0.1', port: gateway[at]?.port as number })
    })
    for (const { deviceId } of devices) await provisionDevice(emulator.connectionString, ca, deviceId)
    deviceIds.set(protocol.name, new Set(devices.map(({ deviceId }) => deviceId)))
    fleets.set(protocol.name, new Fleet({ devices, rate: 1, count: Math.max(1, Number(soakSeconds)) }))
  }
  await Promise.all([...fleets.values()].map((fleet) => fleet.start()))
  const memory: number[] = []
  const sampling = setInterval(async () => memory.push(await residentMegabytes(admin.port)), 10_000)
  await Promise.all([...fleets.values()].map((fleet) => fleet.finished()))
  clearInterval(sampling)
  await Promise.all([...fleets.values()].map((fleet) => fleet.stop()))
  program.signal('SIGTERM')
  assert.equal(await program.exited(), 0)

  const seen: Record<string, object> = {}
  for (const [name, fleet] of fleets) seen[name] = judged(name, fleet.report, events, deviceIds.get(name) ?? new Set())
  if (Number(soakSeconds) >= 60) t.diagnostic(JSON.stringify({ seen, memory }, undefined, 2))
  assert.equal(program.stderr, '')
})

/** Checks one protocol's devices against what the hub has of them. */
function judged(
  name: string,
  report: FleetReport,
  events: readonly HubEvent[],
  deviceIds: ReadonlySet<string>,
): object {
  const { sent, acked, written, nacked, lost, polled, resent, readings, protocolErrors } = report
  const counts = { sent, acked, written, nacked, lost, polled, resent, readings, protocolErrors }
  assert.ok(sent + polled > 0, `${name}: nothing was sent`)
  assert.deepEqual({ nacked, lost, resent, protocolErrors }, { nacked: 0, lost: 0, resent: 0, protocolErrors: 0 }, name)
  assert.equal(acked + written, sent, name)
  const own = events.filter(({ deviceId }) => deviceIds.has(deviceId))
  const messages = own.filter(({ properties }) => properties.type !== 'heartbeat')
  assert.equal(new Set(own.map(({ deviceId }) => deviceId)).size, deviceIds.size, `${name}: a device is silent`)
  assert.equal(messages.length, readings + polled, `${name}: messages at the hub`)
  const ids = messages.flatMap((event) => idOf(event) ?? [])
  assert.equal(new Set(ids).size, ids.length, `${name}: a message came twice`)
  return { ...counts, messages: messages.length, ids: ids.length }
}

function idOf({ deviceId, systemProperties }: HubEvent): string | undefined {
  const messageId = systemProperties['message-id']
  return messageId === undefined ? undefined : `${deviceId}/${messageId}`
}
